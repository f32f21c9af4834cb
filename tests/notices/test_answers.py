"""Mails in which somebody answers, sends on or quotes the end of a problem, and mails that name two of them: none ends
anything, and none is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.decide.notices import single
from gateway.decide.notices.whose import problem_of
from tests.notices.test_closes import notice_context, problem_that, read
from tests.notices.test_near_misses import SNS, m

DOWN = m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **", "Notification Type: PROBLEM\nState: CRITICAL")
UP, OVER = "** RECOVERY Service Alert: web01/HTTP is OK **", "Notification Type: RECOVERY\nState: OK"
QUOTED = "\n".join(f"> {line}" for line in (UP, *OVER.split("\n")))
OUTLOOK = f"From: Monitoring <alerts@mon.acme.example>\nSent: Friday, 27 November 2026 10:00\nTo: support@msp.example\nSubject: {UP}\n\n{OVER}\n"
ALARM = m('ALARM: "cpu" in EU (Frankfurt)', "- AWS Account: 111111111111\n- State Change: OK -> ALARM", SNS)
CALM = 'OK: "cpu" in EU (Frankfurt)'
ROWS = {
    "an answer with a question": ("nagios", DOWN, m(f"Re: {UP}", f"Are you sure? It is down here.\n\n{QUOTED}")),
    "an answer in German": ("nagios", DOWN, m(f"AW: {UP}", OVER)),
    "sent on with a question": ("nagios", DOWN, m(f"Fwd: {UP}", f"What does this mean?\n\n---------- Forwarded message ---------\n{OUTLOOK}")),
    "sent on below a banner": ("nagios", DOWN, m(f"[EXTERNAL] FW: {UP}", OVER)),
    "an old end quoted below": ("nagios", DOWN, m("web01/HTTP", f"It is down again, as on Friday:\n\nOn Fri, 27 Nov 2026 at 10:00, Monitoring wrote:\n{QUOTED}")),
    "an old end quoted below its own subject": ("nagios", DOWN, m(UP, f"This was wrong.\n\nOn Fri, 27 Nov 2026 at 10:00, Monitoring wrote:\n{QUOTED}")),
    "an old end below a line of Outlook": ("nagios", DOWN, m(UP, f"Not true.\n\n-----Original Message-----\n{OUTLOOK}")),
    "an old end below, by another": ("nagios", DOWN, m("web01", f"See below.\n\n{OUTLOOK}".replace("alerts@mon.acme", "noc@other"))),
    "two accounts": ("cloudwatch", ALARM, m(CALM, "- AWS Account: 111111111111\n- State Change: ALARM -> OK\n- AWS Account: 222222222222", SNS)),
    "two accounts, the other first": ("cloudwatch", ALARM, m(CALM, "- AWS Account: 222222222222\n- AWS Account: 111111111111\n- State Change: ALARM -> OK", SNS)),
    "two hosts": ("nagios", DOWN, m("Monitoring", f"{OVER}\nHost: web01\nService: HTTP\nHost: web02")),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_nothing_ends_and_nothing_is_lost(name: str) -> None:
    profile, problem, mail = ROWS[name]
    begun, later = read(profile, problem), read(profile, mail)
    assert begun
    if later is None:  # a mail like any other
        return
    later = replace(later, scope=begun.scope)
    for known in ([problem_that(begun)], []):
        about = notice_context(later, [each for each in known if each.key == later.key])
        transition = single.evaluate(about, problem_of(about))
        assert transition.act in ("open", "comment", "count" if later.state == "open" else "comment"), transition


def test_who_quotes_his_own_earlier_mail_tells_an_end() -> None:
    body = (
        "The notification indicating maintenance on the systems below has been cancelled.\n\nFrom: Line <noc@line.example>\n"
        "Sent: 2026-11-18 23:23:55\nSubject: Planned maintenance [CHG0031000]\n\nUTC: TUESDAY, 24 NOV 22:00 - WEDNESDAY, 25 NOV 02:00\n"
    )
    over = read("maintenance", m("CANCELLED - Planned maintenance [CHG0031000]", body, "noc@line.example"))
    other = read("maintenance", m("CANCELLED - Planned maintenance [CHG0031000]", body, "x@acme.example"))

    assert over and (over.state, over.failed) == ("close", ())
    assert other and other.state == "update" and other.failed
