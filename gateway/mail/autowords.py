"""Words by which machines announce themselves, in the languages that mail servers and clients write.

Subjects are matched at their start or as said; a body phrase alone never decides (it hits people).
Collected from the texts of common servers and clients.
"""

from __future__ import annotations

# What servers and clients put before the Subject that they answer by themselves, followed by a colon or a bracket.
AUTOMATIC_ANSWERS = (
    "automatic reply", "automatic response", "automated reply", "automated response", "auto reply", "auto-reply",
    "autoreply", "auto response", "auto-response", "autoresponse", "auto responder", "autoresponder",
    "auto-responder", "autorespons", "out of office autoreply", "out of office reply", "out-of-office reply",
    "out of office automatic reply", "out of office re", "out of office response", "vacation reply",
    "vacation autoreply", "automatische antwort", "automatische rückantwort", "autoantwort",
    "automatisierte antwort", "abwesenheitsnotiz autoreply", "réponse automatique", "reponse automatique",
    "réponse automatisée", "respuesta automática", "respuesta automatica", "respuesta automàtica",
    "contestación automática", "risposta automatica", "automatisch antwoord", "automatische beantwoording",
    "automatische reactie", "automatiskt svar", "autosvar", "automatisk svar", "automatisk besvarelse",
    "resposta automática", "resposta automatica", "resposta automàtica", "erantzun automatikoa",
    "automaattinen vastaus", "automaatvastus", "automaatne vastus", "automātiska atbilde", "automātiskā atbilde",
    "automatinis atsakymas", "automatinis atsakas", "sjálfvirkt svar", "odpowiedź automatyczna",
    "automatyczna odpowiedź", "autoodpowiedź", "automatická odpověď", "automatická odpoveď", "автоответ",
    "автоматический ответ", "автоматична відповідь", "автоматичен отговор", "аўтаматычны адказ",
    "автоматски одговор", "аутоматски одговор", "автоматты жауап", "автоматты түрде жауап беру",
    "automatikus válasz", "răspuns automat", "raspuns automat", "samodejni odgovor", "samodejen odgovor",
    "automatski odgovor", "përgjigje automatike", "otomatik yanıt", "otomatik cevap",
    "avtomatik cavab", "avtomatik javob", "αυτόματη απάντηση", "ავტომატური პასუხი",
    "ավտոմատ պատասխան", "מענה אוטומטי", "תשובה אוטומטית", "رد تلقائي", "الرد التلقائي", "رد آلي",
    "پاسخ خودکار", "خودکار جواب", "स्वचालित उत्तर", "स्वचालित जवाब", "স্বয়ংক্রিয় উত্তর", "தானியங்கு பதில்",
    "自動返信", "自動応答", "自动回复", "自动答复", "自動回覆", "自動答覆", "자동 회신", "자동 응답", "자동회신",
    "자동응답", "trả lời tự động", "thư trả lời tự động", "tự động trả lời", "balasan otomatis",
    "balasan automatik", "awtomatikong tugon", "การตอบกลับอัตโนมัติ", "ตอบกลับอัตโนมัติ", "ateb awtomatig",
    "freagra uathoibríoch",
)  # fmt: skip

# The same at the end of a Subject.
ANSWER_TAILS = (
    "(automatic response)", "(auto-reply)", "(autoreply)", "(auto reply)", "(automatic reply)", "(out of office)",
    "(automatische antwort)", "(réponse automatique)",
)  # fmt: skip

# An absence named as such; people ask for help with theirs in the same words.
ABSENCE = (
    "out of office", "out of the office", "out-of-office", "vacation", "on vacation",
    "away from", "i am out of the office", "i'm out of the office", "away until", "ooo",
    "abwesenheit", "abwesenheitsnotiz", "abwesenheitsbenachrichtigung", "abwesenheitsmeldung",
    "außer haus", "absence du bureau", "absent du bureau", "absence", "notification d'absence",
    "message d'absence", "fuera de la oficina", "fuera de oficina", "ausencia", "fuori sede", "fuori ufficio",
    "afwezig", "afwezigheid", "afwezigheidsbericht", "afwezigheidsmelding",
    "frånvaro", "frånvaromeddelande", "ikke til stede", "fraværende", "fravær", "fraværsbesked",
    "fraværsmelding", "ikke på kontoret", "ausência", "ausente do escritório", "fora do escritório",
    "poissaoloviesti", "poissa", "poza biurem", "nieobecność", "mimo kancelář", "mimo kancelárie",
    "házon kívül", "ofis dışında", "不在通知", "不在応答", "외출 중", "부재중", "부재 중", "외출중", "外出",
)  # fmt: skip

