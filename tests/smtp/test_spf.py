"""SPF, case by case: the examples of RFC 7208 (sections 5, 7.4, appendix A) and its limits (4.6.4)."""

from __future__ import annotations

import ipaddress

import pytest

from gateway.smtp.verdict.macro import Context, expand
from gateway.smtp.verdict.record import RecordError, parse_record
from gateway.smtp.verdict.spf import check_spf
from tests.smtp.zone import TROUBLE, Zone

# RFC 7208, appendix A
APPENDIX_A = {
    "example.com": [
        ("MX", "10 mail-a.example.com"),
        ("MX", "20 mail-b.example.com"),
        ("A", "192.0.2.10"),
        ("A", "192.0.2.11"),
    ],
    "amy.example.com": [("A", "192.0.2.65")],
    "bob.example.com": [("A", "192.0.2.66")],
    "mail-a.example.com": [("A", "192.0.2.129")],
    "mail-b.example.com": [("A", "192.0.2.130")],
    "www.example.com": [("A", "192.0.2.10"), ("A", "192.0.2.11")],
    "example.org": [("MX", "10 mail-c.example.org")],
    "mail-c.example.org": [("A", "192.0.2.140")],
    "10.2.0.192.in-addr.arpa": [("PTR", "example.com.")],
    "65.2.0.192.in-addr.arpa": [("PTR", "amy.example.com.")],
    "66.2.0.192.in-addr.arpa": [("PTR", "bob.example.com.")],
    "140.2.0.192.in-addr.arpa": [("PTR", "mail-c.example.org.")],
    "4.0.0.10.in-addr.arpa": [("PTR", "bob.example.com.")],
    "mobile-users._spf.example.com": [("A", "127.0.0.2")],
    "mary.mobile-users._spf.example.com": [("A", "127.0.0.2")],
}


async def spf(
    record: str | list[str],
    ip: str = "192.0.2.1",
    sender: str = "ann@example.com",
    helo: str = "mail.example.com",
    **more: list[tuple[str, str]],
) -> str:
    names = {**APPENDIX_A, **{name.replace("_dot_", "."): found for name, found in more.items()}}
    records = [record] if isinstance(record, str) else record
    domain = sender.rpartition("@")[2] or helo
    names[domain] = [*names.get(domain, []), *(("TXT", text) for text in records)]
    return (await check_spf(Zone(names), ip, helo, sender)).result


@pytest.mark.parametrize(
    ("record", "passing", "failing"),
    [
        ("v=spf1 +all", ["192.0.2.129", "1.2.3.4"], []),
        ("v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.12"]),
        ("v=spf1 a:example.org -all", [], ["192.0.2.10"]),
        ("v=spf1 mx -all", ["192.0.2.129", "192.0.2.130"], ["192.0.2.10"]),
        ("v=spf1 mx:example.org -all", ["192.0.2.140"], ["192.0.2.129"]),
        ("v=spf1 mx mx:example.org -all", ["192.0.2.129", "192.0.2.130", "192.0.2.140"], ["192.0.2.1"]),
        ("v=spf1 mx/30 mx:example.org/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132"]),
        ("v=spf1 ptr -all", ["192.0.2.10", "192.0.2.65"], ["192.0.2.140", "10.0.0.4"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129"], ["192.0.2.65"]),
        ("v=spf1 ip6:2001:db8::/32 -all", ["2001:db8::1"], ["2001:db9::1", "192.0.2.1"]),
        ("v=spf1 exists:%{l1r-}.mobile-users._spf.%{d} -all", [], ["192.0.2.1"]),
        ("v=spf1 exists:mobile-users._spf.%{d2} -all", ["192.0.2.1", "2001:db8::1"], []),
        ("V=SPF1 A -ALL", ["192.0.2.10"], ["192.0.2.1"]),
    ],
)
async def test_appendix_a(record: str, passing: list[str], failing: list[str]) -> None:
    for ip in passing:
        assert await spf(record, ip) == "pass", ip
    for ip in failing:
        assert await spf(record, ip) == "fail", ip


async def test_a_local_part_in_a_look_up() -> None:
    record = "v=spf1 exists:%{l}.mobile-users._spf.%{d} -all"
    assert await spf(record, sender="mary@example.com") == "pass"
    assert await spf(record, sender="fred@example.com") == "fail"


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1", "neutral"),
        ("v=spf1 foo=bar", "neutral"),
        ("v=spf10 -all", "none"),
        ("spf1 -all", "none"),
        (["v=spf1 -all", "v=spf1 +all"], "permerror"),
        (["v=spf1 -all", "other text"], "fail"),
        ([], "none"),
        # syntax anywhere counts, before any match (4.6)
        ("v=spf1 +all nonsense", "permerror"),
        ("v=spf1 +all ip4:192.0.2.0/33", "permerror"),
        ("v=spf1 ip4:192.0.2 -all", "permerror"),
        ("v=spf1 ip4 -all", "permerror"),
        ("v=spf1 ip6:fe80::1%eth0 -all", "permerror"),
        ("v=spf1 include -all", "permerror"),
        ("v=spf1 a:nodots -all", "permerror"),
        ("v=spf1 a:example.123 -all", "permerror"),
        ("v=spf1 a/33 -all", "permerror"),
        ("v=spf1 a//129 -all", "permerror"),
        ("v=spf1 a/01 -all", "permerror"),
        ("v=spf1 exists:%{z}.example.com -all", "permerror"),
        ("v=spf1 exists:%(d).example.com -all", "permerror"),
        ("v=spf1 exists:%{d0}.example.com -all", "permerror"),
        ("v=spf1 all: -all", "permerror"),
        ("v=spf1 redirect=a.example.com redirect=b.example.com", "permerror"),
        ("v=spf1 exp=a.example.com exp=b.example.com -all", "permerror"),
        ("v=spf1 exists:%{r}.example.com -all", "permerror"),
        ("v=spf1 -all exp=%{c}.example.com", "permerror"),
        ("v=spf1 a//64 -all", "fail"),
    ],
)
async def test_records(record: str | list[str], result: str) -> None:
    assert await spf(record) == result


