"""What a machine's systemd and NetworkManager run: sound by those programs' own checks."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from outrider.centre.folder import CentreFolder, opening_keys
from outrider.cli import build_parser

BUILD = Path(__file__).parents[2] / "image_build"
UNITS = sorted((BUILD / "systemd").glob("outrider*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
DISPATCHER = BUILD / "networkmanager" / "90-outrider-sync"
PROGRAM = "/usr/lib/outrider/venv/bin/outrider"


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    """`systemd-analyze verify` accepts every service and timer, with nothing to say."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: it comes with Debian's systemd")
    for unit in UNITS:
        text = unit.read_text().replace(PROGRAM, "/bin/true")
        (tmp_path / unit.name).write_text(text)
    found = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in found.stderr.splitlines() if "outrider" in line]
    assert (found.returncode, ours) == (0, [])


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_no_service_leaves_a_core_or_an_open_folder(unit: Path) -> None:
    """A crash writes no memory to the card, and what is written is for the service's user alone."""
    lines = unit.read_text().splitlines()
    assert "LimitCORE=0" in lines
    assert lines[[line.startswith("UMask=") for line in lines].index(True)] in (
        "UMask=0077",
        "UMask=0027",  # the published hotlists of the centre, which a web server may serve
    )
    if "StateDirectory=outrider" in lines:
        assert {"UMask=0077", "StateDirectoryMode=0700", "MemorySwapMax=0"} <= set(lines)


EXPOSURE = {  # of 10, as `systemd-analyze security --offline=true` counts; may fall, never rise
    "outrider.service": 1.4,
    "outrider-sync.service": 1.4,
    "outrider-enrol.service": 1.4,
    "outrider-hotlist-update.service": 1.4,
    "outrider-centre.service": 1.2,
    "outrider-centre-nightly.service": 1.2,
    "outrider-centre-open.service": 0.3,
    "outrider-centre-hotlist-renew.service": 0.3,
    "outrider-centre-pictures.service": 0.3,
    "outrider-centre-pages.service": 1.2,
    "outrider-centre-answer.service": 1.2,
}


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_that_is_broken_into_can_do_little(unit: Path) -> None:
    """What each service could reach, as systemd counts it, stays under its figure."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: it comes with Debian's systemd")
    threshold = round(EXPOSURE[unit.name] * 10)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


@pytest.mark.parametrize("name", ["pages", "answer"])
def test_no_private_key_can_be_read_where_people_ask(name: str) -> None:
    """Neither those that open reads nor those that sign: whoever breaks in there has none."""
    text = (BUILD / "systemd" / f"outrider-centre-{name}.service").read_text()
    hidden = " ".join(re.findall(r"^InaccessiblePaths=(.+)$", text, re.MULTILINE)).split()
    folder = CentreFolder(Path("/var/lib/outrider-centre"))
    keys = folder.ca_key, folder.receipt_key, folder.list_keys, opening_keys(None, folder)
    assert {f"-{path}" for path in (*keys, "/etc/outrider/opening")} == set(hidden)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_no_service_can_take_the_whole_machine(unit: Path) -> None:
    """Memory and tasks are bounded for each."""
    text = unit.read_text()
    assert re.search(r"^MemoryMax=\d+[MG]$", text, re.MULTILINE)
    assert re.search(r"^TasksMax=\d+$", text, re.MULTILINE)


def test_the_service_prints_no_reads() -> None:
    """The system's log gets no line a read: the appliance is started quiet."""
    text = (BUILD / "systemd" / "outrider.service").read_text()
    assert re.search(r"^ExecStart=.* run .*--quiet$", text, re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_commands_of_the_units_exist(unit: Path) -> None:
    """What a unit starts is a command line that this version understands."""
    for line in re.findall(rf"^ExecStart={PROGRAM} (.+)$", unit.read_text(), re.MULTILINE):
        words = line.replace("${OUTRIDER_REPOSITORY}", "/x").split()
        assert build_parser(words[0]).parse_args(words)


def test_every_timer_has_its_service() -> None:
    """A timer that starts nothing is found."""
    names = {unit.name for unit in UNITS}
    assert {name for name in names if name.endswith(".timer")}
    for name in names:
        assert name.endswith(".service") or name.replace(".timer", ".service") in names


def test_shell_finds_no_fault() -> None:
    """Shellcheck has nothing to say about the dispatcher, and it may be executed."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not here: it is a Debian package")
    subprocess.run(["shellcheck", str(DISPATCHER)], check=True)
    assert DISPATCHER.stat().st_mode & 0o111


@pytest.mark.parametrize(("event", "calls"), [("up", 2), ("connectivity-change", 2), ("down", 0)])
def test_dispatcher_wakes_the_sync_when_a_network_comes(
    tmp_path: Path, event: str, calls: int
) -> None:
    """Run as NetworkManager does: it asks systemd for the sync and the lists, or for nothing."""
    log = tmp_path / "log"
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    (tmp_path / "systemctl").chmod(0o755)
    subprocess.run(
        [str(DISPATCHER), "wlan0", event], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    said = log.read_text().splitlines() if log.exists() else []
    assert len(said) == calls
    assert all("outrider-" in line for line in said)
