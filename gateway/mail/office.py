"""Which zip files are what Office programs write: all of their names must lie where Office puts them.

Source: ECMA-376 part 2 (OPC) and the part names of part 1; OpenDocument 1.3 part 2.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.match.files import PROGRAMS, ending_of

OOXML = "application/vnd.openxmlformats-officedocument."
OPENDOCUMENT = "application/vnd.oasis.opendocument"
_OOXML_MAIN = {
    "word/": "wordprocessingml.document",
    "xl/": "spreadsheetml.sheet",
    "ppt/": "presentationml.presentation",
    "visio/": "drawing",
}
_OOXML_FOLDERS = (
    "_rels/", "docprops/", "docmetadata/", "customxml/", "customui/", "usercustomization/", "[trash]/",
    "_xmlsignatures/", "xl/", "word/", "ppt/", "visio/",
)  # fmt: skip
_OOXML_FILES = frozenset(("[content_types].xml",))
_OPENDOCUMENT_FOLDERS = (
    "meta-inf/", "configurations2/", "thumbnails/", "pictures/", "media/", "objectreplacements/", "object ", "fonts/",
    "basic/", "dialogs/", "scripts/", "database/", "forms/", "reports/", "versions/", "chart",
    "dataobjects/",
)  # fmt: skip
_OPENDOCUMENT_FILES = frozenset(
    "mimetype content.xml styles.xml meta.xml settings.xml manifest.rdf layout-cache current.xml "
    "versionlist.xml documentsignatures.xml".split()
)


def kind_of(names: Iterable[str]) -> str:
    """The media type of the Office file with these names (as they stand in the zip), "" for any other zip."""
    plain = [name.replace("\\", "/").casefold() for name in names]
    if any(ending_of(name) in PROGRAMS for name in plain):  # what a person embeds ends in bin or as a document
        return ""
    if "[content_types].xml" in plain and _lie_in(plain, _OOXML_FOLDERS, _OOXML_FILES):
        for folder, kind in _OOXML_MAIN.items():
            if any(name.startswith(folder) for name in plain):
                return OOXML + kind
    if {"mimetype", "meta-inf/manifest.xml"} <= set(plain) and _lie_in(
        plain, _OPENDOCUMENT_FOLDERS, _OPENDOCUMENT_FILES
    ):
        return OPENDOCUMENT
    return ""


def has_macros(names: Iterable[str]) -> bool:
    """Whether a zip with these names holds macros: VBA, Excel 4 macro sheets, Basic or scripts of OpenDocument."""
    return any(
        name.endswith("vbaproject.bin") or name.startswith(("xl/macrosheets/", "basic/", "scripts/"))
        for name in (name.replace("\\", "/").casefold() for name in names)
    )


def _lie_in(names: Iterable[str], folders: tuple[str, ...], files: frozenset[str]) -> bool:
    return all(name in files or name.startswith(folders) for name in names)
