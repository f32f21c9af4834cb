"""Mails that are nearly the end of a problem, of each product: another thing, another account, a word in a name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.config.profile import FixturePart
from tests.notices.test_closes import ends, problem_that, read


def m(subject: str, body: str = "", sender: str = "alerts@mon.acme.example", html: str = "") -> FixturePart:
    return FixturePart(name="x", subject=subject, body=body, html=html, sender=sender)


SNS, HC, PAGE = "no-reply@sns.amazonaws.com", "h@healthchecks.io", "n@statuspage.io"
AZ, AZURE = "azure-noreply@microsoft.com", "{}:Sev3 Azure Monitor Alert CPU on vm-1 ( microsoft.compute/virtualmachines ) at 11/28/2026 {}"
PBS = "Job ID:    v-0001\nDatastore: tank\n\n<https://pbs1.acme.example:8007/#DataStore-tank>"
ROWS: list[tuple[str, FixturePart, FixturePart, bool]] = [
    ("nagios", m("** PROBLEM Service Alert: web01/Recovery agent is CRITICAL **"), m("** PROBLEM Service Alert: web01/Recovery agent is WARNING **"), False),
    ("nagios", m("** PROBLEM Host Alert: OK-corral is DOWN **"), m("** PROBLEM Host Alert: OK-corral is UNREACHABLE **"), False),
    ("nagios", m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **"), m("** RECOVERY Service Alert: web01/HTTPS is OK **"), False),
    ("nagios", m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **"), m("** RECOVERY Service Alert: web010/HTTP is OK **"), False),
    ("nagios", m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **"), m("** RECOVERY Host Alert: web01 is UP **"), False),
    ("nagios", m("** PROBLEM Host Alert: web01 is DOWN **"), m("** RECOVERY Service Alert: web01/PING is OK **"), False),
    ("nagios", m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **"), m("** DOWNTIMEEND Service Alert: web01/HTTP is OK **"), False),
    ("nagios", m("** PROBLEM Service Alert: web01/HTTP is CRITICAL **"), m("** ACKNOWLEDGEMENT Service Alert: web01/HTTP is CRITICAL **", "Comment: OK, I look"), False),
    ("nagios", m("[PROBLEM] Disk on web01 is CRITICAL!"), m("[RECOVERY] Disk on web01 is OK!"), True),
    ("nagios", m("Check_MK: srv1/Filesystem /var OK -> CRIT"), m("Check_MK: srv1/Filesystem /var/log CRIT -> OK"), False),
    ("nagios", m("Check_MK: srv1/Temperature 1 OK -> CRIT"), m("Check_MK: srv1/Temperature 2 CRIT -> OK"), False),
    ("nagios", m("Check_MK: srv1/CPU load OK -> CRIT"), m("Check_MK: srv1/CPU load OK -> WARN"), False),
    ("nagios", m("Check_MK: srv1 - UP -> DOWN"), m("Check_MK: srv1 - DOWN -> UP"), True),
    ("zabbix", m("Problem: Service resolved slowly", "Problem name: Service resolved slowly\nHost: A\nSeverity: High\nOriginal problem ID: 13"), m("Problem: Service resolved slowly", "Problem name: Service resolved slowly\nHost: A\nSeverity: High\nOriginal problem ID: 13"), False),
    ("zabbix", m("Problem: CPU", "Problem name: CPU\nHost: A\nSeverity: High\nOriginal problem ID: 14"), m("Updated problem in 3m: CPU", "someone closed problem at 10:00. Resolved.\nOriginal problem ID: 14"), False),
    ("prtg", m("[PRTG Network Monitor (P1)] FW Ping Down (no answer)"), m("[PRTG Network Monitor (P1)] FW Ping Up ended (now: Down) (x)"), False),
    ("prtg", m("[PRTG Network Monitor (P1)] FW Ping Down (no answer)"), m("[PRTG Network Monitor (P2)] FW Ping Up (OK)"), False),
    ("prtg", m("[PRTG Network Monitor (P1)] FW Ping Down (no answer)"), m("[PRTG Network Monitor (P1)] FW Ping Down (Partial) (Up again elsewhere)"), False),
    ("prtg", m("[PRTG Network Monitor (P1)] Up Link Ping Down (x)"), m("[PRTG Network Monitor (P1)] Up Link Ping Warning (x)"), False),
    ("prtg", m("[PRTG Network Monitor (P1)] FW Ping Down (x)"), m("[PRTG Network Monitor (P1)] FW Ping Down ended (now: Paused) (x)"), False),
    ("prtg", m("[PRTG Network Monitor (P1)] FW Ping Down (x)"), m("[PRTG Network Monitor (P1)] FW Ping Down ended (now: Warning) (x)"), False),
    ("uptime-kuma", m("[Up Shop] [🔴 Down] timeout"), m("[Up Shop] [🔴 Down] 200 - OK expected"), False),
    ("uptime-kuma", m("[Shop] [🔴 Down] timeout"), m("[Shop 2] [✅ Up] 200 - OK"), False),
    ("uptimerobot", m("Monitor is DOWN: Shop", sender="a@uptimerobot.com"), m("Monitor is UP: Shop EU", sender="a@uptimerobot.com"), False),
    ("uptimerobot", m("Monitor is DOWN: Shop ( https://a.example )", sender="a@uptimerobot.com"), m("Monitor is UP: Shop ( https://b.example )", sender="a@uptimerobot.com"), False),
    ("healthchecks", m("DOWN | Backup", "https://hc/cloaked/11111111111111111111111111111111\nProject: A", sender=HC), m("UP | Backup", "https://hc/cloaked/22222222222222222222222222222222\nProject: A", sender=HC), False),
    ("healthchecks", m("DOWN | Backup", "Project: A", sender=HC), m("UP | Backup", "Project: B", sender=HC), False),
    ("netdata", m("srv1 is critical, web_log - 5xx"), m("srv2 recovered, web_log - 5xx"), False),
    ("cloudwatch", m('ALARM: "cpu" in EU (Frankfurt)',"- AWS Account: 111111111111\n- State Change: OK -> ALARM", sender=SNS), m('OK: "cpu" in EU (Frankfurt)',"- AWS Account: 222222222222\n- State Change: ALARM -> OK", sender=SNS), False),
    ("cloudwatch", m('ALARM: "cpu" in EU (Frankfurt)',"- AWS Account: 111111111111\n- State Change: OK -> ALARM", sender=SNS), m('OK: "cpu" in US East (N. Virginia)',"- AWS Account: 111111111111\n- State Change: ALARM -> OK", sender=SNS), False),
    ("cloudwatch", m('ALARM: "OK" in EU (Frankfurt)',"- AWS Account: 111111111111\n- State Change: OK -> ALARM", sender=SNS), m('INSUFFICIENT_DATA: "OK" in EU (Frankfurt)',"- AWS Account: 111111111111\n- State Change: ALARM -> INSUFFICIENT_DATA", sender=SNS), False),
    ("azure-monitor", m("Fired:Sev3 Azure Monitor Alert cpu on vm1 ( microsoft.compute/virtualmachines ) at 11/28/2026 6:00:00 AM", "Subscription ID: aaaa", sender="azure-noreply@microsoft.com"), m("Resolved:Sev3 Azure Monitor Alert cpu on vm2 ( microsoft.compute/virtualmachines ) at 11/28/2026 7:00:00 AM", "Subscription ID: aaaa", sender="azure-noreply@microsoft.com"), False),
    ("azure-monitor", m("Fired:Sev3 Azure Monitor Alert Resolved tickets on vm1 ( microsoft.compute/virtualmachines ) at 11/28/2026 6:00:00 AM", "Subscription ID: aaaa", sender="azure-noreply@microsoft.com"), m("Fired:Sev2 Azure Monitor Alert Resolved tickets on vm1 ( microsoft.compute/virtualmachines ) at 11/28/2026 6:00:00 AM", "Subscription ID: aaaa", sender="azure-noreply@microsoft.com"), False),
    ("alertmanager", m("[FIRING:2] HighCPU web (prod)"), m("[RESOLVED] HighCPU db (prod)"), False),
    ("alertmanager", m("[FIRING:1] Resolved rate low (prod)"), m("[FIRING:1, RESOLVED:1] Resolved rate low (prod)"), False),
    ("site24x7", m("Shop is Down", sender="noreply@site24x7.com"), m("Shop EU is Up", sender="noreply@site24x7.com"), False),
    ("site24x7", m("Shop is Down", sender="noreply@site24x7.com"), m("Root Cause Analysis Report - Shop is Up", sender="noreply@site24x7.com"), False),
    ("veeam", m("[Failed] Daily (3 objects) 1 failed", html="<p>Veeam Backup</p>"), m("[Success] Daily 2 (3 objects)", html="<p>Veeam Backup</p>"), False),
    ("veeam", m("[Failed] Daily (3 objects) 1 failed", html="<p>Veeam Backup</p>"), m("[Warning] Daily (3 objects) 1 warning", html="<p>Veeam Backup</p>"), False),
    ("veeam", m("[Failed] Success stories (3 objects)", html="<p>Veeam Backup</p>"), m("[Failed] Success stories (4 objects)", html="<p>Veeam Backup</p>"), False),
    ("veeam", m("[Failed] acme.onmicrosoft.com - Mail (1 objects), 1 issues", html="<p>Veeam Backup for Microsoft 365</p>"), m("[Success] globex.onmicrosoft.com - Mail (1 objects), 0 issues", html="<p>Veeam Backup for Microsoft 365</p>"), False),
    ("proxmox", m("vzdump backup status (pve1): backup failed", "VMID    Name   Status\n100     a     err"), m("vzdump backup status (pve1): backup successful", "VMID    Name   Status\n1000     a     ok"), False),
    ("proxmox", m("vzdump backup status (pve1): backup failed", "VMID    Name   Status\n100     a     err"), m("vzdump backup status (pve2): backup successful", "VMID    Name   Status\n100     a     ok"), False),
    ("proxmox", m("vzdump backup status (pve1): backup failed", "VMID    Name   Status\n100     a     err\n101     b     ok"), m("vzdump backup status (pve1): backup successful", "VMID    Name   Status\n101     b     ok"), False),
    ("apc-ups", m("UPS1: Warning - UPS: On battery power in response to an input power problem.", "Name     : UPS1\nCode     : 0x0109"), m("UPS2: Informational - UPS: No longer on battery power.", "Name     : UPS2\nCode     : 0x010A"), False),
    ("apc-ups", m("srv01 UPS a Power Failure !!!", "UPSNAME  : a\nHOSTNAME : srv01"), m("srv01 Communications with UPS a restored", "UPSNAME  : a\nHOSTNAME : srv01"), False),
    ("apc-ups", m("srv01 UPS a Power Failure !!!", "UPSNAME  : a\nHOSTNAME : srv01"), m("srv01 UPS a Power has returned", "UPSNAME  : a\nHOSTNAME : srv01"), True),
    ("sophos-central", m("[MEDIUM] Alert for Sophos Central [Acme]: Firewall VPN tunnel down", "Where it happened: fw1", sender="x@sophos.com"), m("[LOW] Alert for Sophos Central [Globex]: Firewall VPN tunnel connection restored", "Where it happened: fw1", sender="x@sophos.com"), False),
    ("sophos-central", m("[MEDIUM] Alert for Sophos Central [Acme]: Firewall VPN tunnel down", "Where it happened: fw1", sender="x@sophos.com"), m("[LOW] Alert for Sophos Central [Acme]: Device was not reconnected", "Where it happened: fw1", sender="x@sophos.com"), False),
    ("statuspage", m("Acme Cloud Incident - Login", "New incident: Investigating\nhttps://stspg.io/aaaa1111", sender=PAGE), m("Acme Cloud Incident - Login", "Incident status: Monitoring\nhttps://stspg.io/aaaa1111\nIt was resolved for most.", sender=PAGE), False),
    ("statuspage", m("Acme Cloud Incident - Login", "New incident: Investigating\nhttps://stspg.io/aaaa1111", sender=PAGE), m("Acme Cloud Incident - Login", "An update has been posted\nhttps://stspg.io/aaaa1111\nResolved - mostly", sender=PAGE), False),
    ("truenas", m("Alerts", "TrueNAS @ a\n\nNew alert:\n\n * Pool t is DEGRADED"), m("Alerts", "TrueNAS @ b\n\nThe following alert has been cleared:\n\n * Pool t is DEGRADED"), False),
    ("truenas", m("Alerts", "TrueNAS @ a\n\nNew alert:\n\n * Pool t is DEGRADED"), m("Alerts", "TrueNAS @ a\n\nThe following alert has been cleared:\n\n * Pool u is DEGRADED\n\nCurrent alerts:\n\n * Pool t is DEGRADED"), False),
    ("truenas", m("Alerts", "TrueNAS @ a\n\nNew alert:\n\n * Pool t is DEGRADED"), m("Alerts", "TrueNAS @ a\n\nThe following alert has been cleared:\n\n * Pool t is DEGRADED"), True),
    ("synology", m("[NAS1] Volume 1 on NAS1 has degraded", "Volume 1 on NAS1 has degraded.\nFrom NAS1\nSynology"), m("[NAS1] Volume 2 on NAS1 has been repaired", "Volume 2 on NAS1 has been repaired.\nFrom NAS1\nSynology"), False),
    ("synology", m("[NAS1] Volume 1 on NAS1 has degraded", "Volume 1 on NAS1 has degraded.\nFrom NAS1\nSynology"), m("[NAS2] Volume 1 on NAS2 has been repaired", "Volume 1 on NAS2 has been repaired.\nFrom NAS2\nSynology"), False),
    ("expiry", m("acme.example will expire in 10 days", "x"), m("acme.example.org has been renewed", "x"), False),
    ("maintenance", m("Planned maintenance MNT-4711", "Maintenance ID: MNT-4711\nStart: 2026-11-28 01:00 UTC\nEnd: 2026-11-28 02:00 UTC\nStatus: CONFIRMED"), m("Maintenance MNT-4712 completed", "Maintenance ID: MNT-4712\nStatus: COMPLETED"), False),
    ("maintenance", m("Planned maintenance MNT-4711", "Maintenance ID: MNT-4711\nStart: 2026-11-28 01:00 UTC\nEnd: 2026-11-28 02:00 UTC\nStatus: CONFIRMED"), m("Maintenance MNT-4711", "Maintenance ID: MNT-4711\nThe maintenance has not been completed.\nStart: 2026-11-28 01:00 UTC"), False),
    ("maintenance", m("Planned maintenance MNT-4711", "Maintenance ID: MNT-4711\nStart: 2026-11-28 01:00 UTC\nEnd: 2026-11-28 02:00 UTC\nStatus: CONFIRMED"), m("Update MNT-4711", "Maintenance ID: MNT-4711\nThis maintenance will be completed by 02:00. Status: in progress"), False),
    ("jira", m("[JIRA] (SUP-1) VPN", "Status: Open", sender="jira@acme.atlassian.net"), m("[JIRA] (SUP-12) VPN", "Status: Resolved", sender="jira@acme.atlassian.net"), False),
    ("servicenow", m("Incident INC0012345 has been opened", "State: New", sender="x@acme.service-now.com"), m("Incident INC0012346 has been resolved", "State: Resolved", sender="x@acme.service-now.com"), False),
    ("m365-health", m("Incident: EX734521 - Mail", "Status: Service degradation", sender="o365mc@microsoft.com"), m("Incident: EX734522 - Mail", "Status: Service restored", sender="o365mc@microsoft.com"), False),
    ("huntress", m("Huntress EDR CRITICAL Incident | Incident on WS1 (Acme)", "/org/1/infection_reports/1", sender="noreply@huntress.io"), m("Huntress EDR CRITICAL Incident | Incident on WS1 has been resolved (Acme)", "/org/1/infection_reports/2", sender="noreply@huntress.io"), False),
    ("aws-health", m("AWS Health Event", "Event ARN: arn:aws:health:eu-central-1::event/EC2/X/1\nStatus: open", sender="x@amazonaws.com"), m("AWS Health Event", "Event ARN: arn:aws:health:eu-central-1::event/EC2/X/2\nStatus: closed", sender="x@amazonaws.com"), False),
    ("barracuda-rmm", m("SITE: Acme, DEVICE: SRV1, ALERT CONFIGURATION: Disk resolved late"), m("SITE: Acme, DEVICE: SRV1, ALERT CONFIGURATION: Disk resolved late"), False),
    ("github-actions", m("[acme/web] Run failed: build - main (abc1234)", sender="notifications@github.com"), m("[acme/web] Run failed: build success - main (abc1235)", sender="notifications@github.com"), False),
    ("nut", m("UPS rack@srv7 on battery"), m("Communications with UPS rack@srv7 established"), False),
    ("nut", m("UPS rack@srv7 battery is low"), m("UPS rack@srv7 on line power"), False),
    ("nut", m("UPS rack@srv7 is unavailable"), m("UPS rack@srv7 on line power"), False),
    ("nut", m("UPS rack@srv7: administratively OFF or asleep"), m("UPS rack@srv7: no longer on bypass"), False),
    ("librenms", m("Alert for device sw7 - Port up/down"), m("Device sw7 recovered from Port up/down (core)"), False),
    ("librenms", m("Alert for device sw7 - BGP recovered late"), m("Alert for device sw7 - BGP recovered late got better"), False),
    ("proxmox-backup", m("Pruning datastore 'tank' failed", "Job ID: p-1\nDatastore: tank\n<https://a.example:8007/#x>"), m("Pruning datastore 'tank' successful", "Job ID: p-2\nDatastore: tank\n<https://a.example:8007/#x>"), False),
    ("proxmox-backup", m("Verify Datastore 'tank' failed", "Job ID: v-1\nDatastore: tank\n<https://a.example:8007/#x>"), m("Verify Datastore 'tank' successful", "Datastore: tank\n<https://a.example:8007/#x>"), False),
    ("proxmox-backup", m("Garbage Collect Datastore 'tank' failed", "Datastore: tank\n<https://a.example:8007/#x>"), m("Garbage Collect Datastore 'tank' successful", "Datastore: tank\n<https://b.example:8007/#x>"), False),
    ("bareos", m("Bareos: Backup Error of srv7-fd Full", "Bareos dir 23.0\n  Job:   n.2026-11-28_21.00.00_05"), m("Bareos: Backup OK of srv7-fd Incremental", "Bareos dir 23.0\n  Job:   n.2026-11-29_21.00.00_05"), False),
    ("bareos", m("Bareos: Backup Error of srv7-fd Full", "Bareos dir 23.0\n  Job:   n.2026-11-28_21.00.00_05"), m("Bareos: Backup OK -- with warnings of srv7-fd Full", "Bareos dir 23.0\n  Job:   n.2026-11-29_21.00.00_05"), False),
    ("duplicati", m("Duplicati Backup report for nightly", "ParsedResult: Error"), m("Duplicati Backup report for nightly", "ParsedResult: Warning\nBackup ended with Success of 3 files"), False),
    ("kopia", m("Failed to create a snapshot of /data on srv9", "Path: /data\n\n  Status:      fatal\n"), m("Successfully created a snapshot of /data on srv9", "Path: /data\n\n  Status:      warnings\n"), False),
    ("kopia", m("Failed to create a snapshot of /data on srv9", "Path: /data\n\n  Status:      fatal\n"), m("Successfully created a snapshot of /data on srv8", "Path: /data\n\n  Status:      success\n"), False),
    ("kopia", m("Failed to create a snapshot of /data on srv9", "Path: /data\n\n  Status:      fatal\n"), m("Successfully created a snapshot of /data on srv9", "Path: /data\n\n  Status:      success\n"), True),
    ("unattended-upgrades", m("unattended-upgrades result for srv7: FAILURE"), m("[reboot required] unattended-upgrades result for srv70: SUCCESS"), False),
    ("pfsense", m("fw1.a.example - Notification", "Notifications in this message: 1\n\n10:01:02 WAN is down, omitting from routing group A; x"), m("fw1.a.example - Notification", "Notifications in this message: 1\n\n10:02:02 WAN is available now, adding to routing group B; x"), False),
    ("pfsense", m("fw1.a.example - Notification", "Notifications in this message: 1\n\n10:01:02 WAN is down, omitting from routing group A; x"), m("fw2.a.example - Notification", "Notifications in this message: 1\n\n10:02:02 WAN is available now, adding to routing group A; x"), False),
    ("pfsense", m("fw1.a.example - Notification", "Notifications in this message: 1\n\n10:01:02 WAN is down, omitting from routing group A; x"), m("fw1.a.example - Notification", "Notifications in this message: 2\n\n10:02:02 LTE is down, omitting from routing group A; x\n10:02:03 WAN is available now, adding to routing group A; x"), True),
    ("linux-storage", m("ZFS scrub_finish event for tank on nas1", "  pool: tank\n state: DEGRADED\n\nerrors: No known data errors"), m("ZFS scrub_finish event for tank on nas1", "  pool: tank\n state: ONLINE\n\nerrors: No known data errors"), False),
    ("apc-ups", m("UPS-RACK1: Warning - UPS: On battery power in response to an input power problem.", "Name : UPS-RACK1\n\nWarning - UPS: On battery power in response to an input power problem."), m("UPS-RACK1: Informational - UPS: No longer on battery power ....", "Name : UPS-RACK1\n\nInformational - UPS: No longer on battery power ...."), False),
    ("apc-ups", m("srv04 UPS ups-4 Power Failure !!!", "UPSNAME : ups-4"), m("srv04 UPS ups-4 Power has returned ...", "UPSNAME : ups-4"), False),
    ("apc-ups", m("srv04 UPS ups-4 Power Failure !!!", "UPSNAME : ups-4"), m("srv04 UPS ups-4 Power has returned!", "UPSNAME : ups-4"), True),
    ("azure-monitor", m(AZURE.format("Fired", "3:19:40 AM"), "Subscription: Acme", sender=AZ), m(AZURE.format("Resolved", "4:58:14 AM*"), "Subscription: Acme", sender=AZ), False),
    ("azure-monitor", m(AZURE.format("Fired", "3:19:40 AM"), "Subscription: Acme", sender=AZ), m(AZURE.format("Resolved", "4:58:14 AM"), "Subscription: Acme", sender=AZ), True),
    ("proxmox-backup", m("Verify Datastore 'tank' failed", f"Verification failed on:\n\n{PBS}"), m("Verify Datastore 'tank' ' successful", f"Verification successful.\n\n{PBS}"), False),
    ("proxmox-backup", m("Verify Datastore 'tank' failed", f"Verification failed on:\n\n{PBS}"), m("Verify Datastore 'tank' successful", f"Verification successful.\n\n{PBS}"), True),
    ("graylog", m("Graylog event notification: Backup OK", "--- [Event Definition] ---\nKey:   a"), m("Graylog event notification: Backup OK", "--- [Event Definition] ---\nKey:   a"), False),
    ("alertmanager", m("[Alerting] Disk alert", "View your Alert rule:\nx"), m("[OK] Disk of db alert", "View your Alert rule:\nx"), False),
    ("proxmox-replication", m("Replication Job: '100-0' failed", "with target 'pve2'"), m("Replication Job: '100-1' failed", "with target 'pve2'"), False),
]  # fmt: skip
"""Profile, a problem, another mail, and whether that one ends it."""


@pytest.mark.parametrize(
    ("name", "problem", "other", "does"), ROWS, ids=[f"{row[0]}: {row[2].subject[:60]}" for row in ROWS]
)
def test_what_ends_it(name: str, problem: FixturePart, other: FixturePart, does: bool) -> None:
    begun, over = read(name, problem), read(name, other)
    assert begun and over
    told = [part for part in (begun, *begun.parts) if part.state in ("open", "planned")]
    assert told
    found = [ends(replace(end, scope=part.scope), problem_that(part)) for part in told for end in (over, *over.parts)]
    assert any(found) is does
