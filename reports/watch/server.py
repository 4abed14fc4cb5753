"""The server of `trmpipe watch`: two addresses, on this machine alone, to be read alone.

Nobody else can reach it, as it listens on 127.0.0.1; no page of elsewhere can read it either: a name that was made to
lead here stands in the Host header, which has to be one of this machine's own (DNS rebinding).
"""

import json
import re
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trmpipe.shards.urls import in_one_line

from ..errors import ReportError
from .live import LiveRun

HERE = "127.0.0.1"
_NAMES = (HERE, "localhost")
_SINCE = re.compile(r"since=([0-9]{1,12})")
_SECONDS = 30
"""After which a connection that says nothing is closed."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _nobody(line: str) -> None:
    """Tells nobody."""


def open_server(path: Path, port: int, tell: Callable[[str], None] = _nobody) -> ThreadingHTTPServer:
    """A server of a run's live page; `serve_forever` runs it, and `server_port` says where.

    Args:
        path: of the run's folder, which need not be there yet.
        port: to listen on; 0 for any that is free.
        tell: is told in a line of a request that could not be answered.

    Raises:
        ReportError: the port is taken, or not allowed.
    """
    run = LiveRun(path)

    class Handler(_Handler):
        live = run

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            error = sys.exc_info()[1]
            assert isinstance(error, Exception)
            # A browser that is closed, or falls asleep, breaks off.
            if not isinstance(error, ConnectionError | TimeoutError):
                tell(f"a request could not be answered ({type(error).__name__}: {in_one_line(error)})")

    try:
        return Server((HERE, port), Handler)
    except OSError as error:
        raise ReportError(
            f"port {port} of this machine cannot be listened on ({error.strerror}); give another, or --port 0 for any"
        ) from error


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    live: LiveRun
    timeout = _SECONDS
    server_version, sys_version = "trmpipe", ""

    def do_GET(self) -> None:
        """The page, or what is new."""
        port = self.connection.getsockname()[1]
        if self.headers.get("Host") not in [f"{name}:{port}" for name in _NAMES]:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", f"ask for http://{HERE}:{port}/")
            return
        try:
            asked = urlsplit(self.path)
        except ValueError:  # Brackets that do not close.
            self._answer(HTTPStatus.BAD_REQUEST, "text/plain", f"ask for http://{HERE}:{port}/")
            return
        if asked.path == "/":
            self._answer(HTTPStatus.OK, "text/html", self.live.page())
        elif asked.path == "/live.json" and (since := _SINCE.fullmatch(asked.query)):
            self._answer(HTTPStatus.OK, "application/json", json.dumps(self.live.news(int(since[1]))))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "there is nothing here")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: who looks at their own run need not be told of it."""

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(data)), **_HEADERS}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
