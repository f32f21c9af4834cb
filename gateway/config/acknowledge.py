"""Mail that tells a sender what became of theirs, where the desk is silent."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from gateway.config.types import Count, Section, Span

Occasion = Literal["stranger", "held", "away", "files", "new-ticket"]
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)

Language = Literal["en", "de", "fr", "es", "it", "nl", "pt", "pl"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class AcknowledgeSettings(Section):
    """When senders are told. Nobody is unless a mailbox names occasions."""

    away_after: Span = Field(1800, description="how long a mail waits for the desk until its sender is told")
    every: Span = Field(86400, description="least time between two acknowledgements to one person")
    domain_per_hour: Count = Field(
        20, description="acknowledgements to people of one domain in an hour, unless it is a public one; 0 = no limit"
    )
