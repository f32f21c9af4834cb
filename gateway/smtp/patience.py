"""How a session loses patience with its peer: an ordered list of limits, the first that is reached ends it."""

from __future__ import annotations

from gateway.smtp.dialogue import Client
from gateway.smtp.limits import Limits
from gateway.smtp.replies import HARVESTING, TOO_MANY_COMMANDS, TOO_MANY_ERRORS, Reply

FREE_ERRORS = 5  # commands wait after so many
EXEMPT_FACTOR = 10  # relays bring other people's errors


class Patience:
    """What one session did that a good peer does not."""

    def __init__(self, limits: Limits, client: Client) -> None:
        self._limits = limits
        self._client = client
        self._errors = 0
        self._commands = 0

    def command(self) -> Reply | None:
        """One more command: the refusal when it is one too many."""
        self._commands += 1
        most = self._limits.settings.commands_per_session
        is_over = most and self._commands > most and not self._client.is_exempt
        return TOO_MANY_COMMANDS if is_over else None

    def error(self) -> float:
        """A command was refused for good. Returns the seconds for which the peer's next command waits."""
        self._errors += 1
        if self._client.is_exempt:
            return 0.0
        self._limits.error(self._client.address)
        return self._limits.settings.tarpit if self._errors > FREE_ERRORS else 0.0

    def end(self) -> Reply | None:
        """The last reply, when patience is at its end."""
        most, client = self._limits.settings, self._client
        errors = most.errors_per_session * (EXEMPT_FACTOR if client.is_exempt else 1)
        limits = (
            (self._errors, errors, TOO_MANY_ERRORS),
            (client.wrong_passwords, most.logins_per_session, TOO_MANY_ERRORS),
            (client.unknown_recipients, most.unknown_per_session, HARVESTING._replace(code=421)),
        )
        return next((reply for count, limit, reply in limits if limit and count >= limit), None)
