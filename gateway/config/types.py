"""What the sections of the configuration share: their base and the types of their keys."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo

from gateway.mail.author import NotStrict, canonical_address, read_domain
from gateway.match import domains
from gateway.match.networks import network
from gateway.match.recurrence import NotUnderstood, zone_of
from gateway.model.spans import DAY, HOUR, MINUTE, WEEK

UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
SIZES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
LEAST_TOKEN = 12
LONGEST = 36_500 * DAY
"""Seconds of a span at most: a hundred years before and after now are moments of every clock and database."""
LONGEST_WAIT = HOUR
"""Seconds for which a place is kept for an answer, at most."""
LARGEST = 2**53
"""Numbers beyond it are no longer exact, and databases have none twice as long."""

# what a text must look like; faults.FORMS says it in words
CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
HOSTNAME = "^[A-Za-z0-9._-]{0,255}$"
HEADER = "^[A-Za-z0-9-]+$"
HEADER_OR_NONE = "^[A-Za-z0-9-]*$"
AUTHSERV_ID = r"^[^\s;,]+$"
PROCESS = "^[A-Za-z0-9._-]*$"
TENANT = r"^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$"
SITE = r"^(https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)?$"
LISTENER = "^[a-z0-9-]{1,32}$"
PROFILE = "^[a-z0-9][a-z0-9-]{0,39}$"

_NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)"
_SPAN = re.compile(rf"{_NUMBER}\s*([smhdw])")
_SIZE = re.compile(rf"{_NUMBER}\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


class Section(BaseModel):
    """A table of the configuration: without keys that nothing reads, and not changed once it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_it_is_meant(cls, value: Any, info: ValidationInfo) -> Any:
        """``true`` is no number, though Python takes it for 1; an empty path or secret is none."""
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and _is_number(kind):
            raise ValueError(f"expected a number, not {str(value).lower()}")
        return None if value == "" and kind in (Path | None, SecretStr | None) else value

    @field_validator("*", mode="after")
    @classmethod
    def _can_be_reckoned_with(cls, value: Any, info: ValidationInfo) -> Any:
        numbers = [part for part in _parts(value) if isinstance(part, int | float)]
        is_time = bool(numbers) and measure_of(cls.model_fields[info.field_name or ""]) == "time"
        if any(abs(number) > (LONGEST if is_time else LARGEST) for number in numbers):
            raise ValueError(f"expected {span_text(LONGEST) if is_time else LARGEST} or less")
        return value


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_number(kind: Any) -> bool:
    """Whether a field of this annotation holds one number."""
    if get_origin(kind) in (Annotated, Union, UnionType):
        return any(map(_is_number, get_args(kind)))
    return kind in (int, float)


def measure_of(field: FieldInfo) -> Literal["time", "size", ""]:
    """What a number that may be written with a unit measures."""
    marks = list(_marks(field.annotation, field.metadata))
    return "time" if AS_SPAN in marks else "size" if AS_SIZE in marks else ""


def _marks(annotation: Any, metadata: Iterable[Any]) -> Iterator[Any]:
    yield from metadata
    if get_origin(annotation) is Annotated:
        yield from _marks(get_args(annotation)[0], annotation.__metadata__)
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _marks(part, ())


def _host_port(text: str) -> str:
    host, separator, port = text.rpartition(":")
    if (
        not separator
        or not host
        or re.search(r"\s", host)
        or not (port.isascii() and port.isdigit())
        or len(port) > 5
        or int(port) > 65535
    ):
        raise ValueError("expected host:port, for example 127.0.0.1:2525")
    return text


def _mail_address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or "@" in local or any(c in text for c in " <>,;:()[]\\\r\n\t") or not _is_domain(domain):
        raise ValueError("expected a mail address, for example support@msp.example")
    return canonical_address(text.lower())


def _is_domain(text: str) -> bool:
    try:
        return bool(read_domain(text.lower().removesuffix(".")))
    except NotStrict:
        return False


def _alias(text: str) -> str:
    if text.startswith("@") and _is_domain(text[1:]):
        return canonical_address(text.lower())
    return _mail_address(text)


def _network(text: str) -> str:
    try:
        return str(network(text))
    except ValueError as error:
        raise ValueError("expected a network, for example 192.0.2.0/24") from error


def _few(text: str) -> str:
    """Of networks whose word is believed."""
    if network(text).prefixlen == 0:
        raise ValueError(f"{text} is everybody, and whoever connects would be believed: expected networks of your own")
    return text


def _hash(text: str) -> str:
    """The text is not repeated: it may be the password."""
    if text and not _HASH.fullmatch(text):
        raise ValueError("expected the hash of the password as `gateway console password` prints it: scrypt$…")
    return text


_HASH = re.compile(r"scrypt(\$[0-9]+){3}(\$[A-Za-z0-9+/]+=*){2}")


def _texts(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)):
        return value
    raise ValueError('expected text in quotes, or a list of texts: ["…", "…"]')


def _listen(text: str) -> str:
    if text.startswith("unix:/") or (text.startswith("systemd:") and len(text) > len("systemd:")):
        return text
    return _host_port(text)


