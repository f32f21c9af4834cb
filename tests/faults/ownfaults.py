"""What the gateway says of its own accord, while processes die: acknowledgements, probes, summaries of windows.

Each kind has its own traffic and its own judge beside the one of all mail.
"""

from __future__ import annotations

import contextlib
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from email.policy import SMTP

from sqlalchemy import RowMapping, select

from gateway.model.window import COMMAND, Maintenance
from gateway.store import letters, windows
from gateway.store.schema import delivery, notice, occurrence, probe, problem
from gateway.store.stage import EffectState, Stage
from tests.faults.deskfaults import DROP, LATE_COMMIT
from tests.faults.judge import Verdict, judge, refused, tickets
from tests.faults.relays import FAILING, FORGETFUL
from tests.faults.site import RELAY, Site
from tests.faults.traffic import Refused, Sent, Traffic, compose, deliver
from tests.harness import mail

Found = dict[str, tuple[str, str]]
"""Stage and reason of each delivery."""

VERDICTS = 'authserv_ids = ["mx.test"]\nrelays = ["127.0.0.0/8"]'
OWN_MAIL = "%@missing.%"  # its Message-IDs


def _proven(raw: bytes, domain: str) -> bytes:
    """As the relay passes it on that has checked its sender."""
    return f"Authentication-Results: mx.test; dmarc=pass header.from={domain}\r\n".encode() + raw


def _killed_while(site: Site, traffic: Traffic, least: float = 0.3, most: float = 1.5) -> None:
    """kill -9 at random points while a desk loses answers and is late."""
    with site.desk(*DROP, *LATE_COMMIT):
        while not traffic.is_over:
            _kill(site, least, most)


def _kill(site: Site, least: float = 0.3, most: float = 1.5) -> None:
    gateway = site.any()
    if site.rng.random() < 0.8:
        site.await_open(gateway)
    site.pause(least, most)
    gateway.hit(signal.SIGKILL)


# -- acknowledgements ------------------------------------------------------------------------------


class Strangers(Traffic):
    """Each conversation is one of a stranger, whose first mail is acknowledged."""

    each = 2

    def sender(self, thread: str) -> str:
        return f"{thread}@stranger.example"

    def written(self, letter: Sent, ids: list[str], files: list[bytes], rng: random.Random) -> bytes:
        raw = compose(letter, ids, files, rng, sender=self.sender(letter.thread))
        return _proven(raw, "stranger.example")


def acknowledge_settings(_: contextlib.ExitStack) -> dict[str, str]:
    smarthost = (
        f'[smarthost]\nhost = "{RELAY}"\nfrom = "no-reply@ops.example"\ntls = "none"\ntimeout = 2\nper_hour = 0\n'
    )
    of_one_domain = "[acknowledge]\ndomain_per_hour = 0\n"
    return {"smtp": VERDICTS, "extra": smarthost + of_one_domain, "mailbox": 'acknowledge = ["stranger"]'}


def acknowledge(site: Site, traffic: Traffic) -> None:
    """A smarthost that loses answers, a desk that does, and kill -9."""
    site.relay.behaves = FAILING
    _killed_while(site, traffic)


def letters_sent(site: Site) -> bool:
    """Whether no letter waits any more."""
    with site.engine().connect() as connection:
        return not letters.counted(connection).get(EffectState.TODO, 0)


def judge_acknowledgements(site: Site, sent: Sequence[Sent], found: Found) -> Verdict:
    """Each stranger is told once: never twice, and never not unless an answer of the smarthost was lost."""
    verdict = judge(site.simulator, sent, found)
    taken = Counter(str(letter["To"]) for letter in site.relay.mails)
    verdict.doubled += [f"{person} was told {times} times" for person, times in taken.items() if times > 1]
    with site.engine().connect() as connection:
        states = {row["recipient"]: row["state"] for row in letters.newest(connection, len(sent))}
    firsts = {f"{mail.thread}@stranger.example" for mail in sent if mail.number == 0}
    verdict.lost += [f"no letter to {person}" for person in firsts - states.keys()]
    verdict.other += [f"a letter to {person}" for person in states.keys() - firsts]
    for person, state in states.items():
        if state == EffectState.DONE and not taken[person]:
            verdict.lost.append(f"{person} was not told, and the letter is done")
        if state not in (EffectState.DONE, EffectState.SENT):
            verdict.other.append(f"the letter to {person} is {state}")
    if not taken:
        verdict.other.append("nobody was told")
    return verdict


# -- probes ----------------------------------------------------------------------------------------

BACK, LOST = ("back-1", "back-2", "back-3", "back-4"), ("lost-1", "lost-2")


def probe_settings(_: contextlib.ExitStack) -> dict[str, str]:
    one_probe = (
        '[[probe]]\nname = "{name}"\nhost = "' + RELAY + '"\nfrom = "probe@ops.example"\ntls = "none"\ntimeout = 2\n'
        'to = "support@msp.example"\nevery = 60\nwithin = {within}\n'
    )
    within = dict.fromkeys(BACK, 170) | dict.fromkeys(LOST, 1)
    return {"extra": "".join(one_probe.format(name=name, within=seconds) for name, seconds in within.items())}


