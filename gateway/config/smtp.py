"""What the configuration says of the edge: listeners, limits, verdicts, the scanner, logins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.config.types import (
    AUTHSERV_ID,
    HEADER,
    HOSTNAME,
    LISTENER,
    TENANT,
    Alias,
    Count,
    HostPort,
    Listen,
    Name,
    Nameserver,
    Network,
    PasswordHash,
    ScannerAddress,
    Section,
    Size,
    Span,
    Trusted,
    Wait,
)


class LimitSettings(Section):
    """What one peer may do, and its network (/24 or /64); 0 = no limit."""

    connections_per_peer: Count = Field(50, description="connections of one address at once")
    connections_per_network: Count = Field(200, description="connections of one network at once")
    connections_per_minute: Count = Field(300, description="new connections of one address in a minute")
    mails_per_minute: Count = Field(300, description="mails of one address in a minute")
    mails_per_sender: Count = Field(
        3000, description="mails accepted from one sender in an hour (proven, else per network); more get 450"
    )
    mails_per_sender_domain: Count = Field(12_000, description="the same for the sender's domain")
    recipients_per_minute: Count = Field(1000, description="recipients from one address in a minute")
    commands_per_session: Count = Field(5000, description="commands in one session")
    errors_per_session: Count = Field(20, description="refused commands in one session")
    errors_per_hour: Count = Field(500, description="refused commands of one address in an hour")
    unknown_per_session: Count = Field(10, description="unknown recipients in one session")
    unknown_per_hour: Count = Field(100, description="unknown recipients named by one address in an hour")
    logins_per_session: Count = Field(3, description="wrong passwords in one session")
    logins_per_hour: Count = Field(20, description="wrong passwords of one address in an hour")
    tarpit: Annotated[Span, Field(le=30)] = Field(1, description="delay of replies after 5 errors")
    exempt: tuple[Network, ...] = Field(
        ("127.0.0.0/8", "::1/128"), description="networks without these limits; relays are exempt too"
    )
    deny: tuple[Network, ...] = Field((), description="networks that are refused (554)")
    allow: tuple[Network, ...] = Field((), description="networks exempt from deny")


class VerdictSettings(Section):
    """What is computed of senders that do not come through a relay (SPF, DKIM, DMARC, ARC)."""

    direct: bool = Field(False, description="compute SPF, DKIM and DMARC for peers that are not relays")
    nameservers: tuple[Nameserver, ...] = Field((), description="IP or IP:port; the machine's own when empty")
    timeout: Wait = Field(15, description="longest time for each of SPF, the DMARC policy and ARC")
    query_timeout: Wait = Field(4, description="longest time for one look-up")
    arc_sealers: tuple[str, ...] = Field((), description="domains whose ARC seals are believed")


class ScannerSettings(Section):
    """A virus scanner that speaks clamd's protocol."""

    clamd: ScannerAddress = Field("", description="host:port or unix:/path; no scanner when empty")
    timeout: Wait = Field(60, description="longest time for one mail")
    away: Literal["defer", "accept"] = Field(
        "defer", description="without the scanner: defer (451), or accept and hold its files until they are scanned"
    )
    max_size: Size = Field(25 * 1024 * 1024, description="how much of a mail is scanned; clamd's StreamMaxLength")


class UserSettings(Section):
    """A login for submission."""

    login: Name = Field(description="the name")
    password_hash: PasswordHash = Field(description="scrypt$…, made by: python -m gateway.smtp.auth")
    senders: tuple[Alias, ...] = Field((), description="addresses or @domains that it may send as")


class ListenerSettings(Section):
    """One listener with its own policy."""

    name: Annotated[str, Field(pattern=LISTENER)] = Field(description="name in logs and metrics")
    listen: Listen = Field(description="host:port, unix:/path or systemd:NAME")
    kind: Literal["mx", "relay", "submission", "lmtp"] = Field("mx", description="what it is for")
    tls: Literal["off", "offer", "require", "implicit"] = Field("offer", description="offered with a certificate")
    networks: tuple[Network, ...] = Field((), description="who may connect; relay: [smtp] relays when empty")
    vouched: tuple[Network, ...] = Field((), description="peers that may send in the name of our own domains")
    balancers: tuple[Network, ...] = Field((), description="peers that must send a PROXY header (v1 or v2)")
    reuse_port: bool = Field(False, description="share the port with other processes (SO_REUSEPORT)")
    max_size: Annotated[Size, Field(ge=1024)] | None = Field(None, description="largest mail; [smtp] max_size")


