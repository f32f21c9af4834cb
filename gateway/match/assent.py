"""Words that say yes to an invitation, in the languages of customers, and what an invitation is called beside them."""

from __future__ import annotations

from collections.abc import Sequence, Set

from gateway.match.gratitude import KNOWN, NEGATIONS, THANKS, words_of

ACCEPTS = frozenset(
    words_of(
        "yes accepted accept accepts accepting attend attending attends confirm confirmed confirms join joining "
        "there participate ja zugesagt zusage sage zu angenommen annehme angenommene nehme teil teilnehmen "
        "komme dabei bestätigt bestätige gerne oui accepté acceptée accepte participerai participe serai "
        "présent présente confirme confirmé confirmée sí aceptado aceptada acepto asistiré participaré confirmo "
        "confirmado confirmada sì accettato accettata accetto parteciperò partecipo confermo confermato "
        "confermata sim aceito aceite aceitou aceita participarei irei geaccepteerd accepteer aanwezig neem "
        "deel bevestigd akkoord accepterat accepterad accepterar deltar kommer tackat tackar jag accepteret "
        "accepterer deltager deltage godtatt godtar takket tak zaakceptowano zaakceptowane akceptuję wezmę "
        "udział przyjęto potwierdzam będę přijato přijal přijala přijímám ano zúčastním přijaté hyväksytty "
        "hyväksyn kyllä osallistun elfogadva elfogadom igen részt veszek acceptat da particip prijaté áno "
        "принято принимаю да приду прийнято приймаю kabul edildi ediyorum evet katılacağım αποδοχή αποδέχομαι "
        "ναι 承諾済み 承諾 承諾しました 出席します はい 已接受 接受 参加 已接受： 수락됨 수락 수락함 참석합니다 "
    )
)
"""What a person or a program says."""
INVITED = frozenset(
    words_of(
        "will be invitation invitations invite event meeting appointment agenda calendar participation by an at "
        "your besprechung termin einladung besprechungsanfrage am im réunion rendez-vous événement l'invitation "
        "au en invitación reunión cita evento al invito riunione appuntamento all'invito convite reunião "
        "compromisso no na uitnodiging vergadering afspraak inbjudan möte mötet indbydelse møde mødet "
        "invitasjon møte møtet zaproszenie spotkanie w spotkaniu pozvánku pozvání schůzku schůzky kutsu kutsun "
        "kokous meghívó meghívót értekezlet invitație întâlnire приглашение встречу собрание davet davetinizi "
        "toplantı toplantıya πρόσκληση συνάντηση 会議 招待 会议 邀请 회의 초대 "
    )
)
"""What it is said of."""
FIRST_PERSON = frozenset(
    words_of(
        "i i'm i'll i'd i've we we'll we're my our us ich wir mir mich uns mein meine je j'ai j'aurai nous mon "
        "ma moi yo nosotros mí io noi mio mia eu nós meu minha ik wij mijn jag vi mig min jeg oss ja moja mój "
        "mnie minä meidän én mi nekem mie я мы мне ben biz benim εγώ 私 我 我们 저 "
    )
)
"""By which a person speaks of themselves."""


def accepts(words: Sequence[str], names: Set[str]) -> bool:
    """Whether these words say yes to an invitation, or thank for it, and say nothing else."""
    if any(word in NEGATIONS - ACCEPTS for word in words) or not any(word in ACCEPTS | THANKS for word in words):
        return False
    return all(word in KNOWN | ACCEPTS | INVITED or word in names for word in words)
