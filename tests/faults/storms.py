"""Much at once, and mail that is poison: what the gateway does with it, and that other mail flows."""

from __future__ import annotations

import random
import smtplib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.policy import SMTP
from pathlib import Path

from sqlalchemy import text

from tests.faults.campaign import REPLICAS
from tests.faults.deskfaults import slow_or_dead
from tests.faults.judge import Verdict, judge, stages
from tests.faults.results import ONE, SEVERAL, Run
from tests.faults.site import SETTLE, TIMEOUT, Site
from tests.faults.traffic import AT_ONCE, Sent, Traffic, compose, deliver, offer
from tests.harness import EAGER, mail
from tests.peers import Postgres

DAY = 86400.0
FEW_FILES = (0,) * 8 + (1, 2)
MANY_PEERS = """exempt = []
connections_per_peer = 0
connections_per_network = 0
connections_per_minute = 0
mails_per_minute = 0
recipients_per_minute = 0"""  # loopback stands for many addresses
OTHER = "bob@acme.example"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Storm:
    """A storm with its words for docs/faults.md; ``run`` is the long form: on PostgreSQL three replicas share the
    work, where one was given."""

    name: str
    run: Callable[[Path, int, Postgres | None], Run]
    done: str
    sender: str
    operator: str
    promise: str


def _run(
    kind: str, site: Site, began: float, sent: list[Sent], verdict: Verdict, sums: dict[str, int], note: str
) -> Run:
    return Run(
        kind, "postgresql" if site.postgres else "sqlite", site.seed, ONE if site.postgres else SEVERAL, len(sent), sums["done"], sums["quarantined"], sums["suppressed"], sums["redelivered"],
        sum(site.endings().values()), round(time.monotonic() - began, 1), verdict, note,
    )  # fmt: skip


def _replicas(postgres: Postgres | None) -> int:
    return REPLICAS if postgres else 1


# -- poison ---------------------------------------------------------------------------------------


def poison(folder: Path, seed: int, postgres: Postgres | None = None, others: int = 120) -> Run:
    """Mails that kill the parser, hang it, or need more memory than it may have, among good ones."""
    began = time.monotonic()
    settings = {"extra": "[parser]\ndeadline = 1\nmemory = 67108864\n"}
    with Site(folder, seed, postgres, replicas=_replicas(postgres), settings=settings) as site:
        for gateway in site.gateways:
            gateway.environment["PYTHONPATH"] = f"{HERE / 'poison'}:{HERE.parent.parent}"
        site.start()
        bad = [_poison(site, words) for words in ("poison-kills", "poison-hangs", "poison-starves")]
        traffic = Traffic(site.doors, seed, others, 3)
        traffic.start()
        sent = traffic.finish()
        good_at = _await_done(site, len(sent), 60)
        sums = site.drained(90)
        found = stages(site.engine())
        verdict = judge(site.simulator, [*sent, *bad], found, ["unparseable"])
        reasons = [found[id_][1] for sent_one in bad for id_ in sent_one.ids]
        if reasons != ["unparseable"] * len(bad):
            verdict.other.append(f"the poison became {reasons}")
        note = f"good mail done after {good_at - began:.0f} s, the last of the poison after {time.monotonic() - began:.0f} s"
        return _run("poison", site, began, [*sent, *bad], verdict, sums, note)


def _poison(site: Site, words: str) -> Sent:
    letter = Sent(f"token-{words}", words, 0)
    raw = mail("Poison", f"{letter.token} {words}").as_bytes(policy=SMTP)
    letter.ids = {deliver(raw, site.doors, site.rng)}
    return letter


def _await_done(site: Site, count: int, wait: float) -> float:
    """When that many are done; raises AssertionError when they are not in time."""
    end = time.monotonic() + wait
    while time.monotonic() < end:
        with site.engine().connect() as connection:
            done = connection.execute(text("SELECT count(*) FROM delivery WHERE stage = 'DONE'")).scalar_one()
        if done >= count:
            return time.monotonic()
        time.sleep(0.1)
    raise AssertionError(f"{done} of {count} done after {wait:.0f} s: {site.pending()}\n{site.gateways[0].tail()}")


# -- one sender -----------------------------------------------------------------------------------


