"""Products without a profile, as `words` reads them: nothing is lost, nothing closed that is not over.

Subjects and first lines are in the form of each product; names are invented.
"""

from __future__ import annotations

from functools import cache

import pytest

from gateway.config import profiles
from gateway.mail.read import read as read_mail
from gateway.model.notice import Notice
from gateway.notices import fixtures
from tests.notices.test_closes import ended, ends, problem_that

PROFILE = profiles.read(profiles.SHIPPED / "words.toml").profile

PROBLEMS = {
    "Monit": ("monit alert --  Connection failed mysql", "Connection failed Service mysql\n\n\tAction:      restart\n\tHost:        db07"),
    "Monit, another service": ("monit alert --  Connection failed nginx", "Connection failed Service nginx\n\n\tHost:        db07"),
    "mdadm": ("Fail event on /dev/md0:gate7", "A Fail event had been detected on md device /dev/md0."),
    "mdadm, degraded": ("DegradedArray event on /dev/md2:gate7", "A DegradedArray event had been detected on md device /dev/md2."),
    "smartd, one disk": ("SMART error (CurrentPendingSector) detected on host: gate7", "Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors"),
    "smartd, another disk": ("SMART error (CurrentPendingSector) detected on host: gate7", "Device: /dev/sdb [SAT], 1 Currently unreadable (pending) sectors"),
    "TrueNAS": ("TrueNAS @ vault: Alerts", "New alerts:\n* Pool tank state is DEGRADED: One or more devices are faulted."),
    "Duplicati": ("Duplicati Backup report for nightly", "Duplicati Backup report for nightly\n\nFatal\nNo space on the target"),
    "LibreNMS": ("Alert for device sw-7 - Device Down! Due to no ICMP response", "Severity: critical"),
    "a firewall whose subject says nothing": ("Message meets Alert condition", 'devname=fw7 logdesc="IPsec phase 2 status changed" msg="tunnel-down"'),
    "a controller of access points": ("[Acme] AP-Lobby was disconnected", "AP-Lobby was disconnected."),
    "a server's management card": ("idrac-7: Power Supply 2 has lost input", "Severity: Critical\nMessage ID: PSU0003"),
    "a store of backups": ("[ACME] Job Online archive: 3 of 5 machines were not protected", "Summary"),
    "a probe of pages": ("DOWN alert: shop (shop.acme.example) is DOWN", "since 10:02"),
    "a service that promises": ("Storage eu-1: we will update you when it is resolved", "Engineers look."),
    "a success that is none": ("Backup report: OK", "4 jobs ran.\nJob C: failed"),
    "Datadog": ("[Triggered] [P2] CPU load on host:web07", "avg(last_5m) > 90"),
    "Datadog, again": ("[P4] [Re-Triggered] [Synthetics] API test on acme/api", "x"),
    "Datadog, a warning": ("[Warn] Disk usage on host:db07", "x"),
    "StatusCake": ("Website Down - Acme Shop", "Your site Acme Shop went down."),
    "New Relic": ("[New Relic] Acme policy - Critical issue opened: CPU on web07", "x"),
    "Opsgenie": ("[Opsgenie] New alert: #12 Disk full on db07", "x"),
    "PagerDuty": ("[#4711] Triggered: Disk full on db08", "x"),
    "Bacula": ("Bacula: Backup Error of srv7-fd Incremental", "Termination: *** Backup Error ***"),
    "Acronis": ("[Acronis] Backup failed: plan Servers on SRV7", "x"),
    "a NAS with one subject for all": ("[Warning][NAS7] Notification from your device: NAS7", "Message: RAID group 1 degraded."),
    "Meraki": ("Alert for Acme HQ - Uplink status changed", "Primary uplink is down."),
    "SonicWall": ("*** Alert from SonicWall FW7 ***", "Interface X1 link is down"),
    "SonicWall, another link": ("*** Alert from SonicWall FW7 ***", "Interface X2 link is down"),
    "a recorder of cameras": ("Status notification ND7 (10.0.0.7)", "STATUS: CAM01 COMMUNICATION ERROR"),
    "a recorder, another camera": ("Status notification ND7 (10.0.0.7)", "STATUS: CAM02 COMMUNICATION ERROR"),
    "cron": ("Cron <root@srv7> /usr/local/bin/backup.sh", "rsync error: some files could not be transferred"),
    "unattended upgrades": ("unattended-upgrades result for srv7: FAILURE", "x"),
    "a UPS by NUT": ("UPS rack@srv7 on battery", "x"),
    "a box of disks": ("Vault7 Alert: Disk sda SMART Status: Ok?", "Alert : Disk sda SMART Status: Ok? (Advise running diagnostics)"),
    "a backup with errors": ("Backup completed with errors or warnings: srv7", "x"),
    "ConnectWise Automate": ("DRV - Free Space Remaining < 10 Percent FAILED on ACME\\SRV7 for Volume C:", "x"),
    "Cloudflare": ("Origin pool Acme-EU is now unhealthy", "x"),
    "a monitor in German": ("Störung: Router HQ nicht erreichbar", "x"),
    "an answer to a question": ("Backup of srv9 resolved: no", "x"),
    "an end that is promised": ("Line HQ will be restored", "x"),
    "an end in part": ("Line Rome partially restored", "x"),
    "a state that nobody knows": ("Pump 3: OK -> WEIRD", "x"),
    "Gatus": ("[core/web] Alert triggered", "An alert for core/web has been triggered due to having failed 3 time(s) in a row"),
    "a query with an alert": ("[TRIGGERED] Orders without address changed status to triggered", "12 rows"),
    "an answer to several alerts": ("[411] Zoom logins: 3 new alerts", "x"),
    "a guard of files": ("Threat detected on PC7", "Computer: PC7\nAction: cleaned successfully"),
    "a guard of files, in other words": ("PC7: something was found", "Computer: PC7\nAction: deleted successfully"),
    "UniFi": ("[UniFi] Alert from HQ: AP Disconnected", "AP[24:5a:4c:00:00:01] was disconnected\nDevice: AP Lobby"),
    "UniFi, another": ("[UniFi] Alert from HQ: AP Disconnected", "AP[24:5a:4c:00:00:02] was disconnected\nDevice: AP Hall"),
    "a backup of machines": ("CommVault Alert: Backup Job Failed - Type: Data Protection", "Detected Criteria: Job Failed\nClient: srv7"),
    "a backup of machines, another": ("CommVault Alert: Backup Job Failed - Type: Data Protection", "Detected Criteria: Job Failed\nClient: srv8"),
    "Nakivo": ('Job "Nightly" has failed', "VMs: 3 failed"),
    "a ban": ("[Fail2Ban] sshd: banned 203.0.113.9 from srv7", "The IP 203.0.113.9 has just been banned"),
    "Wazuh": ("Wazuh notification - (srv7) 192.0.2.7->/var/log/auth.log - Alert level 10", "Rule: 5712 fired (level 10)"),
    "Wazuh, another machine": ("Wazuh notification - (srv8) 192.0.2.8->/var/log/auth.log - Alert level 10", "Rule: 5712 fired (level 10)"),
    "OneUptime": ("[New Incident] - API slow in EU", "New Incident: API slow in EU\nSeverity: Critical"),
    "Iperius": ("RB_Server - Backup fehlgeschlagen", "Backup starten: 28.11.2026 01:00:00\nFehler: 2"),
    "Iperius, not all": ("RB_SQL - Backup mit Fehlern abgeschlossen", "Backup starten: 28.11.2026 01:00:00"),
    "MailStore": ("MailStore Server Status Report", "Profil anna\tErfolgreich\nProfil bert\tFehlgeschlagen"),
    "Acronis in German": ("Acronis: Backup WARNUNGEN auf SRV01", "Plan-Name Taeglich SRV01\nBackup-Dauer 00:10:04"),
    "Netlify": ("shop build now failing", "x"),
    "a pipeline of a cloud": ("FAILED: AWS CodePipeline shop", "x"),
    "a pipeline": ("shop | Failed pipeline for main | 1a2b3c4d", "Pipeline #41 has failed!"),
    "a monitor of databases": ("General Statistics\\Processes blocked\\ triggered on SQL1", "x"),
    "a subject that does not follow": ("Incident on server7 - Sites down", "The incident has been resolved."),
    "Sentry": ("[Sentry] Critical: Crash rate on shop", "x"),
    "Munin": ("Munin notification", "acme :: srv7 :: Disk usage in percent\n\tCRITICALs: / is 98.00 (outside range [:95])."),
    "QNAP": ("[Warning] [Storage] Notification from your device: NAS7", "Severity: Warning\nMessage: [Storage] RAID degraded"),
    "QNAP, its power": ("[Warning] [Power] Notification from your device: NAS7", "Severity: Warning\nMessage: [Power] on battery"),
    "a name that is a state": ("Normal operation of the cooling ended", "x"),
    "Keepalived, VRRP": ("[lb1] VRRP Instance VI_1 - Entering FAULT state", "=> VRRP Instance has entered FAULT state <="),
    "Keepalived, server": ("[lb1] Realserver [10.0.0.5]:tcp:80 of virtual server [192.0.2.1]:tcp:80 - DOWN", "=> TCP CHECK failed on service <="),
    "Slurm": ("Slurm Job_id=4711 Name=night Failed, Run time 00:02:10, FAILED, ExitCode 1", ""),
    "OpenNMS": ("Notice #12: HTTP on 10.0.0.7 interface down", "HTTP service outage identified on interface 10.0.0.7."),
    "OpenNMS, node": ("Notice #13: Node sw7 down", "All services are down on node sw7."),
    "Cacti thresholds": ("ALERT: sw7 - Traffic - Gi0/1 [traffic_in] went above threshold of 90 with 97.2", ""),
    "Cacti, host": ("ERROR: nas7 (10.0.0.9) is DOWN", "Downtime: 2026-11-28 10:00"),
    "Observium": ("ALERT: [sw7] [Processor] [CPU 0] processor_usage is > 90", "Entity: CPU 0\nConditions: processor_usage greater 90 (97)"),
    "Centreon": ("** PROBLEM alert - db01/Disk-/var is CRITICAL **", "Notification Type: PROBLEM"),
    "Zenoss": ("[zenoss] srv9 ip 10.0.0.3 is down", "Device: srv9\nComponent:\nSeverity: Critical\nMessage: ip 10.0.0.3 is down"),
    "Geneos": ('Geneos alert "Free disk" on entity db01: CRITICAL', 'Alert "Free disk" is being fired because it is at CRITICAL severity.'),
    "Freshping": ("Alert: Intranet is down", "Check: Intranet\nState: Not responding"),
    "Unraid": ("Unraid Status: Alert [TOWER] - Disk 3 in error state (disk dsbl)", "Event: Unraid Disk 3 error\nSubject: Alert [TOWER] - Disk 3 in error state\nImportance: alert"),
    "Logwatch": ("Logwatch for srv9 (Linux)", "sshd: authentication failures: 3 times"),
    "AIDE": ("Daily AIDE report for srv9", "AIDE found differences between database and filesystem!!"),
    "rsnapshot": ("rsnapshot daily on nas7", "ERROR: /usr/bin/rsync returned 12 while processing root@web:/etc/"),
    "Xymon": ("Xymon [4711] db07:disk CRITICAL (RED)", "red Sun Nov 29 10:00:00 2026 - Filesystems NOT ok\n&red /var (98% used) has reached the PANIC level (95%)"),
    "Xymon, better": ("Xymon [4711] db07:disk warning (YELLOW)", "yellow Sun Nov 29 11:00:00 2026 - Filesystems NOT ok"),
    "Xymon, silent": ("Xymon [815] db07:cpu stopped reporting (PURPLE)", "purple Sun Nov 29 10:00:00 2026"),
    "Pandora FMS": ("[PANDORA] Alert FIRED on db07 / Disk /var", "db07 | Disk /var | 98 | 2026/11/29 10:00:00"),
    "Pandora FMS, in words": ("[PANDORA] Alert FIRED for CRITICAL status on db07 / Disk /var", "This alert has been fired because a CRITICAL condition in one of your monitored items:\n\nAgent : db07\nModule: Disk /var\nCurrent value: 98"),
    "oVirt": ("alertMessage (engine7), [Host h1 is non responsive.]", "Time: 2026-11-29 10:00:00\nMessage: Host h1 is non responsive.\nSeverity: ERROR\nHost Name: h1"),
    "oVirt, a machine": ("alertMessage (engine7), [VM web7 is down with error. Exit message: Lost connection with qemu process.]", "Severity: ERROR\nVM Name: web7"),
    "Ceph": ("HEALTH_WARN", "HEALTH_WARN\n\n--- New ---\n[WARN] OSD_DOWN: 1 osds down\n        osd.3 (root=default,host=s7) is down\n\n\n=== Full health status ===\n[WARN] OSD_DOWN: 1 osds down\n"),
    "Ceph, worse": ("HEALTH_ERR", "HEALTH_ERR\n\n--- New ---\n[ERR] PG_DAMAGED: Possible data damage: 1 pg inconsistent\n\n\n=== Full health status ===\n[ERR] PG_DAMAGED: Possible data damage: 1 pg inconsistent\n[WARN] OSD_DOWN: 1 osds down\n"),
    "SmokePing": ("[SmokeAlert] hostdown was raised on Acme.HQ", 'Sun Nov 29 10:00:00 2026\n\nAlert "hostdown" was raised for https://smoke.acme.example\n\nPattern\n-------\n==0%,==100%\n\nComment\n-------\nHost unreachable'),
    "SmokePing, older": ("[SmokeAlert] bigloss on Acme.HQ", 'Got a match for alert "bigloss" for https://smoke.acme.example'),
    "Webmin": ("Service monitor : Apache Webserver down on web07", "Monitor on web07 for 'Apache Webserver' has detected that the service has gone down at 29/11/2026 10:00"),
    "Webmin, two of which one is back": ("Service monitor : 2 services", "Monitor on web07 for 'Apache Webserver' has detected that the service has gone down at 29/11/2026 10:00\n\nMonitor on web07 for 'MySQL' has detected that the service has gone back up at 29/11/2026 10:00"),
    "Webmin, timed out": ("Service monitor : Remote Ping timed out on web07", "Monitor on web07 for 'Remote Ping' has timed out at at 29/11/2026 10:00"),
    "BackupPC": ("BackupPC: no recent backups on pc7", "Your PC (pc7) has not been successfully backed up for 8 days."),
    "BackupPC in German": ("BackupPC: keine neuen Backups für Computer pc8", "Ihr Computer (pc8) wurde seit 8 Tagen nicht erfolgreich gesichert."),
    "BackupPC in French": ("BackupPC: aucune sauvegarde récente de pc9", "Votre PC n'a pas été sauvegardé."),
    "Sensu": ("ALERT - web07/check_http: CRITICAL", "CheckHTTP CRITICAL: 503\nHost: web07 ( 10.0.0.7 )\nCheck Name:  check_http\nStatus:  CRITICAL\nOccurrences:  1"),
    "Kapacitor": ("disk/db07 is CRITICAL value:97.2", ""),
    "Seyren": ("Seyren alert: disk db07", "The following target has changed from its previous state:\n\nTarget | Value | Warn | Error | From | To\ndb07.disk | 97 | 80 | 90 | OK | ERROR"),
    "Slurm end mail": ("Slurm Job_id=4712 Name=night Ended, Run time 00:02:10, CANCELLED, ExitCode 0", ""),
}  # fmt: skip
ENDS = {
    "Monit": ("monit alert --  Connection succeeded mysql", "Connection succeeded Service mysql\n\n\tHost:        db07"),
    "TrueNAS": ("TrueNAS @ vault: Alerts", "The following alert has been cleared:\n* Pool tank state is DEGRADED."),
    "Duplicati": ("Duplicati Backup report for nightly", "Duplicati Backup report for nightly\n\nSuccess"),
    "LibreNMS": ("Device sw-7 recovered from Device Down! Due to no ICMP response", "Time elapsed: 5m"),
    "a controller of access points": ("[Acme] AP-Lobby was connected", "AP-Lobby is back online."),
    "a server's management card": ("idrac-7: Power Supply 2 is operating normally", "Severity: Informational"),
    "a probe of pages": ("UP alert: shop (shop.acme.example) is UP", "It was down for 5m."),
    "another line": ("Tunnel Rome 2 is up", "x"),
    "Datadog": ("[Recovered] [P2] CPU load on host:web07", "x"),
    "Datadog, again": ("[P4] [Recovered] [Synthetics] API test on acme/api", "x"),
    "Datadog, a warning": ("[OK] Disk usage on host:db07", "x"),
    "PagerDuty": ("[#4711] Resolved: Disk full on db08", "x"),
    "Acronis": ("[Acronis] Backup succeeded: plan Servers on SRV7", "x"),
    "Bacula": ("Bacula: Backup OK of srv7-fd Incremental", "Termination: Backup OK"),
    "Meraki": ("Alert for Acme HQ - Uplink status changed", "Primary uplink is up."),
    "SonicWall": ("*** Alert from SonicWall FW7 ***", "Interface X1 link is up"),
    "a recorder of cameras": ("Status notification ND7 (10.0.0.7)", "STATUS: CAM01 COMMUNICATION RECOVERED"),
    "cron": ("Cron <root@srv7> /usr/local/bin/backup.sh", "OK"),
    "unattended upgrades": ("unattended-upgrades result for srv7: SUCCESS", "x"),
    "a UPS by NUT": ("UPS rack@srv7 on line power", "x"),
    "ConnectWise Automate": ("DRV - Free Space Remaining < 10 Percent SUCCESS on ACME\\SRV7 for Volume C:", "x"),
    "ConnectWise Automate, another volume": ("DRV - Free Space Remaining < 10 Percent SUCCESS on ACME\\SRV7 for Volume D:", "x"),
    "Cloudflare": ("Origin pool Acme-EU is now healthy", "x"),
    "Gatus": ("[core/web] Alert resolved", "An alert for core/web has been resolved after passing successfully 5 time(s) in a row"),
    "Gatus, another page": ("[core/api] Alert resolved", "An alert for core/api has been resolved after passing successfully 5 time(s) in a row"),
    "a query with an alert": ("[OK] Orders without address changed status to ok", "0 rows"),
    "an answer to several alerts, of which one": ("[411] 4 alerts marked Resolved (Not an issue)", "Zoom logins, VPN logins"),
    "Nakivo": ('Job "Nightly" has finished successfully', "Errors: 0"),
    "Nakivo, another job": ('Job "Weekly" has finished successfully', "Errors: 0"),
    "UniFi, another": ("[UniFi] Alert from HQ: AP Connected", "AP[24:5a:4c:00:00:02] was connected\nDevice: AP Hall"),
    "a backup of machines, another": ("CommVault Alert: Backup Job Succeeded - Type: Data Protection", "Detected Criteria: Job Succeeded\nClient: srv8"),
    "a monitor in German": ("Entwarnung: Router HQ wieder erreichbar", "x"),
    "OneUptime": ("[Incident Resolved] - API slow in EU", "Incident state changed to - Resolved"),
    "OneUptime, another": ("[Incident Resolved] - API slow in US", "Incident state changed to - Resolved"),
    "Iperius": ("RB_Server - Backup erfolgreich abgeschlossen", "Backup starten: 28.11.2026 01:00:00\nFehler: 0"),
    "Iperius, another job": ("RB_Mail - Backup erfolgreich abgeschlossen", "Fehler: 0"),
    "Acronis in German": ("Acronis: Backup erfolgreich auf SRV01", "Plan-Name Taeglich SRV01\nBackup-Dauer 00:10:04"),
    "Acronis in German, another machine": ("Acronis: Backup erfolgreich auf SRV02", "Plan-Name Taeglich SRV02"),
    "Netlify": ("shop is back up", "x"),
    "a pipeline of a cloud, another": ("SUCCEEDED: AWS CodePipeline blog", "x"),
    "a pipeline, of another branch": ("shop | Fixed pipeline for main-2 | 2a2b3c4d", "Pipeline #42 has been fixed!"),
    "a monitor of databases": ("General Statistics\\Processes blocked\\ resolved on SQL1", "x"),
    "a monitor of databases, another": ("General Statistics\\Processes blocked\\ resolved on SQL2", "x"),
    "Sentry": ("[Sentry] Resolved: Crash rate on shop", "x"),
    "Munin, another machine": ("Munin notification", "acme :: srv8 :: Disk usage in percent\n\tOKs: / is 61.00."),
    "QNAP, another app": ("[Info] [App Center] Notification from your device: NAS7", "Message: [App Center] installed successfully"),
    "Keepalived, VRRP": ("[lb1] VRRP Instance VI_1 - Entering BACKUP state", "=> VRRP Instance is nolonger owning VRRP VIPs <="),
    "Keepalived, server": ("[lb1] Realserver [10.0.0.5]:tcp:80 of virtual server [192.0.2.1]:tcp:80 - UP", "=> TCP CHECK succeed on service <="),
    "Slurm": ("Slurm Job_id=4713 Name=night Ended, Run time 00:02:10, COMPLETED, ExitCode 0", ""),
    "OpenNMS": ("RESOLVED: Notice #12: HTTP on 10.0.0.7 interface down", "RESOLVED: HTTP service outage identified on interface 10.0.0.7."),
    "OpenNMS, node": ("RESOLVED: Notice #13: Node sw7 down", "RESOLVED: All services are down on node sw7."),
    "Cacti thresholds": ("NORMAL: sw7 - Traffic - Gi0/1 [traffic_in] restored to normal threshold with value 12.1", ""),
    "Cacti, host": ("NOTICE: nas7 (10.0.0.9) returned from DOWN state", "Downtime was 4m"),
    "Observium": ("RECOVER: [sw7] [Processor] [CPU 0] processor_usage is > 90", "Entity: CPU 0\nConditions: processor_usage greater 90 (12)"),
    "Centreon": ("** RECOVERY alert - db01/Disk-/var is OK **", "Notification Type: RECOVERY"),
    "Zenoss": ('[zenoss] CLEAR: srv9 ip 10.0.0.3 is up', "Event: 'ip 10.0.0.3 is down'\nCleared by: 'ip 10.0.0.3 is up'"),
    "Geneos": ('Geneos alert "Free disk" on entity db01: OK', 'Alert "Free disk" is being cancelled because it is now at OK severity.'),
    "Freshping": ("Resolved: Intranet is back up", "Check: Intranet\nState: Available"),
    "Xymon": ("Xymon db07:disk recovered", "green Sun Nov 29 12:00:00 2026 - Filesystems ok"),
    "Xymon, another host": ("Xymon db08:disk recovered", "green"),
    "Xymon, turned off": ("Xymon db07:disk disabled", "blue"),
    "Pandora FMS": ("[PANDORA] Alert RECOVERED on db07 / Disk /var", "db07 | Disk /var | 40 | 2026/11/29 12:00:00"),
    "Pandora FMS, in words": ("[PANDORA] Alert RECOVERED for CRITICAL status on db07 / Disk /var", "This alert has been RECOVERED from a CRITICAL condition in one of your monitored items:\n\nAgent : db07\nModule: Disk /var\nCurrent value: 40"),
    "oVirt": ("resolveMessage (engine7), [Status of host h1 was set to Up.]", "Severity: NORMAL\nHost Name: h1"),
    "Ceph": ("HEALTH_OK", "HEALTH_OK\n\n--- Cleared ---\n[WARN] OSD_DOWN: 1 osds down\n\n\n=== Full health status ===\n"),
    "Ceph, less": ("HEALTH_WARN", "HEALTH_WARN\n\n--- Cleared ---\n[ERR] PG_DAMAGED: Possible data damage: 1 pg inconsistent\n\n\n=== Full health status ===\n[WARN] OSD_DOWN: 1 osds down\n"),
    "SmokePing": ("[SmokeAlert] hostdown was cleared on Acme.HQ", 'Alert "hostdown" was cleared for https://smoke.acme.example\n\nComment\n-------\nHost unreachable'),
    "Webmin": ("Service monitor : Apache Webserver back up on web07", "Monitor on web07 for 'Apache Webserver' has detected that the service has gone back up at 29/11/2026 10:30"),
    "Webmin, another host": ("Service monitor : Apache Webserver back up on web08", "Monitor on web08 for 'Apache Webserver' has detected that the service has gone back up at 29/11/2026 10:30"),
    "Sensu": ("RESOLVE - web07/check_http: OK", "CheckHTTP OK\nHost: web07 ( 10.0.0.7 )\nStatus:  OK"),
    "Sensu, another host": ("RESOLVE - web08/check_http: OK", "Host: web08 ( 10.0.0.8 )\nStatus:  OK"),
    "Kapacitor": ("disk/db07 is OK value:12.1", ""),
    "Kapacitor, another host": ("disk/db08 is OK value:12.1", ""),
    "Seyren": ("Seyren alert: disk db07", "The following target has changed from its previous state:\n\nTarget | Value | Warn | Error | From | To\ndb07.disk | 40 | 80 | 90 | ERROR | OK"),
    "Unraid": ("Unraid Status: Notice [TOWER] - Disk 3 returned to normal operation", "Importance: normal"),
}  # fmt: skip


