"""An object store for large mails (obstore: S3, Google Cloud Storage, Azure, a local folder).

``put`` returns only once the object is durable. Memory is bounded: objects go and come in blocks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.settings import ConfigError

BLOCK = 5 * 1024 * 1024  # S3 takes no smaller part
BLOCKS_AT_ONCE = 2
LISTED_AT_ONCE = 1000
RETRY_FOR = timedelta(seconds=60)  # shorter than a peer waits for the answer to its data
TIMEOUT = timedelta(seconds=30)  # of one request


class Objects:
    """The store at a URL such as ``s3://bucket/prefix``; what else the service needs is in ``options`` or the
    environment (AWS_ACCESS_KEY_ID and so on). Raises ConfigError."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        import obstore  # only where it is used: it takes memory
        from obstore import store as kinds

        self._api: Any = obstore
        from_url: Any = kinds.from_url
        self._folder: Path | None = None
        if url.startswith("file://"):
            self._folder = Path(urlsplit(url).path)
            self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._store: Any = (
                from_url(url)
                if self._folder
                else from_url(
                    url,
                    config=dict(options),
                    client_options={"timeout": TIMEOUT, "allow_http": True},
                    retry_config={"max_retries": 10, "retry_timeout": RETRY_FOR},
                )
            )
        except Exception as error:  # obstore's own, one for each kind of fault
            raise ConfigError(f"store.objects: {error}") from error

    async def put(self, key: str, file: Path) -> None:
        """Store a file. Raises OSError, or what the service says."""
        await self._api.put_async(self._store, key, file, chunk_size=BLOCK, max_concurrency=BLOCKS_AT_ONCE)
        if self._folder:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    async def fetch(self, key: str, into: Path) -> None:
        """Write an object to a file. Raises FileNotFoundError, or what the service says."""
        answer = await self._api.get_async(self._store, key)
        with into.open("wb") as file:
            async for block in answer.stream(min_chunk_size=BLOCK):
                file.write(block)

    def read(self, key: str) -> bytes:
        """A whole object, for the commands. Raises as ``fetch``."""
        return bytes(self._api.get(self._store, key).bytes())

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; one that is not there is no fault."""
        for key in keys:
            try:
                await self._api.delete_async(self._store, key)
            except FileNotFoundError:
                pass

    async def listed(self, prefix: str) -> AsyncIterator[list[tuple[str, float]]]:
        """All (key, time of its last change) in parts."""
        async for part in self._api.list(self._store, prefix, chunk_size=LISTED_AT_ONCE):
            yield [(str(entry["path"]), entry["last_modified"].timestamp()) for entry in part]


def _sync(file: Path, top: Path) -> None:
    """Make a local object and the folders above it durable; obstore does not."""
    for path in (file, *file.parents):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path == top:
            return
