"""An application on loopback, over real HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


async def _nothing() -> None: ...


@contextmanager
def served(app: Any, close: Callable[[], Awaitable[None]] = _nothing) -> Iterator[str]:
    """Its address, while it is served by a thread; ``close`` is awaited in that thread's loop at the end."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))

    async def both() -> None:
        await server.serve()
        await close()

    thread = threading.Thread(target=lambda: asyncio.run(both()))
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
