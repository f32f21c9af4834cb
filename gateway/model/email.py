"""The parsed mail: immutable values that the rest of the gateway reads.

Promised: every text here is valid Unicode without NUL, lone surrogates or control characters
other than tab and line feed; every attachment of the mail is listed once; nothing is cut
without a note in ``defects``. Source: RFC 5322, RFC 2045-2049, RFC 3464, RFC 3834.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Gesture = Literal["", "reaction", "acceptance"]
"""What a mail without words is, as its structure proves."""

Block = dict[str, Any]
ATTACHMENT = "attachment:"


def attachment_of(block: Block) -> int:
    """The index of the attachment that an image shows, -1 for none."""
    url = str((block.get("props") or {}).get("url") or "")
    number = url.removeprefix(ATTACHMENT)
    return int(number) if number != url and number.isdecimal() and len(number) < 10 else -1


"""One block of the desk's rich text: ``{"type", "props", "content", "children"}``."""


def paragraphs(text: str) -> tuple[Block, ...]:
    """The rich text of lines that have no look of their own: a paragraph a line."""
    return tuple(
        {
            "type": "paragraph",
            "props": {},
            "content": [] if not line or line.isspace() else [{"type": "text", "text": line, "styles": {}}],
            "children": [],
        }
        for line in text.split("\n")
    )


AutoKind = Literal[
    "human",
    "bounce",
    "auto-reply",
    "vacation",
    "notification",
    "list",
    "bulk",
    "receipt",
    "own",
    "helpdesk",
]
MACHINES: tuple[AutoKind, ...] = ("notification", "bulk")
"""Kinds of mail by which machines report something."""


