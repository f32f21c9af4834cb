"""``gateway trial``: mail of files goes the way of live mail, nothing is written at the desk, and it can be stopped."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select
from structlog.testing import capture_logs

from benchmarks.mailbox import write_mbox
from gateway.config.load import parse
from gateway.config.settings import Settings
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.algapsa.rehearsal import NotRehearsed, RehearsedClient
from gateway.mail.head import split_head
from gateway.operate import beside
from gateway.operate.trial import ahead, kept, way
from gateway.operate.trial.forms import OUTLOOK_DATA
from gateway.operate.trial.incoming import Door
from gateway.operate.trial.page import page
from gateway.operate.trial.report import Line, Report, Stranger, made
from gateway.operate.trial.run import NotTheSame, Trial, Wanted
from gateway.operate.trial.way import NotUsable
from gateway.simulator import Seed, Simulator
from gateway.store.schema import delivery
from gateway.work.parser import Parser
from gateway.work.planner import Planner
from tests.operate.reports import REPORT
from tests.scenarios.stage import LocalParser, M, Stage, settings_for
from tests.sizes import size

START = 1_795_000_000.0
PASS = {"Authentication-Results": "mx.msp.example; dmarc=pass header.from=monitor.example"}
NOTICE = {"profile": "nagios", "senders": ["monitor.example"], "client": "Acme"}


def configured(**more: Any) -> dict[str, Any]:
    return {**settings_for(), "smtp": {"authserv_ids": ["mx.msp.example"], "relays": ["127.0.0.1/32"]}, **more}


class Box:
    """Mails written to an mbox, each so many seconds after the one before."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.now = START
        self.count = 0

    def add(
        self,
        subject: str,
        sender: str = "alice@acme.example",
        text: str = "It does not work.",
        *,
        after: float = 60.0,
        to: str = "support@msp.example",
        id: str = "",
        **headers: str,
    ) -> str:
        self.now += after
        self.count += 1
        id = id or f"<{self.count}@test.example>"
        date = format_datetime(datetime.fromtimestamp(self.now, UTC))
        fields = {**headers, "From": sender, "To": to, "Subject": subject, "Message-ID": id, "Date": date}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        with self.file.open("a") as out:
            out.write(
                f"From x@xxx {datetime.fromtimestamp(self.now, UTC):%a %b %d %H:%M:%S +0000 %Y}\n"
                + "\n".join(lines)
                + f"\n\n{text}\n\n"
            )
        return id

    def reply(self, to: str, sender: str, text: str = "It works again.", **more: Any) -> str:
        return self.add("Re: it", sender, text, **{"In-Reply-To": to, "References": to, **more})

    def nagios(self, word: str, state: str, host: str = "web01", **more: Any) -> str:
        text = f"***** Nagios *****\n\nNotification Type: {word}\n\nService: HTTP\nHost: {host}\nState: {state}\n"
        return self.add(
            f"** {word} Service Alert: {host}/HTTP is {state} **",
            "nagios@monitor.example",
            text,
            **{"Auto-Submitted": "auto-generated", **PASS, **more},
        )


def day_of_a_desk(box: Box) -> None:
    """Conversations, notices, an absence note, strangers, a stranger in a thread, and the same mail twice."""
    first = box.add("The printer is broken")
    box.reply(first, "bob@acme.example")
    box.add("Screen", "gil@globex.example")
    box.add("Automatic reply: out of office", "gil@globex.example", Auto_Submitted="auto-replied")
    for number in range(3):
        box.add(f"Order {number}", f"p{number}@newclient.example")
    box.add("A question", "somebody@gmail.com")
    box.reply(first, "mallory@stranger.example", "Send me the password.")
    box.add("VPN", "ina@initech.example", id="<twice@x>")
    box.add("VPN", "ina@initech.example", id="<twice@x>", after=0)
    box.add("For the other mailbox", "ina@initech.example", to="sales@msp.example")
    box.nagios("PROBLEM", "CRITICAL")
    box.nagios("PROBLEM", "CRITICAL")
    box.nagios("RECOVERY", "OK", after=600)
    box.nagios("PROBLEM", "CRITICAL", "db01", after=3600)


def wanted(folder: Path, settings: Settings, *paths: Path, **more: Any) -> Wanted:
    return Wanted(paths, folder, settings.mailbox[0], **more)


class _Killed(BaseException):
    """The process died."""


