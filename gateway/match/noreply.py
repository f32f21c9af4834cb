"""Addresses that take no answers: the one list that all readers use."""

from __future__ import annotations

import re

_LANGUAGES = (
    r"(?:no|do[-_.]?not|dont)[-_.]?(?:repl(?:y|ies|ay)|answer)",
    r"(?:kein(?:e|er)?|nicht)[-_.]?(?:be)?antwort",
    r"ne[-_.]?pas[-_.]?r[eé]pond",
    r"no[-_.]?(?:respond(?:a|er|an)(?![a-z])|contest(?:ar|e)(?![a-z]))",
    r"n[aã]o[-_.]?respond",
    r"non[-_.]?rispo(?:nd|st)|nessuna[-_.]?risposta",
    r"(?:niet|geen)[-_.]?(?:be)?antwoord",
    r"nie[-_.]?odpowiada",
    r"(?:ikke|ingen|inte|ej)[-_.]?(?:be)?svar|(?:be)?svar[ae]?[-_.]?(?:ikke|inte|ej)(?![a-z])",
    r"[äa]l[äa][-_.]?vastaa|ei[-_.]?vastau",
    r"ne(?:odpov|[-_.]?odgovar)|ne[-_.]?v[aá]laszol|nu[-_.]?r[aă]spund|cevap[-_.]?verme|yan[iı]tlama",
    r"unmonitored",
)
"""From English over the south and the north to Turkish; and the one that says why."""
_NO_REPLY = re.compile(rf"(?:^|[-_.+=])(?:{'|'.join(_LANGUAGES)})", re.IGNORECASE)
_MACHINES = frozenset({"mailer-daemon", "postmaster"})


def takes_no_answers(address: str) -> bool:
    """Whether the local part says that nobody reads what is sent there: noreply, do.not.reply-42, MAILER-DAEMON."""
    local = address.rpartition("@")[0] or address
    return says_so(local) or local.lower() in _MACHINES


def says_so(local: str) -> bool:
    """Whether a local part, or what it has behind a sign, begins with some "no reply": shares-noreply."""
    return bool(_NO_REPLY.search(local))
