"""The openspf.org test suite for RFC 7208 (tests/smtp/openspf/NOTICE): every case against our SPF. What it
says of explanations is left out: they are not fetched."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import dns.reversename
import pytest

from gateway.smtp.verdict.resolver import DnsTrouble
from gateway.smtp.verdict.spf import check_spf

FILE = Path(__file__).parent / "openspf" / "rfc7208-tests.json.xz"
SCENARIOS: list[dict[str, Any]] = json.loads(lzma.decompress(FILE.read_bytes()))
CASES = [
    pytest.param(scenario, case, id=f"{scenario['description']}: {name}")
    for scenario in SCENARIOS
    for name, case in scenario["tests"].items()
]


class Zone:
    """The names of one scenario, as its driver reads them: a name's SPF records (type 99) are its TXT
    records unless it has some; what follows TIMEOUT is not found."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self.records = {name.lower(): list(_records(found)) for name, found in data.items()}

    def find(self, name: str, kind: str, chased: int = 0) -> list[Any]:
        name = name.lower().rstrip(".")
        if any(not 0 < len(label) <= 63 for label in name.split(".")):
            return []  # nobody can ask for it
        if name.startswith("error.") and name not in self.records:
            raise DnsTrouble(name)
        found: list[Any] = []
        for held, value in self.records.get(name, []):
            if (held == "TIMEOUT" and not found) or (held == kind and value == "TIMEOUT"):
                raise DnsTrouble(name)
            if held == kind:
                found.append(value)
            elif held == "CNAME" and chased < 1:
                found += self.find(value, kind, chased + 1)
        return found

    async def txt(self, name: str) -> list[bytes]:
        return ["".join(value if isinstance(value, list) else [value]).encode() for value in self.find(name, "TXT")]

    async def addresses(self, name: str, version: int) -> list[str]:
        return self.find(name, "A" if version == 4 else "AAAA")

    async def mx(self, name: str) -> list[str]:
        return [host for _, host in sorted(self.find(name, "MX"))]

    async def names(self, address: str) -> list[str]:
        return self.find(dns.reversename.from_address(address).to_text(), "PTR")


def _records(found: list[Any]) -> list[tuple[str, Any]]:
    flat = [(record, "") if isinstance(record, str) else next(iter(record.items())) for record in found]
    if not any(kind == "TXT" for kind, _ in flat):
        flat += [("TXT", value) for kind, value in flat if kind == "SPF"]
    return [(kind, value) for kind, value in flat if value != "NONE"]


@pytest.mark.parametrize(("scenario", "case"), CASES)
async def test_as_the_suite_says(scenario: dict[str, Any], case: dict[str, Any]) -> None:
    found = await check_spf(Zone(scenario["zonedata"]), case["host"], case["helo"], case["mailfrom"])
    allowed = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert found.result in allowed, f"{found.result} ({found.why}): {case.get('comment')}"


def test_the_suite_is_whole() -> None:
    assert len(CASES) == 203
