"""A trial's report that has something in each of its parts."""

from __future__ import annotations

from gateway.operate.trial.report import Aside, Line, Product, Report, Stranger

REPORT = Report(
    offline=False,
    first=1_795_000_000.0,
    last=1_796_000_000.0,
    tried=1234,
    left_out={"written in Gmail": 56},
    sums={"tickets": 600, "comments": 500, "suppressed": 100, "quarantined": 34, "pending": 0, "redelivered": 2},
    tickets=601,
    by_mailbox=[Line("support@msp.example", 1234, 600, 500, 100, 34)],
    by_client=[Line("Acme", 700, 400, 300), Line("<b>Globex</b>", 400, 200, 200)],
    by_kind=[Line("normal", 1000, 500, 450, 40, 10)],
    suppressed=[Aside("vacation", 100, "It says that somebody is away.", "Nothing.")],
    quarantined=[Aside("unverified-sender", 34, "A stranger wrote into a ticket.", "Look at it.")],
    strangers=[
        Stranger("newclient.example", 30, 3, "New Client", '[[domain]]\ndomain = "newclient.example"\nclient = "New Client"'),
        Stranger("ann@freemail.example", 2, 1, advice="add the address to a contact at the desk"),
    ],
    products=[Product("nagios", "Nagios", 90, 12, 11, 1, 2)],
    fits=[Product("veeam", "Veeam", 40, 6, lines='[[notice]]\nprofile = "veeam"')],
    machines=[Stranger("scanner@acme.example", 9, 1)],
    calls=2900,
    calls_a_mail=2.35,
    busiest_hour=150,
    lookups=77,
    rate=60.0,
    effects={"ticket": 601, "comment": 500},
    unasked={"a ticket by its number": 3},
    missing_lists={"categories": "403"},
)
