"""Logging in at an identity provider: the code flow of OpenID Connect, with PKCE, state and nonce.

A login belongs to the browser that began it, by a cookie, and its state is good once and for ten minutes. Who comes
back is believed by the provider's signature alone, with an algorithm of ours, and only where issuer, audience, times
and nonce fit. Authlib has the rules. Sources: OpenID Connect Core 3.1, Discovery; RFC 7636, RFC 9207, RFC 9700.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from gateway.config.console import OidcSettings, is_safe
from gateway.config.reading import NoSecret
from gateway.match.names import network_of
from gateway.model.spans import HOUR
from gateway.web.console.answers import Unreachable, ask, ask_for_object, object_of

BACK = "/oidc"
"""Where the provider sends browsers back to."""
RANKED = ("administer", "act", "look")
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""By a private key of the provider: a secret that we know too, or none, proves nothing."""
SECRET_METHODS = ("client_secret_post", "client_secret_basic")
LEEWAY = 60  # seconds by which clocks may differ
FRESH = HOUR  # seconds for which its addresses and keys are not asked for again
AGAIN = 60.0  # seconds until they are, for a key that is not known
PENDING_FOR = 600.0  # seconds
MOST_PENDING, MOST_OF_NETWORK = 5_000, 100
NOT_AS_IT_SHOULD = "This login did not end as it should. Log in again."
_CODE = re.compile(r"[a-zA-Z0-9_ -]{1,60}")


class NotLetIn(Exception):
    """Somebody may not come in. The text is for them, ``why`` for the log; ``there`` is where they wanted to go.
    ``is_stale``: the login was none of ours, or not any more, which nobody can guess and a second tab can be."""

    def __init__(self, text: str, why: str = "", *, is_stale: bool = False, there: str = "/") -> None:
        super().__init__(text)
        self.why = why or text
        self.is_stale = is_stale
        self.there = there


@dataclass(frozen=True, slots=True)
class Person:
    """Who logged in. ``subject`` is the provider's own and lasting name of them, as people may choose what they are
    called; ``grants`` are the values of the claim that have a role."""

    name: str
    subject: str
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that began: where the browser goes, and the value of its cookie."""

    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class _Pending:
    browser: str
    network: str
    nonce: str
    verifier: str
    there: str
    until: float


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider said of itself, and its keys."""

    metadata: Mapping[str, Any]
    keys: Any
    at: float


def role_of(grants: tuple[str, ...], settings: OidcSettings) -> str:
    """The highest role of these, "" for none."""
    roles = {settings.roles[grant] for grant in grants if grant in settings.roles} if settings.issuer else set()
    return next((role for role in RANKED if role in roles), "")


