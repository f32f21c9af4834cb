"""How long what was accepted is kept, as the configuration says it.

Refused: rows that would go before what belongs to them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gateway.config.types import Seconds, Section, Span, span_text
from gateway.model.spans import DAY, HOUR


def _kept(seconds: float) -> float:
    """Less than an hour was meant as something else: whoever writes 90, or 3m, means days or months."""
    if 0 < seconds < HOUR:
        raise ValueError(f'{span_text(seconds)} is less than an hour: days are written "90d", and 0 is for ever')
    return seconds


Kept = Annotated[Span, AfterValidator(_kept)]


class RetentionSettings(Section):
    """How long mail is kept once it is done, suppressed or quarantined; 0 = for ever. Pending and held mail, and held
    files, are always kept."""

    done: Kept = Field(90 * DAY, description="the original of mail that became a ticket or a comment")
    suppressed: Kept = Field(30 * DAY, description="the same of suppressed mail")
    quarantined: Kept = Field(180 * DAY, description="the same of quarantined mail; later it cannot be released")
    traces: Kept = Field(180 * DAY, description="traces of decisions, plans and the bodies of requests")
    events: Kept = Field(365 * DAY, description="the history of deliveries")
    rows: Kept = Field(730 * DAY, description="the deliveries themselves, and who did what; their counts are kept")
    refusals: Kept = Field(30 * DAY, description="what the listeners refused; at most 50,000 of them")
    ids: Kept = Field(0, description="the Message-IDs that are linked to tickets, from when they were learnt")
    prints: Kept = Field(
        365 * DAY, description="fingerprints of what was posted, by which quotes and signatures are known again"
    )
    every: Annotated[Seconds, Field(ge=1)] = Field(300, description="time between two rounds")

    @model_validator(mode="after")
    def _rows_last(self) -> RetentionSettings:
        for name in ("done", "suppressed", "quarantined", "traces"):
            limit = getattr(self, name)
            if self.rows and (not limit or limit > self.rows):
                what = span_text(limit) if limit else "0, for ever"
                raise ValueError(f"rows: {span_text(self.rows)} is shorter than {name} ({what})")
        return self
