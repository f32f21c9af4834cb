"""What people complain about where alerts become tickets elsewhere, as mails: whether a mail ends a problem.

Each row names where it was said; names and hosts are invented. Templates were looked up on 2026-11-29.
"""

from __future__ import annotations

import pytest

from gateway.config.fixture import FixturePart
from tests.notices.test_closes import ends, problem_that, read
from tests.notices.test_near_misses import m

GATUS_BAD = m("[core/web] Alert triggered", "An alert for core/web has been triggered due to having failed 3 time(s) in a row\n\nCondition results:\n❌ [STATUS] == 200\n")
GATUS_WELL = "An alert for {} has been resolved after passing successfully 2 time(s) in a row\n\nCondition results:\n✅ [STATUS] == 200\n"
WAZUH = "Wazuh Notification.\n2026 Nov 28 10:00:00\n\nReceived From: (dc4) 10.0.0.4->syscheck\nRule: {} fired (level 12) -> \"{}\"\n"
OPENNMS = "All services are down on node sw7.  New Outage records have been created and service level availability calculations will be impacted."
ROWS: list[tuple[str, str, FixturePart, FixturePart, bool]] = [
    ("zammad/zammad#1907: two machines of one begin of the name", "nagios", m("[PROBLEM] Host id-000000 + shop + hq is DOWN!"), m("[RECOVERY] Host id-000000 + office + hq is UP!"), False),
    ("zammad/zammad#1907: and it was never closed", "nagios", m("[PROBLEM] Host id-000000 + shop + hq is DOWN!"), m("[RECOVERY] Host id-000000 + shop + hq is UP!"), True),
    ("zammad/zammad#1535: an end that is not the last word", "nagios", m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **"), m("** FLAPPINGSTOP Service Alert: web01/HTTP is OK **"), False),
    ("osTicket/osTicket#6946: five jobs of Veeam fail at once", "veeam", m("[Failed] Nightly A (3 objects) 1 failed"), m("[Success] Nightly B (3 objects)"), False),
    ("osTicket/osTicket#1408: a word in the subject closes", "words", m("ALERT: VPN Hamburg is down"), m("VPN Hamburg is down [Other][Close]"), False),
    ("znuny/Znuny#138: an out-of-office reply closes", "words", m("ALERT: VPN Hamburg is down"), m("Automatic reply: Resolved: VPN Hamburg", "I am out of the office until Monday."), False),
    ("OneUptime/oneuptime#1954: each news has the subject of the first", "words", m("[Incident] API slow in EU", "Incident state changed to - Investigating"), m("[Incident Update] API slow in EU", "We believe that it is resolved soon."), False),
    ("getsentry/sentry#46256: an end that looks like a problem", "words", m("[Sentry] Crash rate on shop", "Status: Critical"), m("[Sentry] Crash rate on shop", "Issue: Resolved issue of last week came back\nStatus: Regressed"), False),
    ("PagerDuty, email management: two captures joined by a dash", "words", m("ALERT: sw-7 port 1 is down"), m("ALERT: sw 7-port 1 is up"), False),
    ("ilert, resolve by email: a word in the text of another", "words", m("ALERT: VPN Hamburg is down"), m("Report of week 47", "resolve me: VPN Hamburg"), False),
    ("TwiN/gatus, alerting/provider/email/email.go", "words", GATUS_BAD, m("[core/web] Alert resolved", GATUS_WELL.format("core/web")), True),
    ("TwiN/gatus: another page", "words", GATUS_BAD, m("[core/api] Alert resolved", GATUS_WELL.format("core/api")), False),
    ("fail2ban/fail2ban, config/action.d: a jail that starts", "words", m("[Fail2Ban] sshd: banned 203.0.113.9 from gate7", "Hi,\n\nThe IP 203.0.113.9 has just been banned by Fail2Ban after\n5 attempts against sshd."), m("[Fail2Ban] sshd: started on gate7", "Hi,\n\nThe jail sshd has been started successfully.\n"), False),
    ("fail2ban/fail2ban: stopped, and another jail started", "words", m("[Fail2Ban] sshd: stopped on gate7", "The jail sshd has been stopped.\n"), m("[Fail2Ban] nginx: started on gate7", "The jail nginx has been started successfully.\n"), False),
    ("wazuh/wazuh, src/config: one subject for all rules", "words", m("Wazuh notification - (dc4) 10.0.0.4->syscheck - Alert level 12", WAZUH.format("550", "Integrity checksum changed.")), m("Wazuh notification - (dc4) 10.0.0.4->syscheck - Alert level 3", WAZUH.format("502", "Wazuh server started successfully")), False),
    ("OpenNMS/opennms, notifications.xml: the end has the words of the problem", "words", m("Notice #412: Node sw7 down.", OPENNMS), m("RESOLVED: Notice #412: Node sw7 down.", f"RESOLVED: {OPENNMS}"), False),
    ("GitLab, app/mailers/emails/pipelines.rb: fixed is another commit", "words", m("shop | Failed pipeline for main | 1a2b3c4d", "Pipeline #41 has failed!"), m("shop | Fixed pipeline for main | 5e6f7a8b", "Pipeline has been fixed and #42 has passed!"), False),
]  # fmt: skip
"""Where it was said, profile, a problem, another mail, and whether that one ends it."""


@pytest.mark.parametrize(("said", "name", "problem", "other", "does"), ROWS, ids=[row[0] for row in ROWS])
def test_what_was_complained_about(said: str, name: str, problem: FixturePart, other: FixturePart, does: bool) -> None:
    begun, then = read(name, problem), read(name, other)
    assert begun and begun.state in ("open", "update")
    assert then is None or ends(then, problem_that(begun)) is does
    assert does is (then is not None and ends(then, problem_that(begun)))
