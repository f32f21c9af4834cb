"""Who may see what and do what, whatever the browser sends."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import typer
from sqlalchemy import Connection, update

from gateway.cli import app as gateway_commands
from gateway.model.problem import Problem
from gateway.model.reasons import Reason
from gateway.operate import finding, story
from gateway.operate.act import ACTS
from gateway.operate.acts import FITS, RUNS
from gateway.operate.said import SHORT
from gateway.operate.tickets import page_of
from gateway.operate.trial import kept
from gateway.store import acts, entries, problems, refusals
from gateway.store.arrivals import ArrivalsFile
from gateway.store.entries import Visitor
from gateway.store.schema import delivery, problem
from gateway.web.console import logins
from gateway.web.console.app import DOORS, PAGES, application
from gateway.web.console.commands import Run
from gateway.web.console.trials import alone
from gateway.work.windows import Placed, Schedule
from tests.operate.conftest import REFUSED
from tests.operate.reports import REPORT
from tests.operate.test_arriving import ID, arrival
from tests.web.conftest import COOKIE, HOST, PASSWORD, Site

RANKS = ("look", "act", "administer")


def commands(app: typer.Typer, before: str = "") -> set[str]:
    """Every command, as it is typed."""
    found = {
        before + (command.name or command.callback.__name__) for command in app.registered_commands if command.callback
    }
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found |= commands(group.typer_instance, f"{before}{group.name} " if group.name else before)
        if group.name and group.typer_instance.registered_callback is not None:
            found.add(before + group.name)
    return found


SAME = {
    ("GET", "/"): ["today"],
    ("GET", "/find"): ["find"],
    ("GET", "/mail/{number:number}"): ["show"],
    ("GET", "/mail/{number:number}/html"): ["queue show"],
    ("GET", "/mail/{number:number}/file/{index:number}"): ["queue show"],
    ("GET", "/mail/{number:number}/original"): ["queue show"],
    ("GET", "/refused/{number:number}"): ["show"],
    ("GET", "/todo"): ["todo"],
    ("GET", "/vendors"): ["notices problems", "notices review", "notices expected"],
    ("POST", "/vendors/end"): ["notices end"],
    ("POST", "/vendors/forget"): ["notices forget"],
    ("GET", "/vendors/propose"): ["notices propose"],
    ("POST", "/vendors/propose"): ["notices propose", "whatif"],
    ("GET", "/rules"): ["rules"],
    ("POST", "/rules"): ["rules check", "rules try", "whatif"],
    ("GET", "/rules/whatif"): ["whatif"],
    ("POST", "/rules/stop"): ["whatif"],
    ("POST", "/rules/reload"): ["reload"],
    ("GET", "/windows"): ["windows list", "windows show", "windows proposed"],
    ("POST", "/windows"): ["windows add", "windows end", "windows move", "windows cancel"],
    ("GET", "/trials"): ["trial"],
    ("GET", "/trials/{name}"): ["trial"],
    ("GET", "/audit"): ["audit"],
    ("POST", "/act"): [f"queue {act.name}" for act in ACTS],
    ("POST", "/logout"): [],
}
"""The commands that do the same as a page."""
AT_THE_SHELL = {
    "it runs or looks after the machine": [
        "serve", "check", "migrate", "demo", "simulator", "backup", "restore", "verify", "sums", "console",
        "console password",
    ],
    "it reads files": ["explain", "parse", "notices list", "notices show", "notices try", "notices drift"],
    "it is of a desk in shadow": ["shadow report", "shadow compare", "shadow end"],
    "a page says or does it in another way": [
        "windows try", "queue list", "thread show", "thread move", "thread token", "silence",
    ],
}  # fmt: skip
"""Why these have no page."""


def test_what_pages_do_commands_do_and_the_other_way_round() -> None:
    on_pages = {command for same in SAME.values() for command in same}
    alone = {command for names in AT_THE_SHELL.values() for command in names}

    assert set(SAME) == {(method, path) for method, path, *_ in PAGES}
    assert on_pages | alone == commands(gateway_commands), "say which page does what the command does, or why none"
    assert not on_pages & alone
    assert {act.name for act in ACTS} == set(RUNS) == set(FITS)


def test_every_reason_is_said_in_a_few_words() -> None:
    assert set(SHORT) == set(Reason)
    assert max(map(len, SHORT.values())) <= 40


def _address(path: str) -> str:
    return path.replace("{number:number}", "7").replace("{index:number}", "0").replace("{name}", "march")


@pytest.mark.parametrize(("method", "path", "role"), [(method, path, role) for method, path, role, _ in PAGES])
async def test_each_page_asks_for_its_role(
    client: httpx.AsyncClient, site: Site, method: str, path: str, role: str
) -> None:
    for visitor in RANKS:
        client.cookies = {COOKIE: site.opens[visitor]}  # type: ignore[assignment]
        answer = await client.request(method, _address(path))

        allowed = RANKS.index(visitor) >= RANKS.index(role)
        assert (answer.status_code == 403) is not allowed, (visitor, path)
        assert answer.headers["content-security-policy"].startswith(("default-src 'none'", "sandbox"))
        assert answer.headers["x-content-type-options"] == "nosniff"
    client.cookies.clear()
    answer = await client.request(method, _address(path))
    assert answer.status_code == (401 if method == "POST" else 303)


OF_ANOTHER_SITE = (
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": HOST, "Sec-Fetch-Site": "cross-site"},
    {"Origin": HOST, "Sec-Fetch-Site": "same-site"}, {"Origin": f"{HOST}.evil.example"},
)  # fmt: skip


async def test_a_form_of_another_site_does_nothing(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["administer"]}  # type: ignore[assignment]
    form = {"act": "drop", "mail": str(site.numbers["stranger"])}
    taken = [
        (path, headers, status)
        for path in (path for method, path, *_ in (*PAGES, *DOORS) if method == "POST")
        for headers in OF_ANOTHER_SITE
        if (status := (await client.post(path, data=form, headers=headers)).status_code) != 403
    ]

    assert taken == []
    assert site.console.access.look(lambda c: acts.newest(c, 5)) == []


async def test_mail_that_is_not_in_the_store_yet_is_listed(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    folder = site.console.settings.store.arrivals_dir
    assert folder is not None
    with closing(ArrivalsFile(folder)) as file:
        file.append([arrival(1, site.console.clock(), header=b"X: <script>\r\n")])

    found = await client.get("/find", params={"q": ID.format(1)})
    other = await client.get("/find", params={"q": "boiler9@acme.example"})

    assert "accepted, and not in the store yet: that takes a moment" in found.text
    assert "<bdi>The boiler</bdi>" in found.text and 'href="/refused/0"' not in found.text
    assert "Nothing is found" in other.text


async def test_what_is_left_of_a_desk_that_is_gone_is_on_today(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["look"]}  # type: ignore[assignment]
    assert "no longer in the configuration" not in (await client.get("/")).text
    site.console.access.change(lambda c: c.execute(update(problem).values(desk="<old>")))

    text = (await client.get("/")).text

    assert "<b>Desk &lt;old&gt;</b> is no longer in the configuration; nothing closes" in text


async def test_what_goes_on_may_end_while_its_page_is_made(
    client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    run = Run("lea", "")
    monkeypatch.setattr(site.console.commands, "run", run)

    def numbers(*_: object) -> dict[str, int]:
        run.found = {"mails": 3, "changes": [], "left_out": 0, "unanswered": 0, "counts": {}, "notices": {}}
        run.is_over = True
        return {}

    monkeypatch.setattr(finding, "numbers", numbers)
    first, then = [await client.get("/rules/whatif") for _ in range(2)]

    assert "lea is trying it" in first.text
    assert "3 mails were decided again" in then.text


async def test_a_link_lets_in_once(client: httpx.AsyncClient, site: Site) -> None:
    now = site.console.clock()
    link = site.console.access.change(lambda c: entries.make(c, "link", Visitor("root", "administer"), "", now, 60))
    old = site.console.access.change(
        lambda c: entries.make(c, "link", Visitor("root", "administer"), "", now - 100, 60)
    )

    looked = await client.get("/enter", params={"link": link})
    first = await client.post("/enter", data={"link": link})
    inside = await client.get("/audit")
    client.cookies.clear()
    again = [(await client.post("/enter", data={"link": value})).status_code for value in (link, old, "", "x" * 43)]

    assert looked.status_code == 200 and link in looked.text
    assert "HttpOnly" in first.headers["set-cookie"] and "SameSite=lax" in first.headers["set-cookie"]
    assert inside.status_code == 200 and "log in" in inside.text
    assert again == [403, 403, 403, 403]


async def test_logging_in_and_out(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/login", data={"name": "lea", "password": "wrong"})
    nobody = await client.post("/login", data={"name": "nobody", "password": PASSWORD})
    right = await client.post("/login", data={"name": "lea", "password": PASSWORD, "next": "//evil.example/"})
    inside = await client.get("/todo")
    value = client.cookies[COOKIE]
    await client.post("/logout")
    client.cookies.set(COOKIE, value, domain="console.test")
    outside = await client.get("/todo")

    assert (wrong.status_code, nobody.status_code) == (403, 403)
    assert right.headers["location"] == "/"
    assert (inside.status_code, outside.status_code) == (200, 303)


async def test_a_session_has_the_role_of_now(client: httpx.AsyncClient, site: Site) -> None:
    await client.post("/login", data={"name": "lea", "password": PASSWORD})
    assert (await client.get("/audit")).status_code == 403
    settings = site.console.settings
    (lea,) = settings.console.users
    for users, status in (((lea.model_copy(update={"role": "administer"}),), 200), ((), 303)):
        console = settings.console.model_copy(update={"users": users})
        site.console.settings = settings.model_copy(update={"console": console})
        assert (await client.get("/audit")).status_code == status


async def test_guessing_has_an_end(client: httpx.AsyncClient) -> None:
    codes = [
        (await client.post("/login", data={"name": "lea", "password": str(number)})).status_code for number in range(7)
    ]
    right = await client.post("/login", data={"name": "lea", "password": PASSWORD})

    assert codes == [403] * logins.LOGINS + [429] * 2
    assert right.status_code == 429


@pytest.mark.parametrize(("peer", "header", "status"), [
    ("10.0.0.9", "kim", 200), ("10.0.0.9", "", 303), ("192.0.2.50", "kim", 303), ("10.0.0.9", "lea", 200),
])  # fmt: skip
async def test_a_proxy_is_believed_by_its_network(site: Site, peer: str, header: str, status: int) -> None:
    update = {"header": "X-Remote-User", "proxies": ("10.0.0.0/24",), "header_role": "look"}
    settings = site.console.settings
    site.console.settings = settings.model_copy(update={"console": settings.console.model_copy(update=update)})
    transport = httpx.ASGITransport(app=application(site.console), client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
        answer = await client.get("/todo", headers={"X-Remote-User": header})

    assert answer.status_code == status
    assert ("what is ticked" in answer.text) is (header == "lea"), "lea may act, others look"


async def test_of_several_mailboxes_each_mail_says_to_which_it_came(client: httpx.AsyncClient, site: Site) -> None:
    """Also mail that was refused, whose recipient need be no mailbox."""
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    found = (await client.get("/find", params={"q": "stranger"})).text + (await client.get("/todo")).text
    site.console.access.change(lambda c: refusals.add(c, [replace(REFUSED, subject="Toner")]))
    refused = (await client.get("/find", params={"q": "is:refused toner"})).text
    settings = site.console.settings
    site.console.settings = settings.model_copy(update={"mailbox": settings.mailbox[:1]})
    single = (await client.get("/find", params={"q": "stranger"})).text + (await client.get("/todo")).text

    assert len(settings.mailbox) > 1 and "to <bdi>support@msp.example</bdi>" in found
    assert "to <bdi>nobody@msp.example</bdi>" in refused
    assert "to <bdi>" not in single


async def test_many_at_once_are_exactly_those_that_are_ticked(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    ticked = [str(site.numbers[key]) for key in ("s0", "s2", "html")]
    form = {"act": "drop", "mail": ticked, "why": "spam"}

    asked = await client.post("/act", data=form)
    assert "Drop 3 mails?" in asked.text
    done = await client.post("/act", data={**form, "confirmed": "yes"})
    todo = await client.get("/todo")

    assert "2 of 3 dropped" in done.text and "the desk has part of it" in done.text
    assert [f"#{site.numbers[key]}<" in todo.text for key in ("stranger", "s0", "s1", "s2")] == [
        True,
        False,
        True,
        False,
    ]
    rows = site.console.access.look(lambda c: acts.newest(c, 10))
    assert [(row["who"], row["via"], row["address"], row["what"], row["seq"], row["why"]) for row in rows] == [
        ("acter", "page", "192.0.2.50", "drop", site.numbers["s2"], "spam"),
        ("acter", "page", "192.0.2.50", "drop", site.numbers["s0"], "spam"),
    ]


async def test_a_drop_is_taken_back(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    number = str(site.numbers["stranger"])

    await client.post("/act", data={"act": "drop", "mail": number, "why": "spam"})
    dropped = await client.get(f"/mail/{number}")
    await client.post("/act", data={"act": "undo", "mail": number})
    back = await client.get(f"/mail/{number}")
    nothing = await client.post("/act", data={"act": "undo", "mail": number})

    assert "No ticket: dropped (spam)" in dropped.text
    assert "Held back: a stranger wrote into a ticket" in back.text
    assert nothing.status_code == 409


@pytest.mark.parametrize("form", [
    {"act": "drop"}, {"act": "explode", "mail": "3"}, {"act": "drop", "mail": "x"}, {"act": "drop", "mail": "999999"}, {},
    {"act": "move", "mail": "1"}, {"act": "release", "mail": "1"},
])  # fmt: skip
async def test_what_cannot_be_done_says_so(client: httpx.AsyncClient, site: Site, form: dict[str, str]) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    answer = await client.post("/act", data=form)

    assert answer.status_code in (400, 409)
    assert site.console.access.look(lambda c: acts.newest(c, 5)) == []


async def test_files_are_downloads_only(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["look"]}  # type: ignore[assignment]
    for path in ("file/0", "original"):
        answer = await client.get(f"/mail/{site.numbers['html']}/{path}")

        assert answer.status_code == 200 and answer.content
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-type"] == "application/octet-stream"


async def test_planned_work_is_offered_and_stands_in_the_form(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    now = site.console.clock()
    work = Problem(
        "w1", "f", "maintenance", "MNT-1", "c", ticket_id="t", number="T-7", window_from=now, window_to=now + 7200,
        title="Maintenance MNT-1", objects='CKT-1\n"><script>alert(1)</script>',
    )  # fmt: skip
    site.console.access.change(lambda c: problems.save(c, "default", [work]))
    page = (await client.get("/windows")).text
    assert "Maintenance MNT-1" in page and "T-7" in page and "<script>alert" not in page
    filled = (await client.get("/windows?proposed=w1")).text
    assert 'value="Maintenance MNT-1 (T-7)"' in filled and 'value="CKT-1, &#34;&gt;&lt;script' in filled
    assert "No window takes place" in filled  # nothing is set by looking


async def test_a_window_is_added_moved_and_cancelled_on_its_page(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    wrong = await client.post(
        "/windows", data={"act": "add", "name": "<b>x</b>", "begin": "2026-12-05T22:00", "client": "Acme"}
    )
    assert wrong.status_code == 409 and "is no time" in wrong.text and "<b>x" not in wrong.text
    begins = datetime.fromtimestamp(site.console.clock() + 3600, UTC).strftime("%Y-%m-%dT%H:%M")
    ends = datetime.fromtimestamp(site.console.clock() + 7200, UTC).strftime("%Y-%m-%dT%H:%M")
    said = {"act": "add", "name": "Updates", "begin": begins, "end": ends, "client": "Acme", "objects": "web01, SRV-*"}
    assert (await client.post("/windows", data=said)).status_code == 303
    page = (await client.get("/windows")).text
    assert "Updates" in page and "web01, SRV-*" in page

    assert (await client.post("/windows", data={"act": "end", "name": "Updates"})).status_code == 409  # not begun
    assert (await client.post("/windows", data={"act": "move", "name": "Updates", "until": ends})).status_code == 303
    assert (await client.post("/windows", data={"act": "cancel", "name": "Updates"})).status_code == 303
    assert "No window takes place" in (await client.get("/windows")).text


async def test_the_page_of_windows_places_them_once(client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    placed = Schedule.placed

    def counted(schedule: Schedule, connection: Connection, desk: str, *times: float) -> list[Placed]:
        looked.append(desk)
        return placed(schedule, connection, desk, *times)

    monkeypatch.setattr(Schedule, "placed", counted)
    client.cookies = {COOKIE: site.opens["act"]}  # type: ignore[assignment]
    assert (await client.get("/windows")).status_code == 200
    assert looked == ["default"]


async def test_the_trial_that_lies_beside_the_state_is_a_page(client: httpx.AsyncClient, site: Site) -> None:
    client.cookies = {COOKIE: site.opens["look"]}  # type: ignore[assignment]
    state = site.console.state
    assert "Trials" not in (await client.get("/")).text
    assert f"gateway trial MAIL --folder {state}" in (await client.get("/trials")).text
    (state / "march").mkdir()
    kept.write(REPORT, state / "march", False, site.console.clock())

    assert '<a href="/trials"' in (await client.get("/")).text
    assert "stopped, can go on" in (await client.get("/trials")).text
    page = await client.get("/trials/march")
    assert "1,234 mails from 18 November 2026" in page.text and "&lt;b&gt;Globex&lt;/b&gt;" in page.text
    for name in ("april", "..%2Fmarch", "march%00"):
        assert (await client.get(f"/trials/{name}")).status_code == 404


async def test_a_trial_alone_is_shown_to_whoever_has_its_link(tmp_path: Path) -> None:
    with pytest.raises(kept.NoReport):
        alone(tmp_path)
    kept.write(REPORT, tmp_path, True, 1.0)
    path, pages = alone(tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=pages), base_url=HOST) as browser:
        answer = await browser.get(path)
        assert answer.status_code == 200 and "1,234 mails" in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert [(await browser.get(other)).status_code for other in ("/", path[:-2] + "/", "/report.html")] == [404] * 3


async def test_a_tickets_number_leads_to_the_desk(client: httpx.AsyncClient, site: Site) -> None:
    """Where the desk's pages are known: in lists, on the page of a mail, beside problems; odd ids lead nowhere."""
    client.cookies = {COOKIE: site.opens["look"]}  # type: ignore[assignment]
    settings, number = site.console.settings, site.numbers["printer"]
    pages = ("/find", f"/mail/{number}", "/vendors")

    async def links() -> list[int]:
        return [(await client.get(page)).text.count('<a class="ticket" href="https://desk') for page in pages]

    before = await links()
    desk = settings.desks["default"].model_copy(update={"web": "https://desk.msp.example"})
    site.console.settings = settings.model_copy(update={"desks": {"default": desk}})
    after = await links()
    shown = (await client.get(pages[1])).text
    odd = update(delivery).where(delivery.c.seq == number).values(ticket_id="../../<script>")
    site.console.access.change(lambda c: c.execute(odd) and None)

    assert before == [0, 0, 0]
    assert all(count >= 1 for count in after)
    assert re.search(r'New ticket <a class="ticket" href="https://desk.msp.example/msp/tickets/[0-9a-f-]{36}"', shown)
    assert '<a class="ticket"' not in (await client.get(pages[1])).text.partition('class="facts"')[0]


def test_the_shell_says_where_a_ticket_is_opened(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    from gateway.cli.day import _show

    settings = site.console.settings
    told = site.console.access.look(
        lambda c: story.tell(c, f"#{site.numbers['printer']}", settings.retention, site.console.clock(), UTC)
    )
    desk = settings.desks["default"].model_copy(update={"web": "https://desk.msp.example"})
    page = page_of(settings.model_copy(update={"desks": {"default": desk}}), told.desk, told.ticket_id)
    _show(told, site.console.clock(), page)

    assert f"  https://desk.msp.example/msp/tickets/{told.ticket_id}\n" in capsys.readouterr().out
