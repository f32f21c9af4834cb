"""Files as rules see them: what a file is by name, content and label, and what a rule may ask of it.

Technicians open files from a browser at the desk's own address, so a page that runs there acts as them. Source of
the names: Microsoft's "Blocked attachments in Outlook" (Level 1) and Google's "File types blocked in Gmail".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gateway.model.email import Attachment, Inside

Action = Literal["allow", "rename", "hold", "drop"]

PROGRAMS = frozenset(
    "ade adp apk app appcontent-ms appinstaller application appref-ms appx appxbundle asp aspx asx bas bat bgi cab "
    "cer chm cmd cnt com cpl crt csh der dex diagcab dmg ex ex_ exe fxp gadget grp hlp hpj hta htc inf ins iso isp "
    "its jar jnlp js jse ksh lib library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw "
    "mdz msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu nsh ops osd pcd pif pkg pl plg prf "
    "prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 pssc pst py pyc pyo pyw pyz pyzw reg scf scr sct "
    "search-ms settingcontent-ms shb shs sys theme tmp udl url vb vbe vbp vbs vhd vhdx vsmacros vsw vxd webpnp "
    "website wim wsb wsc wsf wsh xbap xll xnk".split()
) - frozenset("cer crt der mat mda mdb tmp pst".split())
"""Endings of what a double click runs. Left out of Outlook's list: certificates, databases and
mail stores, which people send to a help desk."""
PROGRAM_TYPES = frozenset(
    "application/vnd.microsoft.portable-executable application/x-executable application/x-mach-binary "
    "application/java-vm application/java-archive application/vnd.android.package-archive "
    "application/vnd.android.dex application/wasm application/x-ms-shortcut application/vnd.ms-htmlhelp "
    "text/x-shellscript".split()
)
PAGES = frozenset("htm html shtml xht xhtm xhtml svg svgz mht mhtml xsl xslt".split())
PAGE_TYPES = frozenset(
    "text/html application/xhtml+xml image/svg+xml multipart/related message/rfc2557 text/xsl".split()
)
MACRO_ENDINGS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm".split())
SHOWN_ENDINGS = frozenset(
    "pdf doc docx xls xlsx ppt pptx odt ods txt rtf csv jpg jpeg png gif bmp tif tiff zip msg eml mp3 mp4 wav".split()
)


@dataclass(frozen=True, slots=True)
class Look:
    """A file as rules see it."""

    file: Attachment

    @property
    def endings(self) -> list[str]:
        return self.file.filename.lower().split(".")[1:]

    @property
    def extension(self) -> str:
        return self.endings[-1] if self.endings else ""

    @property
    def inside(self) -> Inside:
        return self.file.inside or Inside()

    @property
    def is_program(self) -> bool:
        return self.extension in PROGRAMS or self.file.sniffed in PROGRAM_TYPES

    @property
    def is_page(self) -> bool:
        return self.extension in PAGES or bool({self.file.sniffed, self.file.content_type} & PAGE_TYPES)

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
        return any(one.lower().rpartition(".")[2].rstrip(" ") in PROGRAMS for one in self.inside.names)


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

    def holds(self, look: Look) -> bool:
        inside = look.inside
        said = (
            (self.program, look.is_program),
            (self.page, look.is_page),
            (self.macros, look.has_macros),
            (self.disguised, look.is_disguised),
            (self.holds_program, look.holds_program),
            (self.encrypted, "encrypted" in inside.marks),
            (self.closed, "closed" in inside.marks),
        )
        limits = ((self.deeper, inside.depth), (self.more_files, inside.count), (self.larger, look.file.size))
        return (
            (not self.extensions or look.extension in self.extensions)
            and (not self.types or any(one.search(look.file.sniffed) for one in self.types))
            and (not self.globs or any(one.search(look.file.filename.casefold()) for one in self.globs))
            and all(wanted is None or wanted == found for wanted, found in said)
            and all(most is None or found > most for most, found in limits)
        )
