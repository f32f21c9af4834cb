"""The console in a real browser: every page and act, with scripts and without; hostile mail, a form of another site.

Needs Chromium (Debian: chromium) and the playwright package, which drives it.
"""

from __future__ import annotations

import http.server
import itertools
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.config.console import OidcSettings
from gateway.config.probe import ProbeSettings
from gateway.operate import windows
from gateway.operate.trial import kept
from gateway.operate.windows import Said
from gateway.store import acts, probes
from gateway.store.acts import Actor
from gateway.store.probes import Probe
from gateway.web.console.commands import Commands
from tests.harness import config_text
from tests.operate.reports import REPORT
from tests.scenarios.stage import M
from tests.sizes import LONG, size
from tests.web import idp
from tests.web.conftest import COOKIE, MAILS, PASSWORD, Site, build, serve

playwright = pytest.importorskip("playwright.sync_api", reason="NOT TESTED IN A BROWSER: no playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="NOT TESTED: no axe-playwright-python")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no chromium"),
    pytest.mark.timeout(600),  # a busy machine draws pages slowly
]
PATIENCE = 120_000  # milliseconds for a step of the browser

PAGES = (
    "/",
    "/todo",
    "/find",
    "/find?q=printer",
    "/find?q=is:held",
    "/vendors",
    "/vendors/propose",
    "/windows",
    "/rules",
    "/trials",
    "/trials/march",
    "/audit",
    "/find?q=is:refused",
    "/refused/1",
    "/mail/3",
    "/mail/7",
    "/mail/7?html=1",
)
OBSERVER = tuple(
    M(
        f"observer{number}",
        "Observer <observer@acme.example>",
        f"Observer message {number}",
        f"Host: web0{number % 2}\nStatus: {state}",
        headers={"Auto-Submitted": "auto-generated"},
    )
    for number, state in enumerate(("CRITICAL", "OK") * 4)
)
HOSTILE = (
    "<script>fetch('https://evil.example/a')</script>",
    "<img src=https://evil.example/b.png><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script href=https://evil.example/c></script></svg>",
    "<iframe src=https://evil.example/d></iframe><object data=https://evil.example/e></object><embed src=//evil.example/f>",
    "<link rel=stylesheet href=https://evil.example/g.css><style>@import 'https://evil.example/h.css'; body{background:url(//evil.example/i)}</style>",
    "<p style=\"background:url('https://evil.example/j')\">x</p><table background=https://evil.example/k><td>y</td></table>",
    "<form action=https://evil.example/l><input autofocus onfocus=alert(1)><button>go</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/m'><base href=https://evil.example/>",
    "<a href=javascript:alert(1)>x</a><a href=https://evil.example/n ping=https://evil.example/o>y</a>",
    "<video src=https://evil.example/p autoplay></video><audio src=https://evil.example/q autoplay></audio><picture><source srcset=https://evil.example/r></picture>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "</pre></section></main><script>alert(1)</script><h1>Log in again</h1>",
    "<div style='position:fixed;inset:0;z-index:9999'>cover</div>",
    "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+'>",
)  # fmt: skip


MOST = size(32, 1000)
"""The full form has them all: those of the tests, and of the corpora where GATEWAY_CORPORA names their folder."""


def _files() -> Iterator[Path]:
    mails = Path(__file__).parents[1] / "mails"
    yield from sorted([*(mails / "hostile").glob("*.eml"), *mails.glob("*.eml")])
    if corpora := os.environ.get("GATEWAY_CORPORA"):
        yield from sorted(file for file in Path(corpora).rglob("*.eml") if file.stat().st_size < 1 << 20)


