"""Which profiles are on, for whose mail: what the configuration says and what is wrong with it, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import profiles as load_module
from gateway.config.load import load
from gateway.config.settings import ConfigError, Settings
from gateway.notices import fixtures
from gateway.operate.preview.noticecheck import check_profiles
from gateway.work.sources import sources

HEAD = """[desk]
url = "http://desk/api/v1"
api_key = "k"
[[mailbox]]
address = "alerts@msp.example"
"""
PROFILE = """name = "own"
title = "Own"
[[read]]
source = "subject"
regex = '^(?P<state>\\w+) (?P<host>\\S+)'
[key]
object = ["host"]
[state]
fields = ["state"]
open = ["DOWN"]
close = ["UP"]
[[fixture]]
name = "down"
subject = "DOWN web01"
gives = { state = "open", object = "web01" }
"""


def settings(folder: Path, text: str, profile: str = "", name: str = "own") -> Settings:
    (folder / "gateway.toml").write_text(HEAD + text)
    if profile:
        (folder / "notices").mkdir(exist_ok=True)
        (folder / "notices" / f"{name}.toml").write_text(profile)
    return load(folder / "gateway.toml", {})


TWO_DESKS = """[desks.one]
url = "http://one/api/v1"
api_key = "k"
[desks.two]
url = "http://two/api/v1"
api_key = "k"
[[mailbox]]
address = "alerts@msp.example"
desk = "one"
"""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('desk = "two"\n', "desk: 'two' has no mailbox"),
        (
            'desk = "two"\nmailbox = "alerts@msp.example"\n[[mailbox]]\naddress = "b@msp.example"\ndesk = "two"\n',
            "is of desk 'one'",
        ),
    ],
)
def test_a_notice_has_a_mailbox_on_its_desk(more: str, words: str, tmp_path: Path) -> None:
    """Its tickets, and mails about what did not come, go by one."""
    (tmp_path / "gateway.toml").write_text(TWO_DESKS + notice() + more)

    with pytest.raises(ConfigError, match=words):
        load(tmp_path / "gateway.toml", {})


def notice(profile: str = "veeam", more: str = 'senders = ["backup@acme.example"]\n') -> str:
    return f'[[notice]]\nprofile = "{profile}"\n{more}'


BAD = [
    (notice("veem"), 7, "'veem' is not one of: "),
    (notice(more=""), 6, "expected senders, networks, logins or a token"),
    (notice() + notice(), 9, "'veeam' is notice 1 as well"),
    (notice(more='token = "short"\n'), 8, "at least 12 letters and digits"),
    (notice(more='senders = ["gmail.com"]\n'), 8, "gmail.com is a public mail domain"),
    (notice(more='senders = ["acme"]\n'), 8, "expected an address or a domain"),
    (notice(more='networks = ["10.0.0.300"]\n'), 8, "expected a network"),
    (notice(more='logins = ["acme"]\n'), 8, "'acme' is not one of [[smtp.users]]"),
    (notice(more='senders = ["a.example"]\ndedicated = true\n'), 9, "expected networks, logins or a token"),
    (notice(more='senders = ["a.example"]\npriorities = { horrible = "High" }\n'), 9, "'horrible' is no severity"),
    (notice(more='senders = ["a.example"]\nmailbox = "x@msp.example"\n'), 9, "x@msp.example is not configured"),
    (notice(more='senders = ["a.example"]\nstatus = "New"\n'), 9, "expected board"),
    (notice(more='senders = ["a.example"]\ncadence = [1, 5, 2]\n'), 9, "expected rising numbers"),
    (notice(more='senders = ["a.example"]\n[[notice.expect]]\nname = "daily"\n'), 9, "exactly one of by, every and learn"),
    (notice(more='senders = ["a.example"]\nhodl = 5\n'), 9, "no such key"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), BAD, ids=[words for _, _, words in BAD])
def test_a_fault_has_its_file_and_line(text: str, line: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)

    assert words in str(caught.value)
    assert f"gateway.toml:{line}:" in str(caught.value)


BAD_PROFILES = [
    ('close = ["UP"]', 'close = ["down"]', 11, "close: the word 'down' is in open as well"),
    ('object = ["host"]', 'object = ["hots"]', 7, "{hots} is not defined by any [[read]]"),
    ("(?P<host>", "(?<=x)(?P<host>", 5, "regex: invalid perl operator"),
    ("(?P<state>", "((?P<state>", 5, "regex: missing"),
    ('source = "subject"', 'source = "subjet"', 4, "source: expected one of"),
    ('source = "subject"', 'source = "label"', 3, "where: expected labels"),
    ('title = "Own"', 'titel = "Own"', 2, "no such key"),
    ('gives = { state', 'gives = { same_as = "up", state', 15, "there is no fixture 'up'"),
    ('title = "Own"', 'title = "Own', 2, "the quote at the end is missing"),
    ("[state]", '[time]\nformats = ["%d.%m.%Q"]\n[state]', 9, "'%d.%m.%Q': expected a format of strptime"),
    ("[state]", '[time]\nformats = ["%c"]\n[state]', 9, "'%c': expected a format of strptime"),
    ("[state]", "[[expect]]\nname = 'e'\nby = ['٠٧:٣٠']\n[state]", 10, "expected HH:MM"),
    ("[state]", "[[expect]]\nname = 'e'\nlearn = true\nstates = []\n[state]", 11, "states: expected at least one"),
    ('title = "Own"', "title = 'Own'\nwho = { several = [{ field = 'subject', contains = 'x' }], each = 'a', head = '(b' }", 3, "head: missing"),
    ('title = "Own"', 'title = "Own"\nwho.senders = ["alerts@@vendor.example"]', 3, "expected an address or a domain"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "becomes", "line", "words"), BAD_PROFILES, ids=[row[3] for row in BAD_PROFILES])
def test_a_fault_in_a_profile(was: str, becomes: str, line: int, words: str, tmp_path: Path) -> None:
    assert was in PROFILE
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, notice("own"), PROFILE.replace(was, becomes))

    assert words in str(caught.value)
    if line:
        assert f"own.toml:{line}:" in str(caught.value)


def test_two_files_of_one_profile(tmp_path: Path) -> None:
    settings(tmp_path, "", PROFILE, "a")
    with pytest.raises(ConfigError, match=r"own\.toml:1: name: the profile 'own' is in a\.toml as well"):
        settings(tmp_path, "", PROFILE)


def test_an_own_profile_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    found = settings(tmp_path, notice(), PROFILE.replace('"own"', '"veeam"'))

    assert found.profiles["veeam"].replaces
    assert found.profiles["veeam"].profile.title == "Own"


def test_nothing_is_on_that_is_not_named(tmp_path: Path) -> None:
    found = settings(tmp_path, "", PROFILE)

    assert not sources(found)


def test_what_the_notice_says_goes_before_the_profile(tmp_path: Path) -> None:
    text = notice(
        more='name = "acme"\nsenders = ["backup@acme.example"]\nhold = 60\nboard = "Alerts"\npriorities = { failed = "High" }\n'
    )
    found = sources(settings(tmp_path, text)).named("acme")

    assert found is not None
    assert (found.handling.hold, found.handling.reopen) == (60.0, 129600.0)
    assert found.destination == {"board": "Alerts"}
    assert found.priorities == {3: "High"}


GERMAN = """extends = "uptime-kuma"
name = "kuma-german"
[[read]]
source = "subject"
regex = '^\\[(?P<monitor>.+)\\] ist (?P<state>\\S+)$'
[who]
when = [{ field = "subject", regex = '^\\[|^Domain name ' }]
[state]
open = ["gestört"]
close = ["erreichbar"]
[[fixture]]
name = "gestört"
subject = "[Shop] ist gestört"
gives = { state = "open", object = "Shop", same_as = "down" }
"""


def test_a_profile_extends_a_shipped_one(tmp_path: Path) -> None:
    profile = GERMAN.replace('same_as = "down"', 'unlike = ["down"]')

    loaded = settings(tmp_path, "", profile).profiles["kuma-german"]

    assert fixtures.run(loaded) == []
    assert loaded.profile.state.open == ("Down", "will expire", "will be expired", "expired", "gestört")
    assert loaded.profile.read[0].names() == {"monitor", "state"}


def test_what_is_wrong_in_an_extension_has_its_own_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"own\.toml:10: state: close: the word 'Down' is in open as well"):
        settings(tmp_path, "", GERMAN.replace('"erreichbar"', '"Down"'))
    with pytest.raises(ConfigError, match=r"own\.toml:\d+: state: expected a section: \[state\]"):
        settings(tmp_path, "", 'extends = "veeam"\nname = "x"\nstate = 5\n')
    with pytest.raises(ConfigError, match=r"own\.toml:1: extends: 'kuma' is not one of"):
        settings(tmp_path, "", GERMAN.replace('"uptime-kuma"', '"kuma"'))


def test_a_notice_whose_mail_another_takes(tmp_path: Path) -> None:
    same = 'networks = ["192.0.2.0/24"]\n'
    greedy = PROFILE.replace("(?P<state>\\w+) (?P<host>\\S+)", "(?P<state>.)(?P<host>.)").replace(
        'object = "web01"', 'object = "O"'
    )

    found = settings(
        tmp_path, notice("own", same) + notice("veeam", same), greedy.replace('state = "open"', 'state = "update"')
    )

    (fault,) = check_profiles(found)
    assert fault.where.endswith("gateway.toml:10")
    assert fault.what == "notice 'veeam': fixture 'failed' of its profile is taken by notice 'own', which stands before"


def test_a_relay_proves_nothing(tmp_path: Path) -> None:
    text = notice(more='networks = ["10.0.0.0/8"]\n') + '[smtp]\nauthserv_ids = ["mx"]\nrelays = ["10.1.2.3/32"]\n'

    (fault,) = check_profiles(settings(tmp_path, text))

    assert fault.where.endswith("gateway.toml:8")
    assert "10.0.0.0/8 holds a relay" in fault.what


def test_all_shipped_profiles_may_be_on_beside_each_other(tmp_path: Path) -> None:
    proof = 'token = "abcdef123456"\n'
    text = "".join(notice(name, proof) for name in load_module.shipped() if name not in MUCH_ALIKE)

    assert check_profiles(settings(tmp_path, text)) == []


MUCH_ALIKE = ("expiry", "statuspage", "jira", "maintenance", "apc-ups", "datto-rmm")
"""Profiles that know their product by common words: they need senders of their own."""


@pytest.mark.parametrize(
    "more", ['sender = ""', 'sender = "a@@b"', 'sender = "no address"', 'file = "../gateway.toml"', 'file = "none.eml"']
)
def test_a_fixture_of_which_no_mail_can_be_made(more: str, tmp_path: Path) -> None:
    found = settings(tmp_path, "", PROFILE.replace('subject = "DOWN web01"', f'subject = "DOWN web01"\n{more}'))

    (fault,) = check_profiles(found)

    assert "own.toml" in fault.where
    assert "no mail can be made of it" in fault.what or "is not known as a mail" in fault.what, fault
