"""Who From names: one strict form, and nobody where two careful readers could differ."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
import re
from collections.abc import Callable
from email.utils import getaddresses

import idna
import pytest

from gateway.mail.author import NotStrict, author_of, read_mailbox
from gateway.mail.head import split_head
from gateway.mail.read import read

BINDS = [
    ("ann@acme.example", "ann@acme.example"),
    ("<ann@acme.example>", "ann@acme.example"),
    ("Ann <ann@acme.example>", "ann@acme.example"),
    ("Ann Smith <Ann@ACME.Example>", "Ann@acme.example"),
    ('"Smith, Ann (Acme)" <ann@acme.example>', "ann@acme.example"),
    ('"ceo@msp.example" <ann@acme.example>', "ann@acme.example"),
    ('"Ann \\"the\\" Smith" <ann@acme.example>', "ann@acme.example"),
    ('"Ann <Acme>" <ann@acme.example>', "ann@acme.example"),
    ("=?utf-8?q?M=C3=BCller=2C_Ann?= <ann@acme.example>", "ann@acme.example"),
    ('"=?utf-8?b?TcO8bGxlcg==?=" <ann@acme.example>', "ann@acme.example"),
    ("Müller Ann <ann@acme.example>", "ann@acme.example"),
    ("Dr. A. Smith <ann@acme.example>", "ann@acme.example"),
    ("O'Neil | Acme <o'neil+x@acme.example>", "o'neil+x@acme.example"),
    ("Ann\r\n <ann@acme.example>", "ann@acme.example"),
    ("Ann\r\n\t<ann@acme.example>", "ann@acme.example"),
    ("=?utf-8?q?Ann?=\r\n =?utf-8?q?_Smith?=\r\n <ann@acme.example>", "ann@acme.example"),
    ("Ann <ann@müller.example>", "ann@xn--mller-kva.example"),
    ("Ann <ann@MÜLLER.example>", "ann@xn--mller-kva.example"),
    ("Ann <ann@XN--mller-kva.example>", "ann@xn--mller-kva.example"),
    ("Ann <ann@straße.example>", "ann@xn--strae-oqa.example"),
    ("アン <ann@例え.テスト>", "ann@xn--r8jz45g.xn--zckzah"),
    ("Jörg <jörg@müller.example>", "jörg@xn--mller-kva.example"),
    ("root@localhost", "root@localhost"),
    ("root@web1.acme.example (Cron Daemon)", "root@web1.acme.example"),
    ("ann@acme.example (Ann)", "ann@acme.example"),
    ("ann@acme.example\r\n (Ann M. Smith-Jones)", "ann@acme.example"),
    ("ann@müller.example (Ann Müller)", "ann@xn--mller-kva.example"),
    ("printer <scan_2@dev_1.office.local>", "scan_2@dev_1.office.local"),
]

NOBODY = [
    "",
    "nobody",
    "<>",
    "<moderator>",
    "Ann <ann@acme.example> (work)",
    "(Ann) ann@acme.example",
    "ann@acme.example(Ann)",
    "ann@acme.example ()",
    "ann@acme.example (Ann) (Smith)",
    "ann@acme.example (Ann (Smith))",
    "ann@acme.example (Ann) Smith",
    "ann@acme.example (Ann",
    "ann@victim.example (eve@evil.example)",
    "ann@victim.example (<eve@evil.example>)",
    "ann@victim.example (, eve@evil.example)",
    "ann@victim.example (x) <eve@evil.example>",
    "ann@victim.example (x) eve@evil.example",
    "ann@victim.example (x\\) <eve@evil.example>",
    "ann@victim.example (=?utf-8?q?=3Ceve=40evil.example=3E?=)",
    "ann@victim.example (\"x\")",
    "<ann@victim.example(x)@evil.example>",
    "<ann@victim.example@evil.example>",
    "ann@victim.example <eve@evil.example>",
    "ann@victim.example, <eve@evil.example>",
    "Ann <ann@victim.example>, Eve <eve@evil.example>",
    "Ann <ann@victim.example>,",
    "Ann <ann@victim.example> Eve <eve@evil.example>",
    "Ann <ann@victim.example> eve@evil.example",
    "Ann <ann@victim.example><eve@evil.example>",
    "Friends: ann@victim.example;",
    "ann@victim.example: eve@evil.example;",
    "<@evil.example:ann@victim.example>",
    '"<ann@victim.example>" <eve@evil.example>',
    '"Ann <ann@victim.example>" <eve@evil.example>',
    '"Ann\\" <ann@victim.example> "x" <eve@evil.example>',
    '"ann@victim.example> "<eve@evil.example>',
    '"ann smith"@victim.example',
    '"ann@victim.example"@evil.example',
    "ann@[192.0.2.1]",
    "ann@victim.example.",
    "ann@.victim.example",
    "ann.@victim.example",
    "ann..smith@victim.example",
    "ann@victim..example",
    "ann @victim.example",
    "ann@ victim.example",
    "<ann@victim.example >",
    "< ann@victim.example>",
    "Ann <ann@victim\r\n .example>",
    "=?utf-8?q?ann?=@victim.example",
    "=?utf-8?q?ann=40victim.example?=",
    "=?utf-8?q?=3Cann=40victim.example=3E?=",
    "=?utf-8?q?Ann_<ann@victim.example>?= <eve@evil.example>",
    "<=?utf-8?q?ann?=@victim.example>",
    "Ann <ann@victim.example\x00>",
    "Ann\x1b$B <ann@victim.example>",
    "Ann\x0b <ann@victim.example>",
    "Ann\rFrom: x <ann@victim.example>",
    "Ann\u2028 <ann@victim.example>",
    "ann@\u212aing.example",
    "\u212aim@victim.example",
    "ann@vict\u0131m\u200b.example",
    "a\u200bnn@victim.example",
    "ann@victim\uff0eexample",
    "\uff41nn@victim.example",
    "ann@xn--a.example",
    "ann@xn--mller-kva\u00ad.example",
    "Ann; <ann@victim.example>",
    "Ann [Acme] <ann@victim.example>",
    "Ann \\ <ann@victim.example>",
    "ann@" + "a" * 64 + ".example",
    "a" * 65 + "@victim.example",
    "A" * 2000 + " <ann@victim.example>",
]


@pytest.mark.parametrize(("value", "address"), BINDS)
def test_real_lines_name_their_author(value: str, address: str) -> None:
    raw = b"From: " + value.encode() + b"\r\nSubject: x\r\n\r\nx\r\n"

    assert author_of(split_head(raw).fields).address == address
    email = read(raw).email
    assert email.sender
    assert (email.sender.address, email.from_problem) == (address, "")


@pytest.mark.parametrize("value", NOBODY)
def test_a_line_with_two_readings_names_nobody(value: str) -> None:
    raw = b"From: " + value.encode() + b"\r\nSender: ann@victim.example\r\nReply-To: ann@victim.example\r\n\r\nx\r\n"

    author = author_of(split_head(raw).fields)
    assert not author.address
    assert author.problem
    email = read(raw).email
    assert email.from_problem == author.problem
    assert not (email.sender and email.sender.address)


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"Subject: x\r\n", "no From"),
        (b"From: a@acme.example\r\nFrom: a@acme.example\r\n", "more than one From"),
        (b"from: a@acme.example\r\nFROM : b@acme.example\r\n", "more than one From"),
        (b"From: M\xfcller <a@acme.example>\r\n", "From has octets that are no UTF-8"),
        (b"Sender: a@acme.example\r\nReply-To: a@acme.example\r\n", "no From"),
    ],
)
def test_why_there_is_no_author(head: bytes, problem: str) -> None:
    assert author_of(split_head(head + b"\r\nx").fields).problem == problem


def test_what_a_doubtful_line_says_is_shown_as_a_name() -> None:
    email = read(b"From: (Ann) ann@acme.example\r\n\r\nx").email

    assert email.sender
    assert (email.sender.address, email.sender.name) == ("", "(Ann) ann@acme.example")
    assert email.shown_from
    assert email.shown_from.address == "ann@acme.example"


# -- beside other readers -----------------------------------------------------------------------------

WORDS = [
    "Ann", "Smith", " (Cron Daemon)", " (x)", '"Smith, Ann"', '"a@b.example"', '"<c@d.example>"', "(x)", "(", ")", ",", ";", ":", "<", ">", "@", "\\",
    '"', " ", " ", " ", "\t", "\r\n ", "=?utf-8?q?ann=40v.example?=", "=?utf-8?q?x?=", "ann@victim.example", "eve@evil.example",
    "<ann@victim.example>", "<eve@evil.example>", "<@evil.example:ann@victim.example>", "ü", "\xa0", ".", "[", "]", "'",
    "ann@victim.example(x)", "mailto:", "\x0b", "x@müller.example", "<ANN@Victim.EXAMPLE>", "undisclosed:", "\u200b", "\\\"",
]  # fmt: skip


def lines() -> list[str]:
    """At least 2,000: the tables, each with one word put in or cut, and words at random."""
    rng = random.Random(10)
    made = [value for value, _ in BINDS] + NOBODY[:-3]
    for value in list(made):
        for _ in range(15):
            at = rng.randrange(len(value) + 1)
            made.append(value[:at] + rng.choice(WORDS) + value[at + rng.randrange(2) :])
    made += ["".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 7))) for _ in range(3000)]
    return made


ATEXT = r"[^\x00-\x20\x7f-\x9f\u2028\u2029()<>\[\]:;@\\,\"]"
PLAIN = r'[^\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029"\\'
QUOTED = rf'(?:"(?:{PLAIN}<>]|\\["\\])*"|"(?:{PLAIN}@]|\\["\\])*")'
BEHIND = r"[ \t]+\([^()<>@,;:\\\"\[\]=?'\x00-\x1f]+\)"
ORACLE = re.compile(
    rf"(?:(?:{ATEXT}|[ \t]|{QUOTED})*<(?P<a>{ATEXT}+@{ATEXT}+)>|(?P<b>{ATEXT}+@{ATEXT}+)(?:{BEHIND})?)"
)


def oracle(value: str) -> str:
    """The grammar once more, written from RFC 5322 and not from the module: the address or ""."""
    match = ORACLE.fullmatch(re.sub(r"\r\n(?=[ \t])", "", value).strip(" \t"))
    address = (match["a"] or match["b"]) if match else ""
    labels = address.replace("@", ".@.").split(".")
    return lowered(address) if address and "=?" not in address and "" not in labels else ""


def lowered(address: str) -> str:
    """With the domain in ASCII and lower case, so that readings can be compared."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.lower() if domain.isascii() else idna.encode(domain.lower()).decode()}"
    except idna.IDNAError:
        return address


