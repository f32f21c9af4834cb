"""Reading a row of which a part is damaged: whoever works on it stops, whoever only looks sees where.

SQLite believes its pages. A sector that turned to garbage inside a value leaves a text that is not UTF-8 or a value
of another kind, and no check of the file's structure finds it. So every column of the schema is read through
``Checked``: a value that is not of its kind raises Unreadable with its table and column. Inside ``looking`` it
becomes Garbled, which can be shown. PostgreSQL checks kinds by itself and its pages by their sums.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import Boolean, Dialect, Double, Integer, LargeBinary, MetaData, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

Row = TypeVar("Row", bound=Mapping[Any, Any])


class Unreadable(Exception):
    """A row cannot be read; says where."""


class Missing(Unreadable):
    """A row is not there that another one refers to."""


class Unavailable(Unreadable):
    """The database does not give a page out. It may again, once a copy of the page was put back."""


class Garbled(str):
    """Stands for a value that cannot be read; its text says where."""


_looking: ContextVar[bool] = ContextVar("looking", default=False)


@contextmanager
def looking() -> Iterator[None]:
    """What cannot be read is Garbled in this block. For rows that were fetched in it."""
    token = _looking.set(True)
    try:
        yield
    finally:
        _looking.reset(token)


def _unreadable(where: str) -> Garbled:
    if not _looking.get():
        raise Unreadable(f"{where} cannot be read")
    return Garbled(f"{where} cannot be read")


def garbled(values: Iterable[Any]) -> list[Garbled]:
    """Those that cannot be read."""
    return [value for value in values if isinstance(value, Garbled)]


def whole(row: Row, *names: str) -> Row:
    """The row, if it or these columns of it can be read. Raises Unreadable."""
    if bad := garbled([row[name] for name in names] if names else row.values()):
        raise Unreadable(", ".join(bad))
    return row


def parsed(text: str, where: str) -> dict[str, Any]:
    """The JSON of a column that holds an object. Raises Unreadable."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Unreadable(f"{where} cannot be read")
    return value


def parsed_to_show(row: Mapping[Any, Any], column: str) -> dict[str, Any]:
    """The same of a column of a row; {} where it is empty or cannot be read, which `gateway verify` names."""
    try:
        return parsed(row[column], column) if row[column] else {}
    except Unreadable:
        return {}


def decoded(text: bytes) -> str | bytes:
    """SQLite's text as it is on the disk; what is not UTF-8 stays bytes, which no text column may be."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text


class Json(Text):
    """Text that holds JSON."""


_KINDS: tuple[tuple[type[TypeEngine[Any]], tuple[type, ...]], ...] = (
    (String, (str,)),
    (Boolean, (int,)),
    (Integer, (int,)),
    (Double, (float, int)),
    (LargeBinary, (bytes,)),
)


class Checked(TypeDecorator[Any]):
    """The type of a column that knows its name, ``where``, and looks at what comes out of SQLite."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok = True
    coerce_to_is_types = (type(None), bool)

    def __init__(self, kind: TypeEngine[Any], where: str) -> None:
        super().__init__()
        self.kind = self.impl = kind
        self.where = where
        self._kinds = next(kinds for family, kinds in _KINDS if isinstance(kind, family))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        inner = self.impl_instance.result_processor(dialect, coltype)
        if dialect.name != "sqlite":
            return inner
        where, kinds = self.where, self._kinds

        def read(value: Any) -> Any:
            if value is not None and type(value) not in kinds:
                return _unreadable(where)
            return value if inner is None else inner(value)

        return read


def watch(metadata: MetaData) -> None:
    """Let every column of these tables be read with care."""
    for table in metadata.tables.values():
        for column in table.columns:
            column.type = Checked(column.type, f"{table.name}.{column.name}")
