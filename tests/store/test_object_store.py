"""Large mails outside the database: the same promises for the spool, a local object store and S3's API."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gateway.config.load import parse
from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import ConfigError, StoreSettings, WorkSettings
from gateway.intake.accept import Recipient
from gateway.intake.direct import StoreAcceptor
from gateway.model.envelope import Envelope
from gateway.simulator import Simulator
from gateway.store import deliveries, pruning, raw
from gateway.store.engine import Store
from gateway.store.raw import RawMail
from gateway.store.schema import delivery
from tests.harness import BOX, free_port, gateway, mail

BIG = os.urandom(700_000).hex().encode()
TO = [Recipient(MailboxSettings(address=BOX), BOX)]


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """A server of S3's API on loopback."""
    try:
        import boto3
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
    except ImportError as missing:
        pytest.skip(f"NOT TESTED WITH S3's API: {missing}")
    import threading

    port = free_port()
    server = make_server("127.0.0.1", port, DomainDispatcherApplication(create_backend_app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    options = {
        "aws_endpoint": f"http://127.0.0.1:{port}",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_region": "us-east-1",
    }
    boto3.client(
        "s3",
        endpoint_url=options["aws_endpoint"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    ).create_bucket(Bucket="mail")
    yield options
    server.shutdown()
    thread.join()


@pytest.fixture(params=["spool", "local", "s3"])
def settings(request: Any, tmp_path: Path) -> StoreSettings:
    more: dict[str, Any] = {}
    if request.param == "local":
        more = {"objects": f"file://{tmp_path}/objects"}
    elif request.param == "s3":
        more = {"objects": f"s3://mail/{tmp_path.name}", "objects_options": request.getfixturevalue("s3")}
    return StoreSettings(url=f"sqlite:///{tmp_path}/gateway.db", min_free=0, spool_over=1000, **more)


@pytest.fixture
def kept(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    import shutil

    shutil.copy(migrated_file, tmp_path / "gateway.db")
    store = Store(f"sqlite:///{tmp_path}/gateway.db")
    yield store
    store.close()


async def accepted(store: Store, settings: StoreSettings, content: bytes) -> dict[str, Any]:
    """Accept a mail; its row of ``raw``."""
    acceptor = StoreAcceptor(store, settings, WorkSettings())
    incoming = acceptor.begin()
    incoming.add(content)
    await acceptor.accept(incoming, Envelope("ann@acme.example", BOX, time=time.time()), TO)
    ids = await store.read(lambda c: c.exec_driver_sql("SELECT max(id) FROM raw").scalar_one())
    return dict(await store.read(lambda c: deliveries.content(c, ids)))


async def test_what_was_accepted_is_what_is_read(kept: Store, settings: StoreSettings, tmp_path: Path) -> None:
    large = await accepted(kept, settings, BIG)
    small = await accepted(kept, settings, b"Subject: small\r\n\r\nHello\r\n")
    raws = RawMail(settings)

    file = await raws.get(large, tmp_path / "work")

    assert isinstance(file, Path)
    assert file.read_bytes() == raws.read(large) == BIG
    assert raws.read(small).startswith(b"Subject: small")
    assert await raws.get(large, tmp_path / "work") == file  # fetched once
    assert small["path"] is None


async def test_profiles_are_proposed_from_large_mails_wherever_they_are(kept: Store, settings: StoreSettings) -> None:
    from gateway.operate.preview.proposals import kept as proposed

    mail = BIG[:200_000]
    row = await accepted(kept, settings, mail)
    machine = (
        update(delivery)
        .where(delivery.c.raw_id == row["id"])
        .values({"sender": "nas@acme.example", "class": "notification"})
    )
    await kept.write(lambda c: c.execute(machine))

    assert row["path"]
    assert await kept.read(lambda c: proposed(c, RawMail(settings), 0.0, "", 1)) == [mail]


async def test_deleting_takes_the_row_and_then_the_bytes(kept: Store, settings: StoreSettings, tmp_path: Path) -> None:
    row = await accepted(kept, settings, BIG)
    raws = RawMail(settings)

    (path,) = await kept.write(lambda c: pruning.drop_raw(c, [1], [row["id"]]))
    assert path == row["path"]
    await raws.drop(path)
    await raws.drop(path)
    with pytest.raises(FileNotFoundError):
        raws.read(row)


async def test_orphans_go_when_they_are_old_and_mail_stays(
    kept: Store, settings: StoreSettings, tmp_path: Path
) -> None:
    row = await accepted(kept, settings, BIG)
    raws = RawMail(settings)
    orphan = settings.spool_dir / "1-never.eml"
    orphan.write_bytes(b"never answered with 250")
    name = await raws.put(orphan)
    now = time.time()

    assert await raws.sweep(kept, now) == 0
    swept = await asyncio.gather(*(raws.sweep(kept, now + raw.ORPHAN_AGE + 60) for _ in range(2)))

    assert max(swept) == 1
    assert raws.read(row) == BIG
    with pytest.raises(FileNotFoundError):
        raws.read({"path": name})


async def test_a_listener_that_was_stopped_too_long_writes_no_row(
    kept: Store, settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "ROW_WITHIN", -1.0)

    with pytest.raises(OSError, match="sent again"):
        await accepted(kept, settings, BIG)

    assert await kept.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM delivery").scalar_one()) == 0


async def test_a_store_that_does_not_answer_is_no_250(kept: Store, tmp_path: Path, monkeypatch: Any) -> None:
    from datetime import timedelta

    from gateway.store import objects

    monkeypatch.setattr(objects, "RETRY_FOR", timedelta(seconds=0.1))
    options = {
        "aws_endpoint": f"http://127.0.0.1:{free_port()}",
        "aws_access_key_id": "x",
        "aws_secret_access_key": "x",
    }
    settings = StoreSettings(
        url="sqlite:///x",
        spool=tmp_path / "spool",
        spool_over=1000,
        min_free=0,
        objects="s3://mail",
        objects_options=options,
    )

    with pytest.raises(OSError, match="object store"):
        await accepted(kept, settings, BIG)
    assert list((tmp_path / "spool").glob("*.eml")) == []


@pytest.mark.slow
def test_a_large_mail_through_the_gateway(tmp_path: Path, s3: dict[str, str]) -> None:
    options = ", ".join(f'{key} = "{value}"' for key, value in s3.items())
    with Simulator() as desk:
        store = f'objects = "s3://mail/gateway"\nobjects_options = {{ {options} }}'
        with gateway(tmp_path, desk, store=store) as running:
            big = mail("Scan")
            content = os.urandom(2_000_000)
            big.add_attachment(content, maintype="application", subtype="octet-stream", filename="scan.bin")
            row = running.became(running.send(big))

            assert row["stage"] == "DONE"
            documents = [file for files in desk.desk.documents.values() for file in files]
            assert [desk.desk.file_of(file) for file in documents] == [content]
            shown = running.run("queue", "show", row["id"], "--raw")
            assert "scan.bin" in shown.stdout
            assert not list((tmp_path / "gateway.db.spool").glob("*.eml"))


@pytest.mark.parametrize("url", ["ftp://host/x", "memory:///", "/srv/mail"])
def test_what_is_no_object_store_is_refused(url: str) -> None:
    data = {
        "desk": {"url": "http://desk/api/v1", "api_key": "x"},
        "mailbox": [{"address": BOX}],
        "store": {"objects": url},
    }
    with pytest.raises(ConfigError, match="objects: expected s3"):
        parse(data, {})