# Of ABSENCE: words that people write about their own matters too; they need another sign of a machine that answers.
VAGUE_ABSENCE = frozenset({
    "vacation", "on vacation", "away from", "away until", "ooo", "abwesenheit", "absent du bureau", "absence",
    "ausencia", "afwezig", "afwezigheid", "frånvaro", "fraværende", "fravær", "ausência", "poissa", "außer haus",
    "mimo kancelář", "mimo kancelárie", "nieobecność", "poza biurem", "外出", "외출 중", "외출중",
    "fuori sede", "fuori ufficio", "ikke til stede", "ikke på kontoret", "ofis dışında", "házon kívül", "부재중",
    "부재 중", "i am out of the office", "i'm out of the office", "fora do escritório", "fuera de oficina",
})  # fmt: skip

# X-Mailer of programs that people write with.
PROGRAMS = ("outlook", "mail (", "iphone", "ipad", "thunderbird", "evolution", "zimbra")

# Anywhere in the Subject of a delivery report (not behind Re: or Fwd:).
UNDELIVERED = (
    "undeliver", "undelivered", "undeliverable", "delivery status notification", "delivery failure",
    "delivery failed", "delivery has failed", "delivery error", "delivery problem", "delivery report",
    "delivery status", "delivery warning", "delivery delay", "delivery incomplete", "delivery unsuccessful",
    "delayed mail", "delivery notification",
    "delivery impossible", "failed delivery", "failed to deliver", "failure delivery", "failure notice",
    "failure notification", "failed mail", "mail failure", "mail delivery fail", "mail delivery system",
    "mail delivery problem", "mail error", "mail system error", "mail could not be delivered",
    "mail not delivered", "mail undeliver", "mail returned", "mail status report", "message status",
    "message not delivered", "message was not delivered", "message could not be delivered",
    "could not be delivered", "couldn't be delivered", "not delivered", "cannot be delivered",
    "can't be delivered", "non deliver", "non-deliver", "nondeliver", "not deliverable", "no delivery",
    "returned mail", "returned email", "returned e-mail", "returned message", "return to sender",
    "returned to sender", "message returned", "rejected mail", "mail rejected", "message rejected",
    "rejected message", "could not send message", "unable to deliver", "error sending", "user unknown",
    "unknown user", "unknown address", "address unknown", "no such user", "invalid address",
    "mailbox full", "mailbox is full", "over quota", "loop alert", "mail loop", "warning: message",
    "message delayed", "notification of delivery", "smtp delivery", "smtp server failure", "bounced mail",
    "bounce notification", "bounce message", "has not yet been delivered", "still being retried",
    "unzustellbar", "nicht zustellbar", "nicht zugestellt", "unzustellbarkeit", "zustellungsfehler",
    "fehler bei der zustellung", "fehlgeschlagene zustellung", "übermittlungsstatus", "non remis",
    "non distribu", "échec de", "echec de", "notification d'état de remise", "avis de non-remise",
    "message non délivré", "non recapitabil", "mancata consegna", "mancato recapito", "consegna non riuscita",
    "no entregado", "no se puede entregar", "no se pudo entregar", "error de entrega", "devuelto",
    "correo no entregado", "estado de entrega", "não entregue", "não pôde ser entregue", "não entregável",
    "falha na entrega", "onbestelbaar", "niet bezorgd", "niet bestelbaar", "kan inte levereras",
    "olevererbar", "olevererat", "kunne ikke leveres", "uleverbar", "ikke leveret", "ei voitu toimittaa",
    "toimittamatta", "niedostarczon", "nie dostarczono", "nie można dostarczyć", "nedoručiteln",
    "nedoručen", "kézbesíthetetlen", "kézbesítési", "nelivr", "не доставлен", "недоставлен",
    "невозможно доставить", "ошибка доставки", "δεν παραδόθηκε", "teslim edilemedi", "iletilemedi",
    "配信不能", "配信エラー", "配送エラー", "送信エラー", "送信できません", "不達", "エラー通知", "メールエラー",
    "退信", "无法投递", "無法傳遞", "無法投遞", "未送达", "未傳遞", "投递失败", "배달되지 않", "배달 실패",
    "전송 실패", "반송", "không gửi được",
)  # fmt: skip

