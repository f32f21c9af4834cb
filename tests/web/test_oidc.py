"""Logging in at an identity provider: who comes in, as what, and every way in which nobody does."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from structlog.testing import capture_logs

from gateway.config.console import OidcSettings
from gateway.store import acts
from gateway.web.console import logins, provider
from gateway.web.console.app import application
from gateway.web.console.entering import BROWSER
from tests.web.conftest import COOKIE, Site
from tests.web.idp import CLIENT, SECRET, Idp, serving, unsigned, with_the_public_key

HOST = "http://127.0.0.1:8026"
ROLES = {"leads": "act", "mail-admins": "administer", "desk": "look"}
LEA = {"preferred_username": "lea@msp.example", "groups": ["everybody", "leads"]}


@pytest.fixture(scope="module")
def served_idp() -> Iterator[Idp]:
    with serving() as idp:
        yield idp


@pytest.fixture
def idp(served_idp: Idp) -> Idp:
    """The provider as it is at first, with Lea before it."""
    fresh = Idp(issuer=served_idp.issuer, key=served_idp.key, person=dict(LEA))
    for field in fields(Idp):
        setattr(served_idp, field.name, getattr(fresh, field.name))
    return served_idp


def configure(site: Site, idp: Idp, **more: Any) -> None:
    oidc = OidcSettings(
        **{"issuer": idp.issuer, "client_id": CLIENT, "client_secret": SECRET, "roles": ROLES, "label": "The firm"} | more
    )
    update = {"url": HOST, "oidc": oidc}
    settings = site.console.settings
    site.console.settings = settings.model_copy(update={"console": settings.console.model_copy(update=update)})


@dataclass
class Browser:
    """One that goes where it is sent, to the console and to the provider."""

    client: httpx.AsyncClient
    site: Site

    async def begin(self, there: str = "/todo") -> str:
        """Where the provider sends it back to."""
        begun = await self.client.get("/oidc/begin", params={"next": there})
        assert begun.status_code == 303, begun.text
        async with httpx.AsyncClient(verify=False) as real:
            return str((await real.get(begun.headers["location"])).headers["location"])

    async def log_in(self, there: str = "/todo") -> httpx.Response:
        return await self.client.get(await self.begin(there))

    def afresh(self) -> None:
        """Another browser, elsewhere."""
        self.client.cookies.clear()
        self.site.console.rate = logins.LoginRate()

    def audit(self) -> list[tuple[Any, ...]]:
        rows = self.site.console.access.look(lambda c: acts.newest(c, 99))
        return [(row["who"], row["what"], row["detail"], row["address"]) for row in rows]


@pytest.fixture
async def browser(site: Site, idp: Idp) -> AsyncIterator[Browser]:
    configure(site, idp)
    transport = httpx.ASGITransport(app=application(site.console), client=("192.0.2.50", 1))
    async with httpx.AsyncClient(transport=transport, base_url=HOST, headers={"Origin": HOST}) as client:
        yield Browser(client, site)
    await site.console.close()


async def test_somebody_logs_in_and_out(browser: Browser) -> None:
    login = await browser.client.get("/login", params={"next": "/todo"})
    answer = await browser.log_in("/find?q=printer&before=3")
    inside = [(await browser.client.get(path)).status_code for path in ("/todo", "/audit")]
    value = browser.client.cookies[COOKIE]
    await browser.client.post("/logout")
    browser.client.cookies.set(COOKIE, value, domain="127.0.0.1")
    outside = await browser.client.get("/todo")

    assert "Log in with The firm" in login.text and "/oidc/begin?next=/todo" in login.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/find?q=printer&before=3")
    assert all("HttpOnly" in header and "SameSite=lax" in header for header in answer.headers.get_list("set-cookie")[:1])
    assert inside == [200, 403], "Lea may act, and not administer"
    assert outside.status_code == 303
    assert browser.audit() == [("lea@msp.example", "log in", "act, by The firm as 248289", "192.0.2.50")]


ROLE_OF = [
    ({"groups": ["leads", "mail-admins", "desk"]}, {}, "administer"),
    ({"groups": "desk"}, {}, "look"),
    ({"groups": ["everybody"]}, {}, ""),
    ({"groups": ["Leads"]}, {}, ""),
    ({"groups": [["leads"], {"leads": 1}, 7]}, {}, ""),
    ({}, {}, ""),
    ({"roles": ["leads"]}, {"claim": "roles"}, "act"),
    ({"realm_access": {"roles": ["leads"]}}, {"claim": "realm_access.roles"}, "act"),
    ({"realm_access": "leads"}, {"claim": "realm_access.roles"}, ""),
    ({"https://msp.example/roles": ["leads"]}, {"claim": "https://msp.example/roles"}, "act"),
    ({"email": "Lea@msp.example", "email_verified": True}, {"claim": "email", "roles": {"lea@msp.example": "act"}}, "act"),
    ({"email": "lea@msp.example", "email_verified": False}, {"claim": "email", "roles": {"lea@msp.example": "act"}}, ""),
    ({"email": "lea@msp.example"}, {"claim": "email", "roles": {"lea@msp.example": "act"}}, ""),
    ({"email": "lea@msp.example", "groups": ["leads"]}, {"claim": "email"}, ""),
]  # fmt: skip


async def test_who_has_which_role(browser: Browser, idp: Idp) -> None:
    for claims, settings, role in ROLE_OF:
        idp.person = {"preferred_username": "lea@msp.example", **claims}
        configure(browser.site, idp, **settings)
        browser.afresh()
        before = len(browser.audit())

        answer = await browser.log_in()

        assert answer.status_code == (303 if role else 403), (claims, settings)
        new = browser.audit()[: len(browser.audit()) - before]
        assert [row[2] for row in new] == ([f"{role}, by The firm as 248289"] if role else []), claims
        if not role:
            assert "lea@msp.example, who has no role in this console" in answer.text


def _put(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda claims: claims.update(values)


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda claims: claims.pop(name) and None


OTHER = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
STOLEN = {
    "another nonce": {"lies": _put(nonce="of-another-login")},
    "no nonce": {"lies": _without("nonce")},
    "another audience": {"lies": _put(aud="another-client")},
    "no audience": {"lies": _without("aud")},
    "several audiences, and none said to be meant": {"lies": _put(aud=[CLIENT, "another-client"])},
    "several audiences, another meant": {"lies": _put(aud=[CLIENT, "another-client"], azp="another-client")},
    "another issuer": {"lies": _put(iss="https://evil.example")},
    "the issuer with a slash": {"lies": lambda claims: claims.update(iss=claims["iss"] + "/")},
    "expired": {"lies": _put(exp=int(time.time()) - 3600)},
    "without an end": {"lies": _without("exp")},
    "of the future": {"lies": _put(iat=int(time.time()) + 3600)},
    "not yet good": {"lies": _put(nbf=int(time.time()) + 3600)},
    "of nobody": {"lies": _without("sub")},
    "another access token": {"lies": _put(at_hash="bm90IHRoaXMgb25l")},
    "alg none": {"signed": unsigned},
    "signed by another": {"signed": lambda idp, claims: jwt.encode({"alg": "ES256", "kid": "first"}, claims, OTHER)},
    "by a key that is not known": {"signed": lambda idp, claims: jwt.encode({"alg": "ES256", "kid": "x"}, claims, OTHER)},
    "by the secret of the client": {
        "signed": lambda idp, claims: jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(SECRET))
    },
    "by the public key as a secret": {"signed": with_the_public_key},
    "with its own key": {
        "signed": lambda idp, claims: jwt.encode({"alg": "ES256", "jwk": OTHER.as_dict(private=False)}, claims, OTHER)
    },
    "changed after it was signed": {
        "signed": lambda idp, claims: (
            lambda parts: f"{parts[0]}.{unsigned(idp, claims | {'sub': 'admin'}).split('.')[1]}.{parts[2]}"
        )(jwt.encode({"alg": "ES256", "kid": "first"}, claims, idp.key).split("."))
    },
    "no token at all": {"signed": lambda idp, claims: ""},
    "no JSON": {"signed": lambda idp, claims: "e30.W10.AAAA"},
    "an answer of another provider": {"answers": {"iss": "https://evil.example"}},
    "an answer that does not say whose it is": {"metadata": {"authorization_response_iss_parameter_supported": True}},
    "another code": {"answers": {"code": "stolen"}},
    "no code": {"answers": {"code": ""}},
    "refused there": {"answers": {"error": "access_denied"}},
    "words of somebody else": {"answers": {"error": "<b>call 555-1234</b> " * 9}},
    "another state": {"answers": {"state": "x" * 43}},
}  # fmt: skip


async def test_nobody_comes_in(browser: Browser, idp: Idp) -> None:
    for lie, changed in STOLEN.items():
        honest = {name: getattr(idp, name) for name in changed}
        for name, value in changed.items():
            setattr(idp, name, value)
        browser.afresh()

        answer = await browser.log_in()

        assert answer.status_code == 403, (lie, answer.text)
        assert COOKIE not in answer.cookies and browser.audit() == [], lie
        assert "555-1234" not in answer.text
        assert (await browser.client.get("/todo")).status_code == 303, lie
        for name, value in honest.items():
            setattr(idp, name, value)
        browser.site.console._provider = None
    browser.afresh()
    assert (await browser.log_in()).status_code == 303, "without a lie"


async def test_the_same_without_a_lie_comes_in(browser: Browser, idp: Idp) -> None:
    idp.lies, idp.answers = _put(aud=[CLIENT, "another-client"], azp=CLIENT), {"iss": idp.issuer}

    assert (await browser.log_in()).status_code == 303


@pytest.mark.parametrize(("off", "status"), [(-50, 303), (50, 303), (-90, 403), (90, 403)])
async def test_clocks_that_differ_a_little_keep_nobody_out(browser: Browser, idp: Idp, off: int, status: int) -> None:
    """By less than a minute: its token is of the future, or over by then."""
    there = int(time.time()) + off
    idp.lies = _put(iat=there, nbf=there, exp=there + 1 if off < 0 else there + 300)

    assert (await browser.log_in()).status_code == status


async def test_who_is_in_too_many_groups_is_told_apart_in_the_log(browser: Browser, idp: Idp) -> None:
    """Entra ID leaves them out of the token then, and says where they could be asked for."""
    idp.person = {"preferred_username": "lea@msp.example", "_claim_names": {"groups": "src1"}}
    with capture_logs() as logged:
        answer = await browser.log_in()

    assert answer.status_code == 403
    assert "groups: too many for a token" in next(line["why"] for line in logged if line["event"] == "login refused")


async def test_a_login_is_good_once(browser: Browser) -> None:
    back = await browser.begin()
    kept = browser.client.cookies[BROWSER]
    first = await browser.client.get(back)
    browser.client.cookies.clear()
    browser.client.cookies.set(BROWSER, kept, domain="127.0.0.1")
    again = await browser.client.get(back)

    assert (first.status_code, again.status_code) == (303, 403)
    assert "is over, or was used" in again.text


async def test_a_login_belongs_to_the_browser_that_began_it(browser: Browser) -> None:
    """Nobody is logged in as somebody else by a link to the end of that one's login."""
    back = await browser.begin()
    browser.client.cookies.clear()
    other = await browser.client.get(back)
    later = await browser.client.get(back)

    assert (other.status_code, later.status_code) == (403, 403)
    assert "began in another browser" in other.text


