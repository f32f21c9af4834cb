"""The end of the data: strict, whatever the cuts between blocks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.smtp.dotreader import DotReader
from tests.sizes import size


def read(stream: bytes, cuts: list[int] | None = None) -> tuple[bytes, bytes, bool]:
    reader, out, at = DotReader(), [], 0
    sizes = iter(cuts or [])
    while at < len(stream) and not reader.done:
        size = next(sizes, len(stream))
        out.append(reader.feed(stream[at : at + size]))
        at += size
    return b"".join(out), reader.rest + stream[at:], reader.done


@pytest.mark.parametrize(
    ("stream", "content", "rest"),
    [
        pytest.param(b"a\r\n.\r\n", b"a\r\n", b"", id="one line"),
        pytest.param(b".\r\n", b"", b"", id="empty mail"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", b"", id="stuffed dot"),
        pytest.param(b"a\r\n..b\r\n.\r\nQUIT\r\n", b"a\r\n.b\r\n", b"QUIT\r\n", id="pipelined command"),
        pytest.param(b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", b"", id="bare LF does not end"),
        pytest.param(b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", b"", id="CRLF dot LF does not end"),
        pytest.param(b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", b"", id="LF dot CRLF does not end"),
        pytest.param(b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", b"", id="bare CR does not end"),
        pytest.param(b"\0\xff\r\n.\r\n", b"\0\xff\r\n", b"", id="any octet"),
    ],
)
def test_the_end(stream: bytes, content: bytes, rest: bytes) -> None:
    assert read(stream) == (content, rest, True)
    assert read(stream, [1] * len(stream)) == (content, rest, True)


@settings(max_examples=size(100, 300), derandomize=True)
@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n."]), max_size=40), st.data())
def test_cuts_between_blocks_change_nothing(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts) + b"\r\n.\r\nrest"
    cuts = data.draw(st.lists(st.integers(1, 7), min_size=len(stream)))

    assert read(stream, cuts) == read(stream)


@settings(max_examples=size(66, 200), derandomize=True)
@given(st.binary(max_size=200))
def test_what_a_client_stuffs_comes_out_as_it_was(body: bytes) -> None:
    body = body.replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n"
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]

    content, _, done = read(stuffed + b".\r\n")

    assert (content, done) == (body, True)
