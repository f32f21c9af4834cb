"""What goes with a request to the desk, and what its answers leave behind: nothing."""

from __future__ import annotations

import httpx
import pytest

from gateway.desk.algapsa.client import Client
from gateway.desk.outcome import Good


def desk(asked: list[httpx.Request], url: str = "http://desk/api/v1", status: int = 200, **headers: str) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, stream=httpx.ByteStream(b'{"data": []}'), headers=headers)

    return Client("desk", url, "key", rate=0, transport=httpx.MockTransport(answer))


async def test_the_key_and_what_is_taken_go_with_each() -> None:
    asked: list[httpx.Request] = []
    ours = desk(asked)
    await ours.tickets_by_number("TIC1")
    ours.use_key("another")
    await ours.tickets_by_number("TIC1")
    await ours.close()
    first, second = asked
    assert (first.headers["x-api-key"], second.headers["x-api-key"]) == ("key", "another")
    assert first.headers["accept-encoding"] == "gzip, deflate" and first.headers["host"] == "desk"
    assert first.headers["user-agent"].startswith("python-httpx/") and "authorization" not in first.headers


async def test_no_cookie_is_kept() -> None:
    """A session that a proxy begins would tie later calls to what became of the first."""
    asked: list[httpx.Request] = []
    ours = desk(asked, **{"set-cookie": "session=1; Path=/"})
    for _ in range(2):
        await ours.tickets_by_number("TIC1")
    await ours.close()
    assert not any("cookie" in request.headers for request in asked)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    asked: list[httpx.Request] = []
    ours = desk(asked, status=status, location="http://elsewhere.example/")
    assert not isinstance(await ours.tickets_by_number("TIC1"), Good)
    await ours.close()
    assert len(asked) == 1


async def test_a_login_of_the_address_goes_along() -> None:
    asked: list[httpx.Request] = []
    ours = desk(asked, "http://gate:p%40ss@desk/api/v1")
    await ours.tickets_by_number("TIC1")
    await ours.close()
    assert asked[0].headers["authorization"] == httpx.BasicAuth("gate", "p@ss")._auth_header
    assert asked[0].headers["x-api-key"] == "key"
