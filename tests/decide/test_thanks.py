"""What asks for nothing: thank-yous in many languages and shapes, and what only begins like one."""

from __future__ import annotations

import pytest

from gateway.decide import thanks
from gateway.decide.thanks import WORKS, asks_for_nothing
from gateway.mail.read import read

NAMES = frozenset({"tess", "technician", "tom", "tools"})
QUOTE = "\n\nOn Sun, 22 Nov 2026 at 09:00, Tess Technician <support@msp.example> wrote:\n\n> It is fixed.\n> Tess\n"
CARD = "\n\nBest regards\nAnn Archer\nHead of Sales | Acme Ltd\n1 High Street, Manchester M1 1AA\nTel. +44 161 496 0000\nwww.acme.example"
LEGAL = (
    "\n\nThis e-mail and its attachments are confidential. If you are not the intended recipient, please delete it.\n"
    "Acme Ltd is registered in England."
)


def idle(text: str, subject: str = "Re: Printer", quote: str = QUOTE, more: str = "", **headers: str) -> str:
    fields = {"From": "Ann Archer <ann@acme.example>", "To": "Support <support@msp.example>", "Subject": subject}
    fields |= {"In-Reply-To": "<x@y.example>", "Content-Type": "text/plain; charset=utf-8", **headers}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return asks_for_nothing(read(f"{head}\n{text}{quote}{more}".encode()).email, NAMES)


BANNERS = (
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless you\n"
    "recognize the sender and know the content is safe.",
    "This message came from an external sender.",
    "[You don't often get email from ann@acme.example. Learn why this is important at https://aka.ms/LearnAboutSenderIdentification ]",
    "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Bitte öffnen Sie keine Anhänge.",
    "ATTENTION : Ce courriel provient de l'extérieur de votre organisation. Ne cliquez pas sur les liens.",
    "ATENCIÓN: Este correo proviene de fuera de la organización.", "ATTENZIONE: Questa email proviene dall'esterno.",
    "LET OP: Deze e-mail is afkomstig van buiten de organisatie.", "UWAGA: Ta wiadomość pochodzi spoza organizacji.",
    "ATENÇÃO: Este e-mail veio de fora da organização.", "VARNING: Detta mejl kommer från en extern avsändare.",
)  # fmt: skip
PEOPLES = (
    "Diese E-Mail kommt von extern nicht an.", "This email is external, is it genuine?", "The message is shown on the external monitor.",
    "This email never came from outside.", "I opened the link in the external mail.", "Do not click links.",
)  # fmt: skip


def test_a_mail_gateways_words_above_a_thank_you_ask_for_nothing() -> None:
    assert [banner for banner in BANNERS if not idle(f"{banner}\n\nThank you!")] == []
    assert idle(f"{BANNERS[2]}\n\n{BANNERS[0]}\n\nVielen Dank!")
    assert [banner for banner in BANNERS if idle(f"{banner}\n\nIt is down again.")] == []
    assert [banner for banner in BANNERS if idle(banner)] == []  # nothing stands below


def test_a_persons_words_above_a_thank_you_ask() -> None:
    assert [words for words in PEOPLES if idle(f"{words}\n\nThank you!")] == []