def by_the_standard_library(value: str) -> list[str]:
    unfolded = re.sub(r"\r\n(?=[ \t])", "", value)
    return [address for _, address in getaddresses([unfolded]) if address]


def opendmarc() -> Callable[[bytes], str] | None:
    """libopendmarc's own reading of a From, the domain that it judges; None where it is not installed."""
    path = ctypes.util.find_library("opendmarc")
    if path is None:
        return None
    find = ctypes.CDLL(path).opendmarc_util_finddomain
    find.restype = ctypes.c_void_p
    find.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]

    def domain(value: bytes) -> str:
        found = ctypes.create_string_buffer(1024)
        return found.value.decode("utf-8", "replace") if find(value, found, len(found)) else ""

    return domain


def ours(value: str) -> str:
    head = split_head(b"From: " + value.encode() + b"\r\n\r\nx")
    return "" if head.doubts else author_of(head.fields).address


def test_where_other_readers_differ_nobody_is_named() -> None:
    """Beside a grammar of its own and the standard library: both must see the address that we see, and no other."""
    named = 0
    for value in lines():
        address = ours(value)
        if not address:
            continue
        named += 1
        assert oracle(value) == address, value
        assert [lowered(named) for named in by_the_standard_library(value)] == [address], value
    assert named > 200  # or the test shows nothing


