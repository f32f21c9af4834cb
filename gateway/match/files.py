"""Files as rules see them: what a file is by name, content and label, and what a rule may ask of it.

Technicians open files from a browser at the desk's own address, so a page that runs there acts as them. Sources:
Microsoft's "Blocked attachments in Outlook" (Level 1) and Google's "File types blocked in Gmail", both as of
2026-11-28; Windows' naming of files; the WHATWG MIME Sniffing standard (what is XML).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from gateway.model.email import Attachment, Inside

Action = Literal["allow", "rename", "hold", "drop"]

PROGRAMS = frozenset(
    "ade adp apk app appcontent-ms appinstaller application appref-ms appx appxbundle asp aspx asx bas bat bgi cab "
    "cdxml cer chm cmd cnt com cpl crt csh der dex diagcab diagcfg diagpkg dll dmg ex ex_ exe fxp gadget grp hlp hpj "
    "hta htc img inf ins iso isp its jar jnlp js jse ksh lib library-ms lnk mad maf mag mam maq mar mas mat mau mav "
    "maw mcf mda mdb mde mdt mdw mdz mjs msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu nsh "
    "ops osd pcd pif pkg pl plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 pssc pst py pyc "
    "pyo pyw pyz pyzw reg scf scr sct search-ms searchconnector-ms settingcontent-ms shb shs sys theme themepack tmp "
    "udl url vb vbe vbp vbs vhd vhdx vsmacros vsw vxd webpnp website wim ws wsb wsc wsf wsh xbap xll xnk "
    "command dqy drv fileloc inetloc iqy kext ocx oqy ppa rdp rqy scpt scptd slk terminal webloc wll workflow".split()
)
"""Endings of what a double click runs, imports or mounts: all of Outlook's list and of Gmail's, as published on
2026-11-28, what Windows has learned to open since, and what does the same unlisted: remote desktops, queries that fetch
what they show, libraries of programs, scripts and shortcuts of macOS."""
DISK_IMAGES = frozenset(
    "application/x-iso9660-image application/x-udf-image application/x-vhd application/x-vhdx "
    "application/x-vmdk application/x-qcow2 application/x-apple-diskimage application/x-ms-wim "
    "application/x-raw-disk-image".split()
)
PROGRAM_TYPES = DISK_IMAGES | frozenset(
    "application/vnd.microsoft.portable-executable application/x-executable application/x-mach-binary "
    "application/java-vm application/java-archive application/vnd.android.package-archive "
    "application/vnd.android.dex application/wasm application/x-ms-shortcut application/vnd.ms-htmlhelp "
    "text/x-shellscript".split()
)
PAGES = frozenset("htm html shtml xht xhtm xhtml mht mhtml".split())
PAGE_TYPES = frozenset("text/html application/xhtml+xml multipart/related message/rfc2557".split())
XML = frozenset("xml xsl xslt xsd dtd ent rdf rss atom xul xbl mml mathml wsdl svg svgz".split())
"""Endings that a server or a browser takes for XML: whatever its root is called, a script may stand in it."""
XML_TYPES = frozenset("text/xml application/xml text/xsl application/xml-dtd".split())
DOWNLOADED = frozenset("svg svgz gpx kml drawio fodt fods fodp fodg musicxml xliff xlf".split())
"""XML that people send and open with a program of its own: it keeps its name and goes up as octets, which the desk
offers for download only."""
PICTURES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"))
"""What browsers show and nothing runs in. The desk serves whatever calls itself a picture inline."""
SAME_PICTURE = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
}
OCTETS = "application/octet-stream"
MACRO_ENDINGS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm".split())
SHOWN_ENDINGS = frozenset(
    "pdf doc docx xls xlsx ppt pptx odt ods txt rtf csv jpg jpeg png gif bmp tif tiff zip msg eml mp3 mp4 wav".split()
)


def shows(kind: str) -> bool:
    """Whether browsers show a picture of this media type."""
    return SAME_PICTURE.get(kind, kind) in PICTURES


_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


_MAIN_STREAM = re.compile(r"::?\$data$", re.IGNORECASE)
_AT_END = ". :\t\u00a0"


def windows_name(name: str) -> str:
    """A name as it lies on a disk of Windows: the last of a path, without case, the dots and blanks at its end, and the
    name of its main stream; browsers save any other colon as an underscore."""
    last = name.replace("\\", "/").rpartition("/")[2].partition("\0")[0]
    return _MAIN_STREAM.sub("", last.rstrip(_AT_END)).replace(":", "_").rstrip(_AT_END).casefold()


def ending_of(name: str) -> str:
    """The ending of a name as Windows takes it, "" for none."""
    _, dot, ending = windows_name(name).rpartition(".")
    return ending if dot else ""


@dataclass(frozen=True, slots=True)
class FileView:
    """A file as rules see it."""

    file: Attachment

    @property
    def endings(self) -> list[str]:
        return windows_name(self.file.filename).split(".")[1:]

    @property
    def extension(self) -> str:
        return ending_of(self.file.filename)

    @property
    def inside(self) -> Inside:
        return self.file.inside or Inside()

    @property
    def is_program(self) -> bool:
        return self.extension in PROGRAMS or self.file.sniffed in PROGRAM_TYPES

    @property
    def is_page(self) -> bool:
        """Whether a browser would run it: HTML, and XML of all kinds but those that are only downloaded."""
        if self.extension in PAGES or {self.file.sniffed, self.file.content_type} & PAGE_TYPES:
            return True
        return self.is_xml and self.extension not in DOWNLOADED

    @property
    def is_xml(self) -> bool:
        return self.extension in XML or any(
            kind in XML_TYPES or kind.endswith("+xml") for kind in (self.file.sniffed, self.file.content_type)
        )

    @property
    def upload_type(self) -> str:
        """The bare media type under which the desk may keep the file, so that no browser runs it from there."""
        kind = self.file.content_type.partition(";")[0].strip().lower()
        kind = SAME_PICTURE.get(kind, kind)
        if self.is_xml or (kind.startswith("image/") and kind not in PICTURES):
            return OCTETS
        return kind if _TYPE.fullmatch(kind) else OCTETS

    @property
    def has_macros(self) -> bool:
        return self.extension in MACRO_ENDINGS or "macros" in self.inside.marks

    @property
    def is_disguised(self) -> bool:
        """invoice.pdf.exe: an ending that people know before one that runs."""
        endings = self.endings
        runs = self.extension in PROGRAMS | PAGES | MACRO_ENDINGS
        return len(endings) > 1 and runs and endings[-2].strip() in SHOWN_ENDINGS

    @property
    def holds_program(self) -> bool:
        return "program" in self.inside.marks or any(ending_of(name) in PROGRAMS for name in self.inside.names)


@dataclass(frozen=True, slots=True)
class FileRule:
    """All that is said must hold; a rule that says nothing holds for every file. ``globs`` are compiled."""

    name: str
    action: Action
    types: tuple[Any, ...] = ()
    extensions: frozenset[str] = frozenset()
    globs: tuple[Any, ...] = ()
    program: bool | None = None
    page: bool | None = None
    macros: bool | None = None
    disguised: bool | None = None
    holds_program: bool | None = None
    encrypted: bool | None = None
    closed: bool | None = None
    deeper: int | None = None
    more_files: int | None = None
    larger: int | None = None

    def holds(self, file_view: FileView) -> bool:
        inside = file_view.inside
        said = (
            (self.program, file_view.is_program),
            (self.page, file_view.is_page),
            (self.macros, file_view.has_macros),
            (self.disguised, file_view.is_disguised),
            (self.holds_program, file_view.holds_program),
            (self.encrypted, "encrypted" in inside.marks),
            (self.closed, "closed" in inside.marks),
        )
        limits = ((self.deeper, inside.depth), (self.more_files, inside.count), (self.larger, file_view.file.size))
        return (
            (not self.extensions or file_view.extension in self.extensions)
            and (not self.types or any(pattern.search(file_view.file.sniffed) for pattern in self.types))
            and (not self.globs or any(glob.search(file_view.file.filename.casefold()) for glob in self.globs))
            and all(wanted is None or wanted == found for wanted, found in said)
            and all(most is None or found > most for most, found in limits)
        )
