"""A centre for the benchmark of the sync: the real one, started, and a unit enrolled with it."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outrider.clock import SystemClock
from outrider.unit.enrolment.enrol import enrol
from outrider.unit.settings.sections import Settings, load, load_file
from outrider.wire.enrolment import Ticket

UNIT = "bench-unit"
_START_S = 120.0
_OUTRIDER = (sys.executable, "-m", "outrider.cli")


@dataclass(frozen=True, slots=True)
class RunningCentre:
    """A centre's folder and the ports that it serves."""

    folder: Path
    port: int
    enrol_port: int

    def unit_line(self) -> dict[str, Any]:
        """Return what `outrider centre units` says of the benchmark's unit."""
        listed = json.loads(outrider("centre", "units", "--json", "--dir", str(self.folder)))
        return next(line for line in listed if line["unit"] == UNIT)

    def enrol(self, unit: Path, toml: Path, port: int) -> Settings:
        """Enrol a unit whose uploads go to a port of this machine; return its settings."""
        path = unit / "ticket.json"
        outrider("centre", "enrol-ticket", UNIT, "--dir", str(self.folder), "-o", str(path))
        ticket = Ticket.decode(path.read_bytes()).model_copy(
            update={
                "url": f"https://localhost:{port}",
                "enrol_url": f"https://localhost:{self.enrol_port}",
            }
        )
        path.write_bytes(ticket.encode())
        enrol(path, load_file(toml), SystemClock())
        return load(toml)


def outrider(*words: str, check: bool = True) -> str:
    """Run a command of this program; return what it prints. Raises CalledProcessError."""
    done = subprocess.run((*_OUTRIDER, *words), stdout=subprocess.PIPE, text=True, check=check)
    return done.stdout


@contextlib.contextmanager
def running(folder: Path) -> Iterator[RunningCentre]:
    """Make a centre in a folder and serve it while the block runs."""
    opening = folder.with_name(f"{folder.name}-opening")
    outrider("centre", "init", str(folder), "--opening-keys", str(opening))
    centre = RunningCentre(folder, _free_port(), _free_port())
    command = (*_OUTRIDER, "centre", "serve", "--dir", str(folder), "--host", "127.0.0.1")
    ports = ("--port", str(centre.port), "--enrol-port", str(centre.enrol_port))
    log = (folder.parent / "centre.log").open("wb")
    with log, subprocess.Popen((*command, *ports), stdout=log, stderr=log) as process:
        try:
            _wait_for(centre.enrol_port, process)
            yield centre
        finally:
            process.terminate()
            process.wait(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    pause, ends_s = threading.Event(), time.monotonic() + _START_S
    while time.monotonic() < ends_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        pause.wait(0.2)
    raise RuntimeError(f"the centre did not begin to serve (see {process.args!r})")
