"""Delivery reports read: who could not be reached, why, about which mail.

RFC 3464 reports first; then what other servers write: X-Failed-Recipients, the attached original or its
headers, and the text (addresses and status codes near the words of failure). Amazon's JSON notices too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence

from gateway.match.ours import Ours
from gateway.model.email import Bounce

from .author import canonical_address
from .clean import clean, clean_line
from .head import split_head
from .headers import decode_value
from .ids import ids_of, own_id
from .marks import find as find_marks
from .mime import Part, Tree
from .transfer import decode_transfer

_ADDRESS = re.compile(r"[A-Za-z0-9._%+=!#$&'*/?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
# Of a field that is said to hold one (RFC 6533); in a text, words may touch an address.
_INTERNATIONAL = re.compile(r"[^\s<>()\[\],;:@\\\"]{1,64}@[^\s<>()\[\],;:@\\\"]{1,253}")
# Characters of an address in a report that travels in ASCII (RFC 6533 3).
_XTEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)[ -](?=[A-Za-z#<(*\[45])")
_ID = re.compile(
    r"(?im)^[ \t>|]{0,20}(?:original[- ])?message[- ]id[ \t]{0,5}:[ \t]{0,5}(<?[^\s<>]{3,400}@[^\s<>]{1,253}>?)"
)
_ORIGINALS = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/partial",
)
_HEADERS = re.compile(
    rb"\s{0,10}(?:received|return-path|message-id|x-[a-z-]{2,40}|by [a-z0-9.-]{4,60} with)[ :]", re.IGNORECASE
)
MOST_ANSWERED = 20
_SCAN = 64 * 1024


def report_parts(tree: Tree) -> tuple[Part | None, Part | None]:
    """The machine-readable part and the part with the original, if any."""
    status = original = None
    texts = 0
    for count, part in enumerate(tree.root.walk()):
        if count > 50:
            break
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            status = status or part
        elif part.content_type in _ORIGINALS:
            original = original or part
        elif original is None and texts and part.content_type.startswith("text/") and _HEADERS.match(part.raw[:400]):
            original = part
        texts += part.content_type.startswith("text/")
    return status, original


def read_report(tree: Tree, headers: Sequence[tuple[str, str]], text: str, ours: Collection[str]) -> Bounce:
    """Everything that the report says; fields that it does not say are ""."""
    status, original = report_parts(tree)
    first = {name.lower(): value for name, value in reversed(headers)}
    text = text[:_SCAN]
    found: dict[str, str] = {}
    if status is not None:
        found = _delivery_status(status)
    if not found.get("recipient"):
        failed = _ADDRESS.search(first.get("x-failed-recipients", "")[:2000])
        found["recipient"] = failed.group() if failed else ""
    notice = _amazon(text)
    for key, value in notice.items():
        found[key] = found.get(key) or value
    report, separator, quoted = _split_original(text)
    if not found.get("recipient"):
        found["recipient"] = _recipient(report, ours) or (
            _header_recipient(original, quoted) if separator or original else ""
        )
    if not found.get("status"):
        code = _STATUS.search(found.get("diagnostic", "")) or _STATUS.search(report)
        found["status"] = code[1] if code else _from_reply(found.get("diagnostic", "") or report)
    if not found.get("diagnostic"):
        found["diagnostic"] = next(
            (line.strip()[:300] for line in report.split("\n") if _REPLY.search(line) or _STATUS.search(line)),
            "",
        )
    action = found.get("action", "").lower()
    if not action:
        lowered = report[:4000].lower()
        delayed = any(
            word in lowered
            for word in ("delayed", "not yet been delivered", "will be retried", "continue to", "postponed")
        )
        action = "delayed" if delayed and not found["status"].startswith("5") else "failed"
    tickets, numbers, answered = _returned(original, quoted if separator else "")
    return Bounce(
        ticket_ids=tickets,
        ticket_numbers=numbers,
        answered=answered,
        recipient=canonical_address(found.get("recipient", "")),
        status=found.get("status", ""),
        action=action,
        diagnostic=clean_line(found.get("diagnostic", ""))[:500],
        original_message_id=_original_id(original, quoted if separator else "", text, notice, first),
    )


def _returned(original: Part | None, quoted: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The tickets and numbers that the returned mail names, if it is one of the desk's: in its References, its text
    and its subject; and the ids that it answers. Of an original that was attached, or quoted."""
    returned = original.raw[: 2 * _SCAN] if original is not None else quoted[:_SCAN].encode("utf-8", "replace")
    if original is not None:
        returned = decode_transfer(returned, original.encoding).data
    # The text within is quoted-printable: its soft breaks go through the ids.
    text = decode_transfer(returned, "quoted-printable").data.decode("utf-8", "replace")
    fields = split_head(returned.replace(b"\r\n", b"\n").lstrip(b"\n")).fields
    values = {name.lower(): decode_value(raw) for name, raw in reversed(fields)}
    subject = values.get("subject", "") or next(iter(_SUBJECT.findall(quoted[:_SCAN])), "")
    references = ids_of(values.get("references", ""))
    answered = tuple(dict.fromkeys((*ids_of(values.get("in-reply-to", "")), *reversed(references))))
    found = find_marks((*answered, *ids_of(_roots(quoted[:_SCAN]))), subject, text, "")
    return found.ticket_ids, found.ticket_numbers, answered[:MOST_ANSWERED]


