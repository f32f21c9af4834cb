"""A profile that is on, ready to run: who may send its mails, how they are read, what becomes of them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from gateway.config.notices import NoticeSettings
from gateway.config.profile import ExpectPart, Profile, ReadPart
from gateway.config.windows import CalendarSettings
from gateway.match import conditions, domains, networks, words
from gateway.match.conditions import Group
from gateway.match.networks import Network
from gateway.match.words import Words, folded
from gateway.model.envelope import Envelope
from gateway.model.notice import Handling


@dataclass(frozen=True, slots=True)
class Step:
    """A step of reading with its patterns compiled."""

    source: str
    where: tuple[str, ...]
    name: str
    patterns: tuple[Any, ...]
    many: bool
    value: str
    names: frozenset[str]

    @classmethod
    def of(cls, part: ReadPart) -> Step:
        regex = (part.regex,) if isinstance(part.regex, str) else part.regex
        where = (part.where,) if isinstance(part.where, str) else part.where
        return cls(
            part.source.lower(),
            where,
            part.name or "",
            tuple(conditions.compiled(pattern) for pattern in regex if pattern),
            part.many,
            part.value,
            frozenset(part.names()),
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends a source's mails. ``senders`` are addresses and domains; the rest proves by itself."""

    senders: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    logins: frozenset[str] = frozenset()
    token: str = field(default="", repr=False)
    mailbox: str = ""

    @classmethod
    def of(cls, said: NoticeSettings | CalendarSettings, senders: Iterable[str] = ()) -> Identity:
        """As the configuration says it; ``senders`` where it names none."""
        return cls(
            senders=frozenset(said.senders or senders),
            networks=tuple(map(networks.network, said.networks)),
            logins=frozenset(said.logins),
            token=said.token.get_secret_value().lower() if said.token else "",
            mailbox=said.mailbox or "",
        )

    def claimed(self, address: str) -> bool:
        """Whether From is one of the senders, or none are named."""
        if not self.senders or address in self.senders:
            return True
        labels = address.rpartition("@")[2].split(".")
        return any(".".join(labels[start:]) in self.senders for start in range(len(labels) - 1))

    def proof(self, address: str, envelope: Envelope) -> str:
        """What proves that the mail is of this source, "" for nothing."""
        if self.token and hmac.compare_digest(domains.tag_of(envelope.rcpt_to).encode(), self.token.encode()):
            return "the recipient's token"
        if envelope.auth and envelope.auth in self.logins:
            return f"login {envelope.auth}"
        if network := networks.holder(envelope.peer, self.networks):
            return f"network {network}"
        about = envelope.verdict_for.lower()
        if self.senders and envelope.verdict == "pass" and address and about in ("", address):
            return f"a passing verdict for {address}"
        return ""

    def scope(self, address: str, envelope: Envelope, proven: bool) -> str:
        """Where the mail comes from: its address, and the login or network that proves it. One source may name many."""
        login = envelope.auth if envelope.auth in self.logins else ""
        network = networks.holder(envelope.peer, self.networks)
        place = login or (str(network) if network else "")
        return " ".join(filter(None, (address, place if proven else "")))


@dataclass(frozen=True, slots=True)
class Source:
    """``priorities`` by level of severity, ``aliases`` by folded text. ``destination`` holds names of the
    desk: board, status, priority, category."""

    name: str
    profile: Profile
    who: Identity
    when: Group
    several: Group | None
    each: tuple[Any, ...]
    head: Any
    steps: tuple[Step, ...]
    states: Words
    levels: Words
    subjects: tuple[Any, ...] = ()
    handling: Handling = field(default_factory=Handling)
    desk: str = "default"
    dedicated: bool = False
    client: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[int, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    expect: tuple[ExpectPart, ...] = ()
    destination: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: Profile, who: Identity, **more: Any) -> Source:
        """A source of a profile, with what the configuration adds in ``more``."""
        state, severity = profile.state, profile.severity
        more.setdefault("handling", profile.handling())
        more.setdefault("name", profile.name)
        return cls(
            profile=profile,
            who=who,
            when=Group("all", (*(condition.node() for condition in profile.who.when), *more.pop("when", ()))),
            several=Group("all", tuple(part.node() for part in profile.who.several)) if profile.who.several else None,
            each=tuple(map(conditions.compiled, profile.who.cuts)),
            head=conditions.compiled(profile.who.head) if profile.who.head else None,
            steps=tuple(Step.of(part) for part in profile.read),
            states=words.state_words(
                {
                    "open": state.open,
                    "planned": state.planned,
                    "update": state.update,
                    "close": state.close,
                    "ignore": state.ignore,
                },
                state.label,
            ),
            levels=Words.of(severity.words()),
            subjects=(
                *map(conditions.compiled, state.subjects),
                *(
                    pattern
                    for step in map(Step.of, profile.read)
                    if step.source == "subject"
                    for pattern in step.patterns
                ),
            ),
            priorities={
                level: name
                for word, name in {**severity.priorities, **more.pop("priorities", {})}.items()
                if (level := severity.words().get(folded(word)))
            },
            aliases={
                **{folded(text): name for text, name in profile.client.aliases.items()},
                **more.pop("aliases", {}),
            },
            expect=(*profile.expect, *more.pop("expect", ())),
            **more,
        )

    def without_states(self, text: str, instead: str = " ") -> str:
        """A text without the words of state and severity that stand where a machine puts them."""
        return self.levels.removed(self.states.removed(text, instead), instead)

    def moves(self, word: str) -> bool:
        """Whether a word takes planned work's times back: it is moved, or its end is in doubt."""
        known = folded(word)
        return self.states.meanings.get(known) == "close" or known in map(folded, self.profile.state.moved)


class Sources:
    """All sources, generic ones last, found by the sender of a mail."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self.all = tuple(sorted(sources, key=lambda source: source.profile.generic))
        self._by_sender: dict[str, list[int]] = {}
        self._open: list[int] = []
        for number, source in enumerate(self.all):
            for sender in source.who.senders:
                self._by_sender.setdefault(sender, []).append(number)
            if not source.who.senders:
                self._open.append(number)

    def __bool__(self) -> bool:
        return bool(self.all)

    def named(self, name: str) -> Source | None:
        return next((source for source in self.all if source.name == name), None)

    def of(self, address: str) -> list[Source]:
        """Those that mail from an address may be of, in their order."""
        domain = address.rpartition("@")[2]
        labels = domain.split(".")
        keys = [address, *(".".join(labels[start:]) for start in range(len(labels) - 1))]
        numbers = {number for key in keys for number in self._by_sender.get(key, ())}
        return [self.all[number] for number in sorted(numbers.union(self._open))]