class Interruption:
    """Ends a trial after so many mails: in good order, or as a process dies."""

    def __init__(self, after: int = 0, dies: bool = False) -> None:
        self.left = after
        self.dies = dies
        self.stop = asyncio.Event()

    def __call__(self, what: str, count: int, total: int) -> None:
        if what != "mails tried" or not self.left:
            return
        self.left -= 1
        if not self.left and self.dies:
            raise _Killed
        if not self.left:
            self.stop.set()


async def tried(
    folder: Path,
    settings: Settings,
    simulator: Simulator | None,
    *paths: Path,
    interruptions: Sequence[Interruption] = (),
) -> Report:
    """The report of a trial that is interrupted so often, and goes on each time."""
    for interruption in (*interruptions, Interruption()):
        trial = Trial(
            settings, wanted(folder, settings, *paths, offline=simulator is None), interruption, interruption.stop
        )
        try:
            await trial.prepare(partial(desk_of, trial, simulator))
            if await trial.run():
                break
        except _Killed:
            pass
        finally:
            await trial.close()
    final = Trial(settings, wanted(folder, settings, *paths, offline=simulator is None))
    try:
        return final.store.read_sync(lambda c: made(c, settings))
    finally:
        await final.close()


def desk_of(trial: Trial, simulator: Simulator | None, name: str = "default") -> AlgaDesk:
    assert simulator is not None
    transport = httpx.ASGITransport(app=simulator.app)
    return AlgaDesk(
        RehearsedClient(
            name, "http://desk/api/v1", "demo-desk-key", store=trial.store, rate=0, transport=transport
        )
    )


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(Seed(rate_limit={"mode": "off"}))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Box(tmp_path_factory.mktemp("box") / "day.mbox")
    day_of_a_desk(made)
    return made.file


@pytest.fixture(scope="module", autouse=True)
def read_here() -> Iterator[None]:
    """Mail is read in this process: a child takes longer to start than these trials last."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parser, "read", lambda self, mail, into=None, peer="": LocalParser(self.own).read(mail, into))
        yield


@pytest.fixture(scope="module", autouse=True)
def schema(migrated_file: Path) -> Iterator[None]:
    """A new trial begins with a database that has the schema."""

    def migrated(engine: Engine) -> None:
        file = Path(str(engine.url.database))
        if not file.exists() or not file.stat().st_size:
            shutil.copy(migrated_file, file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.operate.trial.run.migrate", migrated)
        yield


SETTINGS = parse(configured(notice=[NOTICE]), {})


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator, box: Path, read_here: None, schema: None
) -> Report:
    return asyncio.run(tried(tmp_path_factory.mktemp("trial") / "t", SETTINGS, simulator, box))


async def test_the_report_says_what_the_mail_would_have_become(whole: Report) -> None:
    assert whole.tried == 15 and whole.sums["redelivered"] == 1 and whole.sums["pending"] == 0
    assert whole.tickets == 10 and whole.fewer == 5 and whole.unasked == {}
    assert [(line.name, line.mails) for line in whole.by_mailbox] == [
        ("support@msp.example", 14),
        ("sales@msp.example", 1),
    ]
    assert ("Acme", 3) in [(line.name, line.tickets) for line in whole.by_client]
    assert [(aside.reason, aside.mails) for aside in whole.quarantined] == [("unverified-sender", 1)]
    assert ("vacation", 1) in [(aside.reason, aside.mails) for aside in whole.suppressed]
    assert [(stranger.name, stranger.mails, stranger.people) for stranger in whole.strangers] == [
        ("newclient.example", 3, 3),
        ("somebody@gmail.com", 1, 1),
    ]
    assert whole.strangers[0].lines == '[[domain]]\ndomain = "newclient.example"\nclient = "NAME OF THE CLIENT"'
    assert "contact" in whole.strangers[1].advice and not whole.strangers[1].lines
    (nagios,) = whole.products
    assert (nagios.mails, nagios.problems, nagios.tickets, nagios.unread) == (4, 2, 2, 0)
    assert whole.effects["close"] == 1  # the recovery closed its ticket, in the trial's own time


async def test_a_trial_decides_as_live_mail_does(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered at once or in several goes: the same report, the same traces and the same rows at the desk."""
    file = tmp_path / "box"
    mails = size(60, 240)
    write_mbox(file, mails)
    monkeypatch.setattr(way, "_trim", lambda connection: None)
    found = {}
    for planner in (way.TrialPlanner, Planner):
        monkeypatch.setattr(way, "TrialPlanner", planner)
        folder = tmp_path / planner.__name__
        report = await tried(folder, SETTINGS, simulator, file)
        with closing(sqlite3.connect(folder / "trial.db")) as database:
            rows = database.execute("SELECT stage, reason, detail, plan, trace FROM delivery ORDER BY seq").fetchall()
            rows += database.execute("SELECT kind, state, reason, remote FROM effect ORDER BY rowid").fetchall()
            rows += database.execute("SELECT kind, key, state FROM rehearsed ORDER BY number").fetchall()
        found[planner] = asdict(report), without_ids(rows)
    assert found[way.TrialPlanner] == found[Planner]
    assert len(rows) > 2.5 * mails


