"""An identity provider on loopback: what Entra ID, Google or Keycloak do, as far as a login needs it.

It is strict where a provider is (redirect address, client's secret, PKCE, a code once), and its tokens are signed. A test
makes it lie: ``lies`` changes the claims, ``signed`` how the token is made of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.web.served import served

CLIENT, SECRET = "gateway-console", "s3cret/+: of%20the console"


@dataclass
class Idp:
    """``person`` has the claims of whoever logs in; ``answers`` is what its answer to the browser gets besides."""

    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"}))
    person: dict[str, Any] = field(default_factory=dict)
    lies: Callable[[dict[str, Any]], None] = lambda claims: None
    signed: Callable[[Idp, dict[str, Any]], str] = lambda idp, claims: jwt.encode(
        {"alg": "ES256", "kid": idp.key.kid}, claims, idp.key
    )
    answers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ("client_secret_post",)
    signs_userinfo: bool = False
    tried: list[str] = field(default_factory=list)
    left: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.describe),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
                Route("/userinfo", self.userinfo),
                Route("/logout", self.logout),
            ]
        )

    async def describe(self, request: Request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        return JSONResponse(said | self.metadata)

    async def authorize(self, request: Request) -> Response:
        """Everybody is known here."""
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code" and "openid" in asked["scope"]
        assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) > 20 and len(asked["state"]) > 20
        code = f"code{len(self.asked)}"
        self.asked[code] = asked
        answer = {"code": code, "state": asked["state"]} | self.answers
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.asked.get(form["code"])
        challenge = _base64(hashlib.sha256(form["code_verifier"].encode()).digest())
        if not self._is_client(request.headers.get("authorization", ""), form):
            return JSONResponse({"error": "invalid_client"}, 401)
        right = (
            asked is not None
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
            and form["code"] not in self.used
        )
        self.used.append(form["code"])
        if not right or asked is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "248289", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= self.person
        self.lies(claims)
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "id_token": self.signed(self, claims)})

    def _is_client(self, header: str, form: dict[str, str]) -> bool:
        """Whether the console proves itself by a method that this provider takes of it (RFC 6749 2.3.1)."""
        if header:
            name, secret = base64.b64decode(header.removeprefix("Basic ")).decode().split(":")
            used, said = "client_secret_basic", (unquote_plus(name), unquote_plus(secret))
        else:
            used, said = "client_secret_post", (form["client_id"], form["client_secret"])
        self.tried.append(used)
        return used in self.takes and said == (CLIENT, SECRET)

    async def userinfo(self, request: Request) -> Response:
        """What is kept out of tokens."""
        if request.headers.get("authorization") != "Bearer opaque":
            return JSONResponse({"error": "invalid_token"}, 401)
        said = {"sub": "248289", **self.told}
        if self.signs_userinfo:
            return Response(self.signed(self, said), media_type="application/jwt")
        return JSONResponse(said)

    async def logout(self, request: Request) -> Response:
        assert request.query_params["client_id"] == CLIENT
        self.left += 1
        return HTMLResponse("<!doctype html><title>out</title><link rel=icon href=data:,>You are logged out.")

    async def keys(self, request: Request) -> Response:
        return JSONResponse(self.published or KeySet([self.key]).as_dict(private=False))


def unsigned(idp: Idp, claims: dict[str, Any]) -> str:
    """alg none, as no library makes it."""
    head = {"alg": "none", "kid": idp.key.kid}
    return f"{_base64(json.dumps(head).encode())}.{_base64(json.dumps(claims).encode())}."


def with_the_public_key(idp: Idp, claims: dict[str, Any]) -> str:
    """HS256 with what everybody knows as the secret: a verifier that takes the algorithm from the token believes it."""
    head = {"alg": "HS256", "kid": idp.key.kid}
    signed = f"{_base64(json.dumps(head).encode())}.{_base64(json.dumps(claims).encode())}"
    digest = hmac.new(idp.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(digest)}"


def _base64(octets: bytes) -> str:
    """As in a token: for addresses, without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@contextmanager
def serving() -> Iterator[Idp]:
    """A provider on loopback, over real HTTP."""
    idp = Idp()
    with served(idp.app()) as idp.issuer:
        yield idp