@cache
def read(mail: tuple[str, str]) -> Notice:
    subject, body = mail
    email = read_mail(f"From: box@acme.example\nTo: a@msp.example\nSubject: {subject}\n\n{body}\n".encode()).email
    notice = fixtures.notice_of(email, PROFILE)
    assert notice is not None
    return notice


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_becomes_a_ticket(name: str) -> None:
    notice = read(PROBLEMS[name])

    assert notice.state in ("open", "update")
    assert notice.state == "open" or notice.strange


def test_two_problems_are_two() -> None:
    keys = {name: read(mail).key for name, mail in PROBLEMS.items()}

    assert len(set(keys.values())) == len(keys), sorted(keys.items(), key=lambda item: item[1])


def test_no_end_closes_what_it_is_not_about() -> None:
    begun = {name: problem_that(read(mail)) for name, mail in PROBLEMS.items()}
    for name, mail in ENDS.items():
        assert {*ended(read(mail), begun)} <= {name}


def test_no_problem_closes_another() -> None:
    told = {name: read(mail) for name, mail in PROBLEMS.items()}
    begun = {name: problem_that(notice) for name, notice in told.items()}
    for name, notice in told.items():
        assert {*ended(notice, begun)} <= {name}


def test_an_end_that_is_plain_is_one() -> None:
    assert ends(read(ENDS["Duplicati"]), problem_that(read(PROBLEMS["Duplicati"])))
    assert ends(read(ENDS["another line"]), problem_that(read(("Tunnel Rome 2 is down", "x"))))
    for name in ("a probe of pages", "Datadog", "PagerDuty", "SonicWall", "a recorder of cameras", "a UPS by NUT", "Cloudflare", "Freshping"):
        assert ends(read(ENDS[name]), problem_that(read(PROBLEMS[name]))), name