def without_ids(rows: list[Any]) -> list[str]:
    """Rows as text, with ids that are drawn by lot numbered as they come."""
    numbers: dict[str, str] = {}
    return [re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda m: named(m[0], numbers), repr(r)) for r in rows]


def named(drawn: str, numbers: dict[str, str]) -> str:
    return numbers.setdefault(drawn, f"id {len(numbers)}")


async def test_nothing_is_written_at_the_desk(whole: Report, simulator: Simulator) -> None:
    assert whole.effects and simulator.desk.calls
    assert {call.method for call in simulator.desk.calls} == {"GET"}
    assert not simulator.desk.tickets and not simulator.desk.comments and not simulator.desk.mailed


async def test_a_request_that_would_write_cannot_leave(tmp_path: Path, simulator: Simulator, box: Path) -> None:
    trial = Trial(SETTINGS, wanted(tmp_path, SETTINGS, box))
    rehearsed = desk_of(trial, simulator)
    before = len(simulator.desk.calls)
    try:
        with pytest.raises(NotRehearsed):
            async with rehearsed.client._http.stream("POST", "http://desk/api/v1/tickets", json={}):
                pass
        assert len(simulator.desk.calls) == before
    finally:
        await rehearsed.close()
        await trial.close()


@pytest.mark.parametrize("dies", [False, True])
async def test_a_trial_that_was_interrupted_has_the_same_report(
    dies: bool, tmp_path: Path, simulator: Simulator, box: Path, whole: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operate.trial.way.SHOWN_EVERY", 0.0)
    monkeypatch.setattr("gateway.operate.trial.way.KEPT_EVERY", 4)
    twice = [Interruption(6, dies), Interruption(5, dies)]
    report = await tried(tmp_path / "t", SETTINGS, simulator, box, interruptions=twice)

    assert asdict(report) == asdict(whole)


class ProcessBeside(Interruption):
    """Who makes mail ready is killed after so many mails."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.seen: set[int | None] = set()

    def __call__(self, what: str, count: int, total: int) -> None:
        if what == "mails tried":
            self.seen |= {process.pid for process in multiprocessing.active_children()}
        if what == "mails tried" and count == self.after:
            for process in multiprocessing.active_children():
                process.kill()


async def test_mail_that_another_process_makes_ready_becomes_the_same_and_that_process_may_die(
    tmp_path: Path, simulator: Simulator, box: Path, whole: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way, "SHOWN_EVERY", 0.0)
    monkeypatch.setattr(ahead, "BATCH", 2)  # so that some have not begun
    monkeypatch.setattr(beside, "cores", lambda mails: 2)
    process = ProcessBeside(after=4)
    report = await tried(tmp_path / "t", SETTINGS, simulator, box, interruptions=[process])

    assert asdict(report) == asdict(whole)
    assert len(process.seen) == 1 and not multiprocessing.active_children()


async def test_live_mail_becomes_the_same(
    tmp_path: Path, migrated_file: Path, simulator: Simulator, box: Path, whole: Report
) -> None:
    """The same mails through the gateway's own parts, to a desk that takes them."""
    from gateway.operate.trial.places import content, places_of

    stage = Stage(tmp_path, migrated_file, configured(notice=[NOTICE]))
    stage.now = START
    await stage.open()
    try:
        for number, place in enumerate(places_of(box)):
            raw = content(box, place.offset, place.size)
            stage.now = place.at
            sender = place.head.values("from")[0].decode()
            verdict = "pass" if place.head.values("authentication-results") else "none"
            edge = {"verdict_for": sender} if verdict == "pass" else {}
            rcpt = place.head.values("to")[0].decode()
            if number and raw in stage.bytes.values():
                continue  # the edge knows it: a redelivery
            await stage.accept(
                M(str(number), raw=raw, mail_from=sender, rcpt=rcpt, verdict=verdict, after=0, edge=edge)
            )
            await stage.work(0)
        await stage.work()
        with stage.store.engine.connect() as connection:
            rows = connection.execute(select(delivery.c.stage, delivery.c.outcome, delivery.c.reason)).all()
    finally:
        await stage.close()

    assert len(stage.simulator.desk.tickets) == whole.tickets
    assert sum(row.outcome == "comment" and row.stage == "DONE" for row in rows) == whole.sums["comments"]
    for stage_name, asides in (("SUPPRESSED", whole.suppressed), ("QUARANTINED", whole.quarantined)):
        reasons = [row.reason for row in rows if row.stage == stage_name]
        assert {aside.reason: aside.mails for aside in asides} == {reason: reasons.count(reason) for reason in reasons}
    writes = [call for call in stage.simulator.desk.calls if call.method != "GET"]
    assert len(writes) == sum(whole.effects.values())


async def test_a_technician_is_no_clients_and_his_domain_is_given_to_none(tmp_path: Path, simulator: Simulator) -> None:
    box = Box(tmp_path / "technicians.mbox")
    proven = {"Authentication-Results": "mx.msp.example; dmarc=pass header.from=msp.example"}
    box.add("A question of mine", "tess@msp.example", **proven)
    box.add("Where is the key?", "office@msp.example", **proven)
    box.add("Hello", "somebody@newclient.example")
    report = await tried(tmp_path / "t", SETTINGS, simulator, box.file)

    assert [(stranger.name, bool(stranger.lines)) for stranger in report.strangers] == [
        ("newclient.example", True),
        ("office@msp.example", False),
    ]
    assert "technicians" in report.strangers[1].advice


async def test_without_a_desk_the_names_of_the_configuration_stand_for_it(tmp_path: Path, box: Path) -> None:
    settings = parse(configured(domain=[{"domain": "newclient.example", "client": "New Client"}]), {})
    report = await tried(tmp_path / "t", settings, None, box)

    assert report.offline and ("New Client", 3) in [(line.name, line.tickets) for line in report.by_client]
    assert "newclient.example" not in [stranger.name for stranger in report.strangers]
    assert report.lookups >= 4 and report.calls >= report.tickets
    (fit,) = report.fits  # the profile is off here
    assert (fit.profile, fit.mails, fit.problems) == ("nagios", 4, 2)
    assert fit.lines.startswith('[[notice]]\nprofile = "nagios"')


async def test_mail_that_never_came_in_is_left_out(tmp_path: Path) -> None:
    settings = parse({**configured(), "smtp": {"max_size": 5000}}, {})
    box = Box(tmp_path / "all.mbox")
    box.add("Sent from the mailbox", "support@msp.example", to="alice@acme.example")
    box.add("To ourselves", "support@msp.example")
    box.add("A draft", X_Gmail_Labels="Drafts")
    box.add("Junk", X_Gmail_Labels="Spam,Unread")
    box.add("Both", X_Gmail_Labels="Inbox,Sent")
    box.add("Large", text="x" * 6000)
    box.add("Moved in Thunderbird", X_Mozilla_Status="0009")
    box.add("Read in Thunderbird", X_Mozilla_Status="0001")
    box.add("Begun in Outlook", X_Unsent="1")
    box.add("Sent in Outlook, by way of readpst", '"Sue" <MAILER-DAEMON>', to="alice@acme.example")
    box.add("A bounce", "Mail <MAILER-DAEMON>", Received="from a by b; Mon, 1 Jun 2026 10:00:00 +0000")
    report = await tried(tmp_path / "t", settings, None, box.file)

    assert report.left_out == {
        "sent by us": 1,
        "a draft": 2,
        "in the spam folder": 1,
        "refused: larger than smtp.max_size": 1,
        "deleted": 1,
        "written in Outlook": 1,
    }
    assert report.tried == 4


@pytest.mark.parametrize(("days", "missing"), [(4, range(2, 5)), (9000, range(2))])
async def test_a_pause_of_years_is_no_missing_mail(days: int, missing: range, tmp_path: Path) -> None:
    """The clock of a device began again in another century, or the mailbox was not in use."""
    expect = {"name": "nightly", "object": "Daily*", "by": ["06:00"], "grace": 3600, "states": ["close"]}
    notice = {"profile": "veeam", "client": "Acme", "senders": ["backup.example"], "expect": [expect]}
    box = Box(tmp_path / "box")
    box.now -= days * 86_400
    box.add("Scan")
    box.add("Printer", after=days * 86_400)
    report = await tried(tmp_path / "t", parse(configured(notice=[notice]), {}), None, box.file)

    assert report.tried == 2 and sum(product.missing for product in report.products) in missing


GMAIL = {"X-GM-THRID": "1793245"}
CAME = {
    "Delivered-To": "support@msp.example",
    "Received": "by 2002:a05:6a10 with SMTP id x; Mon, 1 Jun 2026 10:00:00 -0700",
}
LABELS = [
    ({"X-Gmail-Labels": "=?UTF-8?Q?Archiv=C3=A9s,Envoy=C3=A9?="}, "written in Gmail"),
    ({"X-Gmail-Labels": "=?UTF-8?Q?Entw=C3=BCrfe?="}, "written in Gmail"),
    ({"X-Gmail-Labels": "=?UTF-8?Q?Spam,Cat=C3=A9gorie=C2=A0:_E-mails_?=\n =?UTF-8?Q?personnels?=", **CAME}, "in the spam folder"),
    ({"X-Gmail-Labels": "Gesendet", "Received": "from [192.0.2.7] by smtp.gmail.com with ESMTPSA id x; "}, "written in Gmail"),
    ({"X-Gmail-Labels": "Wys=?UTF-8?Q?=C5=82ane?=", "Received": "by 10.1.2.3 with HTTP; Mon, 1 Jun 2026"}, "written in Gmail"),
    ({"X-Gmail-Labels": "=?UTF-8?Q?Posteingang,Ungelesen,Kategorie:_=22Neuigkeiten=22?=", **CAME}, ""),
    ({"X-Gmail-Labels": "Messages archiv=?UTF-8?Q?=C3=A9s?=", **CAME}, ""),
    ({"X-Gmail-Labels": "Alte Mails", "Received": "from a.example by mx.msp.example; Mon, 1 Jun 2020"}, ""),  # imported
    ({"X-Gmail-Labels": "=?UTF-8?B?6YCB5L+h5riI44G/?="}, "written in Gmail"),
    ({"X-Gmail-Labels": "=?UTF-8?B?6YCB5L+h5riI?=", **CAME}, ""),
    ({"X-Gmail-Labels": "=?UTF-8?Q?no end", **CAME}, ""),
    ({}, "written in Gmail"),  # of all labels only the thread is left
]  # fmt: skip


@pytest.mark.parametrize("case", LABELS, ids=lambda case: f"{case[0].get('X-Gmail-Labels')} {case[1]}"[:60])
def test_what_its_owner_wrote_in_gmail_is_left_out_in_any_language(case: tuple[dict[str, str], str]) -> None:
    headers, why = case
    lines = [f"{name}: {value}" for name, value in {**GMAIL, **headers}.items()]
    settings = parse(configured(), {})
    head = split_head("\n".join([*lines, "From: ann@acme.example", "To: support@msp.example", "", "Hello"]).encode())

    assert Door(settings, settings.mailbox[0]).left_out(head) == why


async def test_a_trial_goes_on_only_as_it_began_and_says_what_differs(tmp_path: Path, box: Path) -> None:
    folder = tmp_path / "t"
    await tried(folder, SETTINGS, None, box)
    other = parse(configured(), {})
    for settings, more, differs in (
        (other, {}, "the configuration"),
        (SETTINGS, {"since": START}, "--since"),
        (SETTINGS, {"authserv_ids": ("mx.google.com",), "offline": False}, "--believe, --offline"),
    ):
        trial = Trial(settings, wanted(folder, settings, box, **{"offline": True, **more}))
        with pytest.raises(NotTheSame, match=f"for: {differs}$"):
            await trial.prepare(partial(desk_of, trial, None))
        await trial.close()


async def test_names_that_the_desk_lacks_are_said_once_and_before_any_mail(
    tmp_path: Path, simulator: Simulator, box: Path
) -> None:
    boxes = [{"address": f"{name}@msp.example", "board": name} for name in ("Suport", "Sails")]
    settings = parse({**configured(), "mailbox": boxes}, {})
    with capture_logs() as logged, pytest.raises(NotUsable) as lacking:
        await tried(tmp_path / "t", settings, simulator, box)

    assert [line.count("it has: 'Alerts'") for line in str(lacking.value).splitlines()] == [1, 1]
    assert not [line for line in logged if line["log_level"] == "error"]
    assert (await tried(tmp_path / "t", SETTINGS, simulator, box)).tried, "corrected, the same command goes on"


async def test_the_page_shows_words_of_mail_as_text(whole: Report) -> None:
    evil = '<script>alert(1)</script>"@x.example'
    html = page(replace_lines(whole, evil))

    assert "<script" not in html and "&lt;script&gt;" in html
    assert "15 mails from" in html and "Nothing was written" in html


async def test_the_page_folds_senders_of_little_mail(whole: Report) -> None:
    """Else what waits for a person stands behind pages of them."""
    html = page(replace(whole, strangers=[Stranger(f"s{number}.example", 1, 1) for number in range(12)]))
    shown, _, folded = html.partition("<details><summary>2 more, with less mail</summary>")

    assert ("s9.example" in shown, "s10.example" in shown, "s10.example" in folded) == (True, False, True)
    assert "<details>" not in page(whole)


def replace_lines(report: Report, name: str) -> Report:
    return replace(report, by_client=[Line(name, 1)], strangers=[Stranger(name, 1, 1, lines=name)], left_out={name: 1})


def test_page_and_values_are_kept_and_found_again(tmp_path: Path) -> None:
    for name, at in (("march", 1.0), ("april", 2.0)):
        (tmp_path / name).mkdir()
        kept.write(REPORT, tmp_path / name, True, at)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / kept.VALUES).write_text('{"done": true}')

    trials = kept.found(tmp_path)
    assert [(trial.name, trial.done, trial.report) for trial in trials] == [
        ("april", True, REPORT),
        ("march", True, REPORT),
    ]
    html = (tmp_path / "march" / kept.PAGE).read_text()
    said = json.loads((tmp_path / "march" / kept.VALUES).read_text())
    for value in (
        said["tried"],
        said["tickets"],
        said["fewer"],
        said["calls"],
        *(row["mails"] for row in said["by_client"]),
    ):
        assert f"{value:,}" in html
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "march").iterdir()} == {0}
    for folder, words in (("other", "cannot be read"), ("nowhere", "has no report of a trial")):
        with pytest.raises(kept.NoReport, match=words):
            kept.read(tmp_path / folder)