class Provider:
    """The provider of ``settings``; ``back`` is the address that it sends browsers to."""

    def __init__(self, settings: OidcSettings, back: str, clock: Callable[[], float]) -> None:
        self.settings = settings
        self._back = back
        self._clock = clock
        self._pending: dict[str, _Pending] = {}
        self._known: _Known | None = None
        self._method = ""  # by which our secret was taken

    async def begin(self, there: str, peer: str, browser: str = "") -> Begun:
        """Begin a login that ends at the page ``there``. ``browser`` is the value of its cookie, if it has one: a
        browser may begin several at once, in tabs. Raises Unreachable."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        known = await self._ask_itself()
        state = secrets.token_urlsafe(32)
        if not self.is_coming(browser):
            browser = secrets.token_urlsafe(32)
        pending = _Pending(
            browser, network_of(peer), secrets.token_urlsafe(32), secrets.token_urlsafe(64), there,
            self._clock() + PENDING_FOR,
        )  # fmt: skip
        self._keep(state, pending)
        address = prepare_grant_uri(
            known.metadata["authorization_endpoint"],
            client_id=self.settings.client_id,
            response_type="code",
            redirect_uri=self._back,
            scope=" ".join(self.settings.scopes),
            state=state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
        )
        return Begun(str(address), browser)

    def is_coming(self, browser: str) -> bool:
        """Whether a login that this browser began is expected to end."""
        now = self._clock()
        return any(kept.browser == browser and kept.until >= now for kept in self._pending.values())

    def _keep(self, state: str, pending: _Pending) -> None:
        """Beyond a most, of a network and of all, the oldest has to begin again."""
        now = self._clock()
        for old in [old for old, kept in self._pending.items() if kept.until < now]:
            del self._pending[old]
        same = [old for old, kept in self._pending.items() if kept.network == pending.network]
        if len(same) >= MOST_OF_NETWORK:
            del self._pending[same[0]]
        elif len(self._pending) >= MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[state] = pending

    async def end(self, answer: Mapping[str, str], browser: str) -> tuple[Person, str]:
        """Who came back with the provider's answer, and the page to go to. Raises NotLetIn, Unreachable."""
        pending = self._pending.pop(answer.get("state", ""), None)
        if pending is None or pending.until < self._clock():
            there = pending.there if pending else "/"
            why = "state: unknown, used or too old"
            raise NotLetIn("This login is over, or was used. Log in again.", why, is_stale=True, there=there)
        if not hmac.compare_digest(pending.browser.encode(), browser.encode()):
            here = self._back.removesuffix(BACK)
            words = f"This login began in another browser, or not at {here}. Log in again there."
            raise NotLetIn(words, "state: of another browser", is_stale=True)
        known = await self._ask_itself()
        self._check_issuer_of(answer, known)
        if error := answer.get("error", ""):
            raise NotLetIn(f"{self.settings.name} says: {_plain(error)}.", f"the provider: {_plain(error)}")
        if not answer.get("code"):
            raise NotLetIn(NOT_AS_IT_SHOULD, "no code")
        token = await self._fetch_token(known, answer["code"], pending.verifier)
        claims = await self._verified(token, pending.nonce)
        return self._person(await self._completed(known, token, claims)), pending.there

    def _check_issuer_of(self, answer: Mapping[str, str], known: _Known) -> None:
        """RFC 9207: an answer of another provider is none of ours."""
        says = bool(known.metadata.get("authorization_response_iss_parameter_supported"))
        if answer.get("iss", self.settings.issuer if not says else "") != self.settings.issuer:
            raise NotLetIn(NOT_AS_IT_SHOULD, "iss of the answer: of another")

    async def _fetch_token(self, known: _Known, code: str, verifier: str) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._back, "code_verifier": verifier}
        for method in self._methods(known):
            status, token = await self._ask_for_token(str(known.metadata["token_endpoint"]), method, urlencode(form))
            if token.get("error") != "invalid_client":
                self._method = method
                break
        if status >= 500 or token.get("error") in ("invalid_client", "unauthorized_client"):
            said = _plain(str(token.get("error", "")))
            raise Unreachable(f"{known.metadata['token_endpoint']}: answer {status} {said}")
        if status != 200 or not isinstance(token.get("id_token"), str):
            said = _plain(str(token.get("error", f"answer {status} without an id_token")))
            raise NotLetIn(NOT_AS_IT_SHOULD, f"the token: {said}")
        return token

    def _methods(self, known: _Known) -> list[str]:
        """How our secret may be told, that by which it was taken first. What a provider offers is not what it takes of
        each client: Authelia, Okta and Zitadel know one for each, which is not told before."""
        offered = known.metadata.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
        ours = [method for method in SECRET_METHODS if method in offered] or ["client_secret_basic"]
        return sorted(ours, key=lambda method: method != self._method)

    async def _ask_for_token(self, address: str, method: str, form: str) -> tuple[int, dict[str, Any]]:
        from authlib.oauth2.auth import ClientAuth

        try:
            secret = self.settings.secret()
        except NoSecret as error:
            raise Unreachable(f"client_secret_file: {error}") from error
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        known_as = self.settings.client_id
        if method == "client_secret_basic":  # RFC 6749 2.3.1: each as in a form, so that a colon tells them apart
            known_as, secret = quote_plus(known_as), quote_plus(secret)
        auth = ClientAuth(known_as, secret, method)
        address, headers, body = auth.prepare("POST", address, headers, form)
        return await ask_for_object("POST", address, headers, body)

    async def _verified(self, token: dict[str, Any], nonce: str) -> Mapping[str, Any]:
        """The claims of the token, all of which were looked at. Raises NotLetIn."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        try:
            read = await self._signed(token["id_token"])
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": self.settings.client_id, "access_token": token.get("access_token")},
            )
            claims.validate(int(self._clock()), LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise NotLetIn(NOT_AS_IT_SHOULD, f"the token: {type(error).__name__}: {error}") from error
        return dict(claims)

    async def _signed(self, token: str) -> Any:
        """A token that the provider signed. Raises JoseError, ValueError, TypeError, KeyError, Unreachable."""
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError

        known = await self._ask_itself()
        try:
            return jwt.decode(token, known.keys, algorithms=SIGNATURES)
        except (InvalidKeyIdError, BadSignatureError):  # its keys change; some go on under the same name
            known = await self._ask_itself(AGAIN)
            return jwt.decode(token, known.keys, algorithms=SIGNATURES)

    async def _completed(self, known: _Known, token: dict[str, Any], claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """With what its userinfo says besides, for a provider that keeps its tokens short (Authelia, Zitadel)."""
        address, needed = str(known.metadata.get("userinfo_endpoint", "")), {self.settings.claim, self.settings.called}
        needed |= {"email_verified"} if self.settings.claim == "email" else set()
        if all(_value(claims, name) is not None for name in needed) or not is_safe(address):
            return claims
        if not isinstance(token.get("access_token"), str):
            return claims
        said = await self._userinfo(address, token["access_token"])
        if said.get("sub") != claims["sub"]:  # of somebody else: OpenID Connect Core 5.3.2
            return claims
        return _joined(claims, said)

    async def _userinfo(self, address: str, access: str) -> Mapping[str, Any]:
        """What it says of whom this token is, as an object or signed as one; nothing where it says neither."""
        from joserfc.errors import JoseError

        status, data = await ask("GET", address, {"Authorization": f"Bearer {access}"})
        if status != 200:
            return {}
        if (said := object_of(data)) is not None:
            return said
        try:
            claims = (await self._signed(data.decode().strip())).claims
        except (JoseError, ValueError, TypeError, KeyError):
            return {}
        audience = claims.get("aud", self.settings.client_id)
        is_ours = self.settings.client_id in (audience if isinstance(audience, list) else [audience])
        return claims if is_ours and claims.get("iss", self.settings.issuer) == self.settings.issuer else {}

    def _person(self, claims: Mapping[str, Any]) -> Person:
        settings, values = self.settings, _values(claims, self.settings.claim)
        name = next((str(claims[key]) for key in (settings.called, "email", "sub") if claims.get(key)), "")
        if settings.claim == "email":
            values = tuple(value.lower() for value in values) if _is_true(claims.get("email_verified")) else ()
        known = {grant.lower() if settings.claim == "email" else grant: grant for grant in settings.roles}
        grants = tuple(known[value] for value in values if value in known)
        if not role_of(grants, settings):
            why = f"{settings.claim}: no value that has a role"
            if settings.claim in (claims.get("_claim_names") or {}):
                why = f"{settings.claim}: too many for a token; let the provider name roles instead (docs/console.md)"
            elif not values:
                why = f"{settings.claim}: not in the token, or not verified"
            raise NotLetIn(
                f"{settings.name} knows you as {_shown(name)}, who has no role in this console. Ask whoever runs it.",
                f"{_shown(name)}: {why}",
            )
        return Person(_shown(name), _shown(str(claims["sub"])), grants)

    async def _ask_itself(self, fresh: float = FRESH) -> _Known:
        """What the provider says of itself, asked for again when it is older than ``fresh`` seconds."""
        from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url

        now = self._clock()
        if self._known is not None and now - self._known.at < fresh:
            return self._known
        issuer = self.settings.issuer
        status, said = await ask_for_object("GET", get_well_known_url(issuer, external=True))
        if status != 200:
            raise Unreachable(f"{issuer}: no provider is there (answer {status})")
        if said.get("issuer") != issuer:
            raise Unreachable(f"{issuer}: it calls itself {_shown(str(said.get('issuer')))}: write that as issuer")
        metadata = OpenIDProviderMetadata(said)
        for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(str(metadata.get(key, ""))):
                raise Unreachable(f"{issuer}: its {key} is missing, or not https")
        status, keys = await ask_for_object("GET", metadata["jwks_uri"])
        if not (usable := _usable(keys)):
            raise Unreachable(f"{issuer}: it has no keys that are understood here (answer {status})")
        self._known = _Known(metadata, usable, now)
        return self._known

    async def way_out(self) -> str:
        """Where somebody ends their login at the provider, too; "" where it names no place."""
        from authlib.common.urls import add_params_to_uri

        try:
            known = await self._ask_itself()
        except Unreachable:
            return ""
        address = str(known.metadata.get("end_session_endpoint", ""))
        return str(add_params_to_uri(address, [("client_id", self.settings.client_id)])) if is_safe(address) else ""


def _usable(said: Mapping[str, Any]) -> Any:
    """Those of its keys by which tokens may be signed; None for none. Others, for encryption or of kinds to come, are
    no fault of theirs."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    found: list[Any] = []
    listed = said.get("keys")
    for key in listed if isinstance(listed, list) else ():
        if not isinstance(key, dict) or key.get("use", "sig") != "sig":
            continue
        with suppress(JoseError, KeyError, TypeError, ValueError, AttributeError):
            found += KeySet.import_key_set({"keys": [key]}).keys
    return KeySet(found) if found else None


def _value(claims: Mapping[str, Any], name: str) -> Any:
    """A claim, None for none; realm_access.roles is the claim roles in realm_access."""
    value: Any = claims.get(name)
    if value is None and "." in name:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _values(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = _value(claims, name)
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in values if isinstance(text, str))


def _joined(signed: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is signed goes before what is said. That an address is verified is said of one address, of no other."""
    if signed.get("email") is None:
        verified = said.get("email_verified")
    else:
        is_same = said.get("email") == signed["email"]
        verified = signed.get("email_verified", said.get("email_verified") if is_same else None)
    return {**said, **signed, "email_verified": verified}


def _is_true(value: Any) -> bool:
    return value is True or value == "true"


def _plain(code: str) -> str:
    """An error's code; what is none was written by somebody else."""
    return code if _CODE.fullmatch(code) else "error"


def _shown(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:100]
