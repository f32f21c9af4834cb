"""Hostile shapes: mails made to be slow, deep or huge, built to any size."""

from __future__ import annotations

from collections.abc import Callable

HEAD = b"From: a@b.example\nSubject: x\nMIME-Version: 1.0\n"
TEXT = HEAD + b"Content-Type: text/plain; charset=utf-8\n\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\n\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"


def _fill(piece: bytes, size: int) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def _nested(size: int) -> bytes:
    out, number = bytearray(), 0
    while len(out) < size:
        out += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
        number += 1
    return bytes(out) + b"\nhello\n"


def _nested_messages(size: int) -> bytes:
    out = bytearray()
    while len(out) < size:
        out += b"Content-Type: message/rfc822\n\n"
    return bytes(out) + b"Subject: last\n\nhello\n"


def _deep_alternatives(size: int) -> bytes:
    return _nested(size // 2).replace(b"multipart/mixed", b"multipart/alternative") + _fill(b"--b0\n\nx\n", size // 2)


def _continuations(size: int) -> bytes:
    return b"".join(b"; a*%d*=x" % number for number in range(size // 10))


_TEXT_PIECES: dict[str, bytes] = {
    "spaces": b" ", "On": b"On ", "On lines": b"On\n", "From lines": b"From: a\n", "marks": b">", "spaced marks": b"> ",
    "mark lines": b">\n", "blank lines": b"\n", "underscores": b"_", "dashes": b"-", "dash lines": b"--\n",
    "uuencode begins": b"begin 644 a\n", "angles": b"<", "one word": b"a", "attributions": b"On 1.1.2026 x wrote:\n",
    "addresses": b"<a@b.c>", "at signs": b"@", "stars": b"*", "links": b"http://a ", "colons": b":", "tabs": b"\t",
    "signatures": b"-- \n", "footers": b"Sent from my iPhone\n", "dates": b"2026-01-01 ", "digits": b"1",
    "wrote": b"wrote: ",
    "forwards": b"---------- Forwarded message ----------\nFrom: a@b.c\nDate: 1\nSubject: y\nTo: z\n\n",
    "glued forwards": b"----- Forwarded Message ----- From: a@b.c To: b@c.d\n", "quotes": b"> a\nb\n",
    "received": b"Received: from x\n",
    "below": b"below this line\n", "status codes": b"550 5.1.1 ", "message ids": b"Message-ID: <",
    "commas": b"From: a, b@c, \n", "fields in a line": b"From: a@b To: b@c Date: 1.1.2026 ", "names of fields": b"from\n",
}  # fmt: skip
_HTML_PIECES: dict[str, bytes] = {
    "angles": b"<", "divs": b"<div>", "bolds": b"<b>", "tables": b"<table><tr><td>", "attributes": b"<a "
    + b"x=y " * 50,
    "open quotes" : b'<a "', "open values": b"<a ='", "ampersands": b"&", "entities": b"&amp;",
    "comments": b"<!--", "scripts": b"<script>",
    "items": b"<li>", "paragraphs": b"<p>", "closed paragraphs": b"</p>", "lists": b"<ul><li>",
    "quotes": b"<blockquote>", "breaks": b"<br>",
    "cells": b"<td>x", "hidden": b"<div style='display:none'>a", "rows": b"<tr>", "pictures": b"<img src='cid:x'>",
    "links": b"<a href='http://x.y'>x</a>", "gmail": b"<div class=gmail_quote>x",
    "styles": b"<p style='display:          ",
    "end tags": b"</div></table></b>", "data pictures": b"<img src='data:image/png;base64,AAAA'>",
    "style sheets": b"<style>.a{font-size:1px}", "open rules": b"<style>.a .b{.c #d ", "numbered": b"<ol start=3><li>x",
    "flat": b"<p style='font-size:0'>a b c d", "declarations": b"<p style='a:b;", "signs": b"<font face=Wingdings>J",
    "shares": b"<a href='file:///\\\\a\\b'>x</a>", "colours": b"<p style='color:#fff;background:#fff'>a",
    "wrong nesting": b"<b><p></b></p><td></ul>",
    "spanning cells": b"<table border=1><tr><td rowspan=999 colspan=12>x", "words in tables": b"<table border=1><tr><td>a<td>b",
    "options": b"<select><option>",
}  # fmt: skip

Shape = Callable[[int], bytes]
SHAPES: dict[str, Shape] = {
    "nested parts": _nested,
    "nested messages": _nested_messages,
    "deep alternatives": _deep_alternatives,
    "parameters": lambda n: HEAD + b"Content-Type: text/plain" + _fill(b"; a=b", n) + b"\n\nx",
    "parameters of a part": lambda n: MIXED + b"--b\nContent-Type: text/plain" + _fill(b"; a=b", n) + b"\n\nx",
    "parameter pieces": lambda n: HEAD + b"Content-Type: text/plain" + _continuations(n) + b"\n\nx",
    "open parameter": lambda n: HEAD + b'Content-Type: text/plain; name="' + _fill(b'\\" ', n) + b"\n\nx",
    "many parts": lambda n: MIXED + _fill(b"--b\n\nx\n", n),
    "many base64 parts": lambda n: MIXED + _fill(b"--b\nContent-Transfer-Encoding: base64\n\nYQ==\n", n),
    "many names": lambda n: MIXED + _fill(b"--b\nContent-Type: a/b; name=x\n\nx\n", n),
    "boundaries": lambda n: MIXED + _fill(b"--", n),
    "dashes as boundary": lambda n: MIXED.replace(b"=b", b"=-") + _fill(b"-", n),
    "almost boundaries": lambda n: MIXED + _fill(b"--b x\n", n),
    "boundary lines": lambda n: MIXED + _fill(b"--c\n", n),
    "recipients": lambda n: HEAD + b"To: " + _fill(b"a@b.c, ", n) + b"\n\nx",
    "comments": lambda n: HEAD + b"To: " + _fill(b"(", n) + b"\n\nx",
    "quotes in To": lambda n: HEAD + b"To: " + _fill(b'"', n) + b"\n\nx",
    "angles in To": lambda n: HEAD + b"To: " + _fill(b"<", n) + b"\n\nx",
    "dates": lambda n: HEAD + b"Date: " + _fill(b"Mon, 1 ", n) + b"\n\nx",
    "headers": lambda n: _fill(b"X: y\n", n) + b"\n\nbody",
    "received": lambda n: _fill(b"Received: from a by b; Mon, 1 Jan 2026 10:00:00 +0200\n", n) + b"\n\nbody",
    "references": lambda n: HEAD + b"References: " + _fill(b"<a@b> ", n) + b"\n\nx",
    "open references": lambda n: HEAD + b"References: " + _fill(b"<", n) + b"\n\nx",
    "words": lambda n: HEAD + b"Subject: " + _fill(b"=?utf-8?q?a?= ", n) + b"\n\nx",
    "open words": lambda n: HEAD + b"Subject: " + _fill(b"=?utf-8?q?", n) + b"\n\nx",
    "quotes in a name": lambda n: MIXED + b'--b\nContent-Disposition: attachment; filename="' + _fill(b'a"b ', n) + b'"\n\nx',
    "unknown elements": lambda n: HTML + b"".join(b"<x%d> " % number for number in range(n // 9)),
    "folded": lambda n: HEAD + b"Subject: x" + _fill(b"\n y", n) + b"\n\nx",
    "nothing but NUL": lambda n: b"\0" * n,
    "a rule and a word": lambda n: TEXT + _fill(b"-", n) + b"x",
    "a rule of signs and a word": lambda n: HTML + "\u1427".encode() * (n // 3) + b"x",
    "surrogates": lambda n: TEXT + _fill("\ud800".encode("utf-8", "surrogatepass"), n),
    "random bytes": lambda n: TEXT + bytes((i * 7919 + i // 251) % 256 for i in range(n)),
    "invitation": lambda n: HEAD + b"Content-Type: text/calendar\n\nBEGIN:VEVENT\n" + _fill(b'ATTENDEE;CN="', n),
    "ber": lambda n: HEAD + b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: 8bit\n\n"
    + bytes.fromhex("308006092a864886f70d010702a080308006092a864886f70d010701a0") + _fill(b"\x24\x80", n),
    "winmail": lambda n: HEAD + b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22" + _fill(b"\0\1\2", n),
    "two forms": lambda n: MIXED.replace(b"mixed", b"alternative") + b"--b\n\n" + _fill(b"a b c d\n", n // 2)
    + b"\n--b\nContent-Type: text/html\n\n" + _fill(b"<p hidden>b c d", n // 2),
    "bounce text": lambda n: HEAD.replace(b"a@b", b"mailer-daemon@b") + b"\n" + _fill(b"--- original message ---\n", n),
    **{f"text: {name}": lambda n, piece=piece: TEXT + _fill(piece, n) for name, piece in _TEXT_PIECES.items()},
    **{f"html: {name}": lambda n, piece=piece: HTML + _fill(piece, n) for name, piece in _HTML_PIECES.items()},
}  # fmt: skip
