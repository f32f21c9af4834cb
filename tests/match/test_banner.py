"""What mail gateways put above a mail from outside, as products and administrators write it, and what people write."""

from __future__ import annotations

import pytest

from gateway.match import banner
from gateway.match.banner import without_banner
from tests.pace import processor_time

BANNERS = [
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless you can confirm the sender and know the content is safe.",
    "CAUTION: This email is originated from outside of the organization. Do not click links or open attachments unless you\n"
    "recognize the sender and know the content is safe.",
    "Warning: This message originated from outside the organization.\nWarning: Use caution when following links or opening attachments.",
    "This Message Is From an External Sender\nThis message came from outside your organization.",
    "!-------------------------------------------------------------------|\n  This Message Is From an External Sender\n"
    "  This message came from outside your organization.\n|-------------------------------------------------------------------!",
    "*** EXTERNAL EMAIL ***", "[EXTERNAL]", "CAUTION: External sender", "External email: do not open attachments of a sender whom you do not trust.",
    "This Message Is From an Untrusted Sender\nYou have not previously corresponded with this sender.",
    "You don't often get email from alerts@mon.example. Learn why this is important",
    "[You don't often get email from alerts@mon.example. Learn why this is important at https://aka.ms/LearnAboutSenderIdentification ]",
    "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Bitte öffnen Sie keine Anhänge.",
    "ATTENTION : Ce courriel provient de l'extérieur de votre organisation. Ne cliquez pas sur les liens.",
    "[EXTERNAL]\n\nCAUTION: This message came from outside your organisation. Do not open attachments of unknown senders.",
]  # fmt: skip
PEOPLES = [
    "External", "EXT", "The external mail is down.", "This email never came from outside.", "This email is external, is it genuine?",
    "This message came from an external sender. It is down again.", "This email came from outside our company, and I opened the link.",
    "Do not click links.", "WARNING: External disk of srv1 is full", "CAUTION: UPS on battery", "[EXTERNAL] disk of srv1 is full",
    "This email originated from outside of the organization. I do not know the sender.", "Please verify the attachment.",
    "ZjQcmQRYFpfptBannerStart\nThis Message Is From an External Sender", "----------", "",
]  # fmt: skip
MARKED = "ZjQcmQRYFpfptBannerStart\nThis message was sent from outside of Acme.\nAsk Bob (ext. 12) if in doubt.\nZjQcmQRYFpfptBannerEnd\n"


@pytest.mark.parametrize("between", ["\n\n", "\n", "\n \n\n----------\n\n"])
def test_what_is_put_above_is_taken_away_and_no_more(between: str) -> None:
    for rest in ('{"a": 1}', "[1, 2]", "Host: web01\nState: DOWN\n\nThis message came from an external sender."):
        wrong = [banner for banner in BANNERS if without_banner(f"{banner}{between}{rest}") != rest]
        assert wrong == []


def test_words_of_a_person_or_a_machine_stay() -> None:
    assert [words for words in PEOPLES if without_banner(f"{words}\n\nThank you!") != f"{words}\n\nThank you!"] == []


def test_what_a_product_marks_is_taken_away_with_the_preview_above_it() -> None:
    text = "Hello, web01 is down since ten, see\nhttps://mon.example/1 for more"

    assert without_banner(MARKED + text) == text
    assert without_banner(f"Hello, web01 is down since ten, see https: //mon. example/1\n{MARKED}\n{text}") == text
    assert without_banner(f"Another word\n{MARKED}{text}") == f"Another word\n{MARKED}{text}"


def test_a_long_top_takes_no_time() -> None:
    for piece in ("[", "this message ", "-", "external ", "do not link ", "a\n", "ZjQcmQRYFpfptBannerStart\n"):
        text = piece * (200_000 // len(piece))
        with processor_time() as spent:
            without_banner(text)
        assert spent.seconds < 0.1


def test_lines_of_somebodys_own_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def says_outside(sentence: str) -> bool:
        looked.append(sentence)
        return False

    monkeypatch.setattr(banner, "_says_outside", says_outside)
    text = "\n".join(f"Printer {number} does not print." for number in range(banner.MOST_LINES))
    assert banner.without_banner(text) == text
    assert looked == ["Printer 0 does not print."]