async def test_a_login_lasts_ten_minutes(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    back = await browser.begin()
    clock = time.time() + provider.PENDING_FOR + 1
    monkeypatch.setattr(browser.site.console.provider, "_clock", lambda: clock)

    assert (await browser.client.get(back)).status_code == 403


async def test_two_people_who_call_themselves_alike_are_told_apart(browser: Browser, idp: Idp) -> None:
    """Many providers let people choose what they are called; the audit says whom the provider means."""
    for subject in ("1001", "1002"):
        idp.lies = _put(sub=subject)
        browser.afresh()
        await browser.log_in()

    assert [row[2] for row in browser.audit()] == ["act, by The firm as 1002", "act, by The firm as 1001"]


async def test_a_session_ends(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    await browser.log_in()
    assert (await browser.client.get("/todo")).status_code == 200
    later = time.time() + browser.site.console.settings.console.session + 1
    monkeypatch.setattr(browser.site.console, "clock", lambda: later)

    assert (await browser.client.get("/todo")).status_code == 303


async def test_a_session_has_the_role_of_now(browser: Browser, idp: Idp) -> None:
    await browser.log_in()
    for roles, status in (({"leads": "administer"}, 200), ({"desk": "administer"}, 303)):
        configure(browser.site, idp, roles=roles)
        assert (await browser.client.get("/audit")).status_code == status
    configure(browser.site, idp, issuer="", client_id="", roles={})
    assert (await browser.client.get("/todo")).status_code == 303
    assert (await browser.client.get("/oidc/begin")).status_code == 404


OUTSIDE = [
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "/\t/evil.example", "/\n/evil.example", "evil", "",
    "/%0d%0aSet-Cookie:x=1\r\nX: y", "javascript:alert(1)",
]  # fmt: skip


async def test_nobody_is_sent_elsewhere(browser: Browser) -> None:
    for there in OUTSIDE:
        answer = await browser.log_in(there)

        assert answer.status_code == 303
        assert answer.headers["location"] == "/", there


async def test_guessing_has_an_end(browser: Browser, idp: Idp) -> None:
    """What the provider does not vouch for; a state is nothing that anybody guesses, and old ones are of old tabs."""
    for _ in range(logins.LOGINS + 2):
        assert (await browser.client.get("/oidc", params={"state": "guess", "code": "x"})).status_code == 403
    idp.answers = {"code": "guess"}
    for _ in range(logins.LOGINS):
        assert (await browser.log_in()).status_code == 403

    assert (await browser.client.get("/oidc", params={"state": "guess", "code": "x"})).status_code == 429
    assert (await browser.client.get("/oidc/begin")).status_code == 429


async def test_begun_logins_are_bounded(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "MOST_OF_NETWORK", 3)
    monkeypatch.setattr(provider, "MOST_PENDING", 5)
    here = browser.site.console.provider
    assert here is not None
    for number in range(20):
        await here.begin("/", f"10.{number % 4}.0.1")
    assert len(here._pending) == 5
    await here.begin("/", "10.9.0.1")
    assert "10.9.0.0/24" in {kept.network for kept in here._pending.values()}


async def test_its_keys_may_change(browser: Browser, idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await browser.log_in()).status_code == 303
    browser.client.cookies.clear()
    idp.key = ECKey.generate_key("P-256", {"kid": "second", "use": "sig", "alg": "ES256"})
    assert (await browser.log_in()).status_code == 403, "within a minute its keys are not asked for again"
    later = time.time() + provider.AGAIN + 1
    monkeypatch.setattr(browser.site.console.provider, "_clock", lambda: later)

    assert (await browser.log_in()).status_code == 303


NO_PROVIDER = [
    {"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": None},
    {"authorization_endpoint": "javascript:alert(1)"}, {"jwks_uri": "http://127.0.0.1:1/keys"},
]  # fmt: skip


async def test_a_provider_that_is_none(browser: Browser, idp: Idp) -> None:
    for metadata in NO_PROVIDER:
        idp.metadata = metadata
        answer = await browser.client.get("/oidc/begin")

        assert answer.status_code == 503, metadata
        assert "The firm does not answer as it should" in answer.text


async def test_a_provider_that_is_away(browser: Browser, idp: Idp) -> None:
    configure(browser.site, idp, issuer="http://127.0.0.1:1")

    assert (await browser.client.get("/oidc/begin")).status_code == 503


async def test_a_wrong_secret_is_nobodys_fault_but_the_configurations(browser: Browser, idp: Idp) -> None:
    configure(browser.site, idp, client_secret="of yesterday")
    codes = [(await browser.log_in()).status_code for _ in range(logins.LOGINS + 1)]

    assert codes == [503] * len(codes), "nobody has to wait for it"


async def test_what_is_asked_for(browser: Browser, idp: Idp) -> None:
    begun = await browser.client.get("/oidc/begin")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)

    assert set(asked) == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method"
    }  # fmt: skip
    assert asked["redirect_uri"] == [f"{HOST}/oidc"]
    assert asked["scope"] == ["openid profile email"]
    assert SECRET not in begun.headers["location"]
    assert "Path=/oidc" in begun.headers["set-cookie"] and "HttpOnly" in begun.headers["set-cookie"]


