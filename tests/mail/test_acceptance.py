"""Accepted invitations in the words of programs, and with words of a person."""

from __future__ import annotations

import pytest

from gateway.mail.read import read

EVENT = (
    "SUMMARY:Visit of the server room",
    "LOCATION:Room 4\\, first floor",
    "DESCRIPTION:We look at the racks.\\nPlease bring the keys.",
    "ORGANIZER;CN=MSP Support:mailto:support@msp.example",
    "DTSTART;TZID=Europe/Berlin:20261201T143000",
    "DTEND;TZID=Europe/Berlin:20261201T153000",
)
ATTENDEE = "ATTENDEE;CN=Alice Archer;PARTSTAT={}:mailto:alice@acme.example"


def answer(
    words: str, subject: str = "Accepted: Visit of the server room", status: str = "ACCEPTED", *more: str,
    sender: str = "Alice Archer <alice@acme.example>", head: str = "", kind: str = "plain", event: tuple[str, ...] = EVENT,
) -> bytes:
    lines = "\n".join((*event, ATTENDEE.format(status), *more))
    return (
        f"From: {sender}\nTo: support@msp.example\nSubject: {subject}\nMessage-ID: <1@acme.example>\n{head}"
        "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\n"
        f"Content-Type: text/{kind}; charset=utf-8\n\n{words}\n--b\nContent-Type: text/calendar; charset=utf-8; method=REPLY\n\n"
        f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n--b--\n"
    ).encode()  # fmt: skip


def gesture(mail: bytes) -> str:
    return read(mail).email.gesture


PROGRAMS = {
    "nothing": ("", "Accepted: Visit of the server room"),
    "the subject again": ("Zugesagt: Visit of the server room", "Zugesagt: Visit of the server room"),
    "Thunderbird": ("Alice Archer <alice@acme.example> has accepted your event invitation.", "Invitation Reply: x"),
    "Thunderbird in German": ("Alice Archer <alice@acme.example> hat Ihre Termineinladung angenommen.", "Termineinladung"),
    "SOGo": ("Alice Archer has accepted your event invitation.", 'Accepted invitation: "Visit of the server room"'),
    "Apple": ("Alice Archer has accepted your invitation to the event “Visit of the server room”, scheduled for 1 December 2026 at 14:30.", "Accepted"),
    "Apple in German": ("Alice Archer hat deine Einladung zum Ereignis „Visit of the server room“ angenommen, das für den 1. Dezember 2026 um 14:30 Uhr geplant ist.", "Zusage"),
    "iCal of old": ("Alice Archer has accepted your iCal invitation to the event:\nVisit of the server room", "Accepted"),
    "Zimbra": ("Yes, I will attend.", "Accept: Visit of the server room"),
    "Zimbra in German": ("Ja, ich nehme teil.", "Annehmen: Visit of the server room"),
    "Zimbra in French": ("Oui, je participerai.", "Accepter : Visit of the server room"),
    "Zimbra in Spanish": ("Sí, asistiré.", "Aceptar: Visit of the server room"),
    "a webmail's table": (
        "Alice Archer accepted your invitation\n\nTitle: Visit of the server room\nWhen: Tuesday, December 1, 2026 2:30 PM - 3:30 PM (Europe/Berlin)\n"
        "Where: Room 4, first floor\nDescription: We look at the racks.\nOrganizer: MSP Support (support@msp.example)", "Re: Visit of the server room"),
    "one in French": ("Alice Archer a accepté votre invitation\n\nTitre : Visit of the server room\nQuand : mardi 1 décembre 2026 14:30 - 15:30\nLieu : Room 4, first floor", "Visit"),
    "a provider": ("Alice Archer (alice@acme.example) accepted the invitation to “Visit of the server room”", "Alice Archer accepted"),
    "by address": ("alice@acme.example accepted your invitation to Visit of the server room", "Accepted"),
    "Exchange of old": ("When: Tuesday, December 1, 2026 2:30 PM-3:30 PM. (UTC+01:00) Berlin\nWhere: Room 4, first floor\n\n*~*~*~*~*~*~*~*~*~*\n", "Accepted: Visit of the server room"),
    "Exchange of old in German": ("Zeit: Dienstag, 1. Dezember 2026 14:30-15:30. (UTC+01:00) Berlin\nOrt: Room 4, first floor\n\n*~*~*~*~*~*~*~*~*~*", "Zugesagt: Visit of the server room"),
    "Czech": ("Alice Archer přijala vaše pozvání na událost Visit of the server room.", "Přijato"),
    "Hungarian": ("Alice Archer elfogadta a meghívását: Visit of the server room", "Elfogadva"),
    "Turkish": ("Alice Archer, Visit of the server room etkinliğine davetinizi kabul etti.", "Kabul edildi"),
    "Finnish": ("Alice Archer on hyväksynyt kutsusi tapahtumaan Visit of the server room.", "Hyväksytty"),
    "Japanese": ("Alice Archer さんが Visit of the server room への招待を承諾しました。", "承諾: Visit of the server room"),
    "a link below": ("Alice Archer has accepted your event invitation.\n\nhttps://cal.example/i/7", "Accepted"),
    "wrapped": ("Alice Archer has accepted your invitation to the event “Visit of\nthe server room”, scheduled for 1 December 2026 at\n14:30.", "Accepted"),
    "thanks": ("Thank you, I will be there.\n\nBest regards,\nAlice", "Accepted: Visit of the server room"),
}  # fmt: skip
PREFIXES = (
    "Accepted: Zugesagt: Accepté: Aceptado: Accettato: Aceite: Geaccepteerd: Accepterat: Accepteret: Godtatt: Zaakceptowane: Přijato: "
    "Hyväksytty: Elfogadva: Acceptat: Принято: Kabul|Edildi: 承諾済み: 已接受： 수락함:"
).split()


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_words_of_programs_say_nothing(name: str) -> None:
    words, subject = PROGRAMS[name]
    assert gesture(answer(words, subject)) == "acceptance"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_subject_may_stand_in_the_text_in_any_language(prefix: str) -> None:
    subject = f"{prefix.replace('|', ' ')} Visit of the server room"
    assert gesture(answer(subject, subject)) == gesture(answer("", subject)) == "acceptance"


