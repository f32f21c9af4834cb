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
SERVICE = "Labels:\n - alertname = ServiceDown\n - region = eu\n"
OPENNMS = "All services are down on node sw7.  New Outage records have been created and service level availability calculations will be impacted."
OUTSIDE = "Warning: This message originated from outside the organization.\nWarning: Use caution when following links or opening attachments."
SNS = "no-reply@sns.amazonaws.com"
CLOUDWATCH = {
    state: (f'[EXTERNAL] {state}: "queue is down" in EU (Ireland)', f'{OUTSIDE}\n\n{{"AlarmName": "queue is down", "AWSAccountId": "123456789012", "NewStateValue": "{state}"}}')
    for state in ("ALARM", "OK")
}
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
    ("zammad/zammad#2377: an end with a ticket of its own", "nagios", m("Check_MK: web07/HTTP OK -> CRIT"), m("Check_MK: web07/HTTP CRIT -> OK"), True),
    ("zammad/zammad#2377: of another host", "nagios", m("Check_MK: web07/HTTP OK -> CRIT"), m("Check_MK: web08/HTTP CRIT -> OK"), False),
    ("zammad/zammad#2735: a warning is taken for an end", "nagios", m("Check_MK: web07/HTTP WARN -> CRIT"), m("Check_MK: web07/HTTP CRIT -> WARN"), False),
    ("znuny/Znuny#761: an end that names no host", "nagios", m("** PROBLEM Service Alert: default host/LinuxLoad is CRITICAL **"), m("** RECOVERY Service Alert: LinuxLoad is OK **", "State: OK\nService: LinuxLoad"), False),
    ("TwiN/gatus#460: both ends have one subject, and another page", "words", m("core/web", "An alert for core/web has been triggered due to having failed 3 time(s) in a row"), m("core/web", "An alert for core/api has been resolved after passing successfully 2 time(s) in a row"), False),
    ("kOlapsis/maintenant#67: an end under the label of the failure", "words", m("Heartbeat nas7: deadline missed", "Status: down"), m("Heartbeat nas7: deadline missed", "Status: up"), False),
    ("prometheus/alertmanager#573: one of two is over", "alertmanager", m("[FIRING:2] ServiceDown (eu)", f"[2] Firing\n{SERVICE}"), m("[FIRING:1, RESOLVED:1] ServiceDown (eu)", f"[1] Resolved\n{SERVICE}"), False),
    ("prometheus/alertmanager#573: both are", "alertmanager", m("[FIRING:2] ServiceDown (eu)", f"[2] Firing\n{SERVICE}"), m("[RESOLVED] ServiceDown (eu)", f"[2] Resolved\n{SERVICE}"), True),
    ("keephq/keep#5018: up does not end down", "words", m("DOWN alert: shop (shop.acme.example) is DOWN"), m("UP alert: shop (shop.acme.example) is UP", "It was down for 5m."), True),
    ("keephq/keep#5018: of another address", "words", m("DOWN alert: shop (shop.acme.example) is DOWN"), m("UP alert: shop (www.acme.example) is UP"), False),
    ("trimble-oss/dba-dash#1205: resolved under the subject of the alert", "words", m("Processes blocked triggered on SQL1", "Status: Active"), m("Processes blocked triggered on SQL1", "Status: Resolved"), False),
    ("AlertOps, open and close alerts: whatever holds RECOVERY closes", "words", m("ALERT: site plan failed"), m("ALERT: site RECOVERY plan failed"), False),
    ("HaloPSA, email rules: the whole text is looked through", "words", m("Backup of srv7 failed"), m("Backup of srv7", "It failed on Friday. Now: all jobs OK"), False),
    ("osTicket/osTicket#3607: two clients with one subject", "words", m("VPN is down", sender="fw@acme.example"), m("VPN is up", sender="fw@globex.example"), False),
    ("rspamd/rspamd#4872: a relay's words above the alert", "cloudwatch", m(*CLOUDWATCH["ALARM"], sender=SNS), m(*CLOUDWATCH["OK"], sender=SNS), True),
    ("rspamd/rspamd#4872: of another account", "cloudwatch", m(*CLOUDWATCH["ALARM"], sender=SNS), m(CLOUDWATCH["OK"][0], CLOUDWATCH["OK"][1].replace("1234", "9934"), sender=SNS), False),
    ("MailScanner/v5#413: a warning is the relay's own", "words", m("Notification from mfp-3", "The device mfp-3 is offline"), m("Notification from mfp-3", f"{OUTSIDE}\n\nThe device mfp-3 is online"), True),
    ("osTicket/osTicket#3607: one client", "words", m("VPN is down", sender="fw@acme.example"), m("VPN is up", sender="fw@acme.example"), True),
]  # fmt: skip
"""Where it was said, profile, a problem, another mail, and whether that one ends it."""
SAME: list[tuple[str, str, FixturePart, FixturePart, bool]] = [
    ("Opsgenie: an alias is compared letter by letter", "words", m("PROBLEM: Prod-API is down"), m("Problem: prod-api is down"), True),
    ("Freshservice: a time in the title is another alert", "words", m("Backup of db07 failed (2026-11-29 10:00:05)"), m("Backup of db07 failed (2026-11-29 10:05:07)"), True),
    ("Autotask, loops and dupes: the third mail of five minutes", "words", m("Backup failed on srv7"), m("Backup failed on srv8"), False),
    ("ConnectWise: parsing rules look at the subject alone", "words", m("Alert: service stopped", "Device: srv7\nService: spooler"), m("Alert: service stopped", "Device: srv8\nService: spooler"), False),
    ("prometheus-community/jiralert#73: each mail is an issue", "alertmanager", m("[FIRING:1] ServiceDown (eu)", f"[1] Firing\n{SERVICE}"), m("[FIRING:3] ServiceDown (eu)", f"[3] Firing\n{SERVICE}"), True),
    ("osTicket/osTicket#6668: the same report each night", "words", m("Nightly report: 3 errors"), m("Nightly report: 17 errors"), True),
    ("osTicket/osTicket#6668: in German", "words", m("Nachtlauf: 3 Fehler"), m("Nachtlauf: 1 Fehler"), True),
    ("a number that is a name, and no count", "words", m("Job: 4711 failed"), m("Job: 4712 failed"), False),
    ("a device whose name is a number", "words", m("ALERT: 4711 is down"), m("ALERT: 4712 is down"), False),
    ("a number of a part", "words", m("Disk 1 errors: sda"), m("Disk 2 errors: sda"), False),
    ("zammad/zammad#2377: worse is the same", "nagios", m("Check_MK: web07/HTTP OK -> WARN"), m("Check_MK: web07/HTTP WARN -> CRIT"), True),
]  # fmt: skip
"""Where it was said, profile, two mails, and whether they are of one problem."""


@pytest.mark.parametrize(("said", "name", "problem", "other", "does"), ROWS, ids=[row[0] for row in ROWS])
def test_what_was_complained_about(said: str, name: str, problem: FixturePart, other: FixturePart, does: bool) -> None:
    begun, then = read(name, problem), read(name, other)
    assert begun and begun.state in ("open", "update")
    assert does is (then is not None and then.scope == begun.scope and ends(then, problem_that(begun)))


@pytest.mark.parametrize(("said", "name", "mail", "other", "same"), SAME, ids=[row[0] for row in SAME])
def test_one_problem_or_two(said: str, name: str, mail: FixturePart, other: FixturePart, same: bool) -> None:
    begun, then = read(name, mail), read(name, other)
    assert begun and then
    assert ((begun.key, begun.scope) == (then.key, then.scope)) is same