def test_where_opendmarc_differs_nobody_is_named() -> None:
    domain_of = opendmarc()
    if domain_of is None:
        pytest.skip("From is not compared with libopendmarc2's reading of it: apt-get install libopendmarc2")
    for value in lines():
        if address := ours(value):
            unfolded = re.sub(r"\r\n(?=[ \t])", "", value)
            judged = domain_of(unfolded.encode())
            # It takes an apostrophe for a quotation mark, and O'Neil's domain for none; it takes it for no other's.
            unread = "'" in value and "." not in judged
            assert unread or lowered("x@" + judged)[2:] == address.rpartition("@")[2], value


def test_any_line_is_quick_and_raises_nothing_else() -> None:
    for piece in ('"', "a ", '"" ', '"a" a', "a<", "\\", '"\\', "a", "a.", "é ", "(", "@", "=?a?q?", "é@", ";", "<>"):
        try:
            read_mailbox((piece * 2000).encode()[:2000])
        except NotStrict:
            pass


# -- lists and forms ----------------------------------------------------------------------------------

VIA = "From: 'Ann' via Team <team@lists.msp.example>\r\n"
SIGNED = "DKIM-Signature: v=1; a=rsa-sha256; d=lists.msp.example; s=s; h=from:subject:{}; bh=x; b=y\r\n"