class SmtpSettings(Section):
    """The listener, or several."""

    listen: HostPort = Field("127.0.0.1:2525", description="address and port of the SMTP listener")
    listeners: tuple[ListenerSettings, ...] = Field((), description="several listeners, instead of listen")
    processes: Annotated[int, Field(ge=0, le=16)] | None = Field(
        None,
        description="listener processes beside a worker process, which share the ports; they need arrivals. 0 = all in "
        "one process. When empty 1 where mail is accepted into arrivals (SQLite), else 0 (PostgreSQL)",
    )
    hostname: Annotated[str, Field(pattern=HOSTNAME)] = Field(
        "", description="name in the greeting; the machine's own when empty"
    )
    max_size: Annotated[Size, Field(ge=1024)] = Field(35 * 1024 * 1024, description="largest mail")
    max_recipients: Annotated[int, Field(ge=1)] = Field(50, description="recipients of one mail")
    max_connections: Annotated[int, Field(ge=1)] = Field(1000, description="connections at once")
    max_in_flight: Annotated[Size, Field(ge=1024)] = Field(
        1024 * 1024 * 1024, description="size of all mails that are being received at once; 452 beyond"
    )
    max_received: Annotated[int, Field(ge=1)] = Field(50, description="Received lines in a mail; more is a loop")
    max_pending: Annotated[int, Field(ge=0)] = Field(
        0, description="pending deliveries beyond which mail is deferred; 0 = no limit"
    )
    max_memory: Size = Field(0, description="memory of the listening process beyond which mail is deferred; 0: none")
    max_lag: Span = Field(5, description="stall of the event loop beyond which mail is deferred")
    timeout: Wait = Field(120, description="longest wait for a command or a block of data")
    data_timeout: Wait = Field(600, description="longest time for the data of one mail")
    floor_rate: Size = Field(500, description="lowest rate of data a second, after the first minute")
    bare_line_ends: Literal["accept", "refuse", "normalise"] | None = Field(
        None,
        description="LF without CR, CR without LF: accept and note, refuse, or make them line ends; "
        "when not set, mx listeners refuse and the others accept",
    )
    loop_header: Annotated[str, Field(pattern=HEADER)] = Field(
        "X-Mail-Ticket-Gateway", description="the gateway's own mark; with our hostname it is a loop"
    )
    tls_cert: Path | None = Field(None, description="certificate chain (PEM); with tls_key STARTTLS is offered")
    tls_key: Path | None = Field(None, description="private key (PEM)")
    drain: Wait = Field(30, description="how long a mail in progress may take after SIGTERM")
    authserv_ids: tuple[Annotated[str, Field(pattern=AUTHSERV_ID)], ...] = Field(
        (), description='authserv-ids whose Authentication-Results count; "-" = those without an id (Microsoft 365)'
    )
    authserv_depth: Annotated[int, Field(ge=0)] = Field(
        3, description="Received lines that may stand above the relay's Authentication-Results"
    )
    relays: tuple[Trusted, ...] = Field((), description="networks of the relays that add them")
    tenant: Annotated[str, Field(pattern=TENANT)] = Field(
        "", description="our Microsoft 365 tenant's id: mail within it proves our own domains; from relays only"
    )
    limits: LimitSettings = LimitSettings()
    verdict: VerdictSettings = VerdictSettings()
    scanner: ScannerSettings = ScannerSettings()
    users: tuple[UserSettings, ...] = Field((), description="logins for submission")

    @model_validator(mode="after")
    def _fits(self) -> SmtpSettings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("expected both tls_cert and tls_key, or neither")
        if self.authserv_ids and not self.relays:
            raise ValueError("authserv_ids: expected relays as well, the networks that add them")
        if self.tenant and not self.relays:
            raise ValueError("tenant: expected relays as well, the networks of Exchange Online")
        names = [listener.name for listener in self.listeners]
        if len(set(names)) < len(names):
            raise ValueError("listeners: expected a different name for each")
        for listener in self.listeners:
            if listener.tls in ("require", "implicit") and self.tls_cert is None:
                raise ValueError(f"listener {listener.name}: tls {listener.tls} needs tls_cert and tls_key")
            if listener.kind == "submission" and (not self.users or listener.tls not in ("require", "implicit")):
                raise ValueError(
                    f"listener {listener.name}: submission needs [[smtp.users]] and tls require or implicit"
                )
            if listener.kind == "relay" and not (listener.networks or self.relays):
                raise ValueError(f"listener {listener.name}: a relay listener needs networks, or [smtp] relays")
        return self
