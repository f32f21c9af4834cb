"""Mail for a run: conversations with files, delivered as a mail server would, again until there is a 250."""

from __future__ import annotations

import random
import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.policy import SMTP
from hashlib import sha256

from tests.harness import BOX, GatewayProcess, mail

SENDER = "alice@acme.example"
AT_ONCE = 8
AGAIN = 0.15  # seconds until the next try
PATIENCE = 180.0  # a busy machine takes its time to start three processes


@dataclass
class Sent:
    """A mail that got 250. ``token`` stands in its text; ``thread`` names its conversation."""

    token: str
    thread: str
    number: int  # place in the thread, 0 for the first mail
    files: list[str] = field(default_factory=list)  # sha256
    ids: set[str] = field(default_factory=set)  # of the deliveries that the answers named


class Refused(Exception):
    """The gateway refused a mail for good, or never took it."""


class Traffic:
    """``mails`` mails in conversations of four, spread over about ``seconds``, to any of ``doors``.

    ``copies``: each mail goes to that many doors at the same moment, and to one more by another way."""

    each = 4  # mails of a conversation

    def __init__(
        self, doors: Callable[[], list[GatewayProcess]], seed: int, mails: int, seconds: float, copies: int = 1
    ) -> None:
        self._doors = doors
        self._seed = seed
        self._threads = max(1, mails // self.each)
        self._each = mails // self._threads
        self.mails = self._threads * self._each
        self._seconds = seconds
        self._end = 0.0
        self._pause = 2 * seconds / (mails / AT_ONCE)
        self._copies = copies
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self.refusals: list[str] = []
        self.sent: list[Sent] = []
        self._running: list[threading.Thread] = []

    def start(self) -> None:
        self._end = time.monotonic() + 1.5 * self._seconds
        names = [f"thread-{self._seed}-{number}" for number in range(self._threads)]
        self._running = [
            threading.Thread(target=self._conversations, args=(names[at::AT_ONCE],), daemon=True)
            for at in range(AT_ONCE)
        ]
        for thread in self._running:
            thread.start()

    def finish(self) -> list[Sent]:
        """Wait until all is delivered."""
        for thread in self._running:
            thread.join()
        self._pool.shutdown()
        return self.sent

    @property
    def is_over(self) -> bool:
        """All is delivered, or it takes much longer than it should: the rest may flow in peace."""
        return time.monotonic() > self._end or not any(thread.is_alive() for thread in self._running)

    def _conversations(self, names: list[str]) -> None:
        for name in names:
            try:
                self._converse(name)
            except Exception as error:
                self.refusals.append(f"{name}: {type(error).__name__}: {error}")

    def _converse(self, name: str) -> None:
        """A mail, then replies to it and to one another, some with files."""
        rng = random.Random(name)
        ids: list[str] = []
        files: list[bytes] = []
        for number in range(self._each):
            letter = Sent(f"token-{name.removeprefix('thread-')}-{number}", name, number)
            ids.append(f"<{letter.token}@acme.example>")
            raw = self.written(letter, ids, files, rng)
            letter.ids = self._deliver(raw, rng, self.sender(name))
            self.sent.append(letter)
            time.sleep(rng.uniform(0, self._pause))

    def sender(self, thread: str) -> str:
        """Of the envelope."""
        return SENDER

    def written(self, letter: Sent, ids: list[str], files: list[bytes], rng: random.Random) -> bytes:
        return compose(letter, ids, files, rng)

    def _deliver(self, raw: bytes, rng: random.Random, sender: str) -> set[str]:
        if self._copies == 1:
            return {deliver(raw, self._doors, rng, sender)}
        tries = [random.Random(rng.random()) for _ in range(self._copies)]
        ids = set(self._pool.map(lambda count: deliver(raw, self._doors, count), tries))
        other_way = b"Received: from mx2.acme.example by route; " + str(rng.random()).encode() + b"\r\n" + raw
        return ids | {deliver(other_way, self._doors, rng)}


def compose(
    letter: Sent,
    ids: list[str],
    files: list[bytes],
    rng: random.Random,
    counts: Sequence[int] = (0, 0, 1, 2),
    sender: str = "Ann Lee <ann@acme.example>",
) -> bytes:
    """The mail; the last of ``ids`` is its own. It has one of ``counts`` files, which are added to ``files``; some
    come again."""
    subject = f"Problem of {letter.thread}"
    message = mail(
        subject if letter.number == 0 else f"Re: {subject}",
        f"{letter.token}\n\nIt does not work.",
        message_id=ids[-1],
        reply_to=rng.choice(ids[:-1]) if letter.number else "",
        references=" ".join(ids[:-1]),
        sender=sender,
    )
    for at in range(rng.choice(counts)):
        content = rng.choice(files) if files and rng.random() < 0.3 else _content(rng)
        files.append(content)
        letter.files.append(sha256(content).hexdigest())
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=f"f{at}.bin")
    return message.as_bytes(policy=SMTP)


def _content(rng: random.Random) -> bytes:
    """Random, and never the beginning of a program, which would be held."""
    return b"data" + rng.randbytes(rng.choice((10, 3000, 60_000)))


def deliver(
    raw: bytes,
    doors: Callable[[], list[GatewayProcess]],
    rng: random.Random,
    sender: str = SENDER,
    patience: float = PATIENCE,
) -> str:
    """The id that the 250 names. Raises Refused for a 5xx, or when there was no 250 in that time."""
    end = time.monotonic() + patience
    while True:
        try:
            return offer(rng.choice(doors()), raw, sender).rsplit(" ", 1)[-1]
        except (OSError, smtplib.SMTPException) as error:
            code = getattr(error, "smtp_code", 0)
            if code >= 500 or time.monotonic() > end:
                raise Refused(f"{type(error).__name__}: {error}") from error
            time.sleep(AGAIN * rng.uniform(0.5, 1.5))


def offer(door: GatewayProcess, raw: bytes, sender: str = SENDER, timeout: float = 10) -> str:
    """One try: the text of the 250. Raises OSError, SMTPException."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # as a peer sends it
    with smtplib.SMTP("127.0.0.1", door.smtp_port, local_hostname="client.test", timeout=timeout) as client:
        client.ehlo()
        for step in (lambda: client.mail(sender), lambda: client.rcpt(BOX), lambda: client.data(raw)):
            code, text = step()
            if code >= 400:
                raise smtplib.SMTPResponseException(code, text)
        return text.decode()
