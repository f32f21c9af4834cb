"""How mail programs of many languages introduce an older mail: attribution verbs, header fields, separators.

Data for ``quote.py``; lower case. Collected from the localisations of common mail programs.
"""

from __future__ import annotations

# "… wrote:". A line of attribution has one of these beside a date or an address.
VERBS = (
    "wrote", "writes", "said", "has written", "schrieb", "hat geschrieben", "geschrieben", "a écrit",
    "à écrit", "a ecrit", "écrivait", "escribió", "escribio", "ha escrito", "ha scritto", "scrive",
    "scriveva", "scritto", "escreveu", "schreef", "heeft geschreven", "het volgende geschreven", "skrev",
    "napisał(a)", "napisał", "napisała", "napisał/a", "napisal(a)", "napisal", "pisze", "napsal(a)", "napsal", "napsala",
    "napísal(a)", "napísal", "napísala", "написал(а)", "написал", "написала", "пишет", "писал(а)", "пише",
    "написав", "написав(ла)", "написа", "kirjoitti", "írta", "ezt írta", "a scris", "έγραψε", "yazdı", "şunu yazdı",
    "şunları yazdı", "đã viết", "viết", "写道", "寫道", "写到", "书写", "書き込みました", "書きました", "のメッセージ",
    "작성", "님이 작성", "썼습니다", "כתב", "כתבה", "כתב/ה", "‫כתב", "كتب", "va escriure", "kirjutas", "rašė", "parašė",
    "rakstīja", "je napisal", "je napisal/-a", "je napisao", "je napisao/la", "je napisala", "menulis", "เขียนว่า",
    "เขียน", "skrifaði", "نوشت", "idatzi du", "escribiu", "wrote the following", "følgende skrev", "scrisse",
)  # fmt: skip

# How a line of attribution begins where it does not begin with a date or a name.
STARTS = (
    "on", "am", "le", "el", "il", "em", "no dia", "op", "den", "på", "w dniu", "dnia", "dne", "dňa", "vào", "vào lúc",
    "pe", "în", "στις", "at", "a", "die", "lørdag", "på", "den", "vid", "ti", "ke", "в", "у", "em", "在", "于",
    "el día", "il giorno", "il", "za", "u", "dana", "tarihinde", "pada", "เมื่อ", "mg", "kirjoitti", "von",
)  # fmt: skip