# -- what other products are told of ---------------------------------------------------------------


async def test_two_tabs_log_in_at_once(browser: Browser) -> None:
    """A browser that opens its tabs again begins a login in each."""
    backs = [await browser.begin(there) for there in ("/todo", "/find?q=printer", "/vendors")]
    answers = [await browser.client.get(back) for back in (backs[1], backs[0], backs[2])]

    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (303, "/find?q=printer"), (303, "/todo"), (303, "/vendors"),
    ]  # fmt: skip
    assert BROWSER not in browser.client.cookies, "the last one forgets it"


async def test_tabs_share_a_browser_and_no_login(browser: Browser, idp: Idp) -> None:
    """Each has a nonce and a verifier of its own: the code of one is no good with the state of another."""
    first, second = [parse_qs(urlsplit(await browser.begin()).query) for _ in range(2)]
    mixed = {"state": first["state"][0], "code": second["code"][0]}

    assert idp.asked["code0"]["nonce"] != idp.asked["code1"]["nonce"]
    assert (await browser.client.get("/oidc", params=mixed)).status_code == 403


async def test_back_to_the_end_of_a_login_is_no_fault_of_who_is_in(browser: Browser) -> None:
    back = await browser.begin()
    await browser.client.get(back)
    again = await browser.client.get(back)
    await browser.client.post("/logout")
    outside = await browser.client.get(back)

    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert outside.status_code == 403, "and lets in nobody who is not"


