"""A mail's content while it arrives, by DATA or by BDAT: size, budget, line ends and spool in one place."""

from __future__ import annotations

import structlog

from gateway.intake.maildata import MailData
from gateway.smtp.lineends import BarePolicy, LineEnds
from gateway.smtp.overload import InFlight
from gateway.smtp.pace import Pace
from gateway.smtp.replies import DISK, IN_FLIGHT, TOO_LARGE, Reply

log = structlog.get_logger("smtp")


class Arrival:
    """After the first ``trouble`` the rest is counted and dropped, or its lines would be taken for
    commands. ``release`` must be called in the end, whatever became of the mail."""

    def __init__(self, mail: MailData, max_size: int, in_flight: InFlight, bare: BarePolicy, pace: Pace) -> None:
        self.mail = mail
        self.pace = pace
        self.size = 0
        self.trouble: Reply | None = None
        self.line_ends = LineEnds(bare)
        self._max_size = max_size
        self._in_flight = in_flight
        self._taken = 0

    def add(self, content: bytes) -> None:
        """A block of content; what does not fit any more is counted and dropped."""
        self.size += len(content)
        if self.trouble is not None:
            return
        if self.size > self._max_size:
            self.mail.keep_head(content)
            self._fail(TOO_LARGE)
        elif not self._in_flight.take(len(content)):
            self._fail(IN_FLIGHT)
        else:
            self._taken += len(content)
            self._keep(self.line_ends.feed(content))

    def finish(self) -> None:
        """All of the content is here."""
        if self.trouble is None and (rest := self.line_ends.finish()):
            self._keep(rest)

    def _keep(self, content: bytes) -> None:
        try:
            self.mail.add(content)
        except OSError as error:
            log.error("spool failed", error=type(error).__name__, exc_info=error)
            self._fail(DISK)

    def _fail(self, reply: Reply) -> None:
        self.trouble = reply
        self.mail.discard()

    def release(self) -> None:
        """Give back its part of the budget of bytes in flight; a second call does nothing."""
        self._in_flight.give(self._taken)
        self._taken = 0