WORDS = {
    "a wish": "I bring Bob, please plan for two.",
    "a wish below the program's words": "Alice Archer has accepted your event invitation.\n\nPlease take the back door.",
    "a wish above them": "Please take the back door.\n\nAlice Archer has accepted your event invitation.",
    "in the same line": "Alice Archer has accepted your event invitation. We are 12, bring more chairs.",
    "a question": "Alice Archer has accepted your invitation. Which door?",
    "her own name": "This is Alice Archer, I'll bring Bob to the Visit of the server room.",
    "another time": "Yes, at 16:00.",
    "another time of that day": "Yes, but on 1 December 2026 only from 15:00",
    "the day, and she speaks": "On 1 December 2026 at 14:30 we have no power",
    "yes and no": "Yes, but not before ten.",
    "a name that is not hers": "Bob Baker has accepted, too; he needs a badge.",
    "the title": "The Visit of the server room needs a badge for Bob",
    "the title with a wish": "Visit of the server room: bring badges",
    "signed": "See you then, the alarm code changed.\n\nAlice Archer",
    "in German": "Ich komme mit zwei Kollegen.",
    "in no language that is listed": "Mae angen allwedd arnom.",
    "one word": "Late",
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_what_a_person_wrote_is_seen(name: str) -> None:
    assert gesture(answer(WORDS[name])) == ""


@pytest.mark.parametrize("status", ["DECLINED", "TENTATIVE", "DELEGATED", "NEEDS-ACTION"])
def test_only_a_yes_asks_for_nothing(status: str) -> None:
    assert gesture(answer("Alice Archer has answered your event invitation.", status=status)) == ""


def test_a_comment_in_the_calendar_object_counts_like_the_text() -> None:
    assert gesture(answer("", "Accepted", "ACCEPTED", "COMMENT:")) == "acceptance"
    assert gesture(answer("", "Accepted", "ACCEPTED", "COMMENT:Yes\\, I will attend.")) == "acceptance"
    assert gesture(answer("", "Accepted", "ACCEPTED", "COMMENT:I bring Bob.")) == ""
    assert gesture(answer("", "Accepted", "ACCEPTED", "COMMENT:Bring keys", head="Sender: Calendar <calendar-notification@google.com>\n")) == ""  # fmt: skip


def test_nobody_writes_from_an_address_that_takes_no_answers() -> None:
    cloud = "Cloud of Acme <invitations-noreply@acme.example>"
    words = "Alice accepted your invitation.\n\nA safe home for all your data"
    assert gesture(answer(words, sender=cloud.replace("invitations-", ""))) == "acceptance"
    assert gesture(answer(words)) == ""


def test_who_accepts_for_somebody_else_may_speak_of_them() -> None:
    words = "Alice Archer will be late for the Visit of the server room."
    assert gesture(answer(words, sender="Bob Baker <bob@acme.example>")) == ""


def test_times_in_utc_are_written_in_the_time_of_a_place() -> None:
    event = (*EVENT[:4], "DTSTART:20261201T233000Z", "DTEND:20261202T003000Z")
    words = "Alice Archer accepted\n\nWhen: Wednesday, 2 December 2026, 0:30 to 1:30"
    assert gesture(answer(words, event=event)) == "acceptance"


def test_a_second_copy_of_the_calendar_object_is_no_file_of_a_person() -> None:
    def mail(kind: str, content: str) -> bytes:
        part = f"--b\nContent-Type: {kind}; name=x\nContent-Disposition: attachment; filename=x\n\n{content}\n--b--\n"
        return answer("").replace(b"alternative", b"mixed").replace(b"--b--\n", part.encode())

    assert gesture(mail("application/ics", "BEGIN:VCALENDAR\nEND:VCALENDAR")) == "acceptance"
    assert gesture(mail("application/pdf", "%PDF-1.4")) == ""
