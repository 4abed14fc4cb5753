"""`trmpipe watch`: what it serves, to whom, and that a browser sees a run grow."""

import html
import http.client
import json
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from trmpipe.reports.watch import open_server
from trmpipe.trainer.runs.run_folder import RunFolder


@contextmanager
def served(path, port=0, tell=print):
    with open_server(path, port, tell) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def get(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def news(port, since=0):
    status, _, text = get(port, f"/live.json?since={since}")
    assert status == 200
    return json.loads(text)


@pytest.fixture
def growing(run6, tmp_path):
    """A run as it was in the middle: what is still to come is given back."""
    run = tmp_path / "growing"
    shutil.copytree(run6, run)
    (run / "evaluation.json").unlink()
    shutil.rmtree(run / "checkpoints")
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(lines[:3]))
    (run / ".lock").touch()
    return run, lines


def test_it_listens_to_this_machine_alone(run6):
    with open_server(run6, 0) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_only_its_two_addresses_are_there(run6):
    with served(run6) as port:
        status, headers, page = get(port, "/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "connect-src 'self'" in html.unescape(page)
        assert headers["X-Frame-Options"] == "DENY"
        assert "Access-Control-Allow-Origin" not in headers
        for path in ("/config.json", "/../six/config.json", "/checkpoints/", "/live.json", "/live.json?since=-1"):
            assert get(port, path)[0] == 404, path
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            assert get(port, "/", method=method)[0] == 501


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1.evil:PORT"]
)
def test_another_name_for_this_machine_is_refused(run6, host):
    with served(run6) as port:
        for path in ("/", "/live.json?since=0"):
            status, _, text = get(port, path, Host=host.replace("PORT", str(port)))
            assert status == 403
            assert "six" not in text
        assert get(port, "/", Host=f"localhost:{port}")[0] == 200


def test_strange_requests_are_refused_and_told_to_nobody(run6):
    told = []
    with served(run6, tell=told.append) as port:
        assert get(port, "http://[::1/")[0] == 400
        for said in (b"", b"GET / HT"):
            # Closed so that the other side sees a reset, as when a browser is killed.
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                line.sendall(said)
                time.sleep(0.05)
        assert get(port, "/live.json?since=0")[0] == 200
    assert told == []


