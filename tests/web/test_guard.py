"""Who asks and how often, addresses that somebody wrote by hand, and pages that are not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.smtp import guessing
from gateway.store import acts
from gateway.web.console import guard, logins
from gateway.web.console.app import application
from gateway.web.console.entering import KNOWN
from gateway.web.health import server
from tests.web.conftest import COOKIE, HOST, PASSWORD, Site

FAR = "9" * 30


def reached(site: Site, peer: str, **headers: str) -> httpx.AsyncClient:
    """A client of the console as the gateway serves it, which sits at ``peer``."""
    config = server(application(site.console), "127.0.0.1:1").config
    config.load()
    transport = httpx.ASGITransport(app=config.loaded_app, client=(peer, 1), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HOST, headers={"Origin": HOST, **headers})


@pytest.fixture
async def inside(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with reached(site, "192.0.2.50") as client:
        client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
        yield client
    await site.console.close()


def behind(site: Site, **console: Any) -> Site:
    settings = site.console.settings
    site.console.settings = settings.model_copy(update={"console": settings.console.model_copy(update=console)})
    return site


@pytest.mark.parametrize(("peer", "forwarded", "status"), [
    ("127.0.0.1", "203.0.113.9", 200),  # nearly every proxy says for whom it asks
    ("127.0.0.1", "", 200),
    ("203.0.113.9", "127.0.0.1", 303),  # whoever says that it is the proxy is not
    ("203.0.113.9", "", 303),
])  # fmt: skip
async def test_a_name_is_believed_from_the_proxy_that_connects(
    site: Site, peer: str, forwarded: str, status: int
) -> None:
    behind(site, header="X-Remote-User", proxies=("127.0.0.1/32",), header_role="look")
    headers = {"X-Remote-User": "kim", **({"X-Forwarded-For": forwarded} if forwarded else {})}
    async with reached(site, peer, **headers) as client:
        assert (await client.get("/todo")).status_code == status


@pytest.mark.parametrize(("peer", "forwarded", "address"), [
    ("192.0.2.50", "", "192.0.2.50"),
    ("192.0.2.50", "203.0.113.9", "192.0.2.50"),  # no proxy of ours
    ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("10.0.0.9", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what stands before it, its sender wrote
    ("10.0.0.9", "203.0.113.9, 10.0.0.7", "203.0.113.9"),  # two proxies
    ("10.0.0.9", "203.0.113.9,10.0.0.7, 127.0.0.1", "203.0.113.9"),
    ("10.0.0.9", "<script>", "10.0.0.9"),
    ("10.0.0.9", "2001:db8::5", "2001:db8::5"),
    ("10.0.0.9", "203.0.113.9:50123", "203.0.113.9"),  # some proxies write the port, too
    ("10.0.0.9", "[2001:db8::5]:50123", "2001:db8::5"),
    ("::ffff:10.0.0.9", "203.0.113.9, ::ffff:10.0.0.7", "203.0.113.9"),  # IPv4 as a socket for both shows it
    ("10.0.0.9", "::ffff:203.0.113.9", "203.0.113.9"),
    ("10.0.0.9", "[203.0.113.9", "10.0.0.9"),
    ("", "203.0.113.9", ""),
])  # fmt: skip
async def test_where_somebody_sits(site: Site, peer: str, forwarded: str, address: str) -> None:
    behind(site, proxies=("10.0.0.0/24",))
    async with reached(site, peer, **({"X-Forwarded-For": forwarded} if forwarded else {})) as client:
        assert (await client.post("/login", data={"name": "lea", "password": PASSWORD})).status_code == 303

    assert site.console.access.look(lambda c: acts.newest(c, 1))[0]["address"] == address


async def test_those_behind_one_proxy_guess_for_themselves(site: Site) -> None:
    async def guess(address: str) -> int:
        async with reached(site, "127.0.0.1", **{"X-Forwarded-For": address}) as client:
            return (await client.post("/login", data={"name": "lea", "password": "x"})).status_code

    assert [await guess("203.0.113.9") for _ in range(6)] == [403] * 5 + [429]
    assert await guess("198.51.100.7") == 403


async def guessed(site: Site, name: str, place: int, password: str = "x") -> int:
    async with reached(site, f"10.7.{place}.1") as client:
        return (await client.post("/login", data={"name": name, "password": password})).status_code


async def test_a_name_that_many_guess_at_is_slow_and_never_locked(site: Site) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    site.console.pace = guessing.NamePace(sleep=wait)
    assert await guessed(site, "lea", 200, PASSWORD) == 303  # the office
    many = range(guessing.SLOW_FROM)
    assert [await guessed(site, "lea", place) for place in many] == [403] * guessing.SLOW_FROM
    assert not waited

    assert await guessed(site, "lea", 100) == 403
    assert await guessed(site, "lea", 101, PASSWORD) == 303
    assert waited == [guessing.PAUSE] * 2
    assert await guessed(site, "lea", 200, PASSWORD) == 303  # at once, from where she logged in before
    assert await guessed(site, "kim", 102) == 403  # nobody guesses at kim
    assert waited == [guessing.PAUSE] * 2


async def test_a_known_browser_is_hindered_by_nobody(site: Site) -> None:
    """Whoever guesses, from her own network too: she has logged in there before."""
    gone = asyncio.Event()
    async with reached(site, "10.7.1.1") as client:
        first = await client.post("/login", data={"name": "lea", "password": PASSWORD})
        site.console.pace = guessing.NamePace(sleep=lambda _: gone.wait())
        for _ in range(guessing.SLOW_FROM_IN_ALL):
            site.console.pace.begin("lea")
        waiting = [asyncio.create_task(guessed(site, "lea", place)) for place in range(20, 20 + guessing.MOST_WAITING)]
        await asyncio.sleep(0)
        for _ in range(logins.LOGINS):
            site.console.rate.begin("10.7.1.1")
        client.cookies.delete(COOKIE)
        again = await client.post("/login", data={"name": "lea", "password": PASSWORD})
        wrong = [(await client.post("/login", data={"name": "lea", "password": "x"})).status_code for _ in range(6)]
        other = (await client.post("/login", data={"name": "kim", "password": "x"})).status_code
    stranger = await guessed(site, "lea", 99, PASSWORD)
    gone.set()
    await asyncio.gather(*waiting)

    assert f"{KNOWN}=" in first.headers["set-cookie"] and "Path=/login" in first.headers["set-cookie"]
    assert again.status_code == 303 and f"{KNOWN}=" not in again.headers["set-cookie"]
    assert wrong == [403] * logins.LOGINS + [429], "and may guess no more than a network"
    assert other == 429, "it is known by her name only"
    assert stranger == 429, "who is right waits like who is not: nothing tells them apart before"


async def test_one_password_for_many_names_is_slow(site: Site) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    site.console.pace = guessing.NamePace(sleep=wait)
    for number in range(guessing.SLOW_FROM_IN_ALL):
        site.console.pace.begin(f"name{number}")
    assert await guessed(site, "lea", 1) == 403
    assert waited == [guessing.PAUSE]


async def test_no_more_wait_than_one_a_second(site: Site) -> None:
    gone = asyncio.Event()
    site.console.pace = guessing.NamePace(sleep=lambda _: gone.wait())
    for _ in range(guessing.SLOW_FROM):
        site.console.pace.begin("lea")
    waiting = [asyncio.create_task(guessed(site, "lea", place)) for place in range(guessing.MOST_WAITING + 1)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [429]
    gone.set()
    assert sorted(await asyncio.gather(*waiting)) == [403] * guessing.MOST_WAITING + [429]


def test_wrong_logins_are_forgotten_with_time_and_with_the_right_one() -> None:
    now = [0.0]
    pace = guessing.NamePace(clock=lambda: now[0])
    for _ in range(guessing.SLOW_FROM):
        pace.begin("lea")
    assert pace.is_slow("lea") and not pace.is_slow("kim")
    pace.forgive("lea")
    assert not pace.is_slow("lea")
    pace.begin("lea")
    now[0] += guessing.SPAN + 1
    assert not pace.is_slow("lea")


async def test_guesses_at_once_are_no_more_than_guesses_in_turn(site: Site) -> None:
    async with reached(site, "192.0.2.50") as client:
        tries = [client.post("/login", data={"name": "lea", "password": str(number)}) for number in range(12)]
        codes = [answer.status_code for answer in await asyncio.gather(*tries)]

    assert sorted(codes) == [403] * logins.LOGINS + [429] * 7


async def test_who_is_right_has_not_guessed(site: Site) -> None:
    async with reached(site, "192.0.2.50") as client:
        codes = [
            (await client.post("/login", data={"name": "lea", "password": PASSWORD})).status_code for _ in range(7)
        ]

    assert codes == [303] * 7


@pytest.mark.parametrize(("address", "status"), [
    (f"/find?before={FAR}", 200), (f"/find?refused={FAR}", 200), ("/find?before=٣", 200), ("/find?before=-1", 200),
    (f"/find?q=%23{FAR}", 200), (f"/find?q=refused:{FAR}", 200), (f"/audit?before={FAR}", 403),
    ("/find?q=9999-12-31", 400), ("/find?q=0001-01-01", 400), ("/find?q=1970-01-01", 400), ("/find?q=a%00b", 200),
    (f"/mail/{FAR}", 404), ("/mail/999999", 409), (f"/mail/{'9' * 5000}", 404), (f"/refused/{FAR}", 404),
    (f"/mail/1/file/{FAR}", 404), ("/nothing", 404), ("/mail/", 404),
])  # fmt: skip
async def test_an_address_written_by_hand(inside: httpx.AsyncClient, address: str, status: int) -> None:
    answer = await inside.get(address)

    assert answer.status_code == status
    assert "<nav" in answer.text and answer.headers["content-security-policy"] == guard.POLICY


async def test_an_act_on_a_number_that_nothing_has(inside: httpx.AsyncClient) -> None:
    assert (await inside.post("/act", data={"act": "drop", "mail": FAR})).status_code == 400
    assert (await inside.post("/act", data={"act": "drop", "mail": "999999"})).status_code == 409


async def test_what_is_wrong_leads_back(inside: httpx.AsyncClient) -> None:
    async def back(referer: str) -> bool:
        answer = await inside.post("/act", data={"act": "drop"}, headers={"Referer": referer})
        return 'href="/todo?x=1"' in answer.text

    assert [await back(f"{HOST}/todo?x=1"), await back("http://elsewhere.test/todo?x=1"), await back("")] == [
        True, False, False,
    ]  # fmt: skip


async def test_a_fault_of_a_page_says_so(
    site: Site, inside: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.console, "zone", "no zone")

    answer = await inside.get("/todo")

    assert answer.status_code == 500 and "fault of the gateway" in answer.text
    assert answer.headers["content-security-policy"] == guard.POLICY


async def test_what_was_not_done_is_said_on_a_page_with_the_way_on(site: Site) -> None:
    async with reached(site, "192.0.2.50") as client:
        over = await client.post("/act", data={"act": "drop", "mail": "3"}, headers={"Referer": f"{HOST}/mail/3?a=1"})
        foreign = await client.post("/act", data={"act": "drop"}, headers={"Origin": "https://elsewhere.example"})
        wrong = await client.post("/login", data={"name": 'lea"><b>', "password": "x"})

    assert (over.status_code, foreign.status_code, wrong.status_code) == (401, 403, 403)
    assert "nothing was done" in over.text and "/login?next=/mail/3%3Fa%3D1" in over.text
    assert "nothing was done" in foreign.text and "has to pass Host on" in foreign.text
    assert 'value="lea&#34;&gt;&lt;b&gt;"' in wrong.text  # what was typed is still there