def _hostile_mails() -> tuple[M, ...]:
    """Bodies, subjects, names and files that would like to be more than text, and the named mails of the tests."""
    mails = [
        M(f"html{number}", subject=f"<b>{html}</b>"[:200], html=f"<p>{html}</p>", text=html)
        for number, html in enumerate(HOSTILE)
    ]
    mails += [
        M(
            f"name{number}",
            f'"{html[:60]}" <ann@acme.example>'.replace("\\", ""),
            files={f"{number}<img src=x onerror=alert(1)>.html": html.encode()},
        )
        for number, html in enumerate(HOSTILE[:5])
        if '"' not in html
    ]
    for number, file in enumerate(itertools.islice(_files(), MOST - len(mails))):
        mails.append(M(f"{number}-{file.stem}", raw=file.read_bytes(), mail_from=f"{number}@x.example"))
    return tuple(mails)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Site]:
    """One site for all: each test acts on mails of its own. A window holds, probes came and did not, and there is mail
    that no profile reads."""
    folder = tmp_path_factory.mktemp("site")
    site = build(folder, migrated_file, (*MAILS, *OBSERVER))
    (folder / "gateway.toml").write_text(config_text("http://127.0.0.1:1/api/v1", "key", folder, 2525, 8025))
    (folder / "march").mkdir()
    kept.write(REPORT, folder / "march", True, site.console.clock())
    console = site.console
    console.commands = Commands(str(folder / "gateway.toml"))
    probe = {"name": "round trip", "host": "mail.msp.example:25", "from": "probe@ops.msp.example", "to": "support@msp.example"}
    console.settings = console.settings.model_copy(update={"probe": (ProbeSettings.model_validate(probe),)})
    now = console.clock()
    for slot in range(3):
        sent = Probe("round trip", slot, f"probe{slot}@ops.msp.example", now - 3000 + 900 * slot)
        console.access.change(lambda c, sent=sent: probes.begin(c, sent))
    console.access.change(lambda c: probes.failed(c, "probe2@ops.msp.example", "454 try again"))
    begin, end = (datetime.fromtimestamp(now + span, UTC).strftime("%Y-%m-%d %H:%M") for span in (-7200, 7200))
    for name, client, repeat in (("A move", "Acme", ""), ("Updates of every night", "*", "daily")):
        said = Said(name, begin, end, client, (), (), repeat, "UTC")
        console.access.change(lambda c, said=said: windows.add(c, console.settings, said, Actor("lea"), now))
    yield from serve(site)


class Visit:
    """A visitor's browser, and what it should never see."""

    def __init__(self, browser: Any, site: Site, role: str, scripts: bool = True) -> None:
        self.site = site
        self.wrong: list[str] = []
        self.context = browser.new_context(java_script_enabled=scripts)
        self.context.set_default_timeout(PATIENCE)
        if role:
            self.context.add_cookies([{"name": COOKIE, "value": site.opens[role], "url": site.url}])
        self.page = self.context.new_page()
        self.page.on(
            "console",
            lambda message: (
                self.wrong.append(f"console: {message.text}") if message.type in ("error", "warning") else None
            ),
        )
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.context.on(
            "request",
            lambda request: self.wrong.append(f"left: {request.url}") if not request.url.startswith(site.url) else None,
        )

    def go(self, path: str) -> Any:
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        return answer


FORMS = {"/todo", "/mail/3", "/mail/7", "/mail/7?html=1"}
"""Pages from which mail is acted on."""
LEAST = {"/audit": ("administer",), "/vendors/propose": ("act", "administer")}
"""Pages that not every role sees."""


def opened_as(role: str, visit: Visit, path: str) -> None:
    """Go to a page, and see what this role may see and do."""
    status = visit.go(path).status
    assert status == (200 if role in LEAST.get(path, (role,)) else 403), (role, path)
    assert visit.page.locator("h1").count() == 1
    buttons = visit.page.locator("form[action='/act'] button").count()
    doing = visit.page.locator("form[method=post]:not([action='/logout']) button").count()
    assert role != "look" or doing == 0, f"{path}: what this role may not do is not offered"
    assert (buttons > 0) is (role != "look" and path in FORMS), (role, path)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_every_page_for_every_role(browser: Any, served: Site, scripts: bool) -> None:
    """Those who administer look at all pages with scripts below, for everybody. In the short form a page is opened here
    by who may only look, with scripts, or without by who acts; commands that pages start, they start below."""
    roles = size(("look",) if scripts else ("act",), ("look", "act", "administer"))
    for role in roles:
        visit = Visit(browser, served, role, scripts)
        for path in size([path for path in PAGES[scripts::2] if path != "/vendors/propose"], PAGES):
            opened_as(role, visit, path)
        assert [wrong for wrong in visit.wrong if "403" not in wrong] == []
        visit.context.close()


ALIKE = size(("/find", "/find?q=is:held", "/mail/3"), ())
"""Pages that are made as others are, of which less is shown."""
LOOKS = {"a desk": ((1200, 800), "light"), "a phone in the dark": ((360, 740), "dark")}


def looked_at(page: Any, looks: Sequence[str] = tuple(LOOKS)) -> Iterator[tuple[str, str, str]]:
    """What is wrong for whom: axe finds something, also where what is folded is open, or it is wider than the screen."""
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    for look in looks:
        (width, height), scheme = LOOKS[look]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [width, scheme == "dark"]
        said = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response  # the rest takes twice the time
        assert len(said["passes"]) > 10, "it looked"
        yield from ((look, wrong["id"], node["html"][:200]) for wrong in said["violations"] for node in wrong["nodes"])
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            yield look, "wider than the screen", ""


