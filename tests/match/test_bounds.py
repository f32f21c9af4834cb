"""Texts of a mail that are compared: no word, subject or name of it costs more than its size, or is kept for ever."""

from __future__ import annotations

import pytest

from gateway.mail.read import read
from gateway.match import courtesies, domains, title, tokens, words
from tests.pace import processor_time

SIZE = 200_000


@pytest.mark.parametrize(
    "unit", ["&", "1.", "Re: ", "[EXT] ", "é Re:", "a: ", "AB-1", "[ticket #", "down\n", "a ", "\u200b", "{"]
)
def test_long_texts_take_no_longer_than_their_size(unit: str) -> None:
    text = unit * (SIZE // len(unit))
    known = words.state_words({"open": ["down"], "close": ["up"]}, ["(down)"])
    with processor_time() as spent:
        courtesies.without([text])
        words.alone(text, known)
        for compared in (title.clean, title.matter, title.unnumbered, title.without_banners, title.fit):
            compared(text[:60_000])

    assert spent.seconds < 1.5


def test_a_long_domain_is_none() -> None:
    """Each of its parts would be looked for: half a minute for one address in To."""
    domain = "a." * 30_000 + "example"
    address = f"ann@{domain}"
    with processor_time() as spent:
        assert domains.of(address) == ""
        assert not domains.is_public(domain)
        assert domains.longest(domain, {"example": "1", "a.example": "2"}) == ("", "")
        for to in (f"{address}, cy@c.example", f"Bo <{address}>, cy@c.example", f"cy@c.example {'b' * 300}@b.example"):
            email = read(f"From: ann@a.example\nTo: {to}\nSubject: x\n\nhi".encode()).email
            assert [person.address for person in email.to] == ["cy@c.example"]
    assert spent.seconds < 1


def test_what_a_mail_names_is_not_kept_for_ever() -> None:
    assert domains.is_public.cache_info().maxsize


def test_the_matter_of_a_long_subject_is_kept_as_what_it_is_compared_by() -> None:
    title._matter.cache_clear()
    for prefix in ("Re: ", "Fwd: Re: ", "[EXTERNAL] "):
        assert title.matter(prefix + "Printer " + "x" * 60_000) == title.matter("Printer " + "x" * 50_000)

    assert title._matter.cache_info().currsize == 1


def test_a_sign_of_several_letters_is_found_by_them() -> None:
    assert list(tokens.tokens("Acme™ №5")) == ["acmetm", "no5"]


def test_courtesies_begin_with_a_word() -> None:
    assert courtesies.without("thanks have a nice day printer".split()) == ["thanks", "printer"]
    assert courtesies.without("behave a nice day".split()) == ["behave", "a", "nice", "day"]
