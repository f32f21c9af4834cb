"""The parser's child: reads mails one after the other from a pipe, within a memory limit and without network.

Frames in both directions: 4 bytes of length (big endian), then that many bytes. The child's first says
READY, once it has started; the parent's first has our addresses, a JSON array. A request is a JSON frame and, where it
names no ``path``, a frame with the mail:

    {"op": "read", "path": FILE?, "into": FOLDER?}
        -> the Email as JSON; its files are written into the folder, named by their index
    {"op": "html", "path": FILE?} -> its HTML, safe to show, as text
    {"op": "file", "path": FILE?, "index": N, "into": FILE}  -> {}

An answer is a frame of one byte and then the result or the error's text: b"+", b"-" where the mail cannot be
read, b"!" where the machine fails (a full disk). The parent sets the deadline and kills.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from gateway.mail.confine import without_network
from gateway.mail.read import read
from gateway.mail.safehtml import safe
from gateway.mail.wire import dump
from gateway.priority import be_nice

READY = b"ready"


def read_frame(stream: BinaryIO) -> bytes | None:
    """One frame, None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "big")
    data = stream.read(size)
    return data if len(data) == size else None


def write_frame(stream: BinaryIO, *pieces: bytes) -> None:
    stream.write(sum(map(len, pieces)).to_bytes(4, "big"))
    stream.writelines(pieces)
    stream.flush()


def _answer(request: dict[str, Any], raw: bytes, own: Sequence[str]) -> bytes:
    reading = read(raw, own_addresses=own)
    if request["op"] == "html":
        return safe(reading.email.html).encode()
    into = request.get("into")
    if request["op"] == "file":
        _write(Path(str(into)), reading.payload(int(str(request["index"]))))
        return b"{}"
    if into and reading.email.attachments:
        folder = Path(str(into))
        folder.mkdir(parents=True, exist_ok=True)
        for index, attachment in enumerate(reading.email.attachments):
            if attachment.size:
                _write(folder / str(index), reading.payload(index))
    return dump(reading.email)


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all: another process may be uploading the file under this name."""
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(file)


def main(memory: int, nice: int = 0) -> None:
    be_nice(nice)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    without_network()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    write_frame(sink, READY)
    own = tuple(json.loads(read_frame(source) or b"[]"))
    while (frame := read_frame(source)) is not None:
        request = json.loads(frame)
        raw = Path(request["path"]).read_bytes() if request.get("path") else read_frame(source)
        if raw is None:
            return
        try:
            result, mark = _answer(request, raw, own), b"+"
        except OSError as error:  # the machine's, not the mail's
            result, mark = f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:500], b"!"
        except Exception as error:
            result, mark = f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:500], b"-"
        del raw
        write_frame(sink, mark, result)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