def test_everybody_can_use_every_page(browser: Any, served: Site) -> None:
    """In the short form as one of the looks, which take turns, and pages that are made alike as one of them."""
    visit = Visit(browser, served, "administer")
    found, missing = [], []
    looks = itertools.cycle(size([[look] for look in LOOKS], [[*LOOKS]]))
    for path in PAGES:
        opened_as("administer", visit, path)
        if path == "/vendors/propose":
            visit.page.click("text=Draft profiles")
        if path in ALIKE:
            continue
        found += [(path, *wrong) for wrong in looked_at(visit.page, next(looks))]
        shown = visit.page.inner_text("main")
        missing += [(path, words) for words in THERE.get(path, ()) if words not in shown]
    assert visit.wrong == []
    for path in ("/login", "/mail/99999"):
        visit.go(path)
        found += [(path, *wrong) for wrong in looked_at(visit.page, next(looks))]
    visit.context.close()
    assert found == missing == []


THERE = {
    "/": ("Window A move", "round trip", "missing: 454 try again"),
    "/windows": ("A move", "Updates of every night", "End now"),
    "/trials": ("march",),
    "/trials/march": ("fewer tickets than mails", 'client = "New Client"', "Would wait for a person"),
    "/vendors/propose": ("mails of observer@acme.example", "The profile: change what is wrong"),
}
"""What pages show, so that not the empty ones are looked at."""


def test_everybody_can_read_the_report_that_is_a_file(browser: Any, served: Site, tmp_path: Path) -> None:
    kept.write(REPORT, tmp_path, False, 1.0)
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / kept.PAGE).as_uri())
    assert list(looked_at(page)) == said == []
    assert all(words in page.inner_text("main") for words in (*THERE["/trials/march"], "The trial was stopped"))
    page.close()


def test_on_paper_a_report_is_the_report_alone(browser: Any, served: Site) -> None:
    visit = Visit(browser, served, "look")
    visit.go("/trials/march")
    visit.page.emulate_media(media="print", color_scheme="dark")
    assert [visit.page.locator(what).is_visible() for what in ("header", "footer", "h1", ".figures")] == [False, False, True, True]
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 253, 252)"
    assert visit.page.pdf().startswith(b"%PDF")
    visit.context.close()


WRONG = """<html><body><main><h1>Mail</h1><img src=data:,><p style='color:#ccc;background:#fff'>pale</p><input>
<p id=dim>dim at night</p><div style='width:900px'>wide</div></main></body></html>
<style>@media (prefers-color-scheme: dark) { #dim { color: #333; background: #000 } }</style>"""


def test_the_look_for_everybody_finds_what_is_wrong_and_for_whom(browser: Any) -> None:
    page = browser.new_page()
    page.set_content(WRONG)
    found = list(looked_at(page))
    page.close()

    for look in LOOKS:
        assert {what for whom, what, _ in found if whom == look} >= {"image-alt", "color-contrast", "label", "html-has-lang"}
    assert [whom for whom, _, html in found if html.startswith("<p id=\"dim\"")] == ["a phone in the dark"]
    assert [whom for whom, what, _ in found if what == "wider than the screen"] == ["a phone in the dark"]


@pytest.mark.parametrize(
    ("scripts", "dropped", "together"),
    [
        pytest.param(True, "stranger", ("s0", "s2"), id="scripts"),
        *size([], [pytest.param(False, "s1", ("s3", "s4"), id="no-scripts")]),
    ],
)
def test_a_lead_finds_understands_and_corrects(
    browser: Any, served: Site, scripts: bool, dropped: str, together: tuple[str, str]
) -> None:
    visit = Visit(browser, served, "", scripts)
    page = visit.page
    visit.go("/todo")
    page.fill("[name=name]", "lea")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Log in >> nth=-1")
    assert page.url == served.url + "/todo"

    sender = next(mail.sender for mail in served.mails if mail.key == dropped)
    page.fill("[name=q]", f"{sender.partition('<')[2].rstrip('>')} printer")
    page.press("[name=q]", "Enter")
    page.click(".mail a")
    assert "a stranger wrote into a ticket" in page.inner_text(".verdict")
    assert served.mails[2].text in page.inner_text(".words") or dropped != "stranger"
    page.click("summary:has-text('Drop')")
    page.fill("form:has(button[value=drop]) [name=why]", "phishing")
    page.click("button[value=drop]")
    assert "dropped" in page.inner_text("[role=status]")
    page.click("summary:has-text('Undo')")
    page.click("button[value=undo]")
    assert "Held back" in page.inner_text(".verdict")

    visit.go("/todo")
    for key in together:
        page.check(f"input[value='{served.numbers[key]}']")
    page.click("button[value=drop] >> nth=0")
    assert page.inner_text("h1") == "Drop 2 mails?"
    page.click("button[value=drop]")
    assert page.inner_text("h1") == "2 of 2 dropped"
    rows = served.console.access.look(lambda c: acts.newest(c, 5))
    assert [row["what"] for row in rows] == ["drop", "drop", "undo", "drop", "log in"]
    visit.context.close()
    assert visit.wrong == []