def probes(site: Site, traffic: Traffic) -> None:
    """A server that loses answers passes probes on, at times twice, and loses those of two names; kill -9."""
    carry = threading.Semaphore(4)
    rng = random.Random(site.seed)

    def pass_on(raw: bytes, times: int) -> None:
        with carry, contextlib.suppress(Refused):
            for _ in range(times):
                deliver(raw, site.doors, random.Random(rng.random()), "probe@ops.example")

    def took(mail: Message) -> None:
        if not str(mail["Subject"]).startswith("Probe lost"):
            times = rng.choice((1, 1, 2))
            threading.Thread(target=pass_on, args=(mail.as_bytes(policy=SMTP), times), daemon=True).start()

    site.relay.behaves, site.relay.took = FORGETFUL, took
    _killed_while(site, traffic)


def lost_probes_told(site: Site) -> bool:
    """Whether there is a ticket for each that is lost."""
    titles = [row["title"] for row in tickets(site.simulator).values()]
    return all(any(title.startswith(f"Probe {name} ") for title in titles) for name in LOST)


def judge_probes(site: Site, sent: Sequence[Sent], found: Found) -> Verdict:
    """A probe is no ticket; each is sent once; of those that are lost each name has one ticket, of the others none."""
    with site.engine().connect() as connection:
        ids = connection.execute(select(delivery.c.id).join(probe, probe.c.message_id == delivery.c.message_id))
        arrived = set(ids.scalars())
        own = set(connection.execute(select(delivery.c.id).where(delivery.c.message_id.like(OWN_MAIL))).scalars())
    alarms = {key: row for key, row in tickets(site.simulator).items() if row["title"].startswith("Probe ")}
    verdict = judge(
        site.simulator, sent, {id_: was for id_, was in found.items() if id_ not in arrived | own}, own=alarms
    )
    for id_ in arrived:
        if found[id_] != (Stage.SUPPRESSED, "probe"):
            verdict.other.append(f"a probe became {found[id_]}")
    told = Counter(str(row["title"]).split(" ")[1] for row in alarms.values())
    verdict.lost += [f"{name} is lost and not told" for name in LOST if not told[name]]
    verdict.doubled += [f"{name} is told {told[name]} times" for name in LOST if told[name] > 1]
    verdict.other += [f"{name} is told to be missing" for name in told if name not in LOST]
    times = Counter(str(mail["Message-ID"]) for mail in site.relay.mails)
    verdict.doubled += [f"probe {id_} was sent {count} times" for id_, count in times.items() if count > 1]
    if not arrived:
        verdict.other.append("no probe arrived")
    return verdict


# -- windows ---------------------------------------------------------------------------------------


class Machines(Traffic):
    """Each conversation is a problem of a host; of every two the last notice says that it is over. Every third is of
    mails that tell of two services at once, of which one stays down."""

    def sender(self, thread: str) -> str:
        return "checkmk@mon.example" if is_bulk(thread) else "nagios@mon.example"

    def written(self, letter: Sent, ids: list[str], files: list[bytes], rng: random.Random) -> bytes:
        is_over = letter.number == self.each - 1 and ends(letter.thread)
        if is_bulk(letter.thread):
            events = {ENDING: "CRIT -> OK" if is_over else "OK -> CRIT", STAYING: "OK -> CRIT"}
            blocks = [
                f"Host:     {host(letter.thread)}\nService:  {service}\nEvent:    {event}\nOutput:   {event[-4:]}\nPerfdata: \n"
                for service, event in events.items()
            ]
            both = mail(
                f"Check_MK: 2 notifications for {host(letter.thread)}",
                "\n".join(blocks) + f"\n{letter.token}\n",
                sender="Checkmk <checkmk@mon.example>",
                message_id=ids[-1],
            )
            return _proven(both.as_bytes(policy=SMTP), "mon.example")
        kind, state = ("RECOVERY", "OK") if is_over else ("PROBLEM", "CRITICAL")
        notice = mail(
            f"** {kind} Service Alert: {host(letter.thread)}/HTTP is {state} **",
            f"{letter.token}\n\nInfo: {state}",
            sender="Nagios <nagios@mon.example>",
            message_id=ids[-1],
        )
        return _proven(notice.as_bytes(policy=SMTP), "mon.example")


ENDING, STAYING = "CPU load", "Memory"


def is_bulk(thread: str) -> bool:
    """Whether each mail of this conversation is about two services."""
    return int(thread.rpartition("-")[2]) % 3 == 0


def host(thread: str) -> str:
    return thread.replace("thread-", "host")


def ends(thread: str) -> bool:
    """Whether the problem of this conversation ends."""
    return int(thread.rpartition("-")[2]) % 2 == 0


