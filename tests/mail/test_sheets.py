"""Spreadsheets as tables: what their cells show, within bounds, and nothing of what is no spreadsheet."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import profiles
from gateway.mail import sheets
from gateway.mail.read import read as read_mail
from gateway.notices import fixtures
from tests.pace import processor_time

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHARED = "<si><t>Customer</t></si><si><t>Circuit/Asset</t></si><si><r><t>AC</t></r><r><t>ME</t></r><rPh><t>akume</t></rPh></si>"


def sheet(rows: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet {NS}><sheetData>{rows}</sheetData></worksheet>'


def workbook(rows: str, shared: str = SHARED, **more: str) -> bytes:
    """A workbook with the rows of its first sheet; ``more`` are further sheets by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", f"<workbook {NS}/>")
        archive.writestr("xl/sharedStrings.xml", f"<sst {NS}>{shared}</sst>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet(rows))
        for name, text in more.items():
            archive.writestr(f"xl/worksheets/{name}.xml", sheet(text))
    return out.getvalue()


CIRCUITS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="inlineStr"><is><t>23/HCGS/000042/XY</t></is></c></row>'
)


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        (CIRCUITS, "Customer,Circuit/Asset\nACME,23/HCGS/000042/XY\n"),
        ('<row><c><v>7</v></c><c r="C1"><v>8</v></c><c><v>9</v></c></row>', "7,,8,9\n"),
        ('<row><c><v>1.2345678E9</v></c><c><v>0.5</v></c><c t="str"><f>A1</f><v>a, b</v></c></row>', '1234567800,0.5,"a, b"\n'),
        ('<row/><row><c t="s"><v>99</v></c><c t="b"><v>1</v></c></row>', ",1\n"),
        ("", ""),
    ],
    ids=["shared, rich and own words", "cells left out", "numbers and formulas", "no such word", "empty"],
)  # fmt: skip
def test_cells_as_they_are_shown(rows: str, table: str) -> None:
    assert sheets.tables(workbook(rows)) == ([table] if table else [])


def test_each_sheet_is_a_table() -> None:
    row = "<row><c><v>{}</v></c></row>"

    assert sheets.tables(workbook(row.format(1), sheet10=row.format(10), sheet2=row.format(2))) == ["1\n", "2\n", "10\n"]


BOMB = f"<sst {NS}>" + "<si><t>" + "A" * (2 * sheets.MOST_PART) + "</t></si></sst>"
LAUGHS = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]>'


def with_sheet(text: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", text)
    return out.getvalue()


HOSTILE = {
    "no zip": b"PK\x03\x04 and no more",
    "no spreadsheet": with_sheet("<worksheet"),
    "a document type": with_sheet(sheet(CIRCUITS).replace("<worksheet", f"{LAUGHS}<worksheet")),
    "a document type in UTF-16": with_sheet((LAUGHS + f"<worksheet {NS}/>").encode("utf-16")),
    "a bomb": workbook(CIRCUITS, shared=BOMB),
    "deep": with_sheet(sheet("<t>a" * 100_000)),
    "cut off": workbook(CIRCUITS)[:-40],
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_what_is_no_spreadsheet_has_no_tables(shape: str) -> None:
    assert sheets.tables(HOSTILE[shape]) == []


@pytest.mark.parametrize(
    "rows",
    ["<row><c><v>1</v></c></row>" * 35_000, "<row>" + '<c r="A1"><v>1</v></c>' * 45_000 + "</row>", '<row r="9"/>' * 80_000, "<c>" * 20],
    ids=["many rows", "one cell many times", "empty rows", "cells in cells"],
)  # fmt: skip
def test_its_size_and_time_are_bounded(rows: str) -> None:
    book = workbook(rows)
    with processor_time() as spent:
        tables = sheets.tables(book)

    assert sum(map(len, tables)) <= sheets.MOST_TEXT
    assert all(len(line.split(",")) <= sheets.MOST_CELLS for table in tables for line in table.splitlines())
    assert spent.seconds < 1


def test_what_is_too_long_is_left_out_by_whole_rows() -> None:
    row = f'<row><c t="str"><v>{"x" * 200}</v></c></row>'

    (table,) = sheets.tables(workbook(row * 1_000))

    assert len(table) <= sheets.MOST_TEXT
    assert set(table.splitlines()) == {"x" * 200}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2_000), st.integers(0, 20))
def test_damage_never_raises(noise: bytes, at: int, gone: int) -> None:
    whole = workbook(CIRCUITS)

    sheets.tables(noise)
    sheets.tables(whole[:at] + noise + whole[at + gone :])


def test_the_circuits_of_planned_work_stand_in_a_spreadsheet() -> None:
    """Below a title, as programs that export such lists write them."""
    title = '<row r="1"><c r="A1" t="str"><v>What your planned work touches</v></c></row>'
    mail = EmailMessage()
    mail["From"], mail["To"] = "Longhaul <work@longhaul.example>", "support@msp.example"
    mail["Subject"] = "Summary of Planned Maintenance"
    mail.set_content("Event ID: 7654321\n\nStart Time: March 31, 2026 14:00 GMT, End Time: March 31, 2026 15:00 GMT\n")
    book = workbook(title + CIRCUITS.replace('r="2"', 'r="3"').replace('r="1"', 'r="2"'))
    mail.add_attachment(book, maintype="application", subtype="octet-stream", filename="circuits.xlsx")

    notice = fixtures.notice_of(read_mail(mail.as_bytes()).email, profiles.read(profiles.SHIPPED / "maintenance.toml").profile)

    assert notice is not None
    assert (notice.state, notice.object, notice.objects) == ("planned", "7654321", ("23/HCGS/000042/XY",))
    assert notice.window is not None