FROM = (
    "expeditorul", "de la", "від кого", "відправник", "отправитель", "от кого", "送信元", "odosielateľ", "zasílatel", "šalje", "pošiljatelj", "lähettäjän nimi", "feladó neve", "gönderenin", "kimden", "из", "absender", "nadawca", "dari", "expedidor", "remetente", "avsänt av", "sendt af", "bidaltzailea",
    "from", "von", "de", "da", "van", "fra", "från", "od", "от", "від", "feladó", "lähettäjä", "od", "avsändare",
    "afsender", "avsender", "expéditeur", "remitente", "mittente", "afzender", "absender", "remetente",
    "od", "nadawca", "odesílatel", "odosielateľ", "expeditor", "gönderen", "kimden", "από", "差出人", "送信者",
    "发件人", "發件人", "寄件者", "寄件人", "보낸 사람", "보낸사람", "발신", "từ", "người gửi", "מאת", "من", "šalje", "pošiljatelj",
    "kuo", "saatja", "siuntėjas", "no", "sūtītājs", "dari", "จาก", "frá", "از", "ed", "nga",
)  # fmt: skip
DATE = (
    "відправлено", "отправлен", "gönderilme", "küldés", "küldés dátuma", "küldött", "elküldés dátuma", "poslano", "sendt den", "afsendt", "datum odeslání", "odoslaný", "datum:", "date d’envoi", "data di invio", "sent at", "sent on", "data wysłania", "дата отправки", "envoyé à", "küldés ideje", "lähetetty aika", "trimis la", "saatmise kuupäev", "päiväys", "when", "skickades", "poslané",
    "date", "sent", "datum", "gesendet", "gesendet am", "envoyé", "envoyé le", "date d'envoi", "date :", "fecha", "enviado",
    "enviado el", "enviada", "enviada em", "enviado em", "enviat", "data", "inviato", "inviata", "verzonden", "verzonden op",
    "sendt", "dato", "skickat", "skickad", "wysłano", "wysłane", "wyslano", "data", "отправлено", "дата",
    "надіслано", "odesláno", "odoslané", "dátum", "küldve", "elküldve", "lähetetty", "päivämäärä", "päiväys",
    "trimis", "dată", "gönderildi", "gönderilme tarihi", "tarih", "ημερομηνία", "στάλθηκε", "送信日時", "日時", "送信日",
    "日付", "发送时间", "发送日期", "日期", "傳送日期", "寄件日期", "寄送时间", "時間", "时间", "보낸 날짜", "날짜", "보낸 시간",
    "ngày", "ngày gửi", "đã gửi", "נשלח", "תאריך", "التاريخ", "تم الإرسال", "poslano", "saadetud", "kuupäev",
    "išsiųsta", "nosūtīts", "tanggal", "dikirim", "วันที่", "ส่ง", "dagsetning", "data d'enviament",
)  # fmt: skip
TO = (
    "destinatarul", "pre", "pour", "za koga", "送信先", "destinataires", "destinatarios", "vastaanottajat", "címzettek", "alıcılar", "mottakere", "modtager", "mottaker", "mottagare", "kohteelle", "prejemnik", "primatelj", "к", "кому:", "до", "an:", "adresát", "příjemci", "ricevente", "ontvanger",
    "to", "an", "à", "a", "para", "aan", "til", "till", "do", "dla", "кому", "címzett", "vastaanottaja", "komu", "pro",
    "către", "kime", "alıcı", "προς", "宛先", "收件人", "收件者", "받는 사람", "받는사람", "수신", "đến", "tới", "người nhận", "אל",
    "إلى", "za", "prima", "kellele", "saaja", "gavėjas", "kam", "kepada", "ถึง", "destinatario", "destinataire",
    "destinatário", "empfänger", "mottagare", "odbiorca", "příjemce", "per", "a",
)  # fmt: skip
CC = (
    "kópia", "kopia do", "másolatot kap", "copie", "kopie aan", "в копии", "cc (копия)", "kopyalanan", "en copie", "con copia", "cópia", "kópie", "kópia pre", "sao chép", "kopija", "cc/",
    "cc", "kopie", "copie à", "copie", "copia", "cópia", "kopi", "kopia", "kopia till", "копия", "másolat", "kopio", "kópia",
    "bilgi", "κοιν.", "κοινοποίηση", "抄送", "副本", "참조", "עותק", "נسخة", "نسخة", "do wiadomości", "dw", "cc:", "copie carbone",
    "ccópia", "skrytá kopie", "копія", "cópia para", "副本抄送",
)  # fmt: skip
SUBJECT = (
    "subiectul", "sujet", "naslov", "objet du message", "betreff:", "sub", "otsikko", "assunto:", "tárgya", "konusu", "předmět zprávy",
    "subject", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "emne", "ämne", "temat", "тема",
    "předmět", "predmet", "tárgy", "aihe", "otsikko", "subiect", "konu", "θέμα", "件名", "主题", "主題", "主旨", "제목", "chủ đề", "tiêu đề",
    "נושא", "الموضوع", "zadeva", "naslov", "teema", "tema", "temats", "subjek", "perihal", "เรื่อง", "efni", "assumpte",
    "re", "sujet",
)  # fmt: skip
REPLY_TO = (
    "reply-to", "reply to", "antwort an", "répondre à", "responder a", "rispondi a", "beantwoorden aan", "svar til", "svara till",
    "antwort-an", "antwoord aan", "odpowiedz do", "odpovědět komu", "importance", "wichtigkeit", "importancia", "priority",
    "attachments", "anlagen", "pièces jointes", "importance", "bcc", "organization", "sender", "message-id", "resent-from",
    "responder para", "rispondere a", "vastaus", "válaszcím", "yanıtla", "ответить", "відповісти", "odpověď-komu", "odpoveď-komu", "reply-to",
    "svar-til", "svar til", "beantwortung", "vastausosoite", "odgovori", "antwort an", "responder-para", "risposta",
)  # fmt: skip