def window_settings(_: contextlib.ExitStack) -> dict[str, str]:
    begin, end = (datetime.fromtimestamp(time.time() + after, UTC) for after in (-60, 3600))
    return {
        "smtp": VERDICTS,
        "extra": f"""
[[notice]]
profile = "nagios"
senders = ["mon.example"]
client = "Acme"
storm = 0
hold = 0
flaps = 0
move_after = 1

[[window]]
name = "patches"
client = "Acme"
begin = {begin:%Y-%m-%dT%H:%M:%S}
end = {end:%Y-%m-%dT%H:%M:%S}

""",
    }


LATER = Maintenance(
    id="", name="switches", desk="default", begin="", end="", zone="UTC", client="Acme", origin=COMMAND, by="somebody"
)  # fmt: skip


def maintenance(site: Site, traffic: Traffic) -> None:
    """A window is ended by a command while mail flows, a second one ends by itself; kill -9 all the while."""
    now = time.time()
    begin, end = (f"{datetime.fromtimestamp(now + after, UTC):%Y-%m-%d %H:%M:%S}" for after in (8, 12))
    with site.engine().begin() as connection:
        windows.add(connection, replace(LATER, begin=begin, end=end), now)
    with site.desk(*DROP, *LATE_COMMIT):
        while time.time() < now + site.rng.uniform(4, 6):
            _kill(site)
        ended = site.gateways[0].run("windows", "end", "patches")
        if ended.returncode:
            site.notes.append(f"the window was not ended: {ended.stdout}{ended.stderr}")
        while not traffic.is_over or time.time() < now + 15:
            _kill(site)


def summaries_told(site: Site) -> bool:
    with site.engine().connect() as connection:
        return not windows.untold(connection)


def _judge_bulk(site: Site, thread: str, problems: Sequence[RowMapping], verdict: Verdict) -> None:
    """Each service has a ticket of its own: the one that stays down an open one, the other as its last mail says."""
    desk = site.simulator.desk
    held = {row["condition"]: desk.tickets.get(row["ticket_id"]) for row in problems}
    named = re.compile(rf"\b{re.escape(host(thread))}\b")
    made = [row for row in tickets(site.simulator).values() if not row["title"].startswith("Maintenance")]
    mine = [row for row in made if named.search(str(row))]
    if len(mine) > len(held):
        verdict.doubled.append(f"{host(thread)} has {len(mine)} tickets for {len(held)} services")
    for service in (ENDING, STAYING):
        ticket = held.get(service)
        is_open = ticket is not None and not desk.statuses[ticket["status_id"]]["is_closed"]
        goes_on = service == STAYING or not ends(thread)
        if goes_on and not is_open:
            verdict.lost.append(f"{service} of {host(thread)} is down, and has no open ticket")
        if is_open and not goes_on:
            verdict.other.append(f"{service} of {host(thread)} is over, and its ticket is open")


def judge_windows(site: Site, sent: Sequence[Sent], found: Found) -> Verdict:
    """What goes on has one open ticket, what ended has none that is open; each window that held something is told once,
    with all that it held."""
    verdict = Verdict(other=refused(site.simulator))
    with site.engine().connect() as connection:
        rows = connection.execute(select(problem).where(problem.c.profile == "nagios")).mappings().all()
        states = {str(row["object"]): row for row in rows}
        held = connection.execute(select(occurrence).where(occurrence.c.held)).mappings().all()
        notices = {row["id"]: windows.notices_of(connection, row["id"]) for row in held}
        seen = set(connection.execute(select(notice.c.delivery_id).where(notice.c.held_by != "")).scalars())
    made = tickets(site.simulator)
    for report in sent:
        for id_ in report.ids:
            stage, reason = found.get(id_, ("lost", ""))
            if stage == "lost":
                verdict.lost.append(f"{report.token}: nothing is known of {id_}")
            elif stage not in (Stage.DONE, Stage.SUPPRESSED):
                verdict.other.append(f"{report.token} is {stage} {reason}")
    for thread in {report.thread for report in sent}:
        if is_bulk(thread):
            _judge_bulk(site, thread, [row for row in rows if row["object"] == host(thread)], verdict)
            continue
        mine = [
            row for row in made.values() if host(thread) + "/" in row["title"] or host(thread) + " " in row["title"]
        ]
        is_open = [row for row in mine if not site.simulator.desk.statuses[row["status_id"]]["is_closed"]]
        if len(mine) > 1:
            verdict.doubled.append(f"{host(thread)} has {len(mine)} tickets")
        if ends(thread) and is_open:
            verdict.other.append(f"{host(thread)} is over, and its ticket is open")
        if not ends(thread) and not is_open:
            verdict.lost.append(f"{host(thread)} is down, and has no open ticket: {dict(states.get(host(thread), {}))}")
    for row in held:
        told = [
            ticket["title"] for ticket in made.values() if ticket["title"].startswith(f"Maintenance {row['name']}:")
        ]
        if len(told) != 1:
            (verdict.doubled if told else verdict.lost).append(f"window {row['name']} was told {len(told)} times")
        elif f": {len(notices[row['id']])} notice" not in told[0]:
            verdict.other.append(f"{len(notices[row['id']])} notices were held, and told was {told[0]}")
    if not held or not seen:
        verdict.other.append("no window held anything")
    return verdict