_SUBJECT = re.compile(r"(?im)^[ \t>|]{0,20}subject:[ \t]{0,5}([^\n]{1,300})")
_ROOT = re.compile(r"<ticket-[0-9a-f-]{36}@[^<>\s]{1,253}>", re.IGNORECASE)


def _roots(text: str) -> str:
    return " ".join(_ROOT.findall(text)[:5])


def _groups(data: bytes) -> Iterable[dict[str, str]]:
    """The header groups of a delivery-status body."""
    for block in re.split(rb"\n[ \t\r]*\n", data[:_SCAN].replace(b"\r\n", b"\n")):
        fields = split_head(block.lstrip(b"\n")).fields
        if fields:
            yield {name.lower(): decode_value(raw) for name, raw in reversed(fields)}


def _typed(value: str) -> str:
    """``rfc822; a@b`` without its type."""
    kind, semicolon, rest = value.partition(";")
    rest = rest if semicolon and len(kind) < 30 else value
    pattern = _ADDRESS
    if kind.strip().lower() == "utf-8" or not rest.isascii():
        rest = clean(_XTEXT.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), rest))
        pattern = _INTERNATIONAL
    match = pattern.search(rest)
    return match.group() if match else rest.strip(" <>\"'")


def _delivery_status(part: Part) -> dict[str, str]:
    best: dict[str, str] = {}
    for group in _groups(part.payload()):
        recipient = (
            group.get("final-recipient") or group.get("original-recipient") or group.get("x-actual-recipient") or ""
        )
        if not recipient and "action" not in group:
            continue
        found = {
            "recipient": _typed(recipient),
            "action": group.get("action", "").partition(" ")[0],
            "status": (match[1] if (match := _STATUS.search(group.get("status", ""))) else ""),
            "diagnostic": group.get("diagnostic-code", "").partition(";")[2].strip()
            or group.get("diagnostic-code", ""),
        }
        original = group.get("original-recipient", "")
        if "@" not in found["recipient"] and "@" in original:
            found["recipient"] = _typed(original)
        # A report on several people: the first one who was not reached.
        if not best or (best.get("action", "").lower() not in ("failed",) and found["action"].lower() == "failed"):
            best = found
    return best


_SEPARATORS = re.compile(
    r"(?im)^.{0,80}(?:original message|message headers|headers? follow|copy of (?:the|your|this) m(?:essage|ail)"
    r"|unsent message|message follows|returned message|mail follows|message text follows|start of returned"
    r"|original mail|below this line).{0,60}$"
)
_FIELD = re.compile(r"[ \t>|]{0,10}(?:[A-Za-z][A-Za-z-]{1,40}:|From [^\n]{1,80}\d\d:\d\d)")
_TRANSIT = re.compile(r"(?im)^[ \t>|]{0,10}(?:received: (?:from|by)|return-path: ?<)")


