"""On the path of a gateway under test: its parser has three errors, named by words in the mail."""

import os
import sys
import time

if "gateway.mail.child" in sys.orig_argv:
    from gateway.mail import read as module

    real = module.read

    def read(raw: bytes, **options: object) -> object:
        if b"poison-kills" in raw:
            os.abort()
        if b"poison-hangs" in raw:
            time.sleep(3600)
        if b"poison-starves" in raw:
            bytearray(1 << 34)
        return real(raw, **options)  # type: ignore[arg-type]

    module.read = read  # type: ignore[assignment]
