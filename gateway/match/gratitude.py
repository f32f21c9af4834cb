"""Words of thanks, and of a thing that works again, in the languages of customers. Only words of these lists and names
make a thank-you: whatever else is said may be a request."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from gateway.match import courtesies


def _words(text: str) -> frozenset[str]:
    """The words as they are compared."""
    return frozenset(text.casefold().split())


THANKS = _words(
    # English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish and Norwegian, Polish
    "thanks thank thankyou thx ty tysm cheers appreciated appreciate grateful danke dankeschön vielen "
    "herzlichen besten bedanken merci remercie remercions gracias agradezco agradecido agradecida grazie "
    "ringrazio ringraziamo obrigado obrigada obg agradeço bedankt dank dankjewel dankuwel tack tackar tak takk "
    "mange tusen dziękuję dziękujemy dzięki "
    # and more
    "ta vielmals kiitokset vergelts thnx thnks tnx thks thanx tyvm tyia cheerz obliged dankesehr dankschön "
    "dankii danki merciii mersi vielmal valeu takker aitäh aitah tänan tänu paldies ačiū aciu dėkoju mulțumim "
    "mulțumesc multumesc dyakuju хвала спасибі дякуємо благодарю благодарим сенкс ευχαριστούμε teşekkürler "
    "sağolun sağol תודה شكرا شكراً شكرًا ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ ขอบคุณมาก ขอบคุณมากครับ ขอบคุณมากค่ะ cảm "
    "ơn kasih makasih salamat shukran dankie asante raibh maith diolch gràcies eskerrik grazas faleminderit "
    "धन्यवाद शुक्रिया ধন্যবাদ நன்றி kiitos kiitoksia děkuji děkuju děkujeme díky ďakujem köszönöm köszi "
    "köszönjük спасибо дякую благодаря hvala teşekkür ευχαριστώ 谢谢 謝謝 感谢 多谢 谢谢您 谢谢你 謝謝您 謝謝你 "
    "谢谢了 非常感谢 十分感谢 感谢您 感謝 多謝 谢谢您的帮助 谢谢你的帮助 感谢您的帮助 感谢你的帮助 感謝您的幫助 "
    "谢谢帮助 谢谢大家 ありがとう ありがとうございます ありがとうございました ありがとうです "
    "どうもありがとうございます どうもありがとうございました 誠にありがとうございます "
    "ご対応ありがとうございます ご対応ありがとうございました ご連絡ありがとうございます "
    "ご連絡ありがとうございました 感謝します 感謝いたします 感謝申し上げます 감사합니다 고맙습니다 감사드립니다 "
    "고마워요 감사해요 "
)
WORKS = _words(
    "works working worked fixed solved resolved sorted funktioniert geht läuft klappt erledigt behoben gelöst "
    "fonctionne marche résolu réglé funciona resuelto solucionado arreglado funziona risolto sistemato "
    "resolvido funcionando voltou funcionar werkt opgelost gelukt doet fungerar löst virker fungerer løst "
    "działa rozwiązane naprawione toimii funguje működik funcționează работает çalışıyor работи λειτουργεί 好了 "
    "可以了 解決しました 動きました 됩니다 해결되었습니다 已经好了 现在好了 没问题了 解决了 已解决 已经解决了 "
    "問題解決了 可以用了 正常了 直りました 使えました 問題ありません 잘 해결됐습니다 잘됩니다 funkar funker "
    "funktionierts läufts gehts réparé arreglada solucionada resuelta resolvida risolta rozwiązany rozwiązana "
    "naprawiony vyřešeno vyriešené megoldva megoldódott rezolvat решено решена заработало починили çözüldü "
    "düzeldi עובד تم 已经可以用了 现在可以了 "
)
"""That it works again."""
PRAISE = _words(
    "fine ok okay okey perfect perfectly great awesome excellent wonderful brilliant nice super good passt "
    "prima klasse toll perfekt gut bestens parfait parfaitement génial bien nickel perfecto genial perfetto "
    "ottimo benissimo bene perfeito ótimo bem goed bra toppen godt świetnie dobrze cool ace spot-on sweet yay "
    "hurray legend lifesaver brill fab lovely fantastic amazing happy top geil spitze wunderbar fantastisch "
    "ausgezeichnet impeccable magnifique estupendo fenomenal fantastico geweldig fijn kanon underbart strålende "
    "fint doskonale wspaniale výborně skvělé отлично супер прекрасно harika mükemmel 太好了 助かりました "
    "大丈夫です that's supert listo perfektní tamam oké excelente superb splendid marvelous ideal "
)
FILLERS = _words(
    "hi hello hey dear team all everyone everybody you your yours u very much so a lot ton many for the that "
    "this quick fast help support assistance reply response effort time it its it's is are was has have been "
    "now again already really both and to from of with in on my our me us i i'm we we're am everything side end "
    "here just wanted say hallo guten tag liebe lieber liebes zusammen für die der das den dem ihre ihren deine "
    "eure schnelle rasche tolle hilfe unterstützung antwort bearbeitung sehr alles jetzt wieder nun es ist und "
    "euch ihnen dir bei an hat haben ich wir mich bonjour salut pour votre aide tout de du vous tu te beaucoup "
    "bien à nouveau ça cela c'est est maintenant la le les rapide réponse et je nous hola por su ayuda todo ya "
    "muchas mil nuevo otra vez ahora el lo rápida respuesta está y ciao buongiorno per il tuo suo aiuto tutto "
    "adesso ora mille tante di nuovo è rapido e vi vostro olá bom dia pela pelo ajuda tudo agora já muito muita "
    "novamente novo o hoi beste voor het uw jullie hulp snelle reactie weer nu hartelijk heel erg veel en dat "
    "ik wij hej för hjälpen din er så mycket allt igen är det och snabba jag hei hjælpen hjelpen jeres meget "
    "mye alt nå igjen og hurtige raske jeg cześć witam za pomoc bardzo wszystko już znowu znów ponownie teraz "
    "jest szybką odpowiedź serdecznie kaikki taas jo paljon už zase moc velmi vše újra minden szépen nagyon nou "
    "mult все всё снова большое очень за помощь tekrar çok her şey ederim vă îți muchísimas muchisimas "
    "tantísimas pekne suuret nyt vam gott herzlich indeed million today service como always toute l'équipe acuerdo uns "
    "atas bantuannya geehrte geehrter damen herren herr frau mir folks guys mate lads buddy awfully ever kindly "
    "truly sincerely once sorting here's wow yes yep yup gern gerne danke allen nochmal nochmals ebenfalls auch "
    "encore infiniment d'avance toutes tous mesdames messieurs madame monsieur señor señora todos gentilissimi "
    "gentile tutti tantissimo prezados nogmaals allemaal wel zeer alla alle sammen wam państwu wszystkim vám ti "
    "lepa lepo puno najlepša frumos labai suur väga teille liels σας πολύ רבה לכם لك لكم جزيلا جزيلاً جدا nhiều "
    "bạn anh chị terima banyak po mga go agat fyrir yn fawr moltes asko baie sana nyingi 好的 收到 明白 了解 "
    "辛苦了 您好 你好 大家好 ok了 了解しました 承知しました 確認しました 確認いたしました "
    "お世話になっております お世話になりました お疲れ様です お疲れ様でした はい 네 넵 예 안녕하세요 "
    "확인했습니다 수고하세요 수고하셨습니다 수고하십시오 정말 빠른 답변 "
)
CLOSINGS = _words(
    "regards kind best warm br rgds sincerely cordially grüße grüßen gruß grüsse grüssen gruss mit freundlichen "
    "freundliche viele beste liebe schöne mfg lg vg schönen cordialement salutations cdt bàv saludos saludo un "
    "cordial atentamente saluti cordiali distinti cumprimentos melhores abraço atenciosamente groet groeten "
    "groetjes met vriendelijke vriendelijk mvg hälsningar hälsning vänliga med vänlig mvh hilsen venlig vennlig "
    "vennlige pozdrawiam pozdrowienia terveisin pozdravem üdvözlettel respect с уважением saygılarımla yours "
    "faithfully truly love xx x best-regards hochachtungsvoll ciao tschüss servus bye bisous respectueusement "
    "sentiments att abs abraços hälsar s pozdravom cu stimă με εκτίμηση よろしくお願いいたします "
    "よろしくお願いします 以上 此致 敬礼 祝好 "
)
QUESTIONS = "?？؟"
"""Marks of a question."""
NEGATIONS = _words(
    "not no don't dont doesn't doesnt didn't didnt isn't isnt can't cant cannot won't wont still but however "
    "never yet except nicht kein keine keinen aber jedoch noch leider immer nie pas non mais toujours encore "
    "jamais ne pero todavía aún nunca ma però ancora mai não mas ainda niet geen maar nog nooit inte men ännu "
    "aldrig ikke endnu ennå aldri ale jeszcze nadal wciąż ei mutta není bohužel nem не но ещё değil ama "
)
THINGS = _words(
    "issue issues problem problems error fehler störung problème problema problemas problemet probleem problém "
    "probléma проблема printer printing printers mail mails email emails e-mail outlook teams vpn wlan wifi "
    "internet network login logon access account computer laptop pc phone screen system server drucker druckt "
    "drucken rechner telefon zugang anmeldung bildschirm netz netzwerk imprimante messagerie ordinateur réseau "
    "accès téléphone impresora correo red acceso ordenador stampante posta rete accesso impressora rede acesso "
    "computador e-mails mailen skrivaren nätet datorn drukarka poczta sieć "
)
"""What works again."""
KNOWN = THANKS | WORKS | PRAISE | FILLERS | CLOSINGS
ASKING = _words("is are was has have ist sind hat haben heeft är er est")
"""Words with which a question begins whose mark was left out."""
_TRIMMED = '.,!;:()[]{}"“”„«»*_~<>|/–—-…@+'
_BETWEEN = str.maketrans(dict.fromkeys("/。、！，；：・～　؛،।", " ") | dict.fromkeys("\u200b\u200c\u2060\ufeff"))
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_PICTOGRAPH = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff\U000e0020-\U000e007f]+"
)


def words_of(line: str) -> list[str]:
    """The words of a line as they are compared, without pictographs and what stands around words."""
    if line.isascii():  # as most are, which is quicker
        plain = line.replace("/", " ")
    else:
        plain = _PICTOGRAPH.sub(" ", line.replace("’", "'").translate(_BETWEEN))
    plain = _STRETCHED.sub(r"\1", plain)
    return [word for part in plain.split() if (word := part.strip(_TRIMMED).casefold())]


def has_pictographs(text: str) -> bool:
    return not text.isascii() and bool(_PICTOGRAPH.search(text))


def is_gesture(text: str) -> bool:
    """Whether a text is pictographs and nothing else."""
    return has_pictographs(text) and not words_of(text) and not _PICTOGRAPH.sub("", text).strip(" \t\n!.")


def thanks(words: Sequence[str], names: Set[str], about: Set[str] = frozenset()) -> bool:
    """Whether these words thank, or say that it works, and say nothing else. Words of what the mail is ``about`` may
    stand beside a word that it works."""
    works = any(word in WORKS for word in words)
    praised = any(word in PRAISE for word in words)
    thanked = any(word in THANKS for word in words)
    left = courtesies.without(list(words))
    if any(word in NEGATIONS for word in left) or not (thanked or works or praised):
        return False
    if words[0] in ASKING and not thanked:
        return False
    known = names | about | THINGS if works else names
    return all(word in KNOWN or word in known for word in left)


def may_stand(word: str, names: Set[str], about: Set[str]) -> bool:
    """Whether a word can be one of a thank-you at all: where this is not so, ``thanks`` is not either."""
    return word in KNOWN or word in names or word in about or word in THINGS or word in courtesies.words()
