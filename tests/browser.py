"""A headless Chromium that tests drive, by Playwright; it is the system's. Every request of a page is noted."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page as Driven
from playwright.sync_api import sync_playwright

NEEDED = "TRMPIPE_NEEDS_CHROMIUM"
"""Set where the tests with a browser have to run, so that a missing one fails them."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MILLISECONDS = 30_000
_SWITCHES = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server")
_COMPLAINTS = ("error", "warning", "assert")


def find_chromium():
    """The browser's path; where there is none the test is skipped, or fails where it is needed."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = "no Chromium is installed (Debian: apt-get install chromium)"
        (pytest.fail if os.environ.get(NEEDED) else pytest.skip)(message)
    return found


class Page:
    """One page; what it logs and fetches is noted."""

    def __init__(self, driven: Driven):
        self._driven = driven
        driven.set_default_timeout(_MILLISECONDS)
        self._protocol = driven.context.new_cdp_session(driven)
        self.requests, self.complaints = [], []
        driven.on("request", lambda request: self.requests.append(request.url))
        driven.on("pageerror", lambda error: self.complaints.append(str(error)))
        driven.on("console", self._said)

    def _said(self, message):
        if message.type in _COMPLAINTS:
            self.complaints.append(message.text)

    def open(self, url):
        """Go to a page and wait until it is there."""
        self.requests.clear()
        self.complaints.clear()
        self._driven.goto(Path(url).resolve().as_uri() if isinstance(url, Path) else url)

    def seconds(self):
        """From the address to the last byte laid out, by the browser's own clock."""
        return self.ask("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000

    def ask(self, expression):
        """The value of an expression of JavaScript; promises are waited for."""
        return self._driven.evaluate(f"() => ({expression})")

    def until(self, expression, seconds=_MILLISECONDS / 1000):
        """Wait until an expression is true."""
        self._driven.wait_for_function(f"() => ({expression})", timeout=1000 * seconds, polling=20)

    def close(self):
        self._driven.context.close()

    def size(self, width, height=900):
        self._driven.set_viewport_size({"width": width, "height": height})

    def prefer(self, colour_scheme):
        self._driven.emulate_media(color_scheme=colour_scheme)

    def scripts(self, run):
        self._protocol.send("Emulation.setScriptExecutionDisabled", {"value": not run})

    def press(self, key):
        self._driven.keyboard.press(key)

    def print(self):
        self._driven.pdf()

    def draw_all(self):
        """Scroll through the page, so that all that is drawn when it comes near is drawn."""
        self.ask("document.querySelectorAll('.chart, .card').forEach(b => b.scrollIntoView())")
        rest = (
            "[...document.querySelectorAll('.chart:not([data-drawn]), .card')]"
            ".filter(b => b.matches('.chart') || !b.querySelector('.board')).slice(0, 1)"
            ".map(b => (b.scrollIntoView(), 1)).length"
        )
        self.until(f"!{rest}")
        self.ask("scrollTo(0, 0)")


@contextmanager
def chromium():
    """What makes new pages of a browser that ends with the ``with`` block; nothing else may use asyncio within it."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_SWITCHES)
        yield lambda: Page(browser.new_page())
        browser.close()
