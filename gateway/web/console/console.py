"""What the pages of the console share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from gateway.config.console import ConsoleUser
from gateway.config.settings import Settings
from gateway.model.quantity import counted
from gateway.operate import reading, said, tickets
from gateway.operate.access import Access
from gateway.operate.trial import kept
from gateway.operate.trial import page as trial_page
from gateway.smtp.guessing import NamePace
from gateway.store import entries
from gateway.store.entries import Visitor
from gateway.store.raw import RawMail
from gateway.web.console.commands import Commands
from gateway.web.console.guard import COOKIE, may, named_by_proxy, way_back
from gateway.web.console.logins import LoginRate
from gateway.web.console.provider import BACK, Provider, role_of

T = TypeVar("T")
HERE = Path(__file__).parent / "pages"


def file_of(settings: Settings) -> str:
    """The file that the configuration was read from, "" for none."""
    files = settings.locations.files
    return files[0][0] if files else ""


class Console:
    """What the pages share; ``reload`` takes the configuration as its file is now."""

    def __init__(
        self,
        settings: Settings,
        store: str,
        clock: Callable[[], float] = time.time,
        reload: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    ) -> None:
        self.settings = settings
        self.reload = reload
        self.commands = Commands(file_of(settings))
        self.store = store
        self.clock = clock
        self.zone = ZoneInfo(settings.timezone)
        self.access = Access(settings, clock)
        self.raws = RawMail(settings.store)
        self.parser = reading.parser_of(settings)
        self.rate = LoginRate()
        self.pace = NamePace()
        self._provider: Provider | None = None
        loader = jinja2.FileSystemLoader([HERE, trial_page.HERE])
        self._templates = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        self._templates.filters.update(
            when=lambda at: said.when(at, self.clock(), self.zone),
            exactly=lambda at: said.exactly(at, self.zone),
            day=lambda at: said.day(at, self.zone),
            ago=lambda at: said.span(max(0.0, self.clock() - at)),
            size=said.size,
            **trial_page.FILTERS,
            counted=counted,
            noun=lambda number, word, words="": counted(number, word, words).partition(" ")[2],
            ticket=self._ticket,
            upper_first=lambda text: text[:1].upper() + text[1:],
        )

    def _ticket(self, words: str, desk: str, ticket_id: str, number: str = "") -> Markup:
        """These words, of which the ticket's ``number`` (or all) leads to the desk, where its pages are known."""
        number, address = number or words, tickets.page_of(self.settings, desk, ticket_id)
        if not address or not number or number not in words:
            return escape(words)
        before, _, after = words.rpartition(number)
        return Markup('{}<a class="ticket" href="{}" rel="noopener">{}</a>{}').format(before, address, number, after)

    async def close(self) -> None:
        await self.commands.end()
        await self.parser.close()
        self.access.close()

    async def look(self, operation: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.access.look, operation)

    async def change(self, operation: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.access.change, operation)

    async def visitor(self, request: Request) -> Visitor | None:
        """Who asks: whom a proxy names, else whom the session does."""
        if found := named_by_proxy(request, self.settings.console):
            return found
        value = request.cookies.get(COOKIE, "")
        if not value:
            return None
        entry = await self.look(lambda c: entries.opened(c, ("session", "login", "oidc"), value, self.clock()))
        if entry is None or entry.kind == "session":
            return entry.visitor if entry else None
        if entry.kind == "oidc":
            role = role_of(entry.grants, self.settings.console.oidc)
            return Visitor(entry.visitor.name, role) if role else None
        user = self.user(entry.visitor.name)
        return Visitor(user.name, user.role) if user else None

    @property
    def state(self) -> Path:
        """The folder in which the gateway keeps what it has."""
        return self.settings.store.spool_dir.absolute().parent

    @property
    def provider(self) -> Provider | None:
        """The identity provider, as the configuration is now; None for none."""
        settings = self.settings.console
        if not settings.oidc.issuer:
            return None
        if self._provider is None or self._provider.settings != settings.oidc:
            self._provider = Provider(settings.oidc, f"{settings.address}{BACK}", self.clock)
        return self._provider

    def user(self, name: str) -> ConsoleUser | None:
        """Who may log in by this name with a password, as the configuration is now."""
        users = self.settings.console.users
        return next((user for user in users if user.name == name and user.password_hash), None)

    def page(self, name: str, visitor: Visitor | None, status: int = 200, **values: Any) -> Response:
        template = self._templates.get_template(f"{name}.html")
        text = template.render(
            page=name, visitor=visitor, may_act=may(visitor, "act"), may_administer=may(visitor, "administer"),
            zone=self.settings.timezone, has_trials=any(kept.files(self.state)),
            several_boxes=len(self.settings.mailbox) > 1, **values,
        )  # fmt: skip
        return Response(text, status, media_type="text/html")

    def trouble(self, request: Request, visitor: Visitor | None, words: str, status: int) -> Response:
        """What is wrong, in words that its reader can go by, and the way back."""
        return self.page("trouble", visitor, status, words=words, back=way_back(request), to_back="Back")
