"""The end of a mail's data: strict CRLF.CRLF, and the leading dots taken off (RFC 5321 4.5.2).

Pure and block-wise: lines of any length, memory bounded by the block. Nothing but CRLF.CRLF ends the
data, so a bare line feed or carriage return cannot smuggle a second mail.
"""

from __future__ import annotations

START = b"\r\n"  # the data begins as if after a line end
END = b"\r\n.\r\n"


class DotReader:
    """Feed it blocks until ``done``; ``rest`` is then what came after the end."""

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self._kept = START
        self._skip = len(START)

    def feed(self, block: bytes) -> bytes:
        """The content in this block. What may be the beginning of the end is kept back."""
        data = self._kept + block
        out = []
        at = 0
        has_dots = b"." in data  # files in base64 have none, and to look for one byte is quick
        while True:
            dot = data.find(b"\r\n.", at) if has_dots else -1
            if dot < 0:
                keep = 2 if data.endswith(b"\r\n") else data.endswith(b"\r")
                out.append(data[at : len(data) - keep])
                self._kept = data[len(data) - keep :]
                break
            tail = data[dot : dot + 5]
            if tail == END:
                out.append(data[at : dot + 2])
                self.rest = data[dot + 5 :]
                self.done = True
                break
            if END.startswith(tail):  # cut in the middle of what may be the end
                out.append(data[at:dot])
                self._kept = data[dot:]
                break
            out.append(data[at : dot + 2])
            at = dot + 3
        return self._trimmed(b"".join(out))

    def _trimmed(self, content: bytes) -> bytes:
        """Without the line end that was put before the first line."""
        if not self._skip:
            return content
        cut = min(self._skip, len(content))
        self._skip -= cut
        return content[cut:]
