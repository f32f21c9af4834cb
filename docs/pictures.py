"""The pictures of docs/console.md: the pages of a demo's console, in Chromium.

``gateway demo --keep`` prints a link; ``python docs/pictures.py LINK`` uses it up.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent / "pictures"
PAGES = {"today": "/", "todo": "/todo", "find": "/find?q=printer", "mail": "/mail/8", "audit": "/audit"}
SIZE = {"width": 1000, "height": 700}


def main(link: str) -> None:
    site = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
        page.goto(link)
        page.click("button")
        for name, path in PAGES.items():
            page.goto(site + path)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
