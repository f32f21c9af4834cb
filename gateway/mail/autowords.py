"""Words by which machines announce themselves, in the languages that mail servers and clients write.

Subjects are matched at their start or as said; a body phrase alone never decides (it hits people).
Collected from the texts of common servers and clients.
"""

from __future__ import annotations

# The Subject of an absence note begins with one of these, followed by a colon, a dash, a bracket or its end.
ABSENCE = (
    "automatic reply", "automatic response", "auto reply", "auto-reply", "autoreply", "auto response",
    "auto-response", "autoresponse", "auto responder", "autoresponder", "auto-responder", "autorespons",
    "out of office", "out of the office", "out-of-office", "vacation", "vacation reply", "on vacation",
    "away from", "i am out of the office", "i'm out of the office", "away until", "ooo",
    "abwesenheit", "abwesenheitsnotiz", "abwesenheitsbenachrichtigung", "automatische antwort", "autoantwort",
    "außer haus", "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau",
    "message d'absence", "respuesta automática", "respuesta automatica", "fuera de la oficina",
    "fuera de oficina", "risposta automatica", "fuori sede", "fuori ufficio", "automatisch antwoord",
    "automatische beantwoording", "afwezig", "afwezigheid", "automatiskt svar", "autosvar", "automatisk svar",
    "frånvaro", "frånvaromeddelande", "ikke til stede", "fraværende", "fravær", "ikke på kontoret",
    "resposta automática", "resposta automatica", "ausência", "ausente do escritório", "fora do escritório",
    "automaattinen vastaus", "poissaoloviesti", "poissa", "odpowiedź automatyczna", "automatyczna odpowiedź",
    "autoodpowiedź", "automatická odpověď", "automatická odpoveď", "mimo kancelář", "автоответ",
    "автоматический ответ", "автоматична відповідь", "автоматичен отговор", "automatikus válasz",
    "házon kívül", "răspuns automat", "raspuns automat", "samodejni odgovor", "automatski odgovor",
    "otomatik yanıt", "ofis dışında", "αυτόματη απάντηση", "מענה אוטומטי", "תשובה אוטומטית", "رد تلقائي",
    "自動返信", "自動応答", "不在通知", "不在応答", "自动回复", "自動回覆", "자동 회신", "자동 응답", "부재중",
    "trả lời tự động", "balasan otomatis", "การตอบกลับอัตโนมัติ",
)  # fmt: skip

# Of ABSENCE: words that people write about their own matters too; they need another sign of a machine.
VAGUE_ABSENCE = frozenset({
    "vacation", "on vacation", "away from", "away until", "ooo", "abwesenheit", "absent du bureau", "afwezig",
    "afwezigheid", "frånvaro", "fraværende", "fravær", "ausência", "poissa", "außer haus", "mimo kancelář",
    "fuori sede", "fuori ufficio", "ikke til stede", "ikke på kontoret", "ofis dışında", "házon kívül", "부재중",
    "i am out of the office", "i'm out of the office", "fora do escritório", "fuera de oficina",
})  # fmt: skip

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
