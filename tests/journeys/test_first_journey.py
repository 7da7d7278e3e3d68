"""The first journey of a newcomer, by the script that he could run himself, with real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.processes import free_ports

HERE = Path(__file__).parent
LONGEST_S = 300.0


@pytest.mark.parametrize("order", ["read-first", "enrol-first"])
def test_what_is_read_is_found_at_the_centre(tmp_path: Path, order: str) -> None:
    """Demo, a video, enrol, sync, open: the read and its picture are found, whatever came first."""
    port, enrol_port, provider, sign_in = free_ports(4)
    binaries = Path(sys.executable).parent
    environment = os.environ | {
        "WORK": str(tmp_path),
        "PORT": str(port),
        "ENROL_PORT": str(enrol_port),
        "PROVIDER": str(binaries / "oidc-provider-mock"),
        "PROVIDER_PORT": str(provider),
        "SIGN_IN_PORT": str(sign_in),
        "OUTRIDER": str(binaries / "outrider"),
        "PYTHON": sys.executable,
        "DEMO_S": "3" if order == "read-first" else "0",
    }
    # A session of its own, so that nothing that it started outlives a journey that hangs.
    words = ["sh", str(HERE / "first_journey.sh"), order]
    log = tmp_path / "journey.log"
    with log.open("wb") as output:
        journey = subprocess.Popen(
            words, stdout=output, stderr=output, env=environment, start_new_session=True
        )
        try:
            status = journey.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(journey.pid, signal.SIGKILL)
            status = journey.wait()
    told = log.read_text(encoding="utf-8", errors="replace")
    assert status == 0, told[-6000:]
    assert "the journey is made" in told
    assert "rows set aside: 0" in told
    assert "not copied" in told  # the card, in the table of units: a word that needs no other
    assert (tmp_path / "patch.jpg").read_bytes().startswith(b"\xff\xd8")