def one_sender(
    folder: Path,
    seed: int,
    postgres: Postgres | None = None,
    mails: int = 10_000,
    tickets: int = 500,
    mails_per_sender: int = 3000,
    others: int = 40,
) -> Run:
    """One sender's mails as fast as they go, while another's flow. Each replica counts what it took itself."""
    began = time.monotonic()
    each = mails_per_sender // _replicas(postgres)
    settings = {
        "guard": f"tickets_per_hour = {tickets}",
        "smtp": f"[smtp.limits]\nmails_per_sender = {each}\n{MANY_PEERS}",
    }
    with Site(folder, seed, postgres, replicas=_replicas(postgres), settings=settings) as site:
        site.start()
        answers: Counter[int] = Counter()
        kept: list[Sent] = []

        def flood(numbers: range) -> None:
            for number in numbers:
                letter = Sent(f"token-flood-{number}", f"flood-{number}", 0)
                raw = mail(f"Alarm {number}", letter.token).as_bytes(policy=SMTP)
                try:
                    door = site.gateways[number % len(site.gateways)]
                    letter.ids = {offer(door, raw, timeout=60).rsplit(" ", 1)[-1]}
                except smtplib.SMTPResponseException as refused:
                    answers[refused.smtp_code] += 1
                else:
                    answers[250] += 1
                    kept.append(letter)

        with ThreadPoolExecutor(AT_ONCE + 1) as pool:
            floods = [pool.submit(flood, range(at, mails, AT_ONCE)) for at in range(AT_ONCE)]
            calm = pool.submit(_others, site, others)
            for letter in floods:
                letter.result()
        slowest, sent = calm.result()
        sums = site.drained(420)
        verdict = judge(site.simulator, [*kept, *sent], stages(site.engine()), ["rate-limited"])
        most = each * len(site.gateways)
        expected = Counter({250: min(mails, most), 450: max(0, mails - most)})
        if answers != +expected:
            verdict.other.append(f"answers {dict(answers)}, expected {dict(+expected)}")
        # Mails that are decided at the same moment do not see one another: as many more as are under work.
        made = sums["done"] - len(sent)
        if not tickets <= made <= tickets + 32 * len(site.gateways):
            verdict.other.append(f"{made} tickets of the sender, {tickets} are allowed")
        note = (
            f"{answers[250]} x 250, {answers[450]} x 450, {made} tickets, {sums['quarantined']} `rate-limited`; "
            f"another sender's mail was done within {slowest:.1f} s"
        )
        return _run("one-sender", site, began, [*kept, *sent], verdict, sums, note)


def _others(site: Site, count: int) -> tuple[float, list[Sent]]:
    """Another sender's mails, one after the other: the longest time until one was done."""
    slowest, sent = 0.0, []
    for number in range(count):
        letter = Sent(f"token-other-{number}", f"other-{number}", 0)
        raw = mail(f"Question {number}", letter.token, sender=f"Bob <{OTHER}>").as_bytes(policy=SMTP)
        began = time.monotonic()
        letter.ids = {deliver(raw, site.doors, site.rng, OTHER)}
        site.gateways[0].became(next(iter(letter.ids)), wait=120)
        slowest = max(slowest, time.monotonic() - began)
        sent.append(letter)
    return slowest, sent


# -- after an outage ------------------------------------------------------------------------------


