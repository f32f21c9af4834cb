"""What one peer and its network may do: connections, and counts in a minute or an hour.

Promised: constant cost per event, and memory bounded by ``MOST_KEYS`` however many addresses a flood
comes from. A network is a /24 or a /64, since that is what one customer gets.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable

from gateway.config.smtp import LimitSettings
from gateway.match.names import Name, network_of
from gateway.match.networks import Networks
from gateway.model.spans import HOUR, MINUTE
from gateway.smtp.replies import (
    AUTH_LIMIT,
    DENIED,
    ERROR_RATE,
    HARVESTING,
    MAIL_RATE,
    RECIPIENT_RATE,
    SENDER_RATE,
    TOO_FAST,
    TOO_MANY_CONNECTIONS,
    Reply,
)

MOST_KEYS = 50_000


class Rates:
    """Counts by key in the current window, the newest ``MOST_KEYS`` keys."""

    def __init__(self, window: float, clock: Callable[[], float]) -> None:
        self._window = window
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def add(self, key: str, number: int = 1) -> int:
        """The count with ``number`` added."""
        now = self._clock()
        begun, count = self._counts.pop(key, (now, 0))
        if now - begun >= self._window:
            begun, count = now, 0
        self._counts[key] = (begun, count + number)
        if len(self._counts) > MOST_KEYS:
            self._counts.popitem(last=False)
        return count + number

    def get(self, key: str) -> int:
        """The count in the current window."""
        begun, count = self._counts.get(key, (0.0, 0))
        return count if self._clock() - begun < self._window else 0


class Limits:
    """The limits of one process. Each verb returns the refusal, or None."""

    def __init__(self, settings: LimitSettings, relays: Iterable[str], clock: Callable[[], float]) -> None:
        self.settings = settings
        self._exempt = Networks((*settings.exempt, *relays))
        self._deny = Networks(settings.deny)
        self._allow = Networks(settings.allow)
        self._peers: Counter[str] = Counter()
        self._networks: Counter[str] = Counter()
        self._connects = Rates(MINUTE, clock)
        self._mails = Rates(MINUTE, clock)
        self._recipients = Rates(MINUTE, clock)
        self._errors = Rates(HOUR, clock)
        self._unknown = Rates(HOUR, clock)
        self._logins = Rates(HOUR, clock)
        self._senders = Rates(HOUR, clock)
        self._sender_domains = Rates(HOUR, clock)

    def is_exempt(self, peer: str) -> bool:
        """Whether the limits are not for this peer: a Unix socket, a relay, an exempt network."""
        return not peer or self._exempt.holds(peer)

    def enter(self, peer: str) -> Reply | None:
        """A connection begins. With None the caller owes a ``leave``."""
        if self._deny and self._deny.holds(peer) and not self._allow.holds(peer):
            return DENIED
        if self.is_exempt(peer):
            return None
        most = self.settings
        network = network_of(peer)
        if _over(self._peers[peer] + 1, most.connections_per_peer):
            return TOO_MANY_CONNECTIONS
        if _over(self._networks[network] + 1, most.connections_per_network):
            return TOO_MANY_CONNECTIONS
        if _over(self._connects.add(peer), most.connections_per_minute):
            return TOO_FAST
        if _over(self._errors.get(peer) + 1, most.errors_per_hour):
            return ERROR_RATE
        self._peers[peer] += 1
        self._networks[network] += 1
        return None

    def leave(self, peer: str) -> None:
        """A connection for which ``enter`` returned None is over."""
        if self.is_exempt(peer):
            return
        for counter, key in ((self._peers, peer), (self._networks, network_of(peer))):
            counter[key] -= 1
            if counter[key] <= 0:
                del counter[key]

    def mail(self, peer: str) -> Reply | None:
        """One more MAIL of this peer."""
        return MAIL_RATE if _over(self._mails.add(peer), self.settings.mails_per_minute) else None

    def sender(self, name: Name) -> Reply | None:
        """A mail of that name is about to be taken; when it is not after all, ``not_taken``. The last step of the
        guard against loops, whatever the peer. Nobody's name is not counted."""
        if not name.address:
            return None
        key, domain_key = name.key, name.domain_key
        if _over(self._senders.get(key) + 1, self.settings.mails_per_sender):
            return SENDER_RATE
        if _over(self._sender_domains.get(domain_key) + 1, self.settings.mails_per_sender_domain):
            return SENDER_RATE
        self._senders.add(key)
        self._sender_domains.add(domain_key)
        return None

    def not_taken(self, name: Name) -> None:
        """The mail that ``sender`` counted was not kept after all."""
        if name.address:
            self._senders.add(name.key, -1)
            self._sender_domains.add(name.domain_key, -1)

    def recipient(self, peer: str) -> Reply | None:
        """One more RCPT of this peer."""
        if _over(self._unknown.get(peer) + 1, self.settings.unknown_per_hour):
            return HARVESTING
        return RECIPIENT_RATE if _over(self._recipients.add(peer), self.settings.recipients_per_minute) else None

    def login(self, peer: str) -> Reply | None:
        """Whether this peer may try a password."""
        return AUTH_LIMIT if _over(self._logins.get(peer) + 1, self.settings.logins_per_hour) else None

    def error(self, peer: str) -> None:
        """This peer got one more refusal for good (5xx)."""
        self._errors.add(peer)

    def unknown(self, peer: str) -> None:
        """This peer named one more recipient that is not there."""
        self._unknown.add(peer)

    def wrong_password(self, peer: str) -> None:
        """This peer tried one more password that is wrong."""
        self._logins.add(peer)


def _over(count: int, most: int) -> bool:
    return most > 0 and count > most
