"""250 means: in the store, which other machines may share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from gateway.config.settings import StoreSettings, WorkSettings
from gateway.intake.accept import Acceptor, NotKept, Recipient, addressed
from gateway.intake.maildata import MailData
from gateway.intake.register import deliveries_of
from gateway.model.envelope import Envelope
from gateway.store import deliveries
from gateway.store.engine import Store
from gateway.store.raw import RawMail, fresh
from gateway.store.reading import Unreadable
from gateway.store.writer import StoreFailed


class StoreAcceptor(Acceptor):
    """Keeps mails in the store. ``on_accept`` is called after each commit."""

    def __init__(
        self,
        store: Store,
        settings: StoreSettings,
        work: WorkSettings,
        on_accept: Callable[[], None] = lambda: None,
        raws: RawMail | None = None,
    ) -> None:
        super().__init__(settings, settings.spool_dir)
        self._raws = raws or RawMail(settings)
        self._on_accept = on_accept
        self._store = store
        self._work = work

    async def accept(self, mail: MailData, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        return await asyncio.shield(asyncio.ensure_future(self._accept(mail, envelope, recipients)))

    async def _accept(self, mail: MailData, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        data = mail.data()
        kept_at, path = time.monotonic(), None
        try:
            if mail.path is not None:
                await asyncio.to_thread(mail.sync)
                path = await self._raws.put(mail.path)
            arrived = addressed(recipients, envelope.time)
            news = deliveries_of(mail.split(), mail.digest(), envelope, arrived, self._work)

            def keep(connection: Connection) -> list[str]:
                if path is not None:
                    fresh(kept_at)
                return deliveries.accept(connection, news, data, path, mail.size, mail.digest())

            ids = await self._store.write(keep)
        except StoreFailed as error:
            raise NotKept(str(error)) from error  # the row may be there: its file must stay
        except Unreadable as error:
            mail.discard()
            raise NotKept(str(error)) from error
        except BaseException:
            mail.discard()
            raise
        if not any(new.id in ids for new in news):  # every delivery was there already
            mail.discard()
            await self._raws.drop(path)
        self._on_accept()
        return ids
