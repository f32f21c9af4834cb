"""What an operator said of a mail that was set aside, and what follows from it for the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.model.reasons import Reason

Audience = Literal["", "public", "internal"]

READ_AS_AUTOMATIC = frozenset({Reason.OWN, Reason.BOUNCE, Reason.RECEIPT, Reason.AUTO_REPLY, Reason.VACATION})
"""Reasons that come from taking a mail for a machine's: who overrules one says that a person wrote it."""


@dataclass(frozen=True, slots=True)
class Release:
    """``overruled`` is the reason for which the mail had been set aside; ``by`` who released it; ``audience``
    who sees its words, "" for internal where the sender is a stranger to the ticket; with ``admits`` the
    sender may write there from now on, else the word is about this one mail; ``whole``: all of it is shown."""

    overruled: str = ""
    by: str = ""
    audience: Audience = ""
    admits: bool = False
    whole: bool = False

    @property
    def unsuppressed(self) -> bool:
        """Whether the mail had been suppressed: nothing suppresses it again."""
        return bool(self.overruled) and Reason.named(self.overruled).becomes == "suppressed"

    @property
    def by_a_person(self) -> bool:
        """Whether the operator says that a person wrote what was taken for automatic."""
        return self.overruled in READ_AS_AUTOMATIC