THANKS = [
    "Thanks!", "Thank you very much, it works again.", "Many thanks for your quick help!", "Perfect, thanks Tess", "Hi Tess,\n\nall good now, thank you.",
    "Cheers", "OK, thanks.", "That fixed it. Thank you all!", "Thank you 👍", "Brilliant - works now!",
    "Vielen Dank, es funktioniert wieder.", "Hallo Tess,\n\ndanke, läuft wieder!", "Perfekt, danke für die schnelle Hilfe", "Super, geht wieder", "Passt, danke.",
    "Merci beaucoup, ça marche.", "Bonjour,\n\nmerci pour votre aide rapide, tout fonctionne de nouveau.", "Parfait merci",
    "Muchas gracias, ya funciona todo.", "Gracias por su ayuda", "Perfecto, gracias",
    "Grazie mille, ora funziona di nuovo.", "Perfetto, grazie per il vostro aiuto", "Muito obrigada pela ajuda, já está tudo bem.", "Obrigado, agora funciona novamente!",
    "Bedankt, het werkt weer.", "Hartelijk dank voor jullie snelle hulp!", "Tack så mycket för hjälpen, nu fungerar allt igen.", "Tack!",
    "Mange tak for hjælpen, det virker igen.", "Tusen takk, nå virker det igjen", "Dziękuję bardzo za pomoc, już działa.", "Dzięki, wszystko działa",
    "Kiitos!", "Děkuji, už to funguje", "Köszönöm szépen", "Большое спасибо, снова работает", "Teşekkürler, çalışıyor", "谢谢", "ありがとうございました",
]  # fmt: skip
MORE_THANKS = [
    "Thanks so much for sorting this out!", "Great job, thanks team", "You're a star, thank you!", "Thank you for your prompt response.",
    "Thanks for letting me know.", "Thanks for the update.", "Thank you for the information.", "Noted, thanks.", "Understood, thank you.",
    "Got it, thanks!", "Received with thanks.", "Thanks, have a nice weekend!", "Thanks and have a great day", "Much obliged.",
    "Thank you, that worked a treat", "Thanks, all sorted", "Thanks, you can close this ticket.", "Thank you, please close the ticket.",
    "Ticket can be closed, thanks.", "Thx, solved", "TYVM", "Ta", "Cool, thanks", "Awesome, thank you so much!!!", "That did it, thank you!",
    "Thanks, I can log in again.", "Thanks, the printer works again.", "Thanks, email is working now.", "Thank you Sir/Madam",
    "Dear Sir or Madam,\n\nThank you for your help.\n\nYours faithfully,\nAnn Archer", "Thanks. Regards", "No problem, thank you",
    "No worries, thanks!", "Danke für die Info.", "Danke für die Rückmeldung!", "Danke, schönes Wochenende!", "Besten Dank und schönen Tag noch",
    "Herzlichen Dank für Ihre Mühe", "Danke, Ticket kann geschlossen werden.", "Alles klar, danke", "Danke Ihnen!", "Dankeee", "Merci vielmal",
    "Danke, hat geklappt", "Danke, jetzt klappt es.", "Super danke dir", "Vielen lieben Dank", "Vergelts Gott", "Merci pour votre retour.",
    "Merci pour l'information", "Je vous remercie pour votre réactivité.", "C'est noté, merci", "Merci, bonne journée !", "Bien reçu, merci",
    "Un grand merci", "Gracias por la información", "Muchísimas gracias", "Recibido, gracias", "Mil gracias, un saludo", "Se lo agradezco mucho",
    "Gracias, buen fin de semana", "Grazie per la risposta", "Grazie dell'aiuto", "Ricevuto, grazie", "Grazie infinite", "La ringrazio",
    "Obrigado pelo retorno", "Recebido, obrigado", "Muito obrigado, um abraço", "Valeu!", "Dank je wel", "Bedankt voor de info", "Top, dank!",
    "Fijn weekend en bedankt", "Dankuwel voor de snelle reactie", "Tack för svaret", "Tack snälla!", "Tackar så mycket", "Stort tack", "Tak for svar",
    "Tak for hjælpen", "Mange takk for svar", "Takk for hjelpen!", "Dzięki wielkie!", "Dziękuję za informację", "Pozdrawiam i dziękuję",
    "Kiitos avusta!", "Kiitos paljon, toimii nyt", "Suuret kiitokset", "Děkuji za pomoc", "Díky moc", "Ďakujem pekne", "Köszönöm a segítséget!",
    "Nagyon szépen köszönöm", "Mulțumesc frumos", "Vă mulțumesc pentru ajutor", "Mersi", "Благодарю за помощь", "Спасибо, всё работает", "Спасибо!",
    "Дякую дуже", "Hvala lepa", "Hvala puno", "Хвала", "Aitäh", "Suur tänu", "Paldies", "Ačiū", "Labai ačiū", "Ευχαριστώ πολύ", "Σας ευχαριστώ",
    "Teşekkür ederim", "Çok teşekkürler", "תודה", "תודה רבה", "شكرا", "شكراً جزيلاً", "ขอบคุณครับ", "ขอบคุณค่ะ", "Cảm ơn", "Terima kasih",
    "Terima kasih banyak", "Salamat", "Takk fyrir", "Go raibh maith agat", "Diolch yn fawr", "Gràcies", "Moltes gràcies", "Eskerrik asko", "Grazas",
    "Faleminderit", "ありがとうございます。助かりました。", "助かりました、ありがとう", "感谢您的帮助", "好的，谢谢", "收到，谢谢", "謝謝您",
    "谢谢！已经好了", "네, 감사합니다", "감사합니다!", "धन्यवाद", "Shukran", "Baie dankie", "Asante", "Thanks!!", "thank u", "thnx", "tnx",
    "Thanks 😀", "🙏 Thank you", "Thanks\u200b!", "Thank you.\n\nKind regards,\nAnn", "Thanks - Ann", "Thanks / Ann", "Thanks.\nA.",
    "Many thanks\nA. Archer", "Thanks @Tess!", "*Thanks!*", "Thanks...", "THANK YOU", "Thanks for your time today.",
    "Thank you all for the great support!", "All good here now. Thanks Tess!", "Thanks a million", "Many thanks indeed", "Thanks, that has fixed it",
    "Thank you, it's working fine now", "Thanks, it is all working again now.", "Thank you for fixing this so quickly!",
    "That's great, thank you very much", "Fantastic, thank you.", "Lovely, thanks.", "Perfect - many thanks.", "Thanks again for your help.",
    "Thank you once again", "Thanks for the heads up", "Ok great thanks", "That's perfect thanks", "Great service as always, thank you!",
    "Really appreciate your help", "I really appreciate it, thanks", "We appreciate your support.", "Thanks for all your help with this",
    "All resolved, thank you", "Issue resolved, thanks", "Problem solved. Thank you.", "The problem is solved, thank you.",
    "The issue has been resolved. Thanks!", "Thank you, this is now resolved.", "Thank you - please close.", "Please close the ticket. Thanks!",
    "This ticket can be closed. Thank you!", "Vielen Dank!", "Danke vielmals", "Danke, Problem gelöst.", "Danke, das Problem ist behoben.",
    "Alles gut, danke!", "Danke für eure Hilfe!", "Ich danke Ihnen.", "Wir bedanken uns herzlich.", "Danke, es geht wieder alles.",
    "Klasse, vielen Dank für die schnelle Lösung!", "Danke, bei mir funktioniert es jetzt auch wieder.", "Danke, Fehler ist weg",
    "Merci, le problème est résolu.", "Super merci", "Merci à vous", "Merci bien", "Merci à toute l'équipe",
    "Parfait, merci beaucoup pour votre aide.", "C'est bon maintenant, merci", "Muchas gracias por todo", "Listo, gracias", "Ok, gracias",
    "De acuerdo, gracias", "Excelente, muchas gracias", "Problema resuelto, gracias", "Ok grazie", "Grazie a tutti",
    "Grazie per la vostra disponibilità", "Problema risolto, grazie", "Perfetto, grazie mille", "Ok, obrigada", "Problema resolvido, obrigado",
    "Muito obrigado a todos", "Perfeito, obrigado", "Super, bedankt!", "Oké, bedankt", "Het probleem is opgelost, bedankt",
    "Heel erg bedankt voor jullie hulp", "Het werkt, dankjewel!", "Tack, problemet är löst", "Tack, det funkar nu", "Perfekt, tack", "Super, tak",
    "Det virker nu, tak", "Supert, takk!", "Super, dziękuję", "Ok, dzięki", "Dziękuję, problem rozwiązany", "Perfektní, děkuji", "Super, köszi",
    "Ok, mersi", "Отлично, спасибо", "Спасибо за быстрый ответ", "Tamam, teşekkürler", "ขอบคุณมากครับ", "ありがとうございました。",
    "解決しました。ありがとうございます。", "감사합니다. 잘 됩니다.", "好的，谢谢！", "已经可以用了，谢谢", "Cảm ơn bạn nhiều",
    "Terima kasih atas bantuannya", "תודה, עובד", "شكرا لك",
]  # fmt: skip
ASKING = [
    "Thanks, still broken.", "Thanks, but it is not working", "Thanks! And the other printer?", "Thanks. Broken again.", "Thank you, please close the ticket of Bob too",
    "Thanks, call me at 5551234", "It works again, but the scanner fails", "Thanks, the server is down", "Is it fixed now", "Thanks for nothing, I want my money back",
    "Danke, geht leider nicht", "Danke, aber der Drucker steht noch", "Danke. Und der andere Drucker?", "Danke, morgen bitte anrufen",
    "Merci, mais ça ne marche pas", "Merci, toujours en panne", "Gracias, pero no funciona", "Gracias, sigue igual", "Grazie, ma non funziona", "Grazie, ancora rotto",
    "Obrigado, mas não funciona", "Bedankt, maar het werkt niet", "Bedankt, nog steeds kapot", "Tack, men det fungerar inte", "Takk, men det virker ikke", "Dziękuję, ale nie działa",
    "Hello", "", "Yes", "Alice", "Please call me", "不行，谢谢", "谢谢，打印机坏了", "ありがとう、でもまだ動きません",
    "Great, the printer again", "Great, the problem again, thanks", "Super, the same error", "Thanks, the issue", "Thanks, problem",
    "Perfect, and the printer", "Thanks, same problem", "Thanks, please reopen", "Thanks, see picture", "Thanks, when?",
    "Thanks can you also look at the scanner", "Thanks, we lost data", "Noted, thanks. Please send the invoice",
    "Thanks for the information, please proceed", "Thanks, go ahead", "Please resolve this ticket, thanks", "Danke, ich melde mich",
    "Alles klar, wann kommt der Techniker", "Merci de me rappeler", "Merci de fermer le compte", "Gracias, espero respuesta",
    "Grazie, resto in attesa", "Obrigado, aguardo retorno", "Bedankt, graag terugbellen", "Tack, ring mig", "Спасибо, не работает", "谢谢，还是不行",
    "감사합니다. 아직 안 됩니다", "Thanks, close my account", "Please close the account of Bob, thanks", "Thank you for closing the wrong ticket",
    "Thank you in advance for calling me back", "No, thank you", "Thanks, yes please", "Thanks, you can proceed",
    "Thanks, printer works again but slow", "Danke, der Fehler ist wieder da", "Merci, le problème est revenu",
]  # fmt: skip


