"""The console in a real browser: every page and act, with scripts and without; hostile mail, a form of another site.

Needs Chromium (Debian: chromium) and the playwright package, which drives it.
"""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.store import acts
from tests.scenarios.stage import M
from tests.sizes import LONG, size
from tests.web.conftest import COOKIE, PASSWORD, Site, build, serve

playwright = pytest.importorskip("playwright.sync_api", reason="NOT TESTED IN A BROWSER: no playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no chromium")

PAGES = (
    "/",
    "/todo",
    "/find",
    "/find?q=printer",
    "/find?q=is:held",
    "/vendors",
    "/audit",
    "/mail/3",
    "/mail/7",
    "/mail/7?html=1",
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
"""The full form has them all."""


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
    folder = Path(__file__).parents[1] / "mails"
    for file in sorted([*(folder / "hostile").glob("*.eml"), *folder.glob("*.eml")])[: MOST - len(mails)]:
        mails.append(M(file.stem, raw=file.read_bytes(), mail_from=f"{len(mails)}@x.example"))
    return tuple(mails)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def served(site: Site) -> Iterator[Site]:
    yield from serve(site)


class Visit:
    """A visitor's browser, and what it should never see."""

    def __init__(self, browser: Any, site: Site, role: str, scripts: bool = True) -> None:
        self.site = site
        self.wrong: list[str] = []
        self.context = browser.new_context(java_script_enabled=scripts)
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


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_every_page_for_every_role(browser: Any, served: Site, scripts: bool) -> None:
    roles = ("look", "act", "administer")
    for role in roles if scripts else size(("act",), roles):
        visit = Visit(browser, served, role, scripts)
        for path in PAGES:
            status = visit.go(path).status
            assert status == (403 if path == "/audit" and role != "administer" else 200), (role, path)
            assert visit.page.locator("h1").count() == 1
            assert (visit.page.locator("form[action='/act'] button").count() > 0) is (
                role != "look" and path in ("/todo", "/mail/3", "/mail/7", "/mail/7?html=1")
            ), (role, path)
        assert [wrong for wrong in visit.wrong if "403" not in wrong] == []
        visit.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_lead_finds_understands_and_corrects(browser: Any, served: Site, scripts: bool) -> None:
    visit = Visit(browser, served, "", scripts)
    page = visit.page
    visit.go("/todo")
    page.fill("[name=name]", "lea")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Log in >> nth=-1")
    assert page.url == served.url + "/todo"

    page.fill("[name=q]", "mallory printer")
    page.press("[name=q]", "Enter")
    page.click(".mail a")
    assert "a stranger wrote into a ticket" in page.inner_text(".verdict")
    assert "Send me the password." in page.inner_text(".words")
    page.click("summary:has-text('Drop')")
    page.fill("form:has(button[value=drop]) [name=why]", "phishing")
    page.click("button[value=drop]")
    assert "dropped" in page.inner_text("[role=status]")
    page.click("summary:has-text('Undo')")
    page.click("button[value=undo]")
    assert "Held back" in page.inner_text(".verdict")

    visit.go("/todo")
    for key in ("s0", "s2"):
        page.check(f"input[value='{served.numbers[key]}']")
    page.click("button[value=drop] >> nth=0")
    assert page.inner_text("h1") == "Drop 2 mails?"
    page.click("button[value=drop]")
    assert page.inner_text("h1") == "2 of 2 dropped"
    rows = served.console.access.look(lambda c: acts.newest(c, 10))
    assert [row["what"] for row in rows] == ["drop", "drop", "undo", "drop", "log in"]
    assert visit.wrong == []


def test_a_stolen_form_does_nothing(browser: Any, served: Site, tmp_path: Path) -> None:
    form = f"<form method=post action='{served.url}/act'><input name=act value=drop><input name=mail value=3><button>Win</button></form>"
    (tmp_path / "win.html").write_text(f"{form}<iframe src='{served.url}/todo'></iframe>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as evil:
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        visit = Visit(browser, served, "administer")
        visit.page.goto(f"http://localhost:{evil.server_port}/win.html")
        frame = visit.page.frames[1]
        for _ in range(100):  # the browser refuses it a moment after the page around it is there
            if frame.url.startswith("chrome-error:"):
                break
            visit.page.wait_for_timeout(50)
        assert frame.url.startswith("chrome-error:"), "the pages show in nobody's frame"
        visit.page.click("button")
        visit.page.wait_for_url("**/act")
        assert "nothing was done" in visit.page.content()
        visit.context.close()
        evil.shutdown()

    assert served.console.access.look(lambda c: acts.newest(c, 5)) == []


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