@pytest.mark.parametrize(
    ("fields", "author"),
    [
        ("X-Original-From: Ann <ann@acme.example>\r\n", "ann@acme.example"),
        ("X-Original-Sender: ann@acme.example\r\n", "ann@acme.example"),
        ("X-Original-Sender: Ann@acme.example\r\nX-Original-From: Ann <ann@ACME.example>\r\n", "ann@acme.example"),
        ("X-Original-From: Ann <ann@acme.example>\r\n" + SIGNED.format("x-original-from"), "ann@acme.example"),
        ("X-Original-From: Ann <ann@acme.example>\r\n" + SIGNED.format("to"), ""),
        ("X-Original-From: Ann <ann@acme.example>\r\n" + SIGNED.format("to").replace("lists.", ""), ""),
        ("X-Original-From: a@acme.example\r\nDKIM-Signature: v=1; d=acme.example; h=from; b=y\r\n", "a@acme.example"),
        ("X-Original-From: Ann <ann@acme.example>\r\nX-Original-From: Eve <eve@evil.example>\r\n", ""),
        ("X-Original-Sender: eve@evil.example\r\nX-Original-From: Ann <ann@acme.example>\r\n", ""),
        ("X-Original-From: ann@acme.example, eve@evil.example\r\n", ""),
        ("X-Original-From: =?utf-8?q?Ann_=3Cann=40acme.example=3E?=\r\n", ""),
        ("X-Original-From: ann@acme.example (x)\r\n", "ann@acme.example"),
        ("X-Original-From: (x) ann@acme.example\r\n", ""),
        ("Reply-To: Ann <ann@acme.example>\r\n", ""),
        ("Sender: Ann <ann@acme.example>\r\n", ""),
    ],
)
def test_a_list_names_one_author(fields: str, author: str) -> None:
    email = read((VIA + fields + "\r\nx").encode()).email

    assert (email.list_author.key if email.list_author else "") == author
    assert email.sender
    assert email.sender.address == "team@lists.msp.example"


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ("Reply-To: Ann <Ann@ACME.example>\r\n", "ann@acme.example"),
        ("Reply-To: a@acme.example\r\nReply-To: b@acme.example\r\n", ""),
        ("Reply-To: a@acme.example, b@acme.example\r\n", ""),
        ("Reply-To: a@acme.example (x)\r\n", "a@acme.example"),
        ("Reply-To: (x) a@acme.example\r\n", ""),
        ("Reply-To: <a@victim.example(x)@evil.example>\r\n", ""),
    ],
)
def test_a_form_names_one_requester(fields: str, address: str) -> None:
    email = read(("From: forms@shop.example\r\n" + fields + "\r\nx").encode()).email

    assert (email.reply_to.key if email.reply_to else "") == address