BELOW = ("", "\n\nAnn", CARD, CARD + LEGAL, "\n\n-- \nAnn Archer\nAcme Ltd", "\n\nSent from my iPhone")


@pytest.mark.parametrize("text", THANKS)
def test_a_thank_you_asks_for_nothing(text: str) -> None:
    assert [below for below in BELOW if idle(text + below) not in ("a thank-you", WORKS)] == []


def test_more_of_them_in_more_languages() -> None:
    assert [text for text in MORE_THANKS if not idle(text + "\n\nAnn")] == []


def test_what_works_again_may_be_named_as_the_subject_does() -> None:
    assert idle("Thanks, the plotter works again.", "Re: Plotter") == "a thank-you"
    assert idle("Thanks, the plotter works again.", "Re: Something") == ""
    assert idle("Thanks, close my account", "Re: Close my account") == ""


@pytest.mark.parametrize("text", ["It works.", "Super, geht wieder", "Perfecto, ya funciona"])
def test_that_it_works_is_no_thanks(text: str) -> None:
    assert idle(text) == WORKS


@pytest.mark.parametrize("text", ASKING)
def test_anything_else_may_ask(text: str) -> None:
    assert (idle(text), idle(text + CARD)) == ("", "")


@pytest.mark.parametrize(
    "below",
    [
        "Ann\n\nBy the way, the server is down.", "Ann\n\nPS: please call me", "Ann\nserver is down again", "Best regards\nAnn\n\nWhat about Monday?", "Ann\nnot yet",
        "Ann\n\nWe still wait for the other one!", "Ann\n\n打印机坏了吗？",
        # Words of the law in the mouth of a person.
        "Ann\n\nThe confidential server is down", "Ann\n\nthe privileged account is locked", "Ann\n\nDer Geschäftsführer kann nicht drucken",
        "Ann\n\nthe printer stops before printing", "Ann\n\nthe laptop is registered in the wrong tenant", "Ann\n\nsomebody unauthorised was in the room",
        "Ann\n\nIs the confidential mailbox of the addressee full?", "Ann\nplease call me. This e-mail is confidential and for the intended recipient only.",
        "Ann\nplease call me\nThis e-mail is confidential and for the intended recipient only.", "Ann\n\nle destinataire ne reçoit rien",
    ],
)  # fmt: skip
def test_words_below_the_name_are_words(below: str) -> None:
    assert idle(f"Thanks!\n\n{below}") == ""


