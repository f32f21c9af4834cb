"""Products without a profile, as `words` reads them: nothing is lost, nothing closed that is not over.

Subjects and first lines are in the form of each product; names are invented.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from gateway.config import profiles
from gateway.mail.read import read as read_mail
from gateway.model.notice import Notice
from gateway.notices import fixtures
from tests.notices.test_closes import ends, problem_that

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
    "a name that is a state": ("Normal operation of the cooling ended", "x"),
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
}  # fmt: skip


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
    for name, mail in ENDS.items():
        for other, begun in PROBLEMS.items():
            assert not ends(read(mail), problem_that(read(begun))) or name == other, (name, other)


def test_no_problem_closes_another() -> None:
    for mail, begun in permutations(PROBLEMS.values(), 2):
        assert not ends(read(mail), problem_that(read(begun)))


def test_an_end_that_is_plain_is_one() -> None:
    assert ends(read(ENDS["Duplicati"]), problem_that(read(PROBLEMS["Duplicati"])))
    assert ends(read(ENDS["another line"]), problem_that(read(("Tunnel Rome 2 is down", "x"))))