# The words of "-----Original Message-----".
ORIGINAL = (
    "original message", "original email", "original appointment", "originalmessage", "ursprüngliche nachricht", "originalnachricht",
    "original-nachricht", "urspr. nachricht", "ursprungliche nachricht", "message d'origine", "message original", "message initial",
    "mensaje original", "mensagem original", "messaggio originale", "messaggio originario", "oorspronkelijk bericht",
    "oorspronkelijke bericht", "originele bericht", "origineel bericht", "oprindelig meddelelse", "oprindelig besked", "opprinnelig melding",
    "ursprungligt meddelande", "originalmeddelande", "original meddelande", "alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość",
    "wiadomość pierwotna", "исходное сообщение", "оригинальное сообщение", "исходное письмо", "původní zpráva", "pôvodná správa", "eredeti üzenet",
    "mesaj original", "mesajul original", "orijinal mesaj", "özgün ileti", "αρχικό μήνυμα", "元のメッセージ", "original messageオリジナルメッセージ", "原始邮件", "原始郵件",
    "原邮件", "邮件原件", "原文", "원본 메시지", "원본 메일", "thư gốc", "tin nhắn gốc", "הודעה מקורית", "الرسالة الأصلية", "izvirno sporočilo",
    "izvorna poruka", "algne kiri", "pesan asli", "missatge original", "початкове повідомлення", "оригінальне повідомлення",
    "reply message", "mail original", "mensagem de origem", "antwort nachricht", "previous replies", "reply above", "weitergeleitete nachricht",
)  # fmt: skip

# The words of "---------- Forwarded message ----------" and "Begin forwarded message:".
FORWARDED = (
    "メッセージを転送", "začátek přeposílané zprávy", "započni proslijeđenu poruku", "перенаправлене повідомлення", "перенаправленное повідомлення", "переслане повідомлення", "i̇letilmiş ileti", "i̇letilen mesaj", "i̇letilen ileti", "i̇letilmiş mesaj", "i̇leti i̇letildi", "yönlendirilen ileti", "doorgestuurd bericht", "mensaje reenviado", "message redirigé", "proslijeđena poruka", "proslijeđeno", "edastatud sõnum", "edastatud e-kiri", "preposielaná správa", "preposlaná pošta", "přeposlaný e-mail", "videresendt e-mail", "videresendt e-post", "vidarebefordrat e-postmeddelande", "välitetty sähköposti", "sähköposti välitetty", "mensagem encaminhada por", "inoltrato da", "e-mail inoltrata", "e-mail transféré", "courriel réacheminé", "weitergeleitete e-mail", "przesłana dalej wiadomość", "przesłano dalej", "початок повідомлення, що пересилається", "начало пересланного сообщения", "пересланное письмо", "forwarded message follows", "message forwarded",
    "forwarded message", "begin forwarded message", "forwarded by", "forwarded email", "forwarded mail", "start of forwarded message",
    "weitergeleitete nachricht", "weitergeleitete mail", "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail", "weitergeleitet von",
    "message transféré", "message transfere", "début du message réexpédié", "début du message transféré", "message transmis", "mail transféré", "courriel transféré",
    "mensaje reenviado", "inicio del mensaje reenviado", "mensagem encaminhada", "início da mensagem encaminhada", "início da mensagem reencaminhada",
    "mensagem reencaminhada", "messaggio inoltrato", "inizio messaggio inoltrato", "inizio del messaggio inoltrato", "doorgestuurd bericht",
    "begin doorgestuurd bericht", "doorgestuurde bericht", "videresendt meddelelse", "videresendt melding", "videresendt besked", "start på videresendt besked",
    "start på videresendt melding", "begynnelse på videresendt melding", "startpå videresendt melding", "videresendte meddelelse", "vidarebefordrat meddelande",
    "vidarebefordrat mejl", "början på vidarebefordrat meddelande", "börja vidarebefordrat meddelande", "vidarebefordrat brev", "välitetty viesti", "edelleenlähetetty viesti",
    "alkaa välitetty viesti", "välitetty viesti alkaa", "lähetetty viesti", "przekazana wiadomość", "wiadomość przekazana", "wiadomość przesłana dalej", "początek przekazywanej wiadomości",
    "początek przekazanej wiadomości", "treść przekazanej wiadomości", "пересылаемое сообщение", "переслать сообщение", "переадресованное сообщение", "пересланное сообщение", "перенаправленное сообщение",
    "начало переадресованного сообщения", "начало пересылаемого сообщения", "початок листа, що пересилається", "початок переадресованого повідомлення", "пересланий лист", "переслане повідомлення", "přeposlaná zpráva", "přeposílaná zpráva", "předaná zpráva",
    "začátek přeposlané zprávy", "začátek předávané zprávy", "preposlaná správa", "preposielaná správa", "začiatok preposlanej správy", "začiatok preposlaného mailu", "továbbított levél", "továbbított üzenet",
    "továbbított levél kezdete", "mesaj redirecționat", "mesaj redirectionat", "mesaj redirecţionat", "începe mesajul redirecționat", "începe mesajul retrimis", "început mesaj redirecționat", "mesaj retrimis", "iletilen mesaj", "iletilmiş ileti", "iletilen ileti", "yönlendirilmiş mesaj",
    "yönlendirilen mesaj", "i̇leti başlangıcı", "iletilen iletinin başlangıcı", "iletilmiş mesaj", "başlangıç: iletilen", "προωθημένο μήνυμα", "αρχή προωθημένου μηνύματος", "転送メッセージ", "転送されたメッセージ", "転送された", "転送メール", "転送開始", "转发邮件信息", "转发的邮件", "转发邮件", "以下是转发的邮件", "開始轉寄郵件", "下面是被转发的邮件", "轉寄郵件", "轉寄的郵件", "已轉寄的郵件",
    "전달된 메시지", "전달된 메일", "thư được chuyển tiếp", "tin nhắn được chuyển tiếp", "הודעה שהועברה", "הועברה הודעה", "رسالة محولة", "الرسالة المعاد توجيهها", "posredovano sporočilo", "proslijeđena poruka", "početak proslijeđene poruke", "započni proslijeđenu poruku", "prosleđena poruka",
    "edastatud kiri", "persiųstas laiškas", "pārsūtītā ziņa", "pesan terusan", "missatge reenviat", "inici del missatge reenviat", "framsent skeyti", "forwarded conversation", "vidaresänt meddelande", "doorgezonden bericht", "doorgestuurde e-mail", "mensaje remitido",
)  # fmt: skip