def outage(folder: Path, seed: int, postgres: Postgres | None = None, mails: int = 5000, rate: float = 600) -> Run:
    """The desk was away for a day; then all that waited goes there, at the desk's own limit."""
    began = time.monotonic()
    limits = f"timeout = {TIMEOUT * 4}\nsettle = {SETTLE * 4}\nrate = {rate:.0f}\nburst = {rate / 20:.0f}"
    settings = {"desk": limits, "guard": "tickets_per_hour = 0\ncomments_per_hour = 0\ndomain_tickets_per_hour = 0\n"
                "domain_comments_per_hour = 0", "smtp": "[smtp.limits]\nmails_per_sender = 0"}  # fmt: skip
    with Site(folder, seed, postgres, replicas=_replicas(postgres), shim=True, settings=settings) as site:
        site.simulator.stop()
        for shim in site.shims:
            shim.clock(-DAY)
        site.start()
        sent = _waiting(site, seed, mails)
        with site.stopped():
            for shim in site.shims:
                shim.clock(0)
            _a_day_later(site)
            limit = site.simulator.desk.limit
            limit.mode, limit.burst, limit.per_minute = "enforce", round(rate / 20), rate
            site.simulator.start()
        back = time.monotonic()
        sums = site.drained(420)
        verdict = judge(site.simulator, sent, stages(site.engine()))
        throttled = [call for call in site.simulator.desk.calls if call.status == 429]
        if len(throttled) > max(3, mails // 1000):
            verdict.other.append(f"{len(throttled)} calls were answered 429")
        verdict.other = [words for words in verdict.other if not words.endswith(": 429")]
        shares = _shares(site)
        if not shares["tickets"] < shares["files"]:
            verdict.other.append(f"no order of urgency: {shares}")
        half = ", ".join(f"{name} {share:.0f} %" for name, share in shares.items())
        note = (
            f"drained in {time.monotonic() - back:.0f} s at {rate:.0f} calls a minute, {len(throttled)} x 429; half of "
            f"each kind was there after this share of the time: {half}"
        )
        return _run("outage", site, began, sent, verdict, sums, note)


def _a_day_later(site: Site) -> None:
    """The deliveries have the time of the database, whose clock was not set."""
    if site.postgres:
        with site.engine().begin() as connection:
            for column in ("accepted_at", "due_at"):
                connection.execute(text(f"UPDATE delivery SET {column} = {column} - :day"), {"day": DAY})


def _waiting(site: Site, seed: int, mails: int) -> list[Sent]:
    """Conversations that came while the desk was away."""
    sent: list[Sent] = []

    def converse(at: int) -> None:
        rng = random.Random(f"{seed}-{at}")
        for name in range(at, mails // 4, AT_ONCE):
            ids: list[str] = []
            files: list[bytes] = []
            for number in range(4):
                letter = Sent(f"token-{seed}-{name}-{number}", f"thread-{seed}-{name}", number)
                ids.append(f"<{letter.token}@acme.example>")
                letter.ids = {deliver(compose(letter, ids, files, rng, FEW_FILES), site.doors, rng)}
                sent.append(letter)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(converse, range(AT_ONCE)))
    return sent


def _shares(site: Site) -> dict[str, float]:
    """When half of the tickets, replies and files were at the desk, in hundredths of the time of all writes."""
    times: dict[str, list[float]] = {"tickets": [], "replies": [], "files": []}
    kinds = {"create_ticket": "tickets", "comment": "replies", "document": "files"}
    for call in site.simulator.desk.calls:
        if call.status in (200, 201) and call.method == "POST" and call.kind in kinds:
            times[kinds[call.kind]].append(call.at)
    first, last = min(map(min, times.values())), max(map(max, times.values()))
    return {name: 100 * (at[len(at) // 2] - first) / (last - first) for name, at in times.items()}


# -- a slow desk ----------------------------------------------------------------------------------


def slow(
    folder: Path,
    seed: int,
    postgres: Postgres | None = None,
    mails: int = 100,
    seconds: float = 20.0,
    scale: float = 1.0,
) -> Run:
    """Every answer takes 5 to 20 s of a deadline of 30; ``scale`` shortens all of them alike."""
    began = time.monotonic()
    desk = f"timeout = {30 * scale}\nsettle = {120 * scale}\nrate = 0"
    settings = {"desk": desk, "work": f"lease = 300\n{EAGER}"}
    with Site(folder, seed, postgres, replicas=_replicas(postgres), settings=settings) as site:
        site.start()
        with slow_or_dead(site, seconds * scale):
            traffic = Traffic(site.doors, seed, mails, 3)
            traffic.start()
            sent = traffic.finish()
            sums = site.drained(540)
        verdict = judge(site.simulator, sent, stages(site.engine()))
        query = text("SELECT count(*) FROM effect WHERE sends > 1")
        with site.engine().connect() as connection:
            again = connection.execute(query).scalar_one()
        if again:
            verdict.other.append(f"{again} effects were sent again")
        return _run("slow", site, began, sent, verdict, sums, f"{again} effects were sent twice")


ALL = (
    Storm(
        "poison", poison, "mails that kill the parser, hang it, or need more memory than it may have, among others",
        "250", "`parser died` in the log, `gateway_parser_deaths_total`; quarantined as `unparseable` after three attempts",
        "other mail flows meanwhile",
    ),
    Storm(
        "one-sender", one_sender, "10,000 mails of one sender as fast as they go",
        "250; 450 beyond `smtp.limits.mails_per_sender`", "quarantined as `rate-limited` beyond `guard.tickets_per_hour`",
        "other senders' mail flows meanwhile",
    ),
    Storm(
        "outage", outage, "5,000 mails that waited for a day go to a desk with a rate limit",
        "250, a day ago", "`gateway_oldest_pending_seconds` falls; the desk's limit is used up and not exceeded",
        "tickets, then replies, then files; no storm of 429; nothing is given up",
    ),
    Storm(
        "slow", slow, "every answer of the desk takes 5 to 20 s",
        "250", "the queue grows, `gateway_desk_up` 1", "nothing is sent twice for it",
    ),
)  # fmt: skip
BY_NAME = {storm.name: storm for storm in ALL}
