"""The words by which mail is found, on PostgreSQL, where several processes write them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from gateway.store import headings
from gateway.store.engine import Store, make_engine
from gateway.store.schema import heading
from tests.peers import Postgres


def test_two_who_write_the_words_of_a_mail_at_once_go_on(postgres: Postgres, migrated_database: str) -> None:
    """Two replicas read the same new mail in the same moment; an error of the second would end its process."""
    engine = make_engine(postgres.database("headings_at_once", migrated_database))

    def second() -> None:
        with engine.begin() as connection:
            headings.write(connection, [(1, "printer"), (2, "paper")])

    with ThreadPoolExecutor(1) as others, engine.begin() as first:
        headings.write(first, [(1, "printer")])
        written = others.submit(second)
        with pytest.raises(TimeoutError):
            written.result(0.2)
        first.commit()
        written.result(5)
    with engine.begin() as connection:
        assert connection.execute(select(heading.c.seq).order_by(heading.c.seq)).scalars().all() == [1, 2]
    engine.dispose()


BUSY = [f"user{number} client{number % 9} example support {'odd' if number % 2 else 'even'} x{number // 30}y" for number in range(90)]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("user7 client7 example", [("user7", "client7")]),
        ("support user7 example client7", [("user7",), ("client7",)]),
        ("support example", []),
        ("odd even", [("odd", "even")]),  # each is in half of the mail, and both are in none
    ],
)
async def test_the_index_is_not_asked_for_what_most_mail_has(store: Store, text: str, asked: list[tuple[str, ...]]) -> None:
    """All that has the rare words is read, and then has to have the phrase."""
    await store.write(lambda c: headings.write(c, list(enumerate(BUSY, 1))))

    wanted = headings.phrases([text], whole=False)
    found = await store.read_to_show(lambda c: headings._for_index(c, wanted, 1, len(BUSY)))

    assert [phrase.words for phrase in found] == asked