# In the text of a delivery report, beside another sign.
REPORT_TEXT = (
    "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered",
    "was not delivered", "wasn't delivered", "not been delivered", "not delivered to", "unable to deliver",
    "unable to send", "undeliverable", "undelivered", "delivery to the following", "delivery failed",
    "delivery has failed", "delivery failure", "delivery error", "delivery attempt", "failed to deliver",
    "error delivering", "delivery of the message", "did not reach", "returned to you", "returned to sender",
    "user unknown", "unknown user",
    "no such user", "not a valid user", "invalid user", "invalid recipient", "recipient unknown",
    "recipient address rejected", "unknown recipient", "recipient rejected", "does not exist",
    "doesn't exist", "mailbox unavailable", "mailbox is full", "mailbox full", "full mailbox", "over quota",
    "quota exceeded", "permanent error", "permanent fatal errors", "fatal errors", "address(es) failed",
    "addresses failed", "not yet been delivered", "has been delayed", "been postponed", "will be retried",
    "continue to try", "message headers follow", "original message follows", "unsent message",
    "transcript of session", "reason for failure", "reason for the failure", "remote host said", "said:",
    "mail system", "loop", "duplicated message-id", "message refused", "was rejected", "been rejected",
    "delivery problems", "nicht zugestellt", "unzustellbar", "nicht zustellbar", "n'a pas pu", "non remis",
    "no se pudo entregar", "no se ha podido", "impossibile consegnare", "não foi possível", "niet worden bezorgd",
    "не удалось доставить", "невозможно", "送信できません", "配信できません", "届けることができません",
    "存在しません", "无法", "無法", "退回", "배달되지", "찾을 수 없",
)  # fmt: skip

# Local parts of the programs that write reports.
DAEMONS = (
    "mailer-daemon", "mailer_daemon", "mailerdaemon", "mailer.daemon", "mail-daemon", "maildaemon",
    "postmaster", "post_master", "post-master", "poostmaster", "mdaemon", "mail-deamon", "mailer-deamon",
    "bounce", "bounces", "autonotify", "maildelivery", "mail-delivery", "mailsystem", "mail-system",
)  # fmt: skip

# Of DAEMONS: what no person is called. People write from postmaster@.
MAIL_PROGRAMS = (
    "mailer-daemon", "mailer_daemon", "mailerdaemon", "mailer.daemon", "mail-daemon", "maildaemon",
    "mail-deamon", "mailer-deamon", "mail delivery", "mdaemon",
)  # fmt: skip

# Display names of the same.
DAEMON_NAMES = (
    "mail delivery subsystem", "mail delivery system", "mail delivery service", "mailer-daemon",
    "mailer daemon", "mail administrator", "mail system administrator", "internet mail delivery",
    "email delivery system", "mail delivery", "message delivery", "system administrator",
    "ndr administrator", "postmaster",
)  # fmt: skip

# Of UNDELIVERED: words that people use about their own matters.
VAGUE = frozenset({
    "user unknown", "unknown user", "unknown address", "address unknown", "no such user", "invalid address",
    "mailbox full", "mailbox is full", "over quota", "error sending", "delivery report", "delivery status",
    "delivery notification", "not delivered", "no delivery", "message status", "delivery problem",
    "delivery error", "delivery impossible", "échec de", "echec de", "devuelto", "mail error", "退信", "反送",
})  # fmt: skip
