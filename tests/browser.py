"""A headless Chromium that tests drive: the browser's own protocol over two pipes, so that no package is needed for it.

Every request that a page makes is noted, and those to anything but the page itself are refused, as is the whole network
by the browser's own switches.
"""

import base64
import json
import os
import select
import shutil
import signal
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NEEDED = "TRMPIPE_NEEDS_CHROMIUM"
"""Set where the tests with a browser have to run, so that a missing one fails them."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 30
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-proxy-server",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)


def find_chromium():
    """The browser's path; where there is none the test is skipped, or fails where it is needed."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = "no Chromium is installed (Debian: apt-get install chromium)"
        (pytest.fail if os.environ.get(NEEDED) else pytest.skip)(message)
    return found


class Page:
    """One page; what it logs and fetches is noted."""

    def __init__(self, send, receive):
        self._send, self._receive, self._number = send, receive, 0
        self._session = None
        self.requests, self.complaints = [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _SECONDS
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    def _note(self, event):
        method, told = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))

    def open(self, url, wait="document.readyState == 'complete'"):
        """Go to a page; returns the seconds until it is there."""
        self.requests.clear()
        self.complaints.clear()
        began = time.perf_counter()
        self.call("Page.navigate", url=url if "://" in str(url) else Path(url).resolve().as_uri())
        self.until(f"location.href != 'about:blank' && {wait}")
        return time.perf_counter() - began

    def ask(self, expression):
        """The value of an expression of JavaScript; promises are waited for."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"]["exception"].get("description"))
        return found["result"].get("value")

    def until(self, expression, seconds=_SECONDS):
        """Wait until an expression is true."""
        ended = time.monotonic() + seconds
        while True:
            with suppress(AssertionError):
                if self.ask(expression):
                    return
            assert time.monotonic() < ended, f"never: {expression}"
            time.sleep(0.02)

    def size(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, **features):
        told = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=told)

    def scripts(self, run):
        self.call("Emulation.setScriptExecutionDisabled", value=not run)

    def press(self, key, code=None):
        codes = {"Tab": 9, "ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Enter": 13, " ": 32}
        told = {"key": key, "code": code or key, "windowsVirtualKeyCode": codes[key]}
        text = {"Enter": {"text": "\r"}, " ": {"text": " "}}.get(key, {})
        self.call("Input.dispatchKeyEvent", type="keyDown", **told, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def draw_all(self):
        """Scroll through the page, so that all that is drawn when it comes near is drawn."""
        self.ask("document.querySelectorAll('.chart, .card').forEach(b => b.scrollIntoView())")
        for _ in range(600):
            rest = self.ask(
                "[...document.querySelectorAll('.chart:not([data-drawn]), .card')]"
                ".filter(b => b.matches('.chart') || !b.querySelector('.board')).slice(0, 1)"
                ".map(b => (b.scrollIntoView(), 1)).length"
            )
            if not rest:
                break
            time.sleep(0.05)
        assert not rest
        self.ask("scrollTo(0, 0)")

    def picture(self, path, whole=True):
        if whole:  # Else what is off the screen stays undrawn.
            self.ask("document.querySelectorAll('main>section').forEach(s => s.style.contentVisibility = 'visible')")
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        Path(path).write_bytes(base64.b64decode(data["data"]))

    def _clip(self, whole):
        if not whole:
            return {}
        width, height = self.ask("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        return {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}


@contextmanager
def chromium():
    """A browser with one page, gone with the ``with`` block."""
    path, profile = find_chromium(), tempfile.mkdtemp(prefix="trmpipe-chromium-")
    to_browser, from_browser = os.pipe(), os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, place) for place in (0, 1, 2)]
    # Through numbers that are free, as a pipe may itself be called 3 or 4.
    own = [os.dup(end) for end in (to_browser[0], from_browser[1])]
    actions += [(os.POSIX_SPAWN_DUP2, end, place) for end, place in zip(own, (63, 64), strict=True)]
    actions += [(os.POSIX_SPAWN_DUP2, 63, 3), (os.POSIX_SPAWN_DUP2, 64, 4)]
    arguments = [path, *_SWITCHES, f"--user-data-dir={profile}", "about:blank"]
    process = os.posix_spawn(path, arguments, os.environ, file_actions=actions, setpgroup=0)
    for end in (*own, to_browser[0], from_browser[1], nothing):
        os.close(end)
    try:
        yield Page(to_browser[1], _receiver(from_browser[0]))
    finally:
        for end in (to_browser[1], from_browser[0]):
            os.close(end)
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        shutil.rmtree(profile, ignore_errors=True)


def _receiver(end):
    """What reads one message after the other from a pipe."""
    left = bytearray()

    def receive(deadline):
        while b"\0" not in left:
            ready = select.select([end], [], [], max(0.0, deadline - time.monotonic()))[0]
            assert ready, "the browser does not answer"
            data = os.read(end, 1 << 16)
            assert data, "the browser has ended"
            left.extend(data)
        message, _, rest = bytes(left).partition(b"\0")
        left[:] = rest
        return json.loads(message)

    return receive
