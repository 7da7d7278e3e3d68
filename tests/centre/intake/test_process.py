"""The real command in a process of its own: ready, watched, stopped while at work."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outrider.centre.authority.setup import set_up
from outrider.centre.folder import CentreFolder
from outrider.cli import main
from outrider.clock import SystemClock
from tests.centre.intake import raw
from tests.centre.intake.running import HOSTS, enrolled, running

PATIENCE_S = 30.0


@contextmanager
def served(root: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `outrider centre serve` on free ports; its log is on stderr."""
    command = [sys.executable, "-m", "outrider.cli", "centre", "serve", "--dir", str(root)]
    command += ["--host", "127.0.0.1", "--port", "0", "--enrol-port", "0"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )
    too_long = threading.Timer(2 * PATIENCE_S, process.kill)
    too_long.start()
    try:
        yield process
    finally:
        too_long.cancel()
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def lines_until(process: subprocess.Popen[str], event: str) -> list[dict[str, object]]:
    """Return the log's lines up to the one that tells of an event."""
    assert process.stderr is not None
    found = []
    for text in process.stderr:
        found.append(json.loads(text))
        if found[-1]["event"] == event:
            return found
    raise AssertionError(f"no {event!r} in {found}")


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd listens at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(PATIENCE_S)
        yield line


def test_ports_that_no_ticket_names_are_said(tmp_path: Path) -> None:
    """Served on other ports than the settings': tickets would lead units nowhere."""
    root = tmp_path / "centre"
    set_up(CentreFolder(root), HOSTS, root / "opening", SystemClock())
    with served(root) as process:
        said = lines_until(process, "serving")
    warned = [line for line in said if line["level"] == "warning"]
    assert [(line["port"], line["enrol_port"]) for line in warned] == [(8443, 8444)]
    assert "tickets name other ports" in str(warned[0]["event"])


def test_ready_watched_stopped(tmp_path: Path, notified: socket.socket) -> None:
    """Systemd hears that it is ready, that it moves, and that it stops; the status is 0."""
    root = tmp_path / "centre"
    set_up(CentreFolder(root), HOSTS, root / "opening", SystemClock())
    spoken = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"}
    with served(root, **spoken) as process:
        heard = [notified.recv(100) for _ in range(3)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        process.send_signal(signal.SIGTERM)
        while b"STOPPING=1" not in heard:
            heard.append(notified.recv(100))
        assert process.wait(PATIENCE_S) == 0


def test_stop_finishes_what_is_in_flight(tmp_path: Path) -> None:
    """An upload half of which has come when SIGTERM arrives is still stored and receipted."""
    root = tmp_path / "centre"
    with running(root) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        unit.fill(3)
        name, body, tls = unit.name(), unit.rows_body(), unit.tls()
        headers = unit.headers(name, body) | {"Content-Length": str(len(body))}
    with served(root) as process:
        port = lines_until(process, "serving")[-1]["port"]
        assert isinstance(port, int)
        with raw.line(port, tls) as secure:
            secure.sendall(raw.head("/v1/health", {}, "GET"))
            assert secure.recv(10_000).startswith(b"HTTP/1.1 200 ")
            secure.sendall(raw.head(name.path, headers) + body[:50])
            lines_until(process, "request")
            process.send_signal(signal.SIGTERM)
            assert lines_until(process, "stopping")[-1]["in_flight"] == 1
            secure.sendall(body[50:])
            assert b'"stored":5' in raw.answer_of(secure)
        last = lines_until(process, "stopped")[-1]
        assert last["taken"]["rows"] == 5  # type: ignore[index]
        assert process.wait(PATIENCE_S) == 0


def test_no_centre_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a centre is named, and what to do."""
    assert main(["centre", "serve", "--dir", str(tmp_path)]) == 2
    assert "outrider centre init" in capsys.readouterr().err


def test_port_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that somebody else has is named."""
    root = tmp_path / "centre"
    set_up(CentreFolder(root), HOSTS, root / "opening", SystemClock())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        where = ["--host", "127.0.0.1", "--port", port, "--enrol-port", "0"]
        assert main(["centre", "serve", "--dir", str(root), *where]) == 1
    assert f"port {port}" in capsys.readouterr().err
