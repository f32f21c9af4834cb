"""Whatever mail came and whatever the rules say: deciding it again under the same configuration changes nothing,
asks nothing and does nothing."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.play import changes_nothing
from tests.scenarios.scripts import ALICE, BOB, EVE, GIL, TESS
from tests.scenarios.scripts_files import EXE, PAGE
from tests.scenarios.scripts_requesters import MONITOR, NEW, eml, forward
from tests.scenarios.stage import SALES, SUPPORT, M, Stage, settings_for
from tests.sizes import size

WORDS = ["printer", "urgent", "thanks", "[Acme] Disk full", "[Nobody] Disk full", "Fwd: Printer", "Re: hello", ""]
FILES: list[dict[str, bytes]] = [{}, {"a.pdf": b"%PDF-1.4"}, {"setup.exe": EXE}, {"p.html": PAGE}, {"mail.eml": eml()}]
HEADERS = [
    {},
    {"Importance": "High"},
    {"Auto-Submitted": "auto-replied"},
    {"List-Id": "<l.x.example>"},
    {"Reply-To": GIL},
]
EDGES = [{}, {"spam_score": 7.5, "spam": "yes"}, {"scl": 1}, {"notes": "unscanned"}]

mails = st.lists(
    st.builds(
        dict,
        sender=st.sampled_from([ALICE, BOB, EVE, GIL, TESS, NEW, MONITOR, "x@gmail.com", ""]),
        subject=st.sampled_from(WORDS),
        text=st.sampled_from(["no paper", "urgent!", forward(), "User: gil@globex.example", ""]),
        reply=st.sampled_from(["", "m0", "m1", "<unknown@x.example>"]),
        verdict=st.sampled_from(["unknown", "pass", "none", "fail"]),
        to=st.sampled_from([SUPPORT, SALES]),
        files=st.sampled_from(FILES),
        headers=st.sampled_from(HEADERS),
        edge=st.sampled_from(EDGES),
        after=st.sampled_from([1.0, 7200.0]),
    ),
    min_size=1,
    max_size=5,
)

tests = st.sampled_from(
    [
        {"field": "subject", "contains": ["printer", "urgent"]},
        {"field": "subject", "regex": r"^\[(?P<client>[^\]]+)\] (?P<what>.+)$"},
        {"field": "body", "regex": r"User: (?P<user>\S+)"},
        {"field": "from", "glob": "*@acme.example"},
        {"field": "requester", "equals": "alice@acme.example"},
        {"field": "verdict", "equals": ["pass", "none"]},
        {"field": "spam_score", "at_least": 5},
        {"field": "attachment", "glob": "*.exe"},
        {"field": "class", "equals": "human"},
        {"none": [{"field": "recipient", "equals": SALES}]},
        {"any": [{"field": "cc", "exists": False}, {"field": "size", "above": 1000}]},
    ]
)
actions = st.sampled_from(
    [
        {"board": "Sales", "priority": "Urgent"},
        {"board": "Support", "category": "Hardware"},
        {"client": "Globex"},
        {"title": "Seen: {subject}", "go_on": True},
        {"internal": True, "on": "any"},
        {"skip": True, "on": "any"},
        {"quarantine": True},
        {"priority": "High", "on": "reply"},
        {"priority_at_least": "High", "on": "any", "go_on": True},
        {"assignee": "tess@msp.example", "go_on": True},
    ]
)
configurations = st.builds(
    dict,
    rule=st.lists(st.builds(lambda when, does: {"when": [when], **does}, tests, actions), max_size=4),
    file=st.lists(
        st.sampled_from([{"program": True, "action": "drop"}, {"extension": ["pdf"], "action": "hold"}]),
        max_size=1,
    ),
    domain=st.sampled_from([(), ({"domain": "mapped.example", "client": "Globex"},)]),
    importance=st.sampled_from([{}, {"high": "Urgent"}]),
    priorities=st.just(["Low", "Medium", "High"]),
    mailbox=st.sampled_from(
        [{}, {"fallback_client": None}, {"contacts": "always", "watch_cc": True}, {"closed": "reopen"}]
    ),
)


async def replayed(folder: Path, migrated: Path, config: dict[str, Any], script: list[dict[str, Any]]) -> list[str]:
    config = {**config}
    data = {**settings_for(**config.pop("mailbox")), **config}
    for number, rule in enumerate((*data["rule"], *data["file"])):
        rule["name"] = f"r{number}"
    stage = Stage(folder, migrated, data)
    await stage.open()
    try:
        for number, values in enumerate(script):
            await stage.accept(M(f"m{number}", **values))
            await stage.work()
        return await changes_nothing(stage)
    finally:
        await stage.close()


@settings(
    max_examples=size(9, 300),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(config=configurations, script=mails)
def test_the_same_configuration_changes_nothing(
    migrated_file: Path, config: dict[str, Any], script: list[dict[str, Any]]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="gateway-replay-"))
    try:
        rules: list[dict[str, Any]] = [dict(rule) for rule in config["rule"]]
        kept = [
            rule for number, rule in enumerate(rules) if rule["when"] not in [each["when"] for each in rules[:number]]
        ]
        files = [dict(file) for file in config["file"]]
        assert asyncio.run(replayed(folder, migrated_file, {**config, "rule": kept, "file": files}, script)) == []
    finally:
        shutil.rmtree(folder)