def _split_original(text: str) -> tuple[str, str, str]:
    """The report's own words, and what it quotes of the mail."""
    for count, match in enumerate(_SEPARATORS.finditer(text)):
        rest = text[match.end() : match.end() + 400].lstrip("-=* \t\n")
        if _FIELD.match(rest):
            return text[: match.start()], match.group(), text[match.end() :]
        if count > 20:
            break
    header = _TRANSIT.search(text)
    if header is None:
        return text, "", ""
    return text[: header.start()], "\n", text[header.start() :]


def _recipient(report: str, ours: Collection[str]) -> str:
    own = Ours(ours)
    candidates: list[str] = []
    for match in _ADDRESS.finditer(report[:8000]):
        address = match.group().strip(".'")
        local = address.partition("@")[0].lower()
        if address in own or local in ("postmaster", "mailer-daemon", "abuse", "support", "helpdesk"):
            continue
        candidates.append(address)
    return candidates[0] if candidates else ""


def _header_recipient(original: Part | None, quoted: str) -> str:
    if original is not None:
        fields = split_head(original_headers(original)).fields
        for wanted in ("to", "x-original-to", "delivered-to"):
            for name, raw in fields:
                if name.lower() == wanted:
                    match = _ADDRESS.search(decode_value(raw)[:2000])
                    if match:
                        return match.group()
    match = re.search(r"(?im)^[ \t>]{0,10}to:[^\n]{0,200}", quoted)
    found = _ADDRESS.search(match.group()) if match else None
    return found.group() if found else ""


def original_headers(part: Part) -> bytes:
    """The header block of the original, attached whole or as headers only, in any encoding."""
    data = decode_transfer(part.raw[: 4 * _SCAN], part.encoding).data.replace(b"\r\n", b"\n").lstrip(b"\n")
    return data[: data.find(b"\n\n") + 1] if b"\n\n" in data else data


def _original_id(original: Part | None, quoted: str, text: str, notice: dict[str, str], headers: dict[str, str]) -> str:
    if original is not None:
        for name, raw in split_head(original_headers(original)).fields:
            if name.lower() == "message-id" and raw.strip():
                return own_id(decode_value(raw))
    if notice.get("message_id"):
        return own_id(notice["message_id"])
    match = _ID.search(quoted) or _ID.search(text)
    if match:
        return own_id(match[1])
    for name in ("x-original-message-id", "in-reply-to", "references"):
        if "@" in headers.get(name, ""):
            return own_id(headers[name])
    return ""


def _from_reply(text: str) -> str:
    """An SMTP reply code where no enhanced status was given: 550 becomes 5.0.0."""
    match = _REPLY.search(text)
    return f"{match[1][0]}.0.0" if match else ""


def amazon_kind(text: str) -> str:
    """notificationType of an Amazon SES notice: bounce, complaint, delivery; "" for anything else."""
    return _amazon(text).get("kind", "")


def _said(value: object) -> str:
    """A value of JSON as a line: it may hold escaped characters that no text can have."""
    return "" if value is None else clean_line(str(value))


def _amazon(text: str) -> dict[str, str]:
    start = text.find("{")
    if start < 0 or '"notificationType"' not in text:
        return {}
    try:
        data, _ = json.JSONDecoder().raw_decode(text, start)
        if isinstance(data.get("Message"), str):
            data = json.loads(data["Message"])
        report = data.get("bounce") or {}
        people = report.get("bouncedRecipients") or [{}]
        mail = data.get("mail") or {}
        headers = mail.get("commonHeaders") or {}
        return {
            "kind": _said(data.get("notificationType")).lower(),
            "recipient": _said(people[0].get("emailAddress")),
            "status": _said(people[0].get("status")),
            "action": _said(people[0].get("action")),
            "diagnostic": _said(people[0].get("diagnosticCode")),
            "message_id": _said(headers.get("messageId") or mail.get("messageId")),
        }
    except (ValueError, AttributeError, TypeError, LookupError, RecursionError):
        kind = re.search(r'"notificationType"\s{0,5}:\s{0,5}"(\w{1,30})"', text)
        return {"kind": kind[1].lower()} if kind else {}