_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def lower_ascii(text: str) -> str:
    """ASCII letters in lower case, all others as they are: Unicode's rule makes a "k" of the Kelvin sign, and so
    somebody else's address."""
    return text.translate(_SMALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of a header. ``address`` is ``local@domain``, the domain in ASCII and lower case where it is a name."""

    address: str
    name: str = ""

    @property
    def key(self) -> str:
        """The address in the form in which addresses are compared and looked up."""
        return lower_ascii(self.address)


@dataclass(frozen=True, slots=True)
class Inside:
    """What a file holds that is an archive or a mail: its ``names``, those of an archive within it after its
    own name and "/", at most 1,000; ``count`` is how many there are. ``depth`` counts archives within each
    other. ``marks``: encrypted, macros, closed (nobody can look in, or not all the way)."""

    names: tuple[str, ...] = ()
    count: int = 0
    depth: int = 0
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the mail, in the order of the part tree.

    ``part`` is where its bytes are: the path of the part in the tree ("2.1", counted from 1),
    with "!n" appended for the n-th file unpacked from that part (winmail.dat, uuencode, S/MIME).
    ``size`` and ``sha256`` (hex) are of the decoded bytes. ``inline`` says that the body shows it;
    image blocks refer to it as ``attachment:N``, N its index in ``Email.attachments``.
    ``content_type`` is what the sender says, ``sniffed`` what the content shows.
    """

    part: str
    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""
    sniffed: str = ""
    inside: Inside | None = None


PassageRole = Literal["new", "ending", "kept", "quoted", "introduction", "signature", "proven"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a reply that are looked at together: all new ones in a row, else one line.

    ``role``: new words; a line at the end of them, which may be the sender's signature; a line of a quote that is kept,
    as words between the lines answer it; a quoted line, which is cut; an introduction, which only says whose words
    follow; a line that looks like one of a signature; one that is proven to be. ``rich`` is the same as rich text, None
    where that is a paragraph a line."""

    role: PassageRole
    text: str
    rich: tuple[Block, ...] | None = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        return paragraphs(self.text) if self.rich is None else self.rich

    @property
    def is_new(self) -> bool:
        """Whether the rules alone show it as the sender's own words."""
        return self.role in ("new", "ending")

    @property
    def picture(self) -> int:
        """The attachment that it shows, -1 for none."""
        found = (attachment_of(block) for block in self.rich or () if block["type"] == "image")
        return next((number for number in found if number >= 0), -1)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is new in a reply. ``text`` has neither quotes nor signature; ``rich`` is the same as
    rich text, None where that is a paragraph a line, with the signature kept where it was not recognised
    with confidence. Whatever was cut is in ``quoted`` and ``signature``: no word is lost between the three.
    ``confidence`` "low" means that nothing was cut. ``passages`` are the text line by line,
    where any of it may be cut."""

    text: str
    rich: tuple[Block, ...] | None
    without_quotes: str
    without_signature: str
    signature: str = ""
    quoted: str = ""
    confidence: Literal["high", "low"] = "high"
    method: str = ""
    passages: tuple[Passage, ...] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        return paragraphs(self.text) if self.rich is None else self.rich


@dataclass(frozen=True, slots=True)
class DataFile:
    """The text of a small file for machines; ``kind`` is calendar, json, xml or csv."""

    kind: str
    filename: str
    text: str


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that this one carries: from its text, its HTML or an attached message.

    ``chain`` holds further forwards inside it, outermost first. ``message_ids`` are the original's
    own id, In-Reply-To and References, known only when the original was attached; so are the files for
    machines in ``data``. ``below`` is what the forwarder wrote under it."""

    sender: Address | None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: str = ""
    reply_to: Address | None = None
    text: str = ""
    above: str = ""
    blocks: tuple[Block, ...] = ()
    above_blocks: tuple[Block, ...] = ()
    attached: bool = False
    message_ids: tuple[str, ...] = ()
    chain: tuple[Forwarded, ...] = ()
    below: str = ""
    data: tuple[DataFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report: who could not be reached, why, and about which mail: by its id, by the marks of the desk's
    notification that came back, and by the ids that it ``answered``, the nearest first."""

    recipient: str = ""
    status: str = ""
    action: str = ""
    diagnostic: str = ""
    original_message_id: str = ""
    ticket_ids: tuple[str, ...] = ()
    ticket_numbers: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Automatic:
    """Whether a machine sent the mail, and what says so (``reasons``). ``by_structure`` is the kind that the mail's
    structure and headers prove; ``kind`` counts the words of its subject and the name of its sender too."""

    kind: AutoKind = "human"
    reasons: tuple[str, ...] = ()
    bounce: Bounce | None = None
    by_structure: AutoKind = "human"

    @property
    def is_auto(self) -> bool:
        return self.kind != "human"

    @property
    def proven_bounce(self) -> Bounce | None:
        return self.bounce if self.by_structure == "bounce" else None


@dataclass(frozen=True, slots=True)
class Notification:
    """A mail of the desk about a ticket: its Message-ID and From ("" where they are not seen), and the signs by
    which it was known."""

    ticket_id: str
    message_id: str = ""
    sender: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskMarks:
    """What the desk's own notifications leave in a reply (docs/algapsa.md "Marks in the desk's own mail").

    All of it is the sender's claim; none of it can be verified over the API."""

    ticket_ids: tuple[str, ...] = ()
    reply_tokens: tuple[str, ...] = ()
    ticket_numbers: tuple[str, ...] = ()
    notification: Notification | None = None  # that the mail itself is, or carries and nothing else


ENCRYPTED: Final = "encrypted: kept as files"
"""The defect of a mail whose words nobody but its recipient can read."""


@dataclass(frozen=True, slots=True)
class Email:
    """A parsed mail.

    ``message_id``, ``in_reply_to`` and ``references`` are in canonical form (docs/mail-rules.md "Threading":
    no brackets, local part as it was, domain in lower case; "" or () when absent). ``date`` is ISO 8601 in UTC or
    "". ``headers`` are (name, decoded value) in order, at most 1,000. ``text`` is the whole body as
    plain text, ``html`` the chosen HTML part as it came, ``rich`` the whole body as rich text, None where that is the
    reply's.
    ``digest`` (hex) identifies the content: equal for two copies that differ in trace headers only.
    ``data`` holds the text of small calendars, JSON, XML and CSV files.

    ``sender`` is who From names: with an address only where From is one plain mailbox (``mail.author``), else its
    words as a name, with ``from_problem`` saying why. ``shown_from`` is what a lenient reader makes of From: for lists
    and statistics, never for who somebody is. ``reply_to`` is the one mailbox of the one Reply-To, ``list_author`` who
    wrote by the word of a list that rewrote From; both None where there is not exactly one. ``doubts`` say why another
    reader may see other headers. ``gesture``: what a mail without words is. ``event`` stands for a calendar's
    event that the mail tells, "" for none; ``is_later_event`` where it changes, calls off or answers one told before.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: str
    subject: str
    sender: Address | None
    reply_to: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    rich: tuple[Block, ...] | None
    reply: Reply
    forwarded: Forwarded | None
    auto: Automatic
    marks: DeskMarks
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]
    digest: str
    data: tuple[DataFile, ...] = ()
    from_problem: str = ""
    shown_from: Address | None = None
    list_author: Address | None = None
    doubts: tuple[str, ...] = ()
    gesture: Gesture = ""
    event: str = ""
    is_later_event: bool = False

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.reply.blocks if self.rich is None else self.rich

    def header(self, name: str) -> str:
        """The first header of that name (any case), decoded; "" when absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")