async def test_who_is_slow_at_the_provider_begins_again_where_they_wanted_to_go(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = await browser.begin("/find?q=printer")
    clock = time.time() + provider.PENDING_FOR + 1
    monkeypatch.setattr(browser.site.console.provider, "_clock", lambda: clock)
    answer = await browser.client.get(back)

    assert answer.status_code == 403
    assert "/oidc/begin?next=/find%3Fq%3Dprinter" in answer.text


async def test_logging_out_says_that_the_provider_goes_on(browser: Browser, idp: Idp) -> None:
    idp.metadata = {"end_session_endpoint": f"{idp.issuer}/logout?ui=1"}
    await browser.log_in()
    out = await browser.client.post("/logout")
    page = await browser.client.get(out.headers["location"])
    browser.site.console._provider = None
    idp.metadata = {"end_session_endpoint": "http://evil.example/"}
    without = await browser.client.get(out.headers["location"])

    assert out.headers["location"] == "/login?left=yes"
    assert f'href="{idp.issuer}/logout?ui=1&amp;client_id={CLIENT}"' in page.text
    assert "logged out here, and not at The firm" in without.text and "evil" not in without.text


async def test_a_login_at_another_address_begins_at_the_right_one(browser: Browser, idp: Idp) -> None:
    """Its cookie would be of the wrong one, and the provider sends people to the right one."""
    configure(browser.site, idp)
    console = browser.site.console
    https = console.settings.console.model_copy(update={"url": "https://mail.msp.example"})
    console.settings = console.settings.model_copy(update={"console": https})
    login = await browser.client.get("/login")
    begun = await browser.client.get("/oidc/begin", params={"next": "/todo"})
    there = urlsplit(begun.headers["location"])
    again = await browser.client.get(f"{there.path}?{there.query}")  # by a proxy that changes Host
    right = await browser.client.get("/login", headers={"Host": "mail.msp.example"})
    plain = await browser.client.get("/login", headers={"Host": "mail.msp.example", "X-Forwarded-Proto": "http"})

    assert begun.status_code == 303
    assert begun.headers["location"] == "https://mail.msp.example/oidc/begin?next=%2Ftodo&here=yes"
    assert again.headers["location"].startswith(idp.issuer), "and no circle"
    assert 'href="https://mail.msp.example"' in login.text and 'href="https://mail.msp.example"' in plain.text
    assert "browsers keep no login" not in right.text


BY_ADDRESS = {"claim": "email", "roles": {"lea@msp.example": "act"}}
USERINFO = [
    ({}, {"preferred_username": "lea@msp.example", "groups": ["leads"]}, {}, 303),
    ({}, {"email": "lea@msp.example", "email_verified": True}, BY_ADDRESS, 303),
    ({}, {"email": "lea@msp.example"}, BY_ADDRESS, 403),
    ({"email": "lea@msp.example"}, {"email": "lea@msp.example", "email_verified": True}, BY_ADDRESS, 303),
    ({"email": "lea@msp.example"}, {"email": "eve@evil.example", "email_verified": True}, BY_ADDRESS, 403),
    ({"email_verified": True}, {"email": "lea@msp.example"}, BY_ADDRESS, 403),  # of whatever address that is
    ({}, {"sub": "of another", "groups": ["leads"]}, {}, 403),
    ({}, {"sub": None, "groups": ["leads"]}, {}, 403),
    ({"groups": ["everybody"]}, {"groups": ["leads"]}, {}, 403),  # what is signed counts
]  # fmt: skip


async def test_what_is_not_in_the_token_is_asked_for(browser: Browser, idp: Idp) -> None:
    """Some providers keep names and groups out of their tokens, since one version or another."""
    for person, told, settings, status in USERINFO:
        idp.person, idp.told, idp.metadata = person, told, {"userinfo_endpoint": f"{idp.issuer}/userinfo"}
        configure(browser.site, idp, **settings)
        browser.afresh()

        assert (await browser.log_in()).status_code == status, (person, told)
    assert [row[0] for row in browser.audit()] == ["lea@msp.example"] * 3


@pytest.mark.parametrize(
    ("said", "signed", "status"),
    [
        ({}, None, 303),
        ({"iss": "", "aud": CLIENT}, None, 303),
        ({"aud": ["another-client", CLIENT]}, None, 303),
        ({"iss": "https://evil.example"}, None, 403),
        ({"aud": "another-client"}, None, 403),
        ({"sub": "of another"}, None, 403),
        ({}, lambda idp, claims: jwt.encode({"alg": "ES256", "kid": "first"}, claims, OTHER), 403),
        ({}, unsigned, 403),
        ({}, lambda idp, claims: "<html>", 403),
    ],
)
async def test_userinfo_may_be_signed(
    browser: Browser, idp: Idp, said: dict[str, Any], signed: Any, status: int
) -> None:
    """And is then believed as a token is."""
    idp.person, idp.metadata = {}, {"userinfo_endpoint": f"{idp.issuer}/userinfo"}
    idp.told, idp.signs_userinfo = {**LEA, **said} | ({"iss": idp.issuer} if said.get("iss") == "" else {}), True
    whole = idp.signed
    idp.signed = lambda idp, claims: (signed if signed and "nonce" not in claims else whole)(idp, claims)

    assert (await browser.log_in()).status_code == status


async def test_the_secret_is_told_as_the_provider_takes_it(browser: Browser, idp: Idp) -> None:
    """A provider offers several ways and takes one of each client: Authelia, Okta."""
    for offered, takes, tried in (
        (["client_secret_basic", "client_secret_post"], "client_secret_post", ["client_secret_post"]),
        (["client_secret_basic", "client_secret_post"], "client_secret_basic", ["client_secret_post", "client_secret_basic"]),
        (None, "client_secret_basic", ["client_secret_basic"]),
        (["private_key_jwt", "client_secret_basic"], "client_secret_basic", ["client_secret_basic"]),
    ):
        idp.metadata, idp.takes = {"token_endpoint_auth_methods_supported": offered}, (takes,)
        browser.site.console._provider = None
        browser.afresh()
        idp.tried.clear()
        first = await browser.log_in()
        assert (first.status_code, idp.tried) == (303, tried), (offered, takes)
        await browser.log_in()
        assert idp.tried == [*tried, takes], "the way that was taken comes first"


async def test_an_address_that_changed_at_the_provider_is_nobody_here(browser: Browser, idp: Idp) -> None:
    """Whoever has it now is whom the configuration means; the audit says by the provider's own name who that was."""
    settings = {"claim": "email", "called": "email", "roles": {"lea@msp.example": "act"}}
    configure(browser.site, idp, **settings)
    codes = []
    for sub, email in (("1001", "lea@msp.example"), ("1001", "lea.new@msp.example"), ("1002", "lea@msp.example")):
        idp.person = {"email": email, "email_verified": True, "sub": sub}
        browser.afresh()
        codes.append((await browser.log_in()).status_code)

    assert codes == [303, 403, 303]
    assert [row[2] for row in browser.audit()] == ["act, by The firm as 1002", "act, by The firm as 1001"]


RSA_ENC = {"kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "enc", "n": "0vx7", "e": "AQAB"}
OTHERS = [
    {"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "x"}, {"kty": "OKP", "crv": "X448", "kid": "x"}, {"kid": "none"}, RSA_ENC,
    {"kty": "EC", "crv": "P-256", "kid": "bad", "x": "!", "y": 1}, "a key", None, 7,
]  # fmt: skip


async def test_keys_of_other_kinds_keep_nobody_out(browser: Browser, idp: Idp) -> None:
    idp.published = {"keys": [*OTHERS, idp.key.as_dict(private=False)]}

    assert (await browser.log_in()).status_code == 303


@pytest.mark.parametrize("named", ["first", None])
async def test_a_new_key_under_the_old_name(
    browser: Browser, idp: Idp, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    """Or without any: some providers name no keys."""

    def made() -> ECKey:
        return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", **({"kid": named} if named else {})})

    head = {"alg": "ES256", **({"kid": named} if named else {})}
    idp.signed = lambda idp, claims: jwt.encode(head, claims, idp.key)
    idp.key = made()
    assert (await browser.log_in()).status_code == 303
    browser.client.cookies.clear()
    idp.key = made()
    later = time.time() + provider.AGAIN + 1
    monkeypatch.setattr(browser.site.console.provider, "_clock", lambda: later)

    assert (await browser.log_in()).status_code == 303