async def test_include_and_redirect() -> None:
    other = {"other.example": [("TXT", "v=spf1 ip4:192.0.2.1 -all")], "empty.example": [("A", "192.0.2.9")]}
    assert await spf("v=spf1 include:other.example ~all", **other) == "pass"
    assert await spf("v=spf1 include:other.example ~all", ip="192.0.2.2", **other) == "softfail"
    assert await spf("v=spf1 include:empty.example ~all", **other) == "permerror"
    assert await spf("v=spf1 redirect=other.example", **other) == "pass"
    assert await spf("v=spf1 redirect=other.example", ip="192.0.2.2", **other) == "fail"
    assert await spf("v=spf1 redirect=empty.example", **other) == "permerror"
    assert await spf("v=spf1 ?all redirect=other.example", **other) == "neutral"


@pytest.mark.parametrize("number", [9, 10, 11])
async def test_ten_terms_may_look_up(number: int) -> None:
    record = "v=spf1 " + "a:www.example.com " * number + "-all"
    assert await spf(record) == ("fail" if number <= 10 else "permerror")


async def test_a_loop_of_includes_ends() -> None:
    assert await spf("v=spf1 include:example.com -all") == "permerror"
    assert await spf("v=spf1 redirect=example.com") == "permerror"


async def test_two_look_ups_may_find_nothing() -> None:
    assert await spf("v=spf1 a:x1.example.com a:x2.example.com -all") == "fail"
    assert await spf("v=spf1 a:x1.example.com a:x2.example.com a:x3.example.com -all") == "permerror"


async def test_an_mx_with_eleven_names() -> None:
    ten = [("MX", f"10 mail-{n}.example.net") for n in range(10)]
    assert await spf("v=spf1 mx:big.example -all", **{"big.example": ten}) == "fail"
    assert await spf("v=spf1 mx:big.example -all", **{"big.example": [*ten, ("MX", "9 z.example")]}) == "permerror"


async def test_trouble_is_temporary_only_when_it_is_met() -> None:
    trouble = {"slow.example": [(TROUBLE, "")]}
    assert await spf("v=spf1 a:slow.example -all", **trouble) == "temperror"
    assert await spf("v=spf1 ip4:192.0.2.1 a:slow.example -all", **trouble) == "pass"
    assert await spf("v=spf1 include:slow.example -all", **trouble) == "temperror"


async def test_the_null_sender_is_judged_by_helo() -> None:
    assert await spf("v=spf1 a -all", ip="192.0.2.129", sender="", helo="mail-a.example.com") == "pass"
    assert await spf("v=spf1 -all", sender="", helo="nodots") == "none"


@pytest.mark.parametrize(
    ("domain", "result"), [("x" * 64 + ".example", "none"), ("example..com", "none"), ("[192.0.2.1]", "none")]
)
async def test_what_is_no_domain(domain: str, result: str) -> None:
    assert await spf("v=spf1 -all", sender=f"a@{domain}") == result


# RFC 7208, 7.4
@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%%%_%-", "% %20"),
        ("%{S}", "strong-bad%40email.example.com"),
    ],
)
def test_macros(macro: str, text: str) -> None:
    context = Context(
        ipaddress.ip_address("192.0.2.3"), "email.example.com", "strong-bad@email.example.com", "mail.example.com"
    )
    assert expand(macro, context) == text


def test_a_macro_of_an_ipv6_address() -> None:
    context = Context(ipaddress.ip_address("2001:db8::cb01"), "example.com", "a@example.com", "h")
    assert expand("%{ir}.%{v}._spf.%{d2}", context) == (
        "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
    )


async def test_a_validated_name() -> None:
    assert (
        await spf(
            "v=spf1 exists:%{p}.names.example -all",
            ip="192.0.2.65",
            **{"amy.example.com.names.example": [("A", "127.0.0.2")]},
        )
        == "pass"
    )


@pytest.mark.parametrize("text", ["v=spf1 " + "a:" * 5000, "v=spf1 " + "." * 15000, "v=spf1 exists:" + "%{d}" * 3000])
def test_hostile_records_cost_little(text: str) -> None:
    try:
        parse_record(text)
    except RecordError:
        pass
