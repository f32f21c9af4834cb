"""Configuration: ``gateway.toml`` and a few environment variables become one frozen ``Settings``.

Refused with the key, what was found and what was expected: unknown keys, wrong types, a mailbox
of a desk that is not configured, the same mailbox twice, a missing API key.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, SkipValidation, model_validator

from gateway.config import deskpages, windows
from gateway.config.acknowledge import AcknowledgeSettings
from gateway.config.console import ConsoleSettings
from gateway.config.files import FileSettings
from gateway.config.files import shadowed as shadowed_files
from gateway.config.guard import GuardSettings
from gateway.config.locations import Locations
from gateway.config.mailbox import DEFAULT_DESK, MailboxSettings
from gateway.config.notices import NoticeSettings, NoticesSettings, misfit
from gateway.config.probe import ProbeSettings
from gateway.config.process import LogSettings, ParserSettings
from gateway.config.profiles import Loaded, shipped
from gateway.config.reading import NoSecret, secret_in, secret_of
from gateway.config.reports import ReportSettings, unsendable
from gateway.config.retention import RetentionSettings
from gateway.config.rooted import sqlite_file
from gateway.config.rules import RuleSettings, shadowed
from gateway.config.smarthost import SmarthostSettings
from gateway.config.smtp import SmtpSettings
from gateway.config.types import (
    PROCESS,
    HostPort,
    MailAddress,
    Name,
    Seconds,
    Section,
    Size,
    Span,
    Wait,
    did_you_mean,
    zone_name,
)
from gateway.mail.author import NotStrict, read_domain
from gateway.match import domains
from gateway.match.ours import Ours

DEFAULT_FILE = Path("gateway.toml")
_KEY = re.compile("[!-~]+")  # of a desk: what a header can carry


class ConfigError(Exception):
    """The configuration cannot be used. The text names each key and what was expected."""


class DeskSettings(Section):
    """One AlgaPSA desk and how to talk to it."""

    url: AnyHttpUrl = Field(description="base address of the API, ending in /api/v1")
    web: Annotated[str, AfterValidator(deskpages.checked)] = Field(
        "",
        description="address of the desk as its users open it: ticket numbers lead there; from `url` when left out, "
        "none for no links",
    )
    api_key: SecretStr | None = Field(None, description="API key of an internal user of the desk")
    api_key_file: Path | None = Field(None, description="file that holds the API key")
    timeout: Wait = Field(30, description="how long a request may take; then its outcome counts as unknown")
    settle: Seconds = Field(120, description="how long until a write with an unknown outcome may be sent again")
    rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        60, description="counted calls a minute; 0 = no limit"
    )
    burst: Annotated[int, Field(ge=1)] = Field(120, description="counted calls at once")
    mode: Literal["live", "shadow"] = Field(
        "live", description="shadow: mail is accepted and decided, and nothing is written at the desk"
    )
    senders: tuple[MailAddress, ...] = Field(
        (), alias="from", description="addresses that the desk sends its own mail from, besides the mailboxes"
    )

    def ticket_page(self, ticket_id: str) -> str:
        """Where this ticket is opened in a browser, "" where that is not known."""
        return deskpages.ticket_page(self.web, str(self.url), ticket_id)

    def key(self) -> str:
        """The API key. Raises ConfigError when its file cannot be used."""
        try:
            return self._key()
        except NoSecret as error:
            raise ConfigError(f"api_key_file: {error}") from error

    def unreadable_key(self) -> str:
        """Why the file of the key cannot be used, "" when it can."""
        try:
            self._key()
        except NoSecret as error:
            return str(error)
        return ""

    def _key(self) -> str:
        """Raises NoSecret for its file."""
        key = secret_of(self.api_key, self.api_key_file)
        if not _KEY.fullmatch(key):  # a file's: the other kind was looked at when it was read
            raise NoSecret(f"{self.api_key_file} holds no key: expected it as the desk shows it, without blanks")
        return key

    @model_validator(mode="after")
    def _one_key(self) -> DeskSettings:
        if self.api_key and not _KEY.fullmatch(self.api_key.get_secret_value()):
            raise ValueError("api_key: expected the key as the desk shows it, without blanks")
        if (self.api_key is None) == (self.api_key_file is None):
            raise ValueError(
                "expected exactly one of api_key and api_key_file (or the environment variable GATEWAY_DESK_API_KEY)"
            )
        return self


class HttpSettings(Section):
    """Health and metrics."""

    listen: HostPort = Field("127.0.0.1:8025", description="address and port of /healthz, /readyz, /metrics")
    token_file: Path | None = Field(
        None, description="file with the token for reading the details of /readyz from elsewhere than loopback"
    )

    def token(self) -> str:
        """The token, "" for none. Raises ConfigError when the file cannot be read or is empty."""
        try:
            return secret_in(self.token_file) if self.token_file else ""
        except NoSecret as error:
            raise ConfigError(f"http.token_file: {error}") from error


class StoreSettings(Section):
    """Where accepted mail and the mapping table live."""

    url: str = Field("sqlite:///gateway.db", description="sqlite:///FILE or postgresql+psycopg://…")
    spool: Path | None = Field(None, description="folder for large mails; beside the database when empty")
    spool_over: Size = Field(256 * 1024, description="larger mails go to the spool")
    objects: str = Field(
        "",
        description="object store for large mails instead of the spool: s3://, gs:// or az:// and bucket, or file:///",
    )
    objects_options: dict[str, str] = Field(
        {},
        description="options of the object store that are not in the environment, for example aws_endpoint, aws_region",
    )
    min_free: Size = Field(256 * 1024 * 1024, description="free disk space below which mail is deferred (452)")

    accept: Literal["", "arrivals", "store"] = Field(
        "",
        description="where a mail is before its 250: arrivals (a file of this machine, imported at once) or store; "
        "when empty arrivals with SQLite, store with PostgreSQL",
    )
    arrivals: Path | None = Field(None, description="folder of the arrivals; beside the database when empty")
    arrivals_bytes: Size = Field(
        1024 * 1024 * 1024, description="how much accepted mail may wait to be imported; beyond that, 451; 0 = no limit"
    )
    arrivals_age: Span = Field(
        86400, description="how long accepted mail may wait to be imported; beyond that, 451; 0 = no limit"
    )

    @model_validator(mode="after")
    def _known_database(self) -> StoreSettings:
        if not self.url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("url: expected sqlite:///FILE or postgresql+psycopg://…")
        if self.objects and not self.objects.startswith(("s3://", "gs://", "az://", "file:///")):
            raise ValueError("objects: expected s3://BUCKET/PREFIX, gs://…, az://… or file:///FOLDER")
        return self

    @property
    def spool_dir(self) -> Path:
        """The spool folder: as configured, else beside the SQLite file, else ``spool``."""
        if self.spool is not None:
            return self.spool
        if database := sqlite_file(self.url):
            return database.with_name(database.name + ".spool")
        return Path("spool")

    @property
    def arrivals_dir(self) -> Path | None:
        """The folder of the arrivals, None where mail is accepted into the store."""
        database = sqlite_file(self.url)
        if (self.accept or ("arrivals" if database else "store")) == "store":
            return None
        if self.arrivals is not None:
            return self.arrivals
        return database.with_name(database.name + ".arrivals") if database else Path("arrivals")


class WorkSettings(Section):
    """How accepted mail is worked on."""

    concurrency: Annotated[int, Field(ge=1, le=256)] = Field(16, description="deliveries of a desk processed at once")
    lease: Annotated[Wait, Field(ge=1)] = Field(
        30, description="how long until others take over the mail of a dead process; renewed while it lives"
    )
    name: Annotated[str, Field(max_length=100, pattern=PROCESS)] = Field(
        "", description="name of this process: unique, and the same after a restart; random when empty"
    )
    nice: Annotated[int, Field(ge=0, le=19)] = Field(
        10, description="how far worker and parsers rank below the listeners (nice); 0 = the same"
    )
    retry_for: Seconds = Field(5 * 86400, description="how long temporary failures are retried before quarantine")
    wait_for_parent: Seconds = Field(600, description="longest wait for an earlier mail of the thread")
    remember: Seconds = Field(30 * 86400, description="how long a redelivery is recognised")
    remember_bare: Seconds = Field(600, description="the same for mail without Date, Message-ID and Received")


def _mail_domain(text: str) -> str:
    try:
        domain = read_domain(text.removeprefix("@").rstrip("."))
    except NotStrict:
        domain = ""
    if "." not in domain:
        raise ValueError("expected a mail domain, for example acme.example")
    if domains.is_public(domain):
        raise ValueError(f"{domain} is a public mail domain: anybody can have an address there")
    return domain


class DomainSettings(Section):
    """The client of a mail domain and those below it; the longest entry counts."""

    domain: Annotated[str, AfterValidator(_mail_domain)] = Field(description="the domain; public ones are refused")
    client: Name = Field(description="the client's name")
    desk: Name = Field(DEFAULT_DESK, description="name of the desk, with several desks")


class SilenceSettings(Section):
    """Days on which a mailbox may be silent."""

    holidays: tuple[date, ...] = Field((), description="days on which no mail is expected, YYYY-MM-DD")


class Settings(Section):
    """Everything that the gateway was told."""

    desks: dict[str, DeskSettings] = Field(description="desks by name; [desk] is the one named default")
    smtp: SmtpSettings = SmtpSettings()
    http: HttpSettings = HttpSettings()
    console: ConsoleSettings = ConsoleSettings()
    smarthost: SmarthostSettings = SmarthostSettings()
    acknowledge: AcknowledgeSettings = AcknowledgeSettings()
    reports: ReportSettings = ReportSettings()
    probe: tuple[ProbeSettings, ...] = Field((), description="mails that try whether mail still arrives")
    store: StoreSettings = StoreSettings()
    work: WorkSettings = WorkSettings()
    retention: RetentionSettings = RetentionSettings()
    parser: ParserSettings = ParserSettings()
    guard: GuardSettings = GuardSettings()
    silence: SilenceSettings = SilenceSettings()
    log: LogSettings = LogSettings()
    domain: tuple[DomainSettings, ...] = Field((), description="clients of mail domains")
    aliases: dict[str, str] = Field({}, description="other names of clients in rules and notices = the client")
    importance: dict[Literal["high", "low"], str] = Field(
        {}, description="the desk's priorities of mail that its sender marked: high, low"
    )
    priorities: tuple[Name, ...] = Field((), description="the desk's priorities, lowest first")
    timezone: str = Field("UTC", description="time zone of times and dates, for example Europe/London")
    rule: tuple[RuleSettings, ...] = Field((), description="where new tickets go")
    notices: NoticesSettings = NoticesSettings()
    notice: tuple[NoticeSettings, ...] = Field((), description="profiles of vendor notices that are on")
    window: tuple[windows.WindowSettings, ...] = Field((), description="maintenance windows")
    calendar: tuple[windows.CalendarSettings, ...] = Field((), description="calendars of maintenance windows")
    profiles: Annotated[dict[str, Loaded], SkipValidation] = Field({}, exclude=True, repr=False)
    file: tuple[FileSettings, ...] = Field((), description="what becomes of files")
    locations: Annotated[Locations, SkipValidation] = Field(Locations(), exclude=True, repr=False)
    mailbox: tuple[MailboxSettings, ...] = Field(min_length=1, description="the mailboxes")

    @property
    def listener_processes(self) -> int:
        """How many processes listen beside a worker's, 0 where one process does everything. Several need arrivals, for
        only the worker opens the store."""
        if self.smtp.processes is not None:
            return self.smtp.processes
        return 0 if self.store.arrivals_dir is None else 1

    def desk_place(self, name: str, key: str) -> str:
        """``file:line`` of a key of a desk."""
        return self.locations.at((*(("desk",) if name == DEFAULT_DESK else ("desks", name)), key))

    def own_addresses(self) -> tuple[str, ...]:
        """What match.ours.Ours needs to know our addresses: mailboxes and aliases, with their tags, and those that the
        desks write from."""
        senders = [address for desk in self.desks.values() for address in desk.senders]
        return (*self.taken_addresses(), *senders)

    def taken_addresses(self) -> tuple[str, ...]:
        """The same of those at which mail is taken."""
        return tuple(address for box in self.mailbox for address in box.taken_addresses)

    @model_validator(mode="after")
    def _mailboxes_fit(self) -> Settings:
        seen = set()
        for number, box in enumerate(self.mailbox, 1):
            if box.desk not in self.desks:
                known = ", ".join(sorted(self.desks)) + did_you_mean(box.desk, self.desks)
                raise ValueError(f"mailbox {number} ({box.address}): desk {box.desk!r} is not one of: {known}")
            if box.address in seen:
                raise ValueError(f"mailbox {number}: {box.address} is configured twice: keep one of them")
            seen.add(box.address)
        try:
            zone_name(self.timezone)
        except ValueError as error:
            raise ValueError(f"timezone: {error}") from error
        order = [name.casefold() for name in self.priorities]
        if len(set(order)) < len(order):
            raise ValueError("priorities: expected each once")
        for number, rule in enumerate(self.rule, 1):
            if rule.desk not in self.desks:
                what = f"{rule.desk!r} is not configured{did_you_mean(rule.desk, self.desks)}"
                raise ValueError(f"rule.{number}: desk: {what}")
            if rule.priority_at_least and rule.priority_at_least.casefold() not in order:
                what = f"{rule.priority_at_least!r} is not in priorities, which names them all, lowest first"
                what += did_you_mean(rule.priority_at_least, self.priorities)
                raise ValueError(f"rule.{number}: priority_at_least: {what}")
        for number, reason in shadowed(self.rule):
            raise ValueError(f"rule.{number + 1}: {reason}")
        for number, reason in shadowed_files(self.file):
            raise ValueError(f"file.{number + 1}: {reason}")
        boxes = [box.address for box in self.mailbox]
        if self.smarthost.sender and self.smarthost.sender in Ours(self.taken_addresses()):
            what = f"{self.smarthost.sender} is a mailbox of the gateway, to which bounces of it would come"
            raise ValueError(f"smarthost: from: {what}; expected another address")
        if what := unsendable(self.reports, bool(self.smarthost.host), boxes, Ours(self.taken_addresses())):
            raise ValueError(f"reports: {what}")
        mapped = set()
        for number, domain in enumerate(self.domain, 1):
            if domain.desk not in self.desks:
                raise ValueError(f"domain {number} ({domain.domain}): desk {domain.desk!r} is not configured")
            if (domain.desk, domain.domain) in mapped:
                raise ValueError(f"domain {number}: {domain.domain} is mapped twice")
            mapped.add((domain.desk, domain.domain))
        for number, box in enumerate(self.mailbox, 1):
            for alias in box.aliases:
                if alias in seen:
                    raise ValueError(f"mailbox.{number}: aliases: {alias} is the address or alias of a mailbox already")
                seen.add(alias)
        return self

    @model_validator(mode="after")
    def _probes_fit(self) -> Settings:
        boxes, seen = {box.address for box in self.mailbox}, set()
        for number, probe in enumerate(self.probe, 1):
            if probe.name in seen:
                raise ValueError(f"probe.{number}: name: {probe.name!r} is there twice")
            if probe.arrives_at not in boxes:
                what = f"{probe.arrives_at} is no mailbox; expected the one in which it arrives"
                raise ValueError(f"probe.{number}: mailbox: {what}{did_you_mean(probe.arrives_at, boxes)}")
            seen.add(probe.name)
        return self

    @model_validator(mode="after")
    def _can_send(self) -> Settings:
        for number, box in enumerate(self.mailbox, 1):
            if box.acknowledge and not self.smarthost.host:
                what = "expected [smarthost] host and from as well, through which acknowledgements are sent"
                raise ValueError(f"mailbox.{number}: acknowledge: {what}")
        return self

    @model_validator(mode="after")
    def _notices_fit(self) -> Settings:
        seen: dict[str, int] = {}
        homes = {box.address: box.desk for box in self.mailbox}
        logins = {user.login for user in self.smtp.users}
        for number, notice in enumerate(self.notice, 1):
            if notice.profile not in self.profiles:
                names = sorted({*shipped(), *self.profiles})
                known = ", ".join(names) + did_you_mean(notice.profile, names)
                raise ValueError(f"notice.{number}: profile: {notice.profile!r} is not one of: {known}")
            what = misfit(notice, self.profiles[notice.profile].profile)
            if notice.called in seen:
                what = f"name: {notice.called!r} is notice {seen[notice.called]} as well; expected a different name"
            if notice.desk not in self.desks:
                what = f"desk: {notice.desk!r} is not configured"
            elif notice.desk not in homes.values():
                what = f"desk: {notice.desk!r} has no mailbox"
            elif notice.mailbox and homes.get(notice.mailbox, notice.desk) != notice.desk:
                what = f"mailbox: {notice.mailbox} is of desk {homes[notice.mailbox]!r}"
            if notice.mailbox and notice.mailbox not in homes:
                what = f"mailbox: {notice.mailbox} is not configured{did_you_mean(notice.mailbox, homes)}"
            if other := set(notice.logins) - logins:
                what = f"logins: {min(other)!r} is not one of [[smtp.users]]"
            if what:
                raise ValueError(f"notice.{number}: {what}")
            seen[notice.called] = number
        if what := windows.misfit(self.window, self.calendar, self.desks, seen, logins, homes, self.timezone):
            raise ValueError(what)
        return self
