"""A camera's driver that never returns ends the process, in a stated time, and is heard."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from outrider.clock import NS_PER_S, SystemClock
from outrider.unit.health import EXIT_HANGS, LEAVE_WITHIN_S
from tests.unit.run.hanging_camera import HEIGHT_PX, WIDTH_PX

STALL_S, HANG_S = 0.5, 1.0
LOAD_S = 60.0  # what a busy machine may take to start, and to be scheduled
SETTINGS = f"""
[camera]
width_px = {WIDTH_PX}
height_px = {HEIGHT_PX}
stall_after_s = {STALL_S}
hangs_after_s = {HANG_S}
[journal]
sealing = "none"
min_free_mb = 1
ballast_mb = 0
[pipeline]
health_every_s = 0.2
"""


def test_a_stop_that_never_returns_ends_the_process(tmp_path: Path) -> None:
    """The unit was blind for good while the watchdog was fed; now it goes, having said why."""
    config = tmp_path / "outrider.toml"
    config.write_text(
        SETTINGS
        + f'[unit]\nstate_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}"\ndriver_safe = false\n'
    )
    address = str(tmp_path / "notify")
    command = [
        *(sys.executable, "-m", "tests.unit.run.hanging_camera", "--source", "picamera2"),
        *("--gps", "fixed:53.48,-2.24", "--alarm", "terminal", "--config", str(config)),
    ]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(LOAD_S)
        clock = SystemClock()
        with subprocess.Popen(
            [*command, "--json"],
            env={**os.environ, "NOTIFY_SOCKET": address},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as unit:
            try:
                assert systemd.recv(100) == b"READY=1"
                ready_ns = clock.mono_ns()
                out, heard = unit.communicate(timeout=STALL_S + HANG_S + LEAVE_WITHIN_S + LOAD_S)
                took_s = (clock.mono_ns() - ready_ns) / NS_PER_S
            finally:
                unit.kill()
    assert unit.returncode in (1, EXIT_HANGS)
    assert took_s < STALL_S + HANG_S + LEAVE_WITHIN_S + LOAD_S / 2
    assert b"fault: camera" in heard  # the alarm unit's, here the terminal's
    health = [json.loads(line) for line in out.splitlines() if b'"health"' in line]
    said = [c["detail"] for one in health for c in one["components"] if c["name"] == "camera"]
    assert any("stop has not returned" in detail for detail in said)
