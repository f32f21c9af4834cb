"""What the gateway remembers of a desk: its catalog and its contacts.

Contacts are cached for an hour, misses for five minutes, staff and names with the catalog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import DeskSettings
from gateway.desk import records
from gateway.desk.catalog import Catalog, Destination, UnknownName, load
from gateway.desk.outcome import DeskAway, Outcome, Refused, TooMany, Unknown, good, good_unless_refused
from gateway.desk.pacing import BEGUN
from gateway.desk.port import Desk
from gateway.desk.records import Status
from gateway.desk.refusals import Refusals
from gateway.desk.sight import Sight
from gateway.mail.author import canonical_address
from gateway.match import domains
from gateway.match.clients import Clients, Text
from gateway.model.email import lower_ascii
from gateway.model.questions import Contact, NamedClient
from gateway.model.spans import HOUR
from gateway.periodic import run_every

log = structlog.get_logger("desk")

CONTACT_KEPT = HOUR
MISS_KEPT = 300.0
CATALOG_KEPT = HOUR
FAULT_KEPT = 60.0
JUST_READ = 30.0  # seconds: a desk that refuses every ticket must not be asked for its names each time
MOST_CONTACTS = 50_000
MOST_DOMAINS = 10_000
FIRST_AGAIN = 60.0  # seconds until a list that is missing is asked for again; doubling
PROBE = 1.0


class NoCatalog(Exception):
    """The desk has not told its names yet, or lacks one that the mailbox needs."""


def away_of(directories: Mapping[str, Directory]) -> list[str]:
    """The desks that gave no names yet, so that nothing can be decided of their mail."""
    return [name for name, directory in directories.items() if directory.catalog is None]


class Directory:
    """One desk with its catalog and contact cache."""

    def __init__(
        self,
        desk: Desk,
        settings: DeskSettings,
        mailboxes: list[MailboxSettings],
        boards: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
        clients_needed: bool = False,
    ) -> None:
        self.desk = desk
        self.refusals = Refusals(desk)
        self.sight = Sight(desk)
        self.settings = settings
        self.catalog: Catalog | None = None
        self.away: Outcome | None = None  # why it gave no names at the last try
        self.up_since = 0.0
        self._mailboxes = mailboxes
        self._boards = boards  # that rules and notices name
        self._aliases = aliases or {}  # other names of clients
        self._clients_needed = clients_needed  # what is mapped to a client must not go elsewhere
        self._asked_again = 0  # times that missing lists were asked for in a row
        self._named: tuple[Catalog | None, Clients] = (None, Clients())
        self._reading = asyncio.Lock()  # the catalog once more, for all who ask for it at once
        self._contacts: dict[str, tuple[float, list[Contact]]] = {}
        self._domains: dict[str, tuple[float, list[records.Contact] | None]] = {}
        self._clients: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._addresses: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._statuses: dict[str, tuple[float, list[Status]]] = {}

    def adopt(self, other: Directory) -> None:
        """What another directory of the same desk was told by the configuration, and learned since."""
        self._boards, self._aliases = other._boards, other._aliases
        self._clients_needed = other._clients_needed
        self._named = (None, Clients())
        if other.catalog is not None:
            self.catalog = other.catalog
        elif self.catalog is not None:
            self.catalog = replace(self.catalog, at=0.0)  # to be read again: it lacks what is named now

    def destination(self, mailbox: str) -> Destination:
        """Where the mailbox's tickets go. Raises NoCatalog."""
        if self.catalog is None:
            raise NoCatalog(f"desk {self.desk.name} has not answered yet")
        if mailbox in self.catalog.faults:
            raise NoCatalog("; ".join(map(str, self.catalog.faults[mailbox])))
        return self.catalog.destinations[mailbox]

    async def contacts(self, address: str, patience: float = 0.0) -> list[Contact]:
        """The contacts with exactly this address; the desk may keep an international domain in either form. Waits for
        the rate limit with ``patience``. Raises DeskAway."""
        found = await self._with_address(address, patience)
        spelled = domains.in_unicode(address)
        return found or (found if spelled == address else await self._with_address(spelled, patience))

    def known_contacts(self, address: str) -> list[Contact] | None:
        """What ``contacts`` says without a call to the desk; None where it would make one."""
        found = self._known_with(address)
        spelled = domains.in_unicode(address)
        return self._known_with(spelled) if found == [] and spelled != address else found

    def _known_with(self, address: str) -> list[Contact] | None:
        known = self._contacts.get(address)
        if known and known[0] > self.desk.clock():
            return known[1]
        domain, key = domains.of(address), _key(address)
        if not domain or domains.is_public(domain):
            return None
        listed = self._known_of(domain, address)
        return [self._contact(record) for record in listed if key in _addresses(record)] if listed is not None else None

    def _known_of(self, domain: str, address: str) -> list[records.Contact] | None:
        """The contacts of a domain as they were read; None where they are to be read, or are too many to be."""
        at, listed = self._domains.get(domain) or (0.0, None)
        if listed is None:
            return None
        found = not address or any(_key(address) in _addresses(record) for record in listed)
        return listed if self.desk.clock() < at + (CONTACT_KEPT if found else MISS_KEPT) else None

    async def _with_address(self, address: str, patience: float) -> list[Contact]:
        if (found := self._known_with(address)) is not None:
            return found
        key = _key(address)
        now = self.desk.clock()
        domain = domains.of(address)
        if domain and not domains.is_public(domain):
            listed = await self._of_domain(domain, address, patience)
            if listed is not None:
                return [self._contact(record) for record in listed if key in _addresses(record)]
        listed = _listed(await self.desk.contacts(address, patience))
        found = [self._contact(record) for record in listed if key in _addresses(record)]
        if len(self._contacts) >= MOST_CONTACTS:
            self._contacts.clear()
        self._contacts[address] = (now + (CONTACT_KEPT if found else MISS_KEPT), found)
        return found

    async def _of_domain(self, domain: str, address: str = "", patience: float = 0.0) -> list[records.Contact] | None:
        """All contacts of a mail domain, in one call: None when there are more than one page. Kept for an
        hour; when ``address`` is not among them, for five minutes. Raises DeskAway."""
        now = self.desk.clock()
        if (listed := self._known_of(domain, address)) is not None:
            return listed
        if (known := self._domains.get(domain)) and known[1] is None and now < known[0] + CONTACT_KEPT:
            return None
        outcome = await self.desk.contacts_of_domain(domain, patience)
        listed = None if isinstance(outcome, TooMany) else _listed(outcome)
        if len(self._domains) >= MOST_DOMAINS:
            self._domains.clear()
        self._domains[domain] = (now, listed)
        return listed

    async def clients_of_domain(self, domain: str, patience: float = 0.0) -> tuple[str, ...]:
        """The clients to whom active contacts of the domain belong, none where it has more contacts than are read: one
        that was not read might be another client's. One whose main address is elsewhere can only add doubt. Raises
        DeskAway."""
        now, at = self.desk.clock(), f"@{domain}"
        listed: list[records.Contact] = []
        # The desk may keep an international domain in either form.
        for spelled in dict.fromkeys((at, domains.in_unicode(at))):
            some = await self._of_domain(spelled[1:], patience=patience)
            if some is None:
                if (known := self._clients.get(domain)) and known[0] > now:
                    return known[1]
                answer = await self.desk.contacts(spelled, BEGUN)
                if isinstance(answer, TooMany):
                    log.warning("domain has too many contacts", desk=self.desk.name, domain=domain)
                    self._clients[domain] = (now + CONTACT_KEPT, ())
                    return ()
                some = good(answer).data
            listed += some
        active = [
            contact
            for contact in listed
            if not contact.is_inactive and any(a.endswith(at) for a in _addresses(contact))
        ]
        main = [contact for contact in active if _key(contact.address).endswith(at)]
        clients = dict.fromkeys(contact.client_id for contact in active if contact.client_id) if main else {}
        working = tuple(client_id for client_id in clients if not self._inactive(client_id))
        self._clients[domain] = (now + CONTACT_KEPT, working)
        return working

    async def addresses_of(self, contact_id: str, patience: float = 0.0) -> tuple[str, ...]:
        """The addresses of a contact, () for one that is inactive or unknown; kept for five minutes. Raises
        DeskAway."""
        now = self.desk.clock()
        known = self._addresses.get(contact_id)
        if known and known[0] > now:
            return known[1]
        answer = good_unless_refused(await self.desk.contact(contact_id, patience))
        is_active = answer is not None and not answer.data.is_inactive
        found = tuple(sorted(_addresses(answer.data))) if answer and is_active else ()
        if len(self._addresses) >= MOST_CONTACTS:
            self._addresses.clear()
        self._addresses[contact_id] = (now + MISS_KEPT, found)
        return found

    async def statuses_of(self, board_id: str, patience: float = 0.0) -> list[Status]:
        """The statuses of a board, of one that no mailbox or rule names too; [] for an unknown one. Raises DeskAway."""
        if self.catalog is not None and board_id in self.catalog.statuses:
            return self.catalog.statuses[board_id]
        now = self.desk.clock()
        known = self._statuses.get(board_id)
        if known and known[0] > now:
            return known[1]
        answer = good_unless_refused(await self.desk.statuses(board_id, vital=False, patience=patience))
        found: list[Status] = answer.data if answer else []
        self._statuses[board_id] = (now + CATALOG_KEPT, found)
        return found

    def client_named(self, name: str) -> str:
        """The id of the active client of that name, "" for none or several."""
        try:
            return self.catalog.client_id(name) if self.catalog else ""
        except UnknownName:
            return ""

    def client_called(self, name: str) -> str:
        """The id of the active client of that name or alias, "" for none or several."""
        meant = (client for alias, client in self._aliases.items() if alias.casefold() == name.casefold())
        return self.client_named(name) or self.client_named(next(meant, ""))

    def client_in(self, texts: Sequence[str]) -> NamedClient:
        """The active client that one of the texts names, best text first."""
        catalog, names = self._named
        if catalog is not self.catalog and self.catalog is not None:
            active = [client for client in self.catalog.clients if not client.is_inactive]
            names = Clients([(client.name, client.id) for client in active], self._aliases)
            self._named = (self.catalog, names)
        return names.find(texts)

    def names_in(self, text: str) -> tuple[str, ...]:
        """The names of clients, inactive ones too, and the aliases that the text may hold in any spelling."""
        looked_at = Text.of(text)
        known = (client.name for client in (self.catalog.clients if self.catalog else ()))
        return tuple(name for name in (*known, *self._aliases) if looked_at.names(name))

    def _inactive(self, client_id: str) -> bool:
        return self.catalog is not None and client_id in self.catalog.inactive_clients

    def _contact(self, record: records.Contact) -> Contact:
        return Contact(
            contact_id=record.id,
            client_id=record.client_id,
            name=record.name,
            inactive=record.is_inactive,
            client_inactive=bool(record.client_id) and self._inactive(record.client_id),
        )

    def blind_to(self) -> list[str]:
        """The names of the clients whose tickets the desk's lists do not show, though the key makes them."""
        names = {client.id: client.name for client in self.catalog.clients} if self.catalog else {}
        return sorted(names.get(client, client) for client in self.sight.blind)

    def waited(self, since: float, now: float) -> float:
        """Seconds for which a mail that waits ``since`` then (0: from now on) has waited while the desk
        was up: a desk that is down lets nobody post."""
        return now - max(since or now, self.up_since)

    def forget_contact(self, address: str) -> None:
        """The desk refused what the cache said, or a contact was made: ask again next time."""
        self._contacts.pop(address, None)
        self._domains.pop(domains.of(address), None)
        self._clients.pop(domains.of(address), None)

    async def refresh(self, of_interest: Collection[str] | None = None) -> bool:
        """Load the catalog, or of it only the lists ``of_interest``. Returns whether the desk answered."""
        desk = self.desk
        now = desk.clock()
        before = self.catalog
        try:
            self.catalog = await load(
                desk,
                self._mailboxes,
                now if of_interest is None or before is None else before.at,
                self._boards,
                clients_needed=self._clients_needed,
                before=before,
                of_interest=of_interest,
            )
        except DeskAway as away:
            self.away = away.outcome
            if isinstance(away.outcome, Unknown) and away.outcome.alive:  # nothing goes without a catalog
                desk.breaker.bad(str(away.outcome), now, down=True)
            await self._learn_from(away)
            log.warning("names of the desk not read", desk=desk.name, why=str(away.outcome)[:300])
            return False
        self.away = None
        if of_interest is None:
            desk.breaker.key_works()
        self.up_since = self.up_since or now
        self.tell(before.missing if before else {}, self.catalog)
        return True

    async def read_again(self) -> bool:
        """What is remembered may be out of date: load the catalog, unless that was just done. Returns whether the desk
        answered."""
        async with self._reading:
            self._statuses.clear()
            just_read = self.catalog is not None and self.desk.clock() - self.catalog.at < JUST_READ
            return just_read or await self.refresh()

    def tell(self, before: Mapping[str, str], catalog: Catalog) -> None:
        """Log what cannot work, and which lists were not read; ``before`` are those that were missing."""
        for mailbox, faults in catalog.faults.items():
            for fault in faults:
                log.error("mailbox cannot work", desk=self.desk.name, mailbox=mailbox, why=str(fault))
        for name in before.keys() - catalog.missing.keys():
            log.info("list read again", desk=self.desk.name, list=name)
        for name, why in catalog.missing.items():
            if name not in before:
                log.warning("list not read, mail goes on without", desk=self.desk.name, list=name, why=why)

    def _due(self, now: float) -> tuple[bool, Collection[str] | None]:
        """Whether to ask the desk for its lists, and for which: all, or those that are missing, with growing
        pauses."""
        catalog, breaker = self.catalog, self.desk.breaker
        if breaker.wait(now):
            return False, None
        if catalog is None or not breaker.is_closed or now - catalog.at > _kept(catalog):
            self._asked_again = 0
            return True, None
        if not catalog.missing:
            self._asked_again = 0
        elif now >= catalog.at + FIRST_AGAIN * (2 ** (self._asked_again + 1) - 1):
            self._asked_again += 1
            return True, tuple(catalog.missing)
        return False, None

    async def _learn_from(self, away: DeskAway) -> None:
        """The catalog was not given: a refusal of it is that of the key."""
        outcome = away.outcome
        if isinstance(outcome, Refused) and outcome.status == 403:
            self.refusals.refuse_key(outcome)
        elif isinstance(outcome, Refused) and outcome.status == 401:
            await self.refusals.whose(outcome)

    async def run(self, stop: asyncio.Event, there: Callable[[], None] = lambda: None) -> None:
        """Keep the catalog fresh, and probe a desk that is away, until ``stop``. ``there`` is called when
        it answered."""
        await run_every(stop, PROBE, partial(self._try, there))

    async def _try(self, there: Callable[[], None]) -> None:
        breaker = self.desk.breaker
        now = self.desk.clock()
        if not breaker.is_closed:
            self.up_since = 0.0
        due, of_interest = self._due(now)
        if due:
            if await self.refresh(of_interest):
                there()
        elif breaker.is_closed:
            self.up_since = self.up_since or now
            await self.sight.try_next()


def _kept(catalog: Catalog) -> float:
    """Seconds for which a catalog is believed."""
    return FAULT_KEPT if catalog.faults else CATALOG_KEPT


def _listed(outcome: Outcome) -> list[records.Contact]:
    """The contacts of an answer, none for what the desk cannot look up. Raises DeskAway."""
    answer = good_unless_refused(outcome)
    return list(answer.data) if answer else []


def _addresses(record: records.Contact) -> set[str]:
    return {_key(address) for address in (record.address, *record.more) if address}


def _key(address: str) -> str:
    """In the form in which addresses are compared."""
    return lower_ascii(canonical_address(address))
