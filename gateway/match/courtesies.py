"""What people put beside thanks and that asks for nothing: what they thank for, that it arrived, wishes, that the
ticket may be closed. Phrases, not words: a word of one may be a request elsewhere.

"a/b" is a choice of words, "~" before it says that there may be none. A line that is indented goes on with the one
above.
"""

from __future__ import annotations

import re
from functools import cache

PHRASES = """
for ~the/your/this/all ~your/the ~very ~quick/prompt/fast/swift/rapid/speedy/kind/great/excellent/timely/
    detailed update/updates/information/info/reply/response/answer/feedback/clarification/explanation/
    confirmation/heads-up/support/assistance/help/service/work/effort/efforts/time/patience/message/email/note
    ~today
for letting me/us know
for getting back ~to ~me/us ~so ~quickly/fast/soon
for ~sorting/fixing/solving/resolving/handling this/it/that/everything ~out/up ~so ~quickly/fast/promptly
for everything/all ~you ~did
that did it/the ~trick
that worked ~a ~treat
that was it/all
works/working/worked a/like treat/charm ~charm
have/enjoy ~a/your/the/yourself ~very/rest ~of ~the ~nice/great/good/lovely/wonderful/pleasant/relaxing day/
    weekend/evening/afternoon/week/one/holiday
the ~error/issue/problem/message error/issue/problem/message is/has ~now gone ~now
for the heads up
great/good/excellent service as always/ever
~der/das/die fehler/problem/meldung ist ~jetzt/nun weg/verschwunden
für die ~sehr ~super schnelle/rasche lösung/behebung
bei mir/uns ~jetzt ~auch
noted ~with ~thanks
understood/received/acknowledged ~with ~thanks
got it
much obliged
you're/you/your ~are a/the star/stars/best/legend/lifesaver/hero/rock
you're/you ~are amazing/awesome/great/brilliant
~very good/great/nice/excellent/fantastic/amazing/brilliant/top job/work/service/stuff/news
no problem/problems/worries/issues/complaints ~now/anymore/more/here
you/we ~can/may ~now close this/the/my/our ticket/case/request/call/issue/incident ~now
~please/pls ~feel ~free ~to ~go ~ahead ~and close this/the/my/our ticket/case/request/call/incident
    ~now
~this/the/my/our ticket/case/request/call/incident can/may ~now be closed/resolved ~now
i/we can ~now log/sign/get in/on ~to ~it ~again/now
i/we can ~now print/scan/send/receive/work/connect/access/open ~it/them/everything/mail/mails/email/emails
    ~again/now
i'm/i/we/we're ~am/are back in/on/online ~again/now
back to normal ~again/now
up and running ~again/now
sir ~or/and/madam ~madam
yours ~faithfully/sincerely/truly
take care
für die/deine/ihre/eure/den/das/ihr/dein/euer ~so ~sehr ~schnelle/prompte/rasche/nette/freundliche/
    umgehende/ausführliche/tolle/gute info/infos/information/informationen/rückmeldung/antwort/auskunft/hilfe/
    unterstützung/mühe/bemühungen/geduld/erledigung/bearbeitung/nachricht/mail/service/reaktion/arbeit/einsatz/
    feedback/update
für's/fürs kümmern/erledigen/bescheid/nachschauen/helfen ~geben/sagen
~ein/einen/noch ~noch ~ein/einen schönes/schönen/schöne/angenehmes/angenehmen/guten/gutes/erholsames/ruhigen
    wochenende/tag/abend/nachmittag/feierabend/woche/start ~noch
alles klar/bestens/gut/verstanden/okay
zur kenntnis ~genommen
~das hat ~es/jetzt/nun/super/prima/wunderbar/alles geklappt/funktioniert/geholfen
~jetzt/nun klappt/läuft/geht/passt ~jetzt/nun ~es/alles/das ~wieder
das war's/wars/es
~das/der/die ~war es
~das/die/der/dieses/mein/unser ticket/anfrage/fall/vorgang/meldung/fall kann/können/darf ~somit/damit/jetzt/
    nun ~gerne/gern geschlossen/zugemacht ~werden
~bitte ~das/den/die/dieses ticket/vorgang/fall/anfrage ~gerne/bitte schließen/schliessen
sie/ihr/du/wir können/könnt/kannst das/den/die/dieses ticket/vorgang/fall/anfrage ~gerne/gern/jetzt/nun
    schließen/schliessen
~dir/euch/ihnen ~allen ~auch eine gute zeit
vielen/ganz/recht/tausend ~ganz/lieben/herzlichen lieben/herzlichen/vielen/dank ~dank
pour ~votre/ton/vos/tes/la/le/cette/ce/l'aide/les ~bonne/rapide/excellente/précieuse retour/réponse/
    réactivité/aide/information/informations/infos/info/intervention/rapidité/efficacité/patience/travail/
    support/suivi/assistance/disponibilité ~rapide
pour l'information/l'info/l'aide/l'intervention/tout/cela/ça
~très/et bonne journée/soirée/semaine/continuation/fin ~de ~journée/semaine
~très/et bon week-end/weekend/après-midi/courage
c'est ~bien/tout noté/réglé/résolu/bon/parfait/ok
bien noté/reçu/compris
un grand/immense
vous/tu pouvez/peux ~donc ~maintenant clôturer/fermer/clore le/ce/la ticket/dossier/demande/incident
le/ce ticket/dossier peut ~donc être clôturé/fermé/clos
tout ~est/fonctionne/marche ~est bon/ok/réglé/rentré/correctement ~dans ~l'ordre
à bientôt
por ~la/su/tu/el/las/los ~rápida/pronta/gran información/respuesta/ayuda/atención/rapidez/gestión/apoyo/
    tiempo/aclaración/colaboración/todo
~que ~tengan/tenga/tengas ~un/una ~muy buen/buena/feliz/lindo/excelente día/tarde/fin/semana/jornada ~de
    ~semana
recibido/entendido/enterado/anotado/enterada
se lo/los agradezco ~mucho
le/les/te/os agradezco ~mucho
~ya ~se pueden/puede/puedes cerrar el/este/la ticket/caso/incidencia/solicitud
per ~la/il/le/lo/i/l'aiuto ~rapida/vostra/tua/sua/pronta risposta/aiuto/informazione/informazioni/
    disponibilità/supporto/riscontro/rapidità/assistenza/intervento/tutto
per l'aiuto/l'informazione/l'assistenza/l'intervento
dell'aiuto/dell'informazione/dell'assistenza ~prezioso
ricevuto/capito
~vi/ti/le auguro ~una/un buona/buon giornata/serata/lavoro/weekend/fine/settimana ~settimana
infinite/davvero
la/vi/ti ringrazio/ringraziamo ~molto/tanto
potete/può/puoi ~pure chiudere il/la/questo ticket/richiesta/segnalazione
pelo/pela/por/pelas/pelos ~seu/sua/pronto/rápido/rápida retorno/resposta/atenção/apoio/ajuda/informação/
    informações/suporte/auxílio/atendimento/esclarecimento/tudo
recebido/entendido/ciente/anotado
um/forte/grande abraço
~um/uma ~ótimo/ótima/excelente bom/boa/ótimo/ótima/excelente dia/tarde/noite/semana/fim ~de ~semana
pode/podem ~já ~fechar/encerrar fechar/encerrar/concluir o/a/este chamado/ticket/pedido
voor ~de/het/je/jullie/uw/jouw ~snelle/goede/fijne info/informatie/reactie/antwoord/hulp/moeite/service/
    terugkoppeling/ondersteuning/uitleg/update/bericht
~een/en/nog fijn/prettig/goed/fijne/prettige/goede ~weekend/dag weekend/dag/avond/week ~gewenst/verder
je/u wel/zeer
~het/dit/de ticket/melding/call mag/kan ~nu/dan gesloten/dicht ~worden
helemaal duidelijk/goed/top
för ~ditt/er/all/den ~snabba/fina svaret/svar/hjälpen/hjälp/informationen/information/info/återkoppling/
    återkopplingen/servicen
~så snälla/hemskt/väldigt
stort/varmt
~ha ~en trevlig/fin/bra/skön helg/dag/kväll/vecka
ärendet kan/får stängas ~nu
for ~dit/jeres/din/det/den ~hurtige/raske/gode svar/svaret/hjælpen/hjælp/info/informationen/hjelpen/hjelpa/
    hjelp/tilbakemelding/tilbakemeldingen/tilbagemelding/tilbagemeldingen/oppdateringen/service
~ha ~en god/fin/fortsat/fortsatt ~god weekend/dag/helg/kveld/aften/uge/uke
sagen/saken/sag kan ~nu/nå lukkes
og hav/ha en god dag
za ~szybką/szybkie/udzieloną pomoc/informację/informacje/odpowiedź/wsparcie/wyjaśnienie/reakcję
wielkie/pięknie/ślicznie/serdeczne
miłego/udanego/dobrego dnia/weekendu/popołudnia
~zgłoszenie/ticket/sprawę można zamknąć ~zgłoszenie
avusta/tiedosta/vastauksesta/nopeasta ~avusta/vastauksesta
suuret/paljon/oikein/kovasti/lämmin
hyvää viikonloppua/päivänjatkoa/päivää
za ~rychlou/rychlú/vaši/vašu/všechno pomoc/informaci/informáciu/odpověď/odpoveď/vyřízení/podporu/všechno
~přeji hezký/pekný/příjemný ~den den/víkend/zbytek ~dne
velmi/veľmi pekne/pěkně
a ~gyors segítséget/választ/tájékoztatást
~nagyon/további szép/szépen ~napot/hétvégét
frumos/mult/foarte ~mult/frumos
~vă/îți pentru ~tot ajutor/răspuns/informații/informație/sprijin
о/за ~быстрый/оперативный/быструю/вашу помощь/ответ/информацию/оперативность/поддержку/содействие
огромное/большое
~хорошего/доброго/удачного хорошего/дня/выходных/доброго ~дня
за ~вашу/швидку допомогу/відповідь/інформацію
~щиро/дуже
για ~τη/την ~βοήθεια/απάντηση/ενημέρωση
~σας πολύ
~her/tüm ~hızlı ilginiz/yardımınız/yardımlarınız/desteğiniz/cevabınız/bilgi/şey için
please/pls close ~it ~now
"""


def _slots() -> list[list[str]]:
    """The phrases, each as its choices."""
    phrases = re.split(r"\n(?! )", PHRASES.casefold())
    return [slots for phrase in phrases if (slots := re.sub(r"/\s+", "/", phrase).split())]


@cache
def words() -> frozenset[str]:
    """The words of all phrases."""
    return frozenset(word for slots in _slots() for slot in slots for word in slot.lstrip("~").split("/"))


@cache
def _pattern() -> re.Pattern[str]:
    """One expression for all of them, over words with one blank before each."""
    alternatives = []
    for slots in _slots():
        choices = []
        for slot in slots:
            choice = "|".join(re.escape(word) for word in slot.lstrip("~").split("/"))
            choices.append(f"(?: (?:{choice})){'?' if slot[0] == '~' else ''}")
        alternatives.append("".join(choices))
    return re.compile(rf"(?= )(?:{'|'.join(alternatives)})(?=\s|$)")


def without(words: list[str]) -> list[str]:
    """The words that belong to no such phrase."""
    return _pattern().sub(" ", "".join(f" {word}" for word in words)).split()