async def test_an_archive_is_tried_as_it_comes_and_the_report_says_what_was_not_read(
    tmp_path: Path, box: Path, whole: Report, simulator: Simulator
) -> None:
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as packed:
        packed.write(box, "Takeout/Mail/All.mbox")
        packed.writestr("old.pst", b"!BDN")
    twice = [Interruption(3)]
    report = await tried(tmp_path / "t", SETTINGS, simulator, tmp_path / "takeout.zip", interruptions=twice)

    assert report.unread == {str(OUTLOOK_DATA): 1}
    assert asdict(replace(report, unread={})) == asdict(whole)


async def test_a_trial_leaves_what_it_reads_as_it_is(tmp_path: Path) -> None:
    """Not a byte, a name, a flag or a folder of a mailbox changes, nor the gateway's own database beside it."""
    box = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp", ".Clients/cur", ".Clients/new", ".Clients/tmp"):
        (box / name).mkdir(parents=True)
    for name in ("new/1.a", "cur/2.b:2,S", ".Clients/new/3.c"):
        (box / name).write_bytes(
            f"From: alice@acme.example\nTo: support@msp.example\nSubject: {name}\nMessage-ID: <{name}@x>\n\nHello\n".encode()
        )
    (tmp_path / "gateway.db").write_bytes(b"the gateway's own")

    def seen() -> dict[str, tuple[int, bytes]]:
        files = [file for file in tmp_path.rglob("*") if "trial" not in file.parts]
        return {str(file): (file.stat().st_mtime_ns, file.read_bytes() if file.is_file() else b"") for file in files}

    before = seen()
    report = await tried(tmp_path / "trial", parse(configured(), {}), None, box)
    assert report.tried == 3 and seen() == before