def test_somebody_comes_from_an_identity_provider_of_another_site(browser: Any, tmp_path: Path, migrated_file: Path) -> None:
    with idp.serving() as provider:
        provider.person = {"preferred_username": "lea@msp.example", "groups": ["leads"]}
        provider.metadata = {"end_session_endpoint": f"{provider.issuer}/logout"}
        for served in serve(build(tmp_path, migrated_file, (M("printer"),))):
            served.url = served.url.replace("127.0.0.1", "localhost")  # another site than the provider's
            oidc = {"issuer": provider.issuer, "client_id": idp.CLIENT, "client_secret": idp.SECRET, "roles": {"leads": "act"}}
            update = {"url": served.url, "oidc": OidcSettings(**oidc, label="The firm")}
            settings = served.console.settings
            served.console.settings = settings.model_copy(update={"console": settings.console.model_copy(update=update)})
            visit = Visit(browser, served, "")
            visit.go("/find?q=printer")
            visit.page.click("text=Log in with The firm")
            assert visit.page.url == served.url + "/find?q=printer"
            assert "lea@msp.example" in visit.page.inner_text(".who")
            visit.page.click("text=Log out")
            visit.page.go_back()
            assert visit.page.url.startswith(f"{served.url}/login") and "printer" not in visit.page.inner_text("main")
            assert visit.go("/todo").url.startswith(f"{served.url}/login")
            visit.go("/login?left=yes")
            visit.page.click("text=Log out at The firm")
            assert (visit.page.title(), provider.left) == ("out", 1)
            visit.context.close()
            left = tuple(f"left: {provider.issuer}/{page}?" for page in ("authorize", "logout"))
            assert [wrong for wrong in visit.wrong if not wrong.startswith(left)] == []


def test_a_stolen_form_does_nothing(browser: Any, served: Site, tmp_path: Path) -> None:
    form = f"<form method=post action='{served.url}/act'><input name=act value=drop><input name=mail value=3><button>Win</button></form>"
    (tmp_path / "win.html").write_text(f"{form}<iframe src='{served.url}/todo'></iframe>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments: Any) -> None:
            pass

    before = served.console.access.look(lambda c: acts.newest(c, 1))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as evil:
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        visit = Visit(browser, served, "administer")
        visit.page.goto(f"http://localhost:{evil.server_port}/win.html")
        frame = visit.page.frames[1]
        for _ in range(PATIENCE // 50):  # the browser refuses it a moment after the page around it is there
            if frame.url.startswith("chrome-error:"):
                break
            visit.page.wait_for_timeout(50)
        assert frame.url.startswith("chrome-error:"), "the pages show in nobody's frame"
        visit.page.click("button")
        visit.page.wait_for_url("**/act")
        assert "nothing was done" in visit.page.content()
        visit.context.close()
        evil.shutdown()

    assert served.console.access.look(lambda c: acts.newest(c, 1)) == before


def test_hostile_mail_runs_nothing_loads_nothing_and_says_nothing(
    browser: Any, tmp_path: Path, migrated_file: Path
) -> None:
    site = build(tmp_path, migrated_file, _hostile_mails(), work=False)
    for served in serve(site):
        visit = Visit(browser, served, "act")
        visit.go("/find")
        assert visit.page.locator(".mail").count() == min(50, len(site.numbers) + 1)
        for number in served.numbers.values():
            visit.go(f"/mail/{number}?html=1")
            assert visit.page.locator("h1").count() == 1, number
            for frame in visit.page.frames[1:]:
                assert (
                    frame.locator(
                        "script, iframe, object, form, link, meta[http-equiv], [onerror], [onload], svg"
                    ).count()
                    == 0
                ), number
        assert visit.wrong == []
        visit.context.close()
    assert len(site.numbers) == MOST or LONG