# Prefixes of a forwarded mail's Subject.
FORWARD_PREFIXES = (
    "fw", "fwd", "wg", "tr", "rv", "enc", "i", "vs", "vb", "pd", "pr", "doorst", "videresendt", "vidarebefordrat", "vl", "vá",
    "fs", "továbbítás", "ynt", "ilt", "i̇lt", "πρθ", "ðã", "转发", "轉寄", "轉呈", "転送", "전달", "fyi", "переслать", "перeсл", "пересл", "hsl", "trs", "res-fwd", "prp", "rif", "przekazane",
    "atb", "chuyển tiếp", "העברה", "إعادة توجيه", "reenv", "rtr", "doorgestuurd", "välitetty", "fwd:", "weitergeleitet", "inoltra", "inoltro",
)  # fmt: skip

# Footers that phones and apps add: how they begin. At most a short line each.
FOOTERS = (
    "sent from my", "sent from a", "sent from an", "sent from mail for", "sent from outlook", "sent from yahoo", "sent from gmail", "sent from samsung",
    "sent from proton", "sent from windows", "sent from surface", "sent from blackberry", "sent from mobile", "sent from nine", "sent from the", "sent from android",
    "sent from iphone", "sent from ipad", "sent from galaxy", "sent from huawei", "sent from xiaomi", "sent from aol", "sent from mailbird", "sent from bluemail", "sent from typeapp",
    "sent from your", "sent from acompli", "sent from mailbox", "sent from airmail", "sent from spark", "sent from canary", "sent from polymail", "sent from zimbra", "sent from postbox", "sent from hey", "sent from mailspring",
    "sent with", "sent via", "sent by", "sent using", "sent on the", "sent on a", "get outlook for", "download outlook for", "posted via",
    "von meinem", "gesendet von", "gesendet mit", "gesendet über", "von outlook", "holen sie sich outlook", "outlook für", "diese nachricht wurde von meinem",
    "diese nachricht wurde von meinem android", "envoyé de mon", "envoyé depuis", "envoyé à partir", "envoyé avec", "envoyé via", "provenance :", "télécharger outlook",
    "obtenir outlook", "téléchargez outlook", "enviado desde", "enviado de mi", "obtener outlook", "descargar outlook", "obtén outlook", "enviado do", "enviado de", "enviado a partir", "enviado pelo", "enviado via", "obter o outlook", "obtenha o outlook", "inviato da", "inviato dal", "inviato con", "ottieni outlook", "scarica outlook",
    "verzonden vanaf", "verzonden met", "verstuurd vanaf", "verstuurd met", "verzonden via", "outlook voor", "downloaden van outlook", "sendt fra", "sendt med", "hent outlook", "få outlook", "skickat från", "skickat med", "skickas från", "skaffa outlook", "hämta outlook",
    "lähetetty", "hanki outlook", "wysłane z", "wysłano z", "wyslane z", "pobierz aplikację outlook", "отправлено с", "отправлено из", "отправлено от", "скачать outlook", "надіслано з", "надіслано через", "odesláno z", "odesláno ze", "poslané z", "odoslané z", "küldve", "elküldve", "trimis de pe", "trimis de la", "trimis din",
    "iphone'umdan gönderildi", "ipad'imden gönderildi", "στάλθηκε από", "iphoneから送信", "ipadから送信", "iphone から送信", "androidから送信", "发自我的", "发送自", "從我的", "从我的", "自我的", "나의 iphone", "내 iphone에서", "나의 ipad", "gửi từ", "được gửi từ", "נשלח מ", "أُرسلت من", "تم الإرسال من", "poslano iz", "poslano s", "saadetud minu", "dikirim dari", "enviat des", "envoye de mon", "envoyé par", "sent de mon", "отправлено мобильной", "sent: from my",
)  # fmt: skip