@pytest.mark.parametrize(
    "below",
    [
        "This e-mail and its attachments are confidential.\nIf you are not the intended recipient, please delete it and tell\nthe sender at once.",
        "Diese E-Mail enthält vertrauliche oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie bitte.",
        "Ce message est confidentiel et réservé à son destinataire.", "Este correo es confidencial y va dirigido a su destinatario.",
        "Dit bericht is vertrouwelijk en alleen bestemd voor de geadresseerde.",
        "Acme Ltd, registered in England\nRegistered office: 1 High Street, Manchester", "Acme GmbH, Amtsgericht Köln, HRB 12345\nGeschäftsführer: Ann Archer",
        "Please consider the environment before printing this e-mail.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("above", ["Thanks!\n\nAnn\n\n", "Thanks!\n\n", "Danke, passt.\n\n"])
def test_legal_words_are_none_of_the_sender(above: str, below: str) -> None:
    """Two of their matters in one paragraph, or a line of a register; right below the thanks, those of two matters."""
    said = idle(above + below)
    assert said or ("Ann" not in above and below.startswith(("Acme", "Please")))


@pytest.mark.parametrize("text", ["Thanks. The confidential server is down", "Thanks\n\nconfidential server down", "Thanks\n\nThe confidential mail is gone"])
def test_a_confidential_server_may_be_down(text: str) -> None:
    assert idle(text) == ""


def test_a_line_that_the_quote_shows_is_known() -> None:
    quote = "\n\nOn Sun, 22 Nov 2026 at 09:00, Tess wrote:\n\n> Fixed.\n>> our motto: we love simple printers and plain words\n"
    assert idle("Thanks!\n\nAnn\nour motto: we love simple printers and plain words", quote=quote) == "a thank-you"
    assert idle("Thanks!\n\nAnn\nour motto: we love simple printers and plain words") == ""


@pytest.mark.parametrize("text", ["👍", "👍🙏", "🎉 ", "❤️"])
def test_a_pictograph_asks_for_nothing(text: str) -> None:
    assert idle(text) == "a pictograph"


def letter(html: str, *files: tuple[str, int, str]) -> str:
    """A mail with pictures (name, size, cid) or, without cid, files."""
    head = "From: Ann Archer <ann@acme.example>\nTo: support@msp.example\nSubject: Re: Printer\nIn-Reply-To: <x@y.example>\nMIME-Version: 1.0\n"
    parts = [f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n"]
    for name, size, cid in files:
        place = f"Content-ID: <{cid}>\nContent-Disposition: inline" if cid else "Content-Disposition: attachment"
        parts.append(f'--b\nContent-Type: image/png; name="{name}"\n{place}; filename="{name}"\n\n{"x" * size}\n')
    raw = f"{head}Content-Type: multipart/related; boundary=b\n\n{''.join(parts)}--b--\n"
    return asks_for_nothing(read(raw.encode()).email, NAMES)


LOGO = '<p>Thanks!</p><p>Best regards<br>Ann Archer<br><img src="cid:l"></p>'


def test_pictures() -> None:
    assert letter(LOGO, ("logo.png", 5_000, "l")) == "a thank-you"
    assert letter(LOGO, ("shot.png", 90_000, "l")) == ""
    assert letter('<p>Thanks!</p><p><img src="cid:l"></p><p>Ann</p>', ("shot.png", 90_000, "l")) == ""
    assert letter("<p>Thanks!</p>", ("shot.png", 500, "")) == ""


def calendar(answer: str, words: str = "", more: str = "", params: str = "", **headers: str) -> str:
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    event = f"ATTENDEE;PARTSTAT={answer};CN=Ann{params}:mailto:ann@acme.example\nSUMMARY:Visit\nDTSTART:20261201T100000Z\n{more}"
    raw = (
        f"From: Ann <ann@acme.example>\nTo: support@msp.example\nSubject: {answer}: Visit\n{head}MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{words}\n--b\nContent-Type: text/calendar; method=REPLY\n\n"
        f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\n{event}END:VEVENT\nEND:VCALENDAR\n--b--\n"
    )
    return asks_for_nothing(read(raw.encode()).email, NAMES)


def test_answers_to_invitations() -> None:
    assert calendar("ACCEPTED") == "an accepted invitation"
    assert calendar("ACCEPTED", "Ann has accepted this invitation.", Sender="Google Calendar <calendar-notification@google.com>") == "an accepted invitation"
    assert calendar("ACCEPTED", "I will be ten minutes late.") == ""
    assert calendar("ACCEPTED", more="COMMENT:I bring Bob\n") == ""
    assert calendar("ACCEPTED", params=';X-RESPONSE-COMMENT="late"') == ""
    assert calendar("DECLINED") == calendar("TENTATIVE") == ""


def reaction(body: str, kind: str = "text/vnd.google.email-reaction+json", disposition: str = "") -> str:
    extra = f"Content-Disposition: {disposition}\n" if disposition else ""
    raw = (
        "From: Ann <ann@acme.example>\nTo: support@msp.example\nSubject: Re: Printer\nIn-Reply-To: <x@y.example>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n\U0001f44d\n\nAnn reacted via Gmail\n"
        f"--b\nContent-Type: {kind}; charset=utf-8\n{extra}\n{body}\n--b--\n"
    )
    return asks_for_nothing(read(raw.encode()).email, NAMES)


def test_reactions() -> None:
    assert reaction('{"emoji": "\U0001f44d", "version": 1}') == "a reaction"
    assert reaction("\U0001f44d", "text/plain", "reaction") == "a reaction"
    assert reaction("not json") == reaction('{"version": 1}') == reaction("[]") == ""
    assert reaction("please call", "text/plain", "reaction") == ""


@pytest.mark.parametrize("before", ["", "Hi Tess,\n\n", "Thanks.\n", "Many thanks for the very quick\n", "This e-mail is confidential.\n"])
@pytest.mark.parametrize("behind", ["", LEGAL, CARD, CARD + LEGAL, "\n" + LEGAL.strip(), "\nThe printer is on fire." + LEGAL])
def test_who_is_seen_to_say_more_at_once_says_more(before: str, behind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way to the end of most mails decides nothing."""
    texts = [f"{before}{text}{behind}" for text in (*THANKS[:12], "update", "It is broken.", "The confidential server", "Tess")]
    found = [idle(text) for text in texts]
    monkeypatch.setattr(thanks, "_says_more", lambda *_: False)

    assert found == [idle(text) for text in texts]
