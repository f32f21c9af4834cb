"""SPF: may this address send mail of that domain? (RFC 7208)

Promised: the limits of 4.6.4 (10 terms that look up, 2 void look-ups, 10 names of an MX), syntax of the
whole record checked before any of it counts. ``exp`` is checked for syntax and not fetched: its text
would be a stranger's words in our answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from gateway.smtp.verdict.macro import Context, MacroError, expand, is_senders_choice
from gateway.smtp.verdict.record import Record, RecordError, Term, parse_record
from gateway.smtp.verdict.resolver import DnsTrouble
from gateway.smtp.verdict.sender import ascii_domain

T = TypeVar("T")

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_MX = 10
MOST_PTR = 10
LONGEST_DOMAIN = 253
LONGEST_RECORD = 16 * 1024

SENDERS_TIME = 5.0
"""Seconds for all that is asked of name servers which the sender chose; trouble with them is no temperror."""

RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class Dns(Protocol):
    """What is asked of a resolver."""

    async def txt(self, name: str) -> list[bytes]: ...
    async def addresses(self, name: str, version: int) -> list[str]: ...
    async def mx(self, name: str) -> list[str]: ...
    async def names(self, address: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Spf:
    """``result`` is one of RFC 7208 2.6; ``domain`` the one that was asked; ``why`` for the operator."""

    result: str
    domain: str
    why: str = ""


class _Permanent(Exception):
    pass


@dataclass(slots=True)
class _Budget:
    lookups: int = 0
    void: int = 0
    names: list[str] | None = None

    def look_up(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Permanent(f"more than {MOST_LOOKUPS} look-ups")

    def found(self, number: int) -> None:
        if not number:
            self.void += 1
            if self.void > MOST_VOID:
                raise _Permanent(f"more than {MOST_VOID} look-ups that found nothing")


@dataclass(frozen=True, slots=True)
class _Check:
    dns: Dns
    context: Context
    budget: _Budget = field(default_factory=_Budget)

    # -- check_host (4) ---------------------------------------------------------------------------

    async def run(self) -> tuple[str, str]:
        domain = self.context.domain
        if not is_domain(domain):
            return "none", "not a domain name"
        records = [
            text for text in await self.dns.txt(domain) if text[:6].lower() == b"v=spf1" and text[6:7] in (b"", b" ")
        ]
        if not records:
            return "none", "no record"
        if len(records) > 1:
            raise _Permanent("more than one record")
        if len(records[0]) > LONGEST_RECORD:
            raise _Permanent("the record is too long")
        try:
            record = parse_record(records[0].decode("ascii"))
        except (RecordError, UnicodeDecodeError) as error:
            raise _Permanent(f"record of {domain}: {error}") from error
        return await self._evaluate(record)

    async def _evaluate(self, record: Record) -> tuple[str, str]:
        for term in record.terms:
            if await self._matches(term):
                return RESULTS[term.qualifier], f"{term.text} of {self.context.domain}"
        if record.redirect:
            self.budget.look_up()
            return await self._in_time(record.redirect, self._redirect(record.redirect))
        return "neutral", f"nothing matches in the record of {self.context.domain}"

    async def _redirect(self, domain: str) -> tuple[str, str]:
        target = await self._expand(domain)
        result = await replace(self, context=self.context.of(target)).run()
        if result[0] == "none":
            raise _Permanent(f"redirect to {target}, which has no record")
        return result

    async def _in_time(self, domain: str, answer: Coroutine[Any, Any, T]) -> T:
        """What is asked of ``domain``, where the sender chooses whose it is: else he could choose "unknown"."""
        if not is_senders_choice(domain):
            return await answer
        try:
            async with asyncio.timeout(SENDERS_TIME):
                return await answer
        except (DnsTrouble, TimeoutError) as error:
            raise _Permanent(f"{domain} leads to name servers of the sender, which do not answer") from error

    async def _expand(self, text: str) -> str:
        names = None
        if "%{p" in text.lower():
            names = await self._validated(self.context.domain)
        try:
            expanded = expand(text, self.context, names)
        except MacroError as error:
            raise _Permanent(str(error)) from error
        while len(expanded) > LONGEST_DOMAIN and "." in expanded:
            expanded = expanded.partition(".")[2]  # 7.3: left labels go first
        return expanded.rstrip(".")

    # -- mechanisms (5) ---------------------------------------------------------------------------

    async def _matches(self, term: Term) -> bool:
        match: Callable[[Term], Coroutine[Any, Any, bool]] = getattr(self, f"_{term.name}")
        if term.name in ("include", "a", "mx", "ptr", "exists"):
            self.budget.look_up()
        return await self._in_time(term.domain, match(term))

    async def _all(self, term: Term) -> bool:
        return True

    async def _include(self, term: Term) -> bool:
        target = await self._expand(term.domain)
        result, _ = await replace(self, context=self.context.of(target)).run()
        if result == "none":
            raise _Permanent(f"includes {target}, which has no record")
        return result == "pass"

    async def _ip4(self, term: Term) -> bool:
        return self.context.ip in ipaddress.ip_network(term.domain, strict=False)

    _ip6 = _ip4

    async def _a(self, term: Term) -> bool:
        return await self._holds(await self._target(term), term)

    async def _mx(self, term: Term) -> bool:
        exchanges = await self.dns.mx(await self._target(term))
        self.budget.found(len(exchanges))
        if len(exchanges) > MOST_MX:
            raise _Permanent(f"more than {MOST_MX} MX names")
        for exchange in exchanges:
            if exchange != "." and await self._holds(exchange.rstrip("."), term, counted=False):
                return True
        return False

    async def _ptr(self, term: Term) -> bool:
        target = (await self._target(term)).lower()
        names = await self._names()
        return any(name == target or name.endswith("." + target) for name in names)

    async def _exists(self, term: Term) -> bool:
        found = await self.dns.addresses(await self._expand(term.domain), 4)
        self.budget.found(len(found))
        return bool(found)

    async def _target(self, term: Term) -> str:
        return await self._expand(term.domain) if term.domain else self.context.domain

    async def _holds(self, name: str, term: Term, counted: bool = True) -> bool:
        ip = self.context.ip
        found = await self.dns.addresses(name, ip.version)
        if counted:
            self.budget.found(len(found))
        prefix = term.prefix4 if ip.version == 4 else term.prefix6
        return any(ip in ipaddress.ip_network(f"{address}/{prefix}", strict=False) for address in found)

    # -- names of the address (5.5) ---------------------------------------------------------------

    async def _names(self) -> list[str]:
        if self.budget.names is None:
            self.budget.names = []
            try:
                async with asyncio.timeout(SENDERS_TIME):
                    await self._point_back(self.budget.names)
            except TimeoutError:
                pass  # those that were found in time count
        return self.budget.names

    async def _point_back(self, names: list[str]) -> None:
        try:
            pointed = (await self.dns.names(str(self.context.ip)))[:MOST_PTR]
        except DnsTrouble:
            pointed = []
        self.budget.found(len(pointed))
        for name in pointed:
            try:
                back = await self.dns.addresses(name.rstrip("."), self.context.ip.version)
            except DnsTrouble:
                continue
            if any(ipaddress.ip_address(address) == self.context.ip for address in back):
                names.append(name.rstrip(".").lower())

    async def _validated(self, domain: str) -> str:
        """For the macro p: the domain itself, else one below it, else any (7.3)."""
        names = await self._names()
        below = [name for name in names if name.endswith("." + domain.lower())]
        return domain if domain.lower() in names else next(iter([*below, *names]), "unknown")


def is_domain(text: str) -> bool:
    """4.3: more than one label, none empty or over 63; not an address literal."""
    if "[" in text:
        return False
    labels = text.rstrip(".").split(".")
    return len(text) <= LONGEST_DOMAIN and len(labels) > 1 and all(0 < len(label) <= 63 for label in labels)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that is mapped into IPv6 is an IPv4 address (5)."""
    ip = ipaddress.ip_address(text)
    return ip.ipv4_mapped or ip if ip.version == 6 else ip


def asked_domain(helo: str, mail_from: str) -> str:
    """Whose record is asked for: MAIL FROM's domain, that of HELO with the null sender (2.4)."""
    return ascii_domain((mail_from or f"@{helo}").rpartition("@")[2])


async def check_spf(dns: Dns, ip: str, helo: str, mail_from: str) -> Spf:
    """The result for MAIL FROM, or for HELO with the null sender (2.4)."""
    sender = mail_from or f"postmaster@{helo}"
    local = sender.rpartition("@")[0]
    domain = asked_domain(helo, mail_from)
    context = Context(_address(ip), domain, f"{local or 'postmaster'}@{domain}", helo)
    try:
        result, why = await _Check(dns, context).run()
    except DnsTrouble as error:
        return Spf("temperror", domain, str(error))
    except _Permanent as error:
        return Spf("permerror", domain, str(error))
    return Spf(result, domain, why)