# Banners above an older mail, whatever program: "please reply above this line".
BANNERS = (
    "reply above this line", "reply above this", "type your reply above", "write above this line", "antworten sie oberhalb dieser zeile", "antworten sie über dieser zeile",
    "bitte antworten sie oberhalb", "bitte oberhalb dieser zeile", "répondez au-dessus de cette ligne", "répondre au-dessus de cette ligne", "responda por encima de esta línea", "responda sobre esta línea", "responda acima desta linha",
    "rispondi sopra questa riga", "antwoord boven deze lijn", "typ uw antwoord boven deze regel", "svara ovanför denna rad", "besvar over denne linje", "odpowiedz powyżej tej linii", "this line will be removed", "この行より上に返信",
)  # fmt: skip

# How a letter closes, before the name.
CLOSINGS = (
    "thanks", "thank you", "thx", "many thanks", "regards", "best regards", "kind regards", "warm regards", "best", "cheers", "sincerely", "yours",
    "br", "rgds", "all the best", "cordially", "mit freundlichen grüßen", "mit freundlichen grüssen", "freundliche grüße", "viele grüße", "viele grüsse", "beste grüße", "liebe grüße", "mfg", "vg", "lg", "gruß", "grüße",
    "cordialement", "bien cordialement", "bien à vous", "salutations", "merci", "saludos", "un saludo", "atentamente", "gracias", "atenciosamente", "cumprimentos", "abraço", "abraços", "obrigado", "obrigada",
    "cordiali saluti", "distinti saluti", "saluti", "grazie", "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "groeten", "groet", "mvg", "med vänlig hälsning", "vänliga hälsningar", "hälsningar", "mvh",
    "med venlig hilsen", "venlig hilsen", "hilsen", "med vennlig hilsen", "vennlig hilsen", "ystävällisin terveisin", "terveisin", "pozdrawiam", "z poważaniem", "z powazaniem", "с уважением", "з повагою", "s pozdravem", "s pozdravom", "üdvözlettel", "cu respect", "saygılarımla", "με εκτίμηση", "よろしくお願い", "敬具", "此致", "祝好", "감사합니다", "trân trọng", "בברכה", "مع التحية",
)  # fmt: skip
