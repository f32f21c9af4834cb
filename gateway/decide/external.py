"""Numbers of other desks in subjects (INC0012345, [Ticket#4711]): an id of the vendor, never of the world.

A number counts only in the shape that a desk's software gives it. A bare number, a date, a year or an order identifies
nothing: what looks like one is left out. It leads to a ticket only for mail of the same domain family, where that is
proven or comes by the same envelope as the mail that had the number first.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from gateway.match import domains
from gateway.match.names import proof_of
from gateway.model.email import Email
from gateway.model.envelope import Envelope, Verdict

SHAPES = (
    # ServiceNow: a table's prefix and at least seven digits, nothing between them
    re.compile(r"(?<![\w-])((?:INC|CS|RITM|REQ|SCTASK|TASK|CHG|CTASK|PRB|PTASK|WO|HRC|CALL)\d{7,10})(?![\w-])"),
    # a tag of a desk in brackets: a word for its records, a sign, the number
    re.compile(
        r"\[(?:[\w .-]{0,40} )?(?:ticket|case|request|incident|issue|sr|req|tkt|tt|ref|vorgang|anfrage|fall|störung|"
        r"dossier|demande|caso|solicitud|richiesta|chamado|melding|ärende|sag|sak|zgłoszenie)"
        r"(?:(?:[ -](?:id|number|no\.?|nr\.?|nummer))?\s?[#:]|[ -](?:no\.|nr\.))\s?([A-Z]{0,8}-?\d{4,16})\]",
        re.IGNORECASE,
    ),
    # Request Tracker: its site and the number
    re.compile(r"\[([\w-]{1,40}(?:\.[\w-]{1,40}){1,4}\s?#\d{1,12})\]"),
    # a word for a record, a hyphen or a sign, the number
    re.compile(r"(?<![\w-])((?:CASE|TKT|TICKET|INCIDENT|SR)(?:-|\s?[#:]\s?)\d{4,14})(?![\w-])", re.IGNORECASE),
    # Dynamics: a case with the letters at its end; Microsoft's own support
    re.compile(r"(?<![\w-])(CAS-\d{5,8}-[A-Z0-9]{6})(?![\w-])"),
    re.compile(r"(?<![\w-])(TrackingID#\d{15,17})(?![\w-])"),
)
OF_A_DESK = (  # only where the mail's headers say that a desk's software sent it
    re.compile(r"\[#(\d{2,14})\]"),
    re.compile(r"[\[(]([A-Z][A-Z0-9]{1,9}-\d{1,9})[\])]"),
)
MOST = 3


def ids_of(email: Email, envelope: Envelope, verdict: Verdict) -> tuple[str, ...]:
    """The numbers of the subject as ids of the sender's domain family: as of whoever is proven, if the sender is, and
    as what came by this envelope. A public provider is no desk."""
    family = _desk_of(email.sender.key) if email.sender else ""
    if not family or domains.is_public(family):
        return ()
    way = f"{domains.family(domains.of(envelope.mail_from))} over {proof_of(verdict, envelope.auth, envelope.peer)}"
    scopes = ([f"number.{family}"] if verdict == "pass" else []) + [f"{family} by {way}"]
    return tuple(f"{number}@{scope}" for number in numbers_of(email) for scope in scopes)


def _desk_of(address: str) -> str:
    """Whose numbers they are: the domain's with all that is below it. Customers of one provider count alike, so each
    has its own: by the name below the provider's, or by the local part."""
    local, _, domain = address.rpartition("@")
    return f"{local}.{domain}" if domain in domains.TENANTED else domains.family(domain)


def numbers_of(email: Email) -> tuple[str, ...]:
    """The numbers in the subject that have the shape of a desk's."""
    return _numbers_in(email.subject[:500], email.auto.kind == "helpdesk")


@lru_cache(256)
def _numbers_in(subject: str, is_of_a_desk: bool) -> tuple[str, ...]:
    shapes = (*SHAPES, *OF_A_DESK) if is_of_a_desk else SHAPES
    found = [match[1] for shape in shapes for match in shape.finditer(subject)]
    numbers = [number for number in found if not _is_a_date(number)]
    plain = ("".join(c for c in number.upper() if c.isalnum() or c == "#") for number in numbers)
    return tuple(dict.fromkeys(plain))[:MOST]


def _is_a_date(number: str) -> bool:
    """Whether the digits are a year or a day, as anybody writes them."""
    digits = "".join(c for c in number if c.isdigit())
    forms = {4: ("%Y",), 6: ("%Y%m",), 8: ("%Y%m%d", "%d%m%Y", "%m%d%Y")}
    return any(_reads(digits, form) for form in forms.get(len(digits), ()))


def _reads(digits: str, form: str) -> bool:
    try:
        return 1990 <= datetime.strptime(digits, form).year <= 2099
    except ValueError:
        return False
