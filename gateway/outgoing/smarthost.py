"""One conversation with the smarthost. What its end says about the letter is known, or said to be unknown.

Until the first byte of the content has left nothing was taken, whatever went wrong. After the last one only the answer
counts; when there is none, nobody knows. Source: RFC 5321, 4.2.5 and 4.5.3.2.6.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from types import TracebackType

from gateway.config.reading import NoSecret
from gateway.config.smarthost import SmarthostSettings

Words = tuple[int, bytes]
_DOT = re.compile(rb"(?m)^\.")


class NotTaken(Exception):
    """It was certainly not taken. ``is_final``: trying again is of no use."""

    def __init__(self, words: str, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final


class Unknown(Exception):
    """The content left, and no answer came: the smarthost may have taken it."""


class Smarthost:
    """A connection that is logged in. Blocks: to be used in a thread. Raises NotTaken."""

    def __init__(self, settings: SmarthostSettings, hostname: str) -> None:
        assert settings.host is not None
        host, _, port = settings.host.rpartition(":")
        host = host.strip("[]")
        context = ssl.create_default_context()
        name = hostname or None
        try:
            if settings.tls == "tls":
                client: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, int(port), name, timeout=settings.timeout, context=context
                )
            else:
                client = smtplib.SMTP(host, int(port), name, timeout=settings.timeout)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(f"{settings.host} cannot be reached: {_said(error)}") from error
        self._client = client
        try:
            client.ehlo_or_helo_if_needed()
            if settings.tls == "starttls":
                client.starttls(context=context)
            if settings.login:
                client.login(settings.login, settings.secret())
        except (OSError, smtplib.SMTPException, NoSecret) as error:
            client.close()
            raise NotTaken(f"{settings.host}: {_said(error)}") from error
        except UnicodeError as error:
            client.close()
            raise NotTaken(f"{settings.host}: login and password can have ASCII letters only") from error

    def __enter__(self) -> Smarthost:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def address(self, sender: str, recipient: str) -> None:
        """Say from whom and to whom; nothing of the content leaves yet. Raises NotTaken."""
        options = []
        if not (sender + recipient).isascii():
            if not self._client.has_extn("smtputf8"):
                raise NotTaken("the smarthost takes no address with such letters (SMTPUTF8)", is_final=True)
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            self._client.command_encoding = "utf-8"
        try:
            _taken(self._client.mail(sender, options))
            _taken(self._client.rcpt(recipient))
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(_said(error)) from error

    def content(self, message: bytes) -> str:
        """Send the content. Returns what was said when it was taken. Raises NotTaken, Unknown."""
        try:
            _taken(self._client.docmd("DATA"), 354)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(_said(error)) from error
        lines = b"\r\n".join(message.splitlines())
        try:
            self._client.send(_DOT.sub(b"..", lines) + b"\r\n.\r\n")
            answer = self._client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Unknown(f"no answer to the content: {_said(error)}") from error
        if answer[0] // 100 not in (2, 4, 5):
            raise Unknown(f"no answer to the content: {_words(*answer)}")
        _taken(answer)
        return _words(*answer)


def _taken(answer: Words, wanted: int = 250) -> None:
    """Raises NotTaken for another answer: for good with 5xx."""
    code, words = answer
    if code // 100 != wanted // 100:
        raise NotTaken(_words(code, words), is_final=code // 100 == 5)


def _words(code: int, words: bytes) -> str:
    return f"{code} {words.decode('utf-8', 'replace')}"


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _words(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return str(error) or type(error).__name__