def test_what_goes_wrong_inside_is_one_line(run6, monkeypatch, capfd):
    told = []
    monkeypatch.setattr("trmpipe.reports.watch.live.LiveRun.page", lambda self: 1 // 0)
    with served(run6, tell=told.append) as port, pytest.raises(http.client.RemoteDisconnected):
        get(port, "/")
    assert told == ["a request could not be answered (ZeroDivisionError: integer division or modulo by zero)"]
    assert capfd.readouterr().err == ""


def test_a_run_that_grows(growing):
    run, lines = growing
    with served(run) as port:
        told = news(port)
        assert (told["state"], told["lines"]) == ("training", 3)
        assert told["says"].endswith("it is being trained.")
        assert told["figures"]["loss"]
        assert news(port, since=3)["figures"] is None
        with (run / "metrics.jsonl").open("a") as file:
            file.write("".join(lines[3:-1]) + lines[-1][:10])
            file.flush()
            # A line that is being written is none yet.
            assert news(port, since=3)["lines"] == len(lines) - 1
            file.write(lines[-1][10:])
        assert news(port, since=3)["lines"] == len(lines)
        steps = {row["step"] for row in news(port)["figures"]["loss"]}
        assert steps == {json.loads(line)["step"] for line in lines if json.loads(line)["split"] == "train"}
        (run / ".lock").unlink()
        assert news(port, len(lines))["state"] == ("ended" if json.loads(lines[-1])["step"] >= 9 else "stopped")


def test_a_run_that_goes_on_from_an_earlier_step(growing):
    run, lines = growing
    with served(run) as port:
        assert news(port)["lines"] == 3
        (run / "metrics.jsonl").write_text(lines[0])
        assert news(port)["lines"] == 1
        (run / "metrics.jsonl").write_text("".join(lines))
        assert news(port)["lines"] == len(lines)
        # Cut and grown beyond what was known, so that this ends within a line.
        (run / "metrics.jsonl").write_text("".join(lines).replace(": ", ":  "))
        assert news(port)["lines"] == len(lines)


@pytest.mark.parametrize(
    ("file", "values", "state"),
    [
        ("metrics.jsonl", {"step": 1, "split": "train", "loss": 1.7e308, "lr": 1.0}, "damaged"),
        ("timings.jsonl", {"step": 1, "training_seconds": 1.7e308}, "training"),
    ],
)
def test_numbers_beyond_reason_are_told_and_the_page_is_there(growing, file, values, state):
    run, _ = growing
    (run / file).write_text((json.dumps(values) + "\n") * 500)
    told = []
    with served(run, tell=told.append) as port:
        assert news(port)["state"] == state
        status, _, page = get(port, "/")
        assert (status, f"{file} line 1" in page) == (200, True)
    assert told == []


def test_a_run_that_is_not_there_yet_and_one_that_has_ended(run6, tmp_path):
    with served(tmp_path / "later") as port:
        assert news(port)["state"] == "waiting"
        assert "no run is there yet" in get(port, "/")[2]
        shutil.copytree(run6, tmp_path / "later")
        told = news(port)
        assert (told["state"], told["figures"] is not None) == ("ended", True)
        (tmp_path / "later" / "config.json").write_text("{}")
        assert news(port)["state"] == "damaged"


def test_nothing_is_written_and_nothing_locked(growing):
    run, _ = growing
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    with served(run) as port:
        get(port, "/")
        news(port)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_a_browser_sees_it_grow(growing, browser):
    run, lines = growing
    (run / "metrics.jsonl").write_text("".join(lines[:6]))
    with served(run) as port:
        browser.size(1200)
        browser.open(f"http://127.0.0.1:{port}/")
        browser.draw_all()
        browser.until("document.getElementById('live').textContent.includes('being trained')")
        points = "[...document.querySelectorAll('[data-chart=loss] ~ details tbody tr')].length"
        before, drawn = browser.ask(points), browser.ask("document.querySelector('[data-chart=loss] svg').outerHTML")
        assert before
        browser.ask("window.same = 'page'")
        (run / "metrics.jsonl").write_text("".join(lines[:7]))
        browser.until(f"{points} > {before}")
        browser.until(f"document.querySelector('[data-chart=loss] svg').outerHTML.length != {len(drawn)}", 5)
        assert browser.ask("window.same") == "page"
        steps = "[...document.querySelectorAll('.facts dd')].map(fact => fact.textContent)"
        assert "8 of 9" in browser.ask(steps)
        (run / ".lock").unlink()
        browser.until("/has ended|nobody trains/.test(document.getElementById('live').textContent)")
        assert browser.complaints == []
        assert {url.partition("?")[0] for url in browser.requests} <= {
            f"http://127.0.0.1:{port}/",
            f"http://127.0.0.1:{port}/live.json",
        }
    browser.until("document.getElementById('live').textContent == 'No answer; trying again.'")
    with served(run, port):
        browser.until("document.getElementById('live').textContent.startsWith('Step ')")


@pytest.mark.parametrize("there", [True, False])
def test_ctrl_c_ends_it_cleanly(run6, tmp_path, there):
    path = run6 if there else tmp_path / "later"
    command = [sys.executable, "-m", "trmpipe", "watch", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    port = int(line.rpartition(":")[2].partition("/")[0])
    assert get(port, "/live.json?since=0")[0] == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    waits = "" if there else f"no run is at {path} yet; the page waits for it\n"
    assert (process.returncode, out, err) == (0, "", f"{waits}no longer watched\n")


def test_a_port_that_is_taken_gets_one_line(run6, trmpipe):
    with served(run6) as port:
        told = trmpipe("watch", run6, "--port", port)
    assert told.code == 1
    assert "give another, or --port 0" in told.message


def test_a_training_that_was_killed_is_told(growing, monkeypatch):
    run, _ = growing
    now = time.time()
    with served(run) as port:
        monkeypatch.setattr("trmpipe.reports.watch.live.time.time", lambda: now + 3600)
        assert "may have been killed" in news(port)["says"]
    assert RunFolder(run).metrics_file.exists()
