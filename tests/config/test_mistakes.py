"""Mistakes that people make in gateway.toml: each is said with its line, its cause and what to write instead."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway.config import faults, syntax
from gateway.config.load import load, parse
from gateway.config.settings import ConfigError, Settings
from gateway.config.types import size_text, span_text
from gateway.operate.preview import startcheck
from tests import rights
from tests.sizes import size

GOOD = """\
priorities = ["Low", "High"]

[desk]
url = "https://desk.msp.example/api/v1"
api_key_file = "desk-key"

[smtp]
listen = "127.0.0.1:2525"

[store]
url = "sqlite:///gateway.db"

[[mailbox]]
address = "support@msp.example"
board = "Support"
fallback_client = "Unknown Senders"

[[rule]]
name = "urgent"
when = [{ field = "subject", contains = "urgent" }]
priority = "High"
"""
BOARD, SMTP, STORE, RULE, MAILBOX = 'board = "Support"', "[smtp]", "[store]", "[[rule]]", "[[mailbox]]"
LISTEN, URL, KEY = 'listen = "127.0.0.1:2525"', '"https://desk.msp.example/api/v1"', 'api_key_file = "desk-key"'
CONDITION = 'field = "subject", contains = "urgent"'

# the right text, what somebody wrote, the line that is named, the words
MISTAKES = [
    # brackets
    (MAILBOX, "[mailbox]", 13, "mailbox: write [[mailbox]], with two brackets"),
    (RULE, "[rule]", 18, "rule: write [[rule]], with two brackets"),
    (SMTP, "[[smtp]]", 7, "smtp: write [smtp], with one bracket"),
    (f"[{{ {CONDITION} }}]", f"[ {CONDITION} ]", 20, f"keys with values stand in braces: when = [{{ {CONDITION} }}]"),
    (BOARD, f"{BOARD}\u00a0", 15, "(U+00A0) looks like a blank or like nothing: write it anew"),
    (BOARD, f"\u200b{BOARD}", 15, "character 1 (U+200B) looks like a blank or like nothing"),
    (BOARD, f"{BOARD}\x00", 15, "(U+0000) looks like a blank or like nothing"),
    ("[desk]", "[[desk]]", 3, "desk: write [desk], with one bracket"),
    (MAILBOX, "[[mailbox]", 13, "the brackets of a section do not match: [[mailbox]]"),
    (SMTP, "[smtp", 7, "the brackets of a section do not match: [smtp]"),
    (f"when = [{{ {CONDITION} }}]\n", '[rule.when]\nfield = "subject"\n', 20, "write [[rule.when]], with two brackets"),
    (LISTEN, 'relays = "127.0.0.1/32"', 8, 'expected a list, in brackets: relays = ["127.0.0.1/32"]'),
    ('["Low", "High"]', '["Low", "High"', 1, "the list of priorities is not closed: ] is missing"),
    (f"{{ {CONDITION} }}", f"{{ {CONDITION}", 20, "the table of when is not closed: } is missing"),
    # names of keys and sections
    ("fallback_client", "fallback_clinet", 16, "fallback_clinet: no such key; do you mean fallback_client?"),
    ("fallback_client", "fallback-client", 16, "no such key; do you mean fallback_client?"),
    ("fallback_client", "fallback client", 16, "a key has no blanks in it: fallback_client = …"),
    ("board", "Board", 15, "no such key; do you mean board?"),
    (SMTP, "[smpt]", 7, "smpt: no such section; do you mean [smtp]?"),
    (SMTP, "[imap]", 7, "imap: no such section; there are [desk], [smtp],"),
    ("contains", "has", 20, "has: no such key; there are field, equals, contains"),
    (LISTEN, "min_free = 1000", 8, "no such key here: min_free stands in [store]"),
    (LISTEN, 'relay = ["10.0.0.0/8"]', 8, "no such key; do you mean relays?"),
    ('priority = "High"', 'timezone = "Europe/London"', 21, "timezone stands above all sections, at the beginning"),
    (STORE, "[[smtp.users]]\npassword = 'x'\n[store]", 10, "login: is missing: the name"),
    # writing
    (BOARD, "board = Support", 15, 'text stands in quotes: board = "Support"'),
    (BOARD, "board = “Support”", 15, 'write straight quotes ("), not typographic ones: board = "Support"'),
    (BOARD, 'board = "Support', 15, 'the quote at the end is missing: board = "Support"'),
    (BOARD, 'board = Support"', 15, 'the quote at the beginning is missing: board = "Support"'),
    (BOARD, 'board: "Support"', 15, "write = between a key and its value, not a colon: board = …"),
    (BOARD, 'board "Support"', 15, "the = between board and its value is missing"),
    (BOARD, "board =", 15, 'board has no value: write one behind the =, "" for an empty text'),
    (BOARD, "board", 15, "board has no value: board = …"),
    (BOARD, f"{BOARD};", 15, "nothing follows a value: leave out the ; at the end"),
    (BOARD, f'{BOARD}, status = "New"', 15, "one key and one value in a line"),
    (BOARD, f"{BOARD}\n{BOARD}", 16, "board is there twice, in line 15 and here: keep one of them"),
    (STORE, "[smtp]", 10, "[smtp] is there twice, in line 7 and here: keep one of them"),
    (STORE, "; the store\n[store]", 10, "a comment begins with #, not with ;"),
    ('"sqlite:///gateway.db"', '"sqlite:///C:\\gateway\\users.db"', 11, "in double quotes a \\ is written twice"),
    (BOARD, "tags = Yes", 15, "write true or false, without quotes: tags = true"),
    # values
    (LISTEN, 'max_size = "35 pounds"', 8, "expected a size: bytes as a number, or text such as"),
    (LISTEN, "max_size = 36,700,160", 8, "a number is written without separators and leading zeros: max_size = 36700160"),
    (LISTEN, "drain = 1m", 8, 'text stands in quotes: drain = "1m"'),
    (LISTEN, 'drain = "1 fortnight"', 8, 'expected a time: seconds as a number, or text such as "90s", "15m"'),
    (LISTEN, 'max_connections = "many"', 8, "expected a number, without quotes"),
    (LISTEN, "max_connections = 0", 8, "expected 1 or more"),
    (LISTEN, 'listen = "127.0.0.1"', 8, "expected host:port, for example 127.0.0.1:2525"),
    (LISTEN, 'listen = "127.0.0.1:²5"', 8, "expected host:port, for example 127.0.0.1:2525"),
    (CONDITION, 'field = "time", between = ["22:00", "25:10"]', 20, "between: '25:10': expected HH:MM"),
    (CONDITION, 'field = "date", between = ["2026-02-01", "2026-02-30"]', 20, "between: '2026-02-30': expected YYYY-MM-DD"),
    (LISTEN, "timeout = inf", 8, "smtp.timeout: expected a number with an end"),
    (LISTEN, "max_lag = nan", 8, "smtp.max_lag: expected 0 or more"),
    (LISTEN, "listen = 2525", 8, 'expected text, in quotes: listen = "2525"'),
    (LISTEN, 'relays = ["10.0.0.0/8, 192.0.2.1"]', 8, "expected a network, for example 192.0.2.0/24"),
    (LISTEN, 'relays = ["10.0.0.0/8"]\ntenant = "contoso"', 9, "expected the tenant's id, for example 5f3c1d2e-"),
    (STORE, '[log]\nlevel = "verbose"\n[store]', 11, "expected debug, info, warning or error"),
    (BOARD, 'on_fail = "quarantined"', 15, "expected accept, quarantine or refuse; do you mean quarantine?"),
    ('"support@msp.example"', '["support@msp.example"]', 14, "expected one text, not a list"),
    ("support@msp.example", "support.msp.example", 14, "expected a mail address, for example support@msp.example"),
    (URL, '"desk.msp.example/api/v1"', 4, "expected an address that begins with https://"),
    (f"url = {URL}\n", "", 3, "desk.url: is missing: base address of the API, ending in /api/v1"),
    (KEY, "", 3, "expected exactly one of api_key and api_key_file"),
    (KEY, f'{KEY}\napi_key = "abc"', 3, "expected exactly one of api_key and api_key_file"),
    ('"sqlite:///gateway.db"', '"/var/lib/gateway.db"', 11, "expected sqlite:///FILE or postgresql+psycopg://"),
    ("priorities =", 'timezone = "Berlin"\npriorities =', 1, "'Berlin' is not known; expected a name like Europe/Berlin"),
    (RULE, '[[notice]]\nprofile = "naggios"\n[[rule]]', 19, "do you mean nagios?"),
    ('field = "subject"', 'field = "sbject"', 20, "do you mean subject?"),
    ('priority = "High"', 'priority_at_least = "Hihg"', 21, "do you mean High?"),
    (STORE, '[console.oidc]\nissuer = "http://sso.msp.example"\n[store]', 11, "expected an address that begins with https://"),
    (STORE, '[console.oidc]\nissuer = "https://login.microsoftonline.com/common/v2.0"\n[store]', 11, "that lets in people of every tenant"),
    (STORE, '[console.oidc]\nissuer = "https://a.example/.well-known/openid-configuration"\n[store]', 11, "leave out /.well-known"),
    (STORE, '[console.oidc]\nissuer = "https://sso.msp.example"\n[store]', 10, "client_id: is missing"),
    (STORE, '[console.oidc]\nissuer = "https://sso.msp.example"\nclient_id = "c"\n[store]', 10, "exactly one of client_secret and client_secret_file"),
    (STORE, '[console.oidc]\nissuer = "https://sso.msp.example"\nclient_id = "c"\nclient_secret = "s"\n[store]', 10, "expected at least one, for example roles ="),
    (STORE, '[console.oidc.roles]\nleads = "admin"\n[store]', 11, "expected look, act or administer"),
    (STORE, '[console]\nlisten = "0.0.0.0:8026"\n[console.oidc]\nissuer = "https://sso.msp.example"\nclient_id = "c"\nclient_secret = "s"\nroles = { a = "act" }\n[store]', 10, "url: expected https://"),
    (LISTEN, 'relays = ["0.0.0.0/0"]', 8, "0.0.0.0/0 is everybody, and whoever connects would be believed"),
    (LISTEN, 'relays = ["127.0.0.1/32", "::/0"]', 8, "::/0 is everybody"),
    (STORE, '[console]\nheader = "X-Remote-User"\nproxies = ["0.0.0.0/0"]\n[store]', 12, "0.0.0.0/0 is everybody"),
    (STORE, '[[console.users]]\nname = "lea"\npassword_hash = "hunter2"\n[store]', 12, "expected the hash of the password as `gateway console password` prints it: scrypt$…"),
    (STORE, '[[smtp.users]]\nlogin = "lea"\npassword_hash = "hunter2"\n[store]', 12, "expected the hash of the password"),
    (STORE, '[console]\nlisten = "127.0.0.1:8026"\nurl = "https://mail.msp.example/console"\n[store]', 12, "expected an address without a path"),
    (STORE, '[smarthost]\nhost = "mail.msp.example:25"\nfrom = "g@ops.example"\n[reports]\nto = ["lea@msp.example"]\nat = "7.30"\n[store]', 15, "expected a time of the day, for example 07:30"),
    ("priorities =", 'timezone = "europe/london"\npriorities =', 1, "expected a name like Europe/Berlin; do you mean Europe/London?"),
    (BOARD, f'{BOARD}\naliases = ["support@msp.example"]', 16, "support@msp.example is the address or alias of a mailbox already"),
    (STORE, '[smarthost]\nhost = "mail.msp.example:587"\nfrom = "Support@MSP.example"\n[store]', 12, "is a mailbox of the gateway, to which bounces of it would come"),
    (STORE, '[smarthost]\nhost = "mail.msp.example:587"\nfrom = "support+gateway@msp.example"\n[store]', 12, "is a mailbox of the gateway"),
    (STORE, '[smarthost]\nhost = "mail.msp.example:587"\nfrom = "gateway@ops.example"\n[reports]\nto = ["support@msp.example"]\n[store]', 14, "is a mailbox of the gateway: the mail would come back"),
    (STORE, '[[probe]]\nname = "a"\nhost = "mail.elsewhere.example:587"\nfrom = "a@elsewhere.example"\nto = "x@msp.example"\nmailbox = "suport@msp.example"\n[store]', 15, "is no mailbox; expected the one in which it arrives; do you mean support@msp.example?"),
    # a value of another kind
    (LISTEN, "timeout = true", 8, "smtp.timeout: expected a number, not true"),
    (STORE, "[retention]\ndone = 90\n[store]", 11, '90s is less than an hour: days are written "90d", and 0 is for ever'),
    (STORE, '[retention]\nids = "3m"\n[store]', 11, "3m is less than an hour"),
    (STORE, "[retention]\ndone = true\n[store]", 11, "retention.done: expected a number, not true"),
    # a number with which nothing can be reckoned, or for which nobody waits
    (STORE, '[retention]\nevents = "99999999d"\n[store]', 11, "retention.events: expected 36500d or less"),
    (STORE, "[retention]\nevery = 0.001\n[store]", 11, "retention.every: expected 1s or more"),
    (BOARD, 'reopen_window = "9999999999w"', 15, "reopen_window: expected 36500d or less"),
    (KEY, f'{KEY}\ntimeout = "30000s"', 6, "desk.timeout: expected 1h or less"),
    (LISTEN, "limits.tarpit = 60", 8, "smtp.limits.tarpit: expected 30s or less"),
    (LISTEN, "max_connections = 99999999999999999999", 8, "smtp.max_connections: expected 9007199254740992 or less"),
    (LISTEN, 'max_size = "9999999999T"', 8, "smtp.max_size: expected 9007199254740992 or less"),
    (STORE, '[parser]\nmemory = "1M"\n[store]', 11, "parser.memory: expected 64M or more"),
    (LISTEN, 'max_size = "' + "9" * 400 + '"', 8, "expected a size: bytes as a number"),
    (KEY, f"{KEY}\nrate = inf", 6, "desk.rate: expected a number with an end"),
    (KEY, 'api_key = ""', 3, "expected exactly one of api_key and api_key_file"),
    (KEY, "api_key_file = 5", 5, 'expected text, in quotes: api_key_file = "…"'),
    (KEY, 'api_key = "sk live hunter2"', 5, "expected the key as the desk shows it, without blanks"),
    (STORE, '[silence]\nholidays = ["Christmas"]\n[store]', 11, "expected a day, for example 2026-12-25"),
    (STORE, "[silence]\nholidays = [2026-02-30]\n[store]", 11, "there is no such day: 2026-02-30"),
    ("priorities =", "at = 2026-02-30\npriorities =", 1, "there is no such day: 2026-02-30"),
    (CONDITION, 'field = "date", between = ["2026-12-26", "2026-12-24"]', 20, "between: the first day is after the last"),
    (CONDITION, 'field = "time", between = ["07:00"]', 20, "when.1.between"),
    (STORE, '[console]\nheader_role = "read"\n[store]', 11, "console.header_role: expected look, act, administer or"),
    (CONDITION, 'field = "subject", equals = 5', 20, "when.1.equals: expected text in quotes, or a list of texts"),
    (CONDITION, 'field = "subject", equals = ["a", 5]', 20, "when.1.equals: expected text in quotes, or a list of texts"),
    # names and addresses that nothing could use
    (LISTEN, 'listen = "local host:25"', 8, "expected host:port, for example 127.0.0.1:2525"),
    (LISTEN, "listen = 192.0.2.1", 8, 'text stands in quotes: listen = "192.0.2.1"'),
    (LISTEN, 'hostname = "https://mail.msp.example"', 8, "expected the name of a host, for example mail.msp.example"),
    (LISTEN, 'loop_header = "X Loop:"', 8, "expected the name of a header"),
    (LISTEN, 'scanner.clamd = "localhost"', 8, "smtp.scanner.clamd: expected host:port"),
    (LISTEN, 'verdict.nameservers = ["ns.msp.example"]', 8, "expected the IP of a name server"),
    (STORE, '[console]\nurl = "http://["\n[store]', 11, "expected an address without a path"),
    ("support@msp.example", "mailto:support@msp.example", 14, "expected a mail address, for example support@msp.example"),
    ("support@msp.example", "support@@msp.example", 14, "expected a mail address, for example support@msp.example"),
    ("support@msp.example", "support@msp..example", 14, "expected a mail address"),
    (BOARD, f'{BOARD}\naliases = ["@msp example"]', 16, "expected a mail address"),
    # nothing where something is needed
    (CONDITION, 'field = "subject", contains = []', 20, "contains: expected a text that is not empty"),
    ('priority = "High"', 'asset = [""]', 21, "asset: expected a text that is not empty"),
    (RULE, '[[file]]\nname = "none"\naction = "drop"\nextension = []\n[[rule]]', 21, "extension: expected at least one"),
    # what belongs to something that is not there
    ('priority = "High"', 'priority = "High"\ndesk = "acme"', 22, "rule.1: desk: 'acme' is not configured"),
    (STORE, '[smarthost]\nhost = "mail.msp.example:25"\nfrom = "g@ops.example"\npassword = "hunter2"\n[store]', 10, "login: expected the login whose password it is"),
    (MAILBOX, '[[mailbox]]\naddress = "support@msp.example"\n[[mailbox]]', 15, "support@msp.example is configured twice"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "line", "words"), MISTAKES, ids=[f"{row[1]}"[:40] for row in MISTAKES])
def test_a_mistake_has_its_line_its_cause_and_its_remedy(
    right: str, wrong: str, line: int, words: str, tmp_path: Path
) -> None:
    assert right in GOOD
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load(file, {})

    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{file}:{line}: ")
    assert words in first


def read(text: str, folder: Path) -> Settings:
    (folder / "gateway.toml").write_text(text, encoding="utf-8")
    return load(folder / "gateway.toml", {})


def test_the_text_without_mistakes_is_read(tmp_path: Path) -> None:
    assert read(GOOD, tmp_path).mailbox[0].board == "Support"


@pytest.mark.parametrize("zone", ["GMT+1", "UTC-05:00", "CET+1"])
def test_an_offset_is_near_no_zone(zone: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a name like Europe/Berlin$"):
        read(f'timezone = "{zone}"\n{GOOD}', tmp_path)


def test_one_mistake_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(GOOD.replace(BOARD, "board = 7"), tmp_path)

    assert len(str(caught.value).splitlines()) == 1


def test_a_mark_of_windows_at_the_start_does_no_harm(tmp_path: Path) -> None:
    assert read("\ufeff" + GOOD, tmp_path)


def test_a_file_of_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_bytes(GOOD.replace("Support", "Süd").encode("latin-1"))

    with pytest.raises(ConfigError, match="is not UTF-8: save it as UTF-8"):
        load(tmp_path / "gateway.toml", {})


@pytest.mark.parametrize(
    "line",
    [
        "api_key = hunter2", "api_key = “hunter2”", 'api_key = "hunter2', "api_key = ['hunter2']",
        "desks = [ api_key = 'hunter2' ]", "api_key = 'x'\nweb = 'https://mia:hunter2@desk.example'",
    ],
)
def test_a_secret_is_not_repeated(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(GOOD.replace(KEY, line), tmp_path)

    assert "hunter2" not in str(caught.value)


def test_times_and_sizes_as_one_writes_them(tmp_path: Path) -> None:
    settings = read(
        GOOD.replace(LISTEN, 'max_size = "35M"\ndrain = "1m"')
        + '[retention]\ndone = "90d"\nsuppressed = "2w"\nevery = 60\n',
        tmp_path,
    )

    assert (settings.smtp.max_size, settings.smtp.drain) == (35 * 1024 * 1024, 60)
    assert (settings.retention.done, settings.retention.suppressed, settings.retention.every) == (
        90 * 86400,
        14 * 86400,
        60,
    )
    assert (span_text(90 * 86400), span_text(90), span_text(0), span_text(1.5)) == ("90d", "90s", "0", "1.5s")
    assert (size_text(35 * 1024 * 1024), size_text(1000), size_text(0)) == ("35M", "1000", "0")


@given(st.text(alphabet=" \n\t#\"'“[]{}=,.:;\\abkey1", max_size=40))
def test_whatever_cannot_be_read_has_a_line_and_words(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, words = syntax.explain(text, str(error))
        assert 1 <= line <= text.count("\n") + 1
        assert words


@pytest.mark.parametrize(
    ("main", "more", "words"),
    [
        ("rule = 3\n" + GOOD.replace(RULE, "[[file]]"), "", "rule: "),
        (GOOD.replace(RULE, "[rule]"), RULE + '\nname = "more"\n', "rule: write [[rule]], with two brackets"),
        (GOOD, '[rule]\nname = "more"\n', "more.toml: rule: write [[rule]], with two brackets"),
        (GOOD, "rule = 3\n", "more.toml: rule: write [[rule]], with two brackets"),
        ("work = 3\n" + GOOD, "", "work: "),
    ],
)
def test_mistakes_beside_a_folder_of_rules_and_a_name_of_the_environment(
    main: str, more: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "gateway.toml").write_text(main, encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "more.toml").write_text(more, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "gateway.toml", {"GATEWAY_NAME": "one-of-two"})
    assert words in str(caught.value)


@pytest.mark.parametrize("bounds", ['["18:00", "24:00"]', '["22:00", "06:00"]'])
def test_times_that_are_there(bounds: str, tmp_path: Path) -> None:
    assert read(GOOD.replace(CONDITION, f'field = "time", between = {bounds}'), tmp_path).rule


VALUES = (True, 1, -1, 1.5, float("nan"), 10**30, "", "x", "\n", "a\0b", "9" * 400, "http://[", [], ["x"], [1], {}, {"a": 1},
          [{}], date(2026, 1, 1), datetime(2026, 1, 1, 7), "ö" * 300, "user@[::", "::/0")  # fmt: skip
"""What somebody may write where something else is expected."""
EVERY = size(10, 1)


def keys_of(
    section: type[BaseModel], above: tuple[str | int, ...] = (), seen: tuple[type, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    for name, field in section.model_fields.items():
        if not field.exclude:
            inner, several = faults._inner(field.annotation)
            path = (*above, field.alias or name) if name != "desks" else ("desk",)
            yield path
            if inner and inner not in seen:
                yield from keys_of(inner, (*path, 0) if several else path, (*seen, inner))


def with_value(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    data = tomllib.loads(GOOD)
    here: Any = data
    for step, following in pairwise(path):
        if isinstance(here, list):
            here += [{}] * (step + 1 - len(here))  # type: ignore[operator]
            here = here[step]
        else:
            here = here.setdefault(step, [] if isinstance(following, int) else {})
    here[path[-1]] = value
    return data


def test_whatever_stands_at_a_key_is_taken_or_told_in_words_of_the_file() -> None:
    for number, path in enumerate(keys_of(Settings)):
        for value in VALUES[number % EVERY :: EVERY]:
            try:
                parse(with_value(path, value), {})
            except ConfigError as error:
                assert not re.search("Input should|Unable to|pydantic|Tuple|List|Path", str(error)), (
                    path,
                    value,
                    str(error),
                )


def test_no_key_takes_a_number_that_nothing_can_reckon_with() -> None:
    for path in keys_of(Settings):
        for value in (10**17, [10**17]):
            with pytest.raises(ConfigError) as caught:
                parse(with_value(path, value), {})
            assert re.search(rf"{path[-1]}(\.1)?: ", str(caught.value)), (path, value, str(caught.value))


@pytest.mark.parametrize(
    "text", [" " * 100_000 + "!", "a" + " " * 100_000 + "!", "a = b" + " " * 100_000 + "c", "[a" + " " * 100_000 + "!"]
)
def test_a_long_line_takes_no_time(text: str) -> None:
    line, words = syntax.explain(text, "Invalid statement (at line 1, column 1)")

    assert line == 1 and words


@pytest.mark.parametrize("text", ["a = " + "1" * 5000, "a = " + "[" * 3000 + "]" * 3000])
def test_what_tomls_reader_gives_up_on(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too many digits, or lists in it are nested too deep"):
        read(f"{text}\n{GOOD}", tmp_path)


def test_an_empty_path_is_none(tmp_path: Path) -> None:
    settings = read(GOOD.replace(STORE, '[store]\nspool = ""\narrivals = ""'), tmp_path)

    assert settings.store.spool_dir == tmp_path / "gateway.db.spool"
    assert settings.store.arrivals_dir == tmp_path / "gateway.db.arrivals"


def test_files_that_an_editor_makes_are_no_rules(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / ".#more.toml").symlink_to("ann@desk.4711")
    (tmp_path / "rules" / "._more.toml").write_bytes(b"\0\5\x16\7")

    assert len(read(GOOD, tmp_path).rule) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\ufeffsecret-key\r\n".encode(), ""),
        ("secret-key\r\n".encode("utf-16"), "is not UTF-8"),
        (b" \n", "is empty"),
        (b"secret-key\n# of the desk\n", "has several lines"),
        ("schlüssel".encode(), "holds no key"),
        (b"secret key\n", "holds no key"),
        (b"secret\tkey", "has several lines"),
    ],
)
def test_a_file_with_a_key_as_windows_writes_it(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "desk-key").write_bytes(content)
    desk = read(GOOD, tmp_path).desks["default"]

    assert words in desk.unreadable_key()
    if words:
        with pytest.raises(ConfigError, match=words):
            desk.key()
    else:
        assert desk.key() == "secret-key"


def test_a_key_in_place_of_its_file_is_not_repeated(tmp_path: Path) -> None:
    for key in ("hunter2" * 60, "desk-key/hunter2", "hunter2"):
        (tmp_path / "desk-key").write_text("k")
        desk = read(GOOD.replace('"desk-key"', f'"{key}"'), tmp_path).desks["default"]
        assert "there is no such file; what stands here is the path" in desk.unreadable_key()
        assert "hunter2" not in desk.unreadable_key()


@pytest.mark.parametrize(
    ("name", "several", "variable"),
    [
        ("[desk]", "", "GATEWAY_DESK_API_KEY"),
        ("[desks.acme]", "", "GATEWAY_DESK_API_KEY"),
        ("[desks.acme]", "", "GATEWAY_DESKS_ACME_API_KEY"),
        (
            "[desks.acme-north]",
            "[desks.b]\nurl = 'https://b.example/api/v1'\napi_key = 'b'",
            "GATEWAY_DESKS_ACME_NORTH_API_KEY",
        ),
    ],
)
def test_a_key_of_the_environment(name: str, several: str, variable: str) -> None:
    data = tomllib.loads(f"{name}\nurl = 'https://a.example/api/v1'\n{several}\n[[mailbox]]\naddress = 'a@a.example'\n")
    desk = next(iter(data.get("desks", {"default": 0})))
    data["mailbox"][0]["desk"] = desk

    assert parse(data, {variable: "of-the-environment"}).desks[desk].key() == "of-the-environment"


@pytest.fixture
def folder() -> Iterator[Path]:
    with rights.open_folder() as made:
        yield made


@pytest.mark.parametrize(
    ("name", "more"), [("rules", ""), ("notices", ""), ("own", '[notices]\nfolder = "own/notices"\n')]
)
def test_a_folder_that_this_user_may_not_read_is_not_left_out(name: str, more: str, folder: Path) -> None:
    (folder / "gateway.toml").write_text(GOOD + more)
    (folder / name).mkdir()

    with (
        rights.closed(folder / name),
        rights.as_nobody(),
        pytest.raises(ConfigError, match=rf"{name}.* cannot be (read|looked at) by"),
    ):
        load(folder / "gateway.toml", {})


def test_keys_and_a_store_where_this_user_may_not_look(folder: Path) -> None:
    text = GOOD.replace('"desk-key"', '"closed/desk-key"').replace("gateway.db", "closed/gateway.db")
    (folder / "gateway.toml").write_text(text)
    (folder / "closed").mkdir()

    with rights.closed(folder / "closed"), rights.as_nobody():
        settings = load(folder / "gateway.toml", {})
        assert "cannot be read by" in settings.desks["default"].unreadable_key()
        found = [str(fault) for fault in startcheck.faults(settings, ports=False)]

    assert any("closed cannot be written by" in fault for fault in found), found
