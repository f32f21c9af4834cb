"""Addresses that take no answers, in the languages of who writes from them; and people whose names look like one."""

from __future__ import annotations

from gateway.match.noreply import takes_no_answers

NOBODYS = (
    "noreply", "no.replies", "do-not-answer", "shares-noreply", "nicht-antworten", "bitte-nicht-antworten", "keineantwort",
    "ne-pas-repondre", "nepasrepondre", "no-responder", "noresponda", "no-contestar", "nao-responda", "nao_responder",
    "non-rispondere", "nessunarisposta", "geen-antwoord", "niet-beantwoorden", "nie-odpowiadaj", "ikke-svar", "svar-ikke",
    "svara-inte", "ei-vastausta", "neodpovidejte", "ne-odgovarjaj", "nevalaszoljon", "nu-raspundeti", "cevap-vermeyin",
    "unmonitored", "postmaster",
)  # fmt: skip
PEOPLES = (
    "noreen", "nora.responsable", "no.respondek", "nils.responder", "nuria.contesta", "no.contestabile", "svarena", "mona.repli",
    "tina.reply", "jan.responder", "nao.tanaka", "anonreply", "antwort", "svar", "neo.dporter", "nina.answer",
)  # fmt: skip


def test_who_takes_no_answers() -> None:
    assert [name for name in NOBODYS if not takes_no_answers(f"{name}@shop.example")] == []
    assert [name for name in PEOPLES if takes_no_answers(f"{name}@shop.example")] == []
