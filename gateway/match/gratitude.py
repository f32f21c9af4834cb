"""Words of thanks, and of a thing that works again, in the languages of customers. Only words of these lists and names
make a thank-you: whatever else is said may be a request."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

THANKS = frozenset(
    # English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish and Norwegian, Polish
    "thanks thank thankyou thx ty tysm cheers appreciated appreciate grateful "
    "danke dankeschön vielen herzlichen besten bedanken "
    "merci remercie remercions "
    "gracias agradezco agradecido agradecida "
    "grazie ringrazio ringraziamo "
    "obrigado obrigada obg agradeço "
    "bedankt dank dankjewel dankuwel "
    "tack tackar "
    "tak takk mange tusen "
    "dziękuję dziękujemy dzięki "
    # and more
    "kiitos kiitoksia děkuji děkuju děkujeme díky ďakujem köszönöm köszi köszönjük mulțumesc спасибо дякую "
    "благодаря hvala "
    "teşekkürler teşekkür ευχαριστώ 谢谢 謝謝 感谢 多谢 ありがとう ありがとうございます "
    "ありがとうございました 감사합니다 고맙습니다".split()
)
WORKS = frozenset(
    "works working worked fixed solved resolved sorted fine ok okay okey perfect perfectly great awesome "
    "excellent wonderful "
    "brilliant nice super good "
    "funktioniert geht läuft klappt erledigt behoben gelöst passt prima klasse toll perfekt gut bestens "
    "fonctionne marche résolu réglé parfait parfaitement génial bien nickel "
    "funciona resuelto solucionado arreglado perfecto genial "
    "funziona risolto sistemato perfetto ottimo benissimo bene "
    "resolvido funcionando perfeito ótimo bem voltou funcionar "
    "werkt opgelost gelukt doet goed prima perfect "
    "fungerar löst bra toppen "
    "virker fungerer løst godt perfekt "
    "działa rozwiązane naprawione świetnie dobrze super "
    "toimii funguje működik funcționează работает çalışıyor работи λειτουργεί 好了 可以了 解決しました "
    "動きました 됩니다 해결되었습니다".split()
)
FILLERS = frozenset(
    "hi hello hey dear team all everyone everybody you your yours u very much so a lot ton many for the that "
    "this quick fast "
    "help support assistance reply response effort time it its it's is are was has have been now again "
    "already all really both "
    "and to from of with in on my our me us i i'm we we're am everything side end here just wanted say "
    "hallo guten tag liebe lieber liebes zusammen team für die der das den dem ihre ihren deine eure "
    "schnelle rasche tolle "
    "hilfe unterstützung antwort bearbeitung sehr alles jetzt wieder nun es ist und euch ihnen dir bei an "
    "hat haben ich wir mich "
    "bonjour salut pour votre ton aide tout de du vous tu te beaucoup bien à nouveau ça cela c'est est "
    "maintenant la le les "
    "rapide réponse et je nous "
    "hola por su tu ayuda todo ya muchas mil de nuevo otra vez ahora la el lo rápida respuesta está y "
    "ciao buongiorno per il lo la tuo suo aiuto tutto adesso ora mille tante di nuovo è rapido e vi vostro "
    "olá bom dia pela pelo ajuda tudo agora já muito muita novamente de novo está a o e "
    "hoi beste voor de het je uw jullie hulp snelle reactie alles weer nu is hartelijk heel erg veel en dat "
    "ik wij "
    "hej för hjälpen din er så mycket allt nu igen är det och snabba jag vi "
    "hei for hjælpen hjelpen din jeres så meget mye alt nu nå igen igjen det er og hurtige raske jeg "
    "cześć witam za pomoc bardzo wszystko już znowu znów ponownie teraz jest to i szybką odpowiedź serdecznie "
    "kaikki taas jo paljon už zase moc velmi vše újra minden szépen nagyon din nou mult все всё снова "
    "большое очень за помощь "
    "tekrar çok her şey ederim".split()
)
CLOSINGS = frozenset(
    "regards kind best warm br rgds sincerely cordially "
    "grüße grüßen gruß grüsse grüssen gruss mit freundlichen freundliche viele beste liebe schöne mfg lg vg "
    "schönen "
    "cordialement salutations cdt bàv "
    "saludos saludo un cordial atentamente "
    "saluti cordiali distinti "
    "cumprimentos melhores abraço atenciosamente "
    "groet groeten groetjes met vriendelijke vriendelijk mvg "
    "hälsningar hälsning vänliga med vänlig mvh "
    "hilsen venlig vennlig vennlige "
    "pozdrawiam pozdrowienia "
    "terveisin pozdravem üdvözlettel respect с уважением saygılarımla".split()
)
NEGATIONS = frozenset(
    "not no don't dont doesn't doesnt didn't didnt isn't isnt can't cant cannot won't wont still but however "
    "never yet except "
    "nicht kein keine keinen aber jedoch noch leider immer nie "
    "pas non mais toujours encore jamais ne "
    "no pero todavía aún nunca "
    "non ma però ancora mai "
    "não mas ainda nunca "
    "niet geen maar nog nooit "
    "inte men ännu aldrig "
    "ikke men endnu ennå aldri "
    "nie ale jeszcze nadal wciąż "
    "ei mutta ne není bohužel nem не но ещё değil ama".split()
)
KNOWN = THANKS | WORKS | FILLERS | CLOSINGS
ASKING = frozenset("is are was has have ist sind hat haben heeft är er est".split())
"""Words with which a question begins whose mark was left out."""
_TRIMMED = '.,!;:()[]{}"“”„«»*_~<>|/–—-…。、！'
_PICTOGRAPH = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff\U000e0020-\U000e007f]+"
)


def words_of(line: str) -> list[str]:
    """The words of a line as they are compared, without pictographs and what stands around words."""
    plain = _PICTOGRAPH.sub(" ", line.replace("’", "'"))
    return [word for part in plain.split() if (word := part.strip(_TRIMMED).casefold())]


def is_gesture(text: str) -> bool:
    """Whether a text is pictographs and nothing else."""
    return bool(_PICTOGRAPH.search(text)) and not words_of(text) and not _PICTOGRAPH.sub("", text).strip(" \t\n!.")


def thanks(words: Sequence[str], names: Set[str]) -> bool:
    """Whether these words thank, or say that it works, and say nothing else."""
    if any(word in NEGATIONS for word in words) or not any(word in THANKS or word in WORKS for word in words):
        return False
    if words[0] in ASKING and not any(word in THANKS for word in words):
        return False
    return all(word in KNOWN or word in names for word in words)
