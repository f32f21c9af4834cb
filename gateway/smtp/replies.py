"""Every reply in one place: the codes and one plain sentence; of a refusal also the reason that is counted.

The sentence is for the human who reads the bounce; what the operator must know goes to the log. A refusal ends with
the session's id. Codes: RFC 5321 4.2, RFC 3463, RFC 5248; which one when: docs/mail-rules.md "SMTP answers".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, object] = MappingProxyType({})


class Reply(NamedTuple):
    """``reason`` of a refusal is a metric label, "" for what is no refusal. ``values`` fill the text and are logged,
    ``about`` is only logged. ``ends``: the session is over after it. Lines of the text are lines of the reply."""

    reason: str
    code: int
    enhanced: str
    text: str
    values: Mapping[str, object] = NOTHING
    about: str = ""
    ends: bool = False

    def fill(self, **values: object) -> Reply:
        """With these values in its text."""
        return self._replace(values=values)

    def on(self, about: str) -> Reply:
        """About this address or path, for the log."""
        return self._replace(about=about[:200])

    def ending(self) -> Reply:
        """As the last reply of the session."""
        return self._replace(ends=True)

    @property
    def words(self) -> str:
        """The text with its values."""
        return plain(self.text.format(**self.values)) if self.values else self.text

    def line(self, session: str) -> str:
        """As it is sent, without the last line end."""
        text = self.words
        if self.reason:
            return f"{self.code} {self.enhanced} {text} [{session}]"
        if "\n" not in text and self.enhanced:
            return f"{self.code} {self.enhanced} {text}"
        *lines, last = f"{self.enhanced} {text}".strip().split("\n")
        return "".join(f"{self.code}-{line}\r\n" for line in lines) + f"{self.code} {last}"


# -- what is no refusal
GREETING = Reply("", 220, "", "{hostname} {protocol} {software}")
BYE = Reply("", 221, "2.0.0", "Bye", ends=True)
TLS_READY = Reply("", 220, "2.0.0", "Ready to start TLS")
LOGGED_IN = Reply("", 235, "2.7.0", "Logged in")
HELLO = Reply("", 250, "", "")
OK = Reply("", 250, "2.0.0", "OK")
SENDER_OK = Reply("", 250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply("", 250, "2.1.5", "Recipient OK")
CHUNK_OK = Reply("", 250, "2.0.0", "{size} octets")
KEPT = Reply("", 250, "2.0.0", "OK kept as {delivery}")
NOT_VERIFIED = Reply("", 252, "2.5.2", "Send a mail and it will be seen")
HELP = Reply("", 214, "2.0.0", "See RFC 5321")
CHALLENGE = Reply("", 334, "", "{challenge}")
START_CONTENT = Reply("", 354, "", "End data with <CR><LF>.<CR><LF>")

# -- the session
BUSY = Reply("busy", 421, "4.3.2", "The server is busy, please try again later")
DRAINING = Reply("draining", 421, "4.3.2", "The server is shutting down, please try again later")
TOO_MANY_CONNECTIONS = Reply("connections", 421, "4.7.0", "Too many connections from your address, please close some")
TOO_FAST = Reply("connection-rate", 421, "4.7.0", "Too many new connections, please try again later")
DENIED = Reply("denied", 554, "5.7.1", "Mail from your network is not accepted here")
NOT_FOR_YOU = Reply("network", 554, "5.7.1", "This port accepts mail from certain networks only")
TIMEOUT = Reply("timeout", 421, "4.4.2", "Timed out waiting for you, closing the connection")
TOO_SLOW = Reply("slow", 421, "4.4.2", "The mail arrived too slowly, please try again later")
TOO_MANY_ERRORS = Reply("errors", 421, "4.7.0", "Too many errors, closing the connection")
TOO_MANY_COMMANDS = Reply("commands", 421, "4.7.0", "Too many commands, closing the connection")
ERROR_RATE = Reply("error-rate", 421, "4.7.0", "Too many errors from your address, please try again later")

# -- commands
UNKNOWN_COMMAND = Reply("command", 500, "5.5.2", "Command not recognised")
NOT_OFFERED = Reply("command", 502, "5.5.1", "Command not offered here")
LINE_TOO_LONG = Reply("line", 500, "5.5.6", "Command line too long")
SYNTAX = Reply("syntax", 501, "5.5.4", "Syntax: {usage}")
HELLO_FIRST = Reply("order", 503, "5.5.1", "Send {hello} first")
MAIL_FIRST = Reply("order", 503, "5.5.1", "Send MAIL first")
RCPT_FIRST = Reply("order", 503, "5.5.1", "Send MAIL and RCPT first")
NESTED = Reply("order", 503, "5.5.1", "A mail transaction is already in progress")
NOT_BETWEEN_CHUNKS = Reply("order", 503, "5.5.1", "Not allowed between the BDAT chunks of a mail")
PARAMETER = Reply("parameter", 555, "5.5.4", "Parameter {name} not known")
BAD_PARAMETER = Reply("parameter", 501, "5.5.4", "Parameter {name} not understood")

# -- TLS and AUTH
TLS_FIRST = Reply("tls", 530, "5.7.0", "Send STARTTLS first, this port needs an encrypted connection")
TLS_INJECTION = Reply(
    "tls-injection", 503, "5.5.1", "Commands after STARTTLS and before the TLS handshake are not accepted"
)
AUTH_FIRST = Reply("auth", 530, "5.7.0", "Log in first")
AUTH_NEEDS_TLS = Reply("auth", 538, "5.7.11", "Logging in needs an encrypted connection")
AUTH_WRONG = Reply("password", 535, "5.7.8", "Login or password is wrong")
AUTH_KIND = Reply("auth", 504, "5.5.4", "This authentication mechanism is not offered")
AUTH_AGAIN = Reply("auth", 503, "5.5.1", "Already logged in")
AUTH_ABORTED = Reply("auth", 501, "5.7.0", "Login cancelled")
AUTH_SYNTAX = Reply("auth", 501, "5.5.2", "The login data could not be decoded")
AUTH_LIMIT = Reply("password-rate", 454, "4.7.0", "Too many wrong passwords from your address, please try again later")
AUTH_SLOW = Reply("password-guessing", 454, "4.7.0", "Somebody is guessing passwords, please try again in a minute")
SENDER_NOT_YOURS = Reply("sender", 553, "5.7.1", "This login may not send as that address")

# -- MAIL and RCPT
TOO_LARGE = Reply("size", 552, "5.3.4", "The mail is larger than {limit}, please send large files another way")
MAIL_RATE = Reply("mail-rate", 450, "4.7.1", "Too many mails from your address, please try again later")
SENDER_RATE = Reply("sender-rate", 450, "4.7.1", "Too many mails from this sender, please try again later")
RECIPIENT_RATE = Reply("recipient-rate", 450, "4.7.1", "Too many recipients from your address, please try again later")
TOO_MANY_RECIPIENTS = Reply("recipients", 452, "4.5.3", "Too many recipients, please send the rest separately")
NO_MAILBOX = Reply("no-mailbox", 550, "5.1.1", "There is no such mailbox here")
NO_RELAY = Reply("relay", 550, "5.7.1", "This server accepts mail for its own mailboxes only")
PAUSED = Reply("paused", 450, "4.2.1", "The mailbox does not accept mail at the moment, please try again later")
CLOSED = Reply("closed", 550, "5.2.1", "The mailbox is closed")
HARVESTING = Reply("harvest", 450, "4.7.1", "Too many unknown recipients, please try again later")

# -- the mail
STORE = Reply("store", 451, "4.3.0", "The mail could not be stored, please try again later")
DISK = Reply("disk", 452, "4.3.1", "There is not enough disk space for the mail, please try again later")
ARRIVALS = Reply("arrivals", 451, "4.3.1", "Too much mail waits here already, please try again later")
IN_FLIGHT = Reply("in-flight", 452, "4.3.1", "Too much mail is arriving at once, please try again later")
OVERLOAD = Reply("overload", 451, "4.3.2", "The server is overloaded, please try again later")
BARE_LINE_END = Reply(
    "bare-line-end", 550, "5.5.2", "The mail has bare CR or LF line ends, which are not accepted here"
)
LOOP_RECEIVED = Reply("loop", 554, "5.4.6", "Too many hops, this is a mail loop")
LOOP_OWN = Reply("loop", 554, "5.4.6", "The mail has passed through here before, this is a mail loop")
SENDER_FAILED = Reply("verdict", 550, "5.7.1", "Sender authentication failed: {why}")
SENDER_UNKNOWN = Reply(
    "verdict-unknown",
    451,
    "4.7.24",
    "The sender could not be verified at the moment, please try again later",
)
INFECTED = Reply("malware", 554, "5.7.0", "The mail contains malware")
SCANNER_AWAY = Reply("scanner", 451, "4.7.1", "The mail could not be scanned, please try again later")
INTERNAL = Reply("internal", 451, "4.3.0", "Internal error, please try again later")


def plain(text: str) -> str:
    """One line of ASCII: what a peer or a header put in must not make a second line."""
    text = text[:400]
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def in_words(size: int) -> str:
    """A size in octets as people read it."""
    return f"{size / (1 << 20):.0f} MB" if size >= 1 << 20 else f"{size} bytes"
