"""Takes the network from this process, where the kernel lets it: a parser has no business there.

A seccomp filter (Linux, no rights needed, also inside containers and hardened units): making a socket fails with
EACCES, by io_uring too. Files, pipes and memory are as before. Source: seccomp(2), the kernel's
Documentation/userspace-api/seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, DENY = 0x7FFF0000, 0x00050000 | errno.EACCES
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
X32 = 0x40000000  # the other numbers of calls of x86-64
IO_URING_SETUP = 425
SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine to its AUDIT_ARCH and the number of socket(2)."""


def without_network() -> bool:
    """Whether this process and its children can make no socket from now on. No way back."""
    known = SOCKET.get(platform.machine())
    if known is None or platform.system() != "Linux":
        return False
    filters = _program(*known)
    code = ctypes.create_string_buffer(b"".join(filters))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filters), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)


def _program(architecture: int, socket: int) -> list[bytes]:
    """Calls of another architecture (32 bit) are denied as well: their numbers mean other things."""
    return [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, architecture, otherwise=5),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32, then=3),
        _step(EQUAL, socket, then=2),
        _step(EQUAL, IO_URING_SETUP, then=1),
        _step(RETURN, ALLOW),
        _step(RETURN, DENY),
    ]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """A struct sock_filter."""
    return struct.pack("HBBI", code, then, otherwise, value)