def _sender(text: str) -> str:
    local, at, domain = text.lower().rpartition("@")
    domain = canonical_address(f"@{domain}")[1:]
    is_whole = bool(local) == bool(at) and "@" not in local
    if not is_whole or "." not in domain or any(c in text for c in " <>,;/\r\n\t") or not _is_domain(domain):
        raise ValueError("expected an address or a domain, for example alerts@vendor.example or vendor.example")
    if not at and domains.is_public(domain):
        raise ValueError(f"{domain} is a public mail domain: anybody can have an address there")
    return f"{local}{at}{domain.rstrip('.')}"


def _clock(text: str) -> str:
    if not re.fullmatch(CLOCK, text):
        raise ValueError(f"{text!r}: expected HH:MM")
    return text


def _time_format(text: str) -> str:
    """What strptime reads again as strftime wrote it, with a year before what has none, as it is read."""
    dated = text if "%y" in text.lower() else f"%Y {text}"
    try:
        datetime.strptime(ANY_TIME.strftime(dated), dated)
    except (ValueError, re.error) as error:
        raise ValueError(f"{text!r}: expected a format of strptime, for example %d.%m.%Y %H:%M") from error
    return text


def _scanner(text: str) -> str:
    return text if not text or text.startswith("unix:/") else _host_port(text)


def nameserver(text: str) -> tuple[str, int]:
    """The IP and the port of a name server. Raises ValueError."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(text)), 53
    host, _, port = _host_port(text).rpartition(":")
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def _nameserver(text: str) -> str:
    try:
        nameserver(text)
    except ValueError as error:
        raise ValueError("expected the IP of a name server, or IP:port, for example 192.0.2.53") from error
    return text


def _token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < LEAST_TOKEN or not (text.isascii() and text.isalnum()):
        raise ValueError(f"expected at least {LEAST_TOKEN} letters and digits that nobody can guess")
    return token


def reachable(listen: str) -> tuple[str, int]:
    """Host and port by which this machine reaches what listens at ``listen``, a host:port: what listens everywhere
    listens here."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), int(port)  # noqa: S104 - compared


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question to ask when ``word`` is none of the known names, "" where none is near."""
    by_form = {_form(name): name for name in known}
    near = difflib.get_close_matches(_form(word), by_form, n=1, cutoff=0.7)
    return f"; do you mean {by_form[near[0]]}?" if near else ""


def _form(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def zone_name(text: str) -> str:
    """The name of a time zone. Raises ValueError."""
    try:
        zone_of(text)
    except NotUnderstood as error:
        is_offset = re.search(r"[+-][0-9]", text)  # has no summer time, and what is near it is another
        near = "" if is_offset else did_you_mean(text, available_timezones())
        raise ValueError(f"{text!r} is not known; expected a name like Europe/Berlin{near}") from error
    return text


def _zone(text: str) -> str:
    return zone_name(text) if text else ""


def seconds_of(text: str) -> float:
    """A span such as 90s, 15m, 12h, 90d or 2w, in seconds. Raises ValueError."""
    if not (found := _SPAN.fullmatch(text.strip())):
        raise ValueError('expected a time: seconds as a number, or text such as "90s", "15m", "12h", "90d", "2w"')
    return float(found[1]) * UNITS[found[2]]


def span_text(seconds: float) -> str:
    """A span as one would write it: 90d, 36h, 90s."""
    for unit, length in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:g}s" if seconds else "0"


def _span(value: Any) -> Any:
    return seconds_of(value) if isinstance(value, str) else value


def bytes_of(value: Any) -> Any:
    """A size such as 35M in bytes; what is no text as it is. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if not (found := _SIZE.fullmatch(value.strip())):
        raise ValueError('expected a size: bytes as a number, or text such as "500K", "35M", "2G"')
    return int(float(found[1]) * SIZES[found[2].upper()])


def size_text(size: int) -> str:
    """A size as one would write it: 35M, 1G; bytes where it is no whole number of them."""
    unit, length = next((u, n) for u, n in reversed(SIZES.items()) if (size >= n and size % n == 0) or n == 1)
    return f"{size // length}{unit}"


ANY_TIME = datetime(2026, 11, 23, 6, 10, tzinfo=UTC)
TimeFormat = Annotated[str, AfterValidator(_time_format)]
SenderText = Annotated[str, AfterValidator(_sender)]
Clock = Annotated[str, AfterValidator(_clock)]
HostPort = Annotated[str, AfterValidator(_host_port)]
Listen = Annotated[str, AfterValidator(_listen)]
ScannerAddress = Annotated[str, AfterValidator(_scanner)]
Nameserver = Annotated[str, AfterValidator(_nameserver)]
Count = Annotated[int, Field(ge=0)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Alias = Annotated[str, AfterValidator(_alias)]
Fate = Literal["accept", "quarantine", "refuse"]
Network = Annotated[str, AfterValidator(_network)]
Trusted = Annotated[Network, AfterValidator(_few)]
PasswordHash = Annotated[str, AfterValidator(_hash)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Texts = Annotated[str | tuple[str, ...], BeforeValidator(_texts)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Zone = Annotated[str, AfterValidator(_zone)]
AS_SPAN = BeforeValidator(_span)
AS_SIZE = BeforeValidator(lambda value: bytes_of(value))
Span = Annotated[float, AS_SPAN, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, AS_SPAN, Field(gt=0, allow_inf_nan=False)]
Wait = Annotated[Seconds, Field(le=LONGEST_WAIT)]
Size = Annotated[int, AS_SIZE, Field(ge=0)]
