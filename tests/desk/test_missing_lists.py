"""Lists of the desk that do not come: what mail can do without holds nothing up, what was known stays known, and
nothing goes to another place for want of a list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import DeskSettings
from gateway.desk import lists
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.catalog import Catalog, UnknownName
from gateway.desk.directory import CATALOG_KEPT, FIRST_AGAIN, Directory
from gateway.simulator import Seed, Simulator
from tests.waiting import PATIENCE

Answer = Callable[[], httpx.Response]

PAGE = "<!DOCTYPE html><title>404</title>"


def error(status: int, code: str = "NO") -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "no"}})


OF_ONE_LIST: dict[str, Answer] = {
    "a page that says 404": lambda: httpx.Response(404, html=PAGE),
    "a page that says 200": lambda: httpx.Response(200, html=PAGE),
    "its own 404": lambda: error(404),
    "its own 500": lambda: error(500, "INTERNAL_ERROR"),
    "null": lambda: httpx.Response(200, json=None),
    "data null": lambda: httpx.Response(200, json={"data": None}),
    "a list of texts": lambda: httpx.Response(200, json={"data": ["x"]}),
    "rows without ids": lambda: httpx.Response(200, json={"data": [{"name": "x"}]}),
    "brackets": lambda: httpx.Response(200, content=b"[" * 200_000),
}
NO_RIGHT: dict[str, Answer] = {"no right": lambda: error(403, "FORBIDDEN")}
OF_THE_DESK: dict[str, Answer] = {
    "a proxy's 502": lambda: httpx.Response(502, html=PAGE),
    "the key": lambda: error(401, "UNAUTHORIZED"),
}


class Bent(httpx.AsyncBaseTransport):
    """The simulated desk, of which some lists answer as they are told to. ``asked`` are the paths of all calls."""

    def __init__(self, simulator: Simulator) -> None:
        self.desk = httpx.ASGITransport(app=simulator.app)
        self.odd: dict[str, Answer] = {}
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/")
        self.asked.append(path)
        for name, answer in self.odd.items():
            if name in (path, "everything"):
                answered = answer()
                return httpx.Response(answered.status_code, stream=httpx.ByteStream(answered.content))
        return await self.desk.handle_async_request(request)


class Asked:
    """A directory at such a desk, with a clock that stands."""

    def __init__(self, box: dict[str, Any] | None = None, boards: tuple[str, ...] = (), **more: Any) -> None:
        self.bent = Bent(Simulator(Seed()))
        self.now = 1_000_000.0
        client = Client("d", "http://desk/api/v1", "demo-desk-key", rate=0, transport=self.bent, clock=lambda: self.now)
        mailbox = MailboxSettings(address="support@msp.example", board="Support", **(box or {}))
        settings = DeskSettings(url="http://desk/api/v1", api_key="k")  # type: ignore[arg-type]
        self.directory = Directory(AlgaDesk(client), settings, [mailbox], boards, **more)

    async def refresh(self, **odd: Answer) -> bool:
        self.bent.odd = {name.replace("_", "/"): answer for name, answer in odd.items()}
        return await self.directory.refresh()

    @property
    def catalog(self) -> Catalog:
        assert self.directory.catalog is not None
        return self.directory.catalog


@pytest.mark.parametrize("odd", [*OF_ONE_LIST, *NO_RIGHT, *OF_THE_DESK])
@pytest.mark.parametrize("optional", ["categories_ticket", "clients"])
async def test_what_mail_can_do_without_holds_nothing_up(optional: str, odd: str) -> None:
    asked = Asked()

    for _ in range(5):
        assert await asked.refresh(**{optional: (OF_ONE_LIST | NO_RIGHT | OF_THE_DESK)[odd]})
        assert asked.directory.desk.breaker.is_closed

    assert asked.directory.destination("support@msp.example").board == "Support"
    assert list(asked.catalog.missing) == [optional.split("_")[0]]
    assert await asked.refresh()
    assert not asked.catalog.missing


async def test_an_optional_list_without_an_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    monkeypatch.setattr(lists, "OPTIONAL_WAIT", 0.05)

    async def hangs(vital: bool = True) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(asked.directory.desk, "categories", hangs)

    async with asyncio.timeout(PATIENCE):
        assert await asked.refresh()
    assert asked.catalog.missing == {"categories": "no answer within 0.05 s"}


@pytest.mark.parametrize("odd", [*OF_ONE_LIST, *NO_RIGHT])
@pytest.mark.parametrize("needed", ["boards", "tickets_priorities", "tickets_statuses", "users"])
async def test_a_needed_list_is_waited_for_once_and_then_kept(needed: str, odd: str) -> None:
    asked = Asked()

    answer = (OF_ONE_LIST | NO_RIGHT)[odd]

    assert not await asked.refresh(**{needed: answer})
    assert asked.directory.catalog is None
    assert await asked.refresh()
    before = asked.catalog
    assert await asked.refresh(**{needed: answer})
    assert len(asked.catalog.missing) == 1
    assert asked.catalog.destinations == before.destinations
    assert asked.catalog.staff == before.staff


@pytest.mark.parametrize("odd", OF_THE_DESK)
@pytest.mark.parametrize("needed", ["boards", "everything"])
async def test_a_desk_that_is_away_is_away_though_its_lists_are_known(needed: str, odd: str) -> None:
    asked = Asked()

    assert await asked.refresh()
    assert not await asked.refresh(**{needed: OF_THE_DESK[odd]})


async def test_odd_answers_to_everything_are_no_desk() -> None:
    asked = Asked()

    assert await asked.refresh()
    assert not await asked.refresh(everything=OF_ONE_LIST["data null"])
    assert not await asked.refresh(everything=NO_RIGHT["no right"])
    assert asked.directory.desk.breaker.key_refused


@pytest.mark.parametrize("more", [{"box": {"fallback_client": "Acme"}}, {"clients_needed": True}])
async def test_clients_are_waited_for_where_mail_would_go_to_another(more: dict[str, Any]) -> None:
    asked = Asked(**more)

    assert not await asked.refresh(clients=OF_ONE_LIST["its own 500"])


async def test_a_rule_whose_names_are_missing_lacks_them_and_says_so() -> None:
    asked = Asked(boards=("Sales",))
    sales = OF_ONE_LIST["its own 500"]

    class OfSales:
        answers = 0

        def __call__(self) -> httpx.Response:
            self.answers += 1
            if self.answers == 2:  # the mailbox's board comes first
                return sales()
            rows = [{"status_id": "s1", "name": "New", "is_default": True}]
            return httpx.Response(200, content=json.dumps({"data": rows}).encode())

    everything: dict[str, Answer] = {"clients": sales, "categories_ticket": sales, "tickets_statuses": OfSales()}
    assert await asked.refresh(**everything)
    assert set(asked.catalog.missing) == {"clients", "categories", "statuses of Sales"}
    for name, ask in (
        ("status: those of board 'Sales' could not be read", lambda: asked.catalog.place("Sales", "", "", "")),
        (
            "category 'Hardware': the desk's categories could not be read",
            lambda: asked.catalog.category("x", "Hardware"),
        ),
        ("client 'Acme': the desk's clients could not be read", lambda: asked.catalog.client_id("Acme")),
    ):
        with pytest.raises(UnknownName, match=name):
            ask()


async def test_missing_lists_alone_are_asked_for_again_with_growing_pauses() -> None:
    asked = Asked()
    begin = asked.now
    assert await asked.refresh(categories_ticket=OF_ONE_LIST["a page that says 404"])
    asked.bent.asked.clear()
    times: list[float] = []
    for _ in range(int(CATALOG_KEPT) - 1):
        asked.now += 1
        due, of_interest = asked.directory._due(asked.now)
        if due:
            times.append(asked.now - begin)
            assert of_interest == ("categories",)
            assert await asked.directory.refresh(of_interest)

    assert times == [FIRST_AGAIN * (2**n - 1) for n in range(1, 6)]
    assert set(asked.bent.asked) == {"categories/ticket"}
    asked.bent.odd.clear()
    asked.now += 2
    assert asked.directory._due(asked.now) == (True, None)  # all of it, as every hour
