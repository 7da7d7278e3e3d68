"""Short campaigns; the long ones are run by command, see the README beside this file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.way_account import WayAccount

ROOT = Path(__file__).parents[2]
HAS_FUSE = Path("/dev/fuse").exists() and shutil.which("fusermount3") is not None


def run(module: str, *options: str) -> dict[str, int]:
    """Run a campaign as its command does, and return its figures."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fault.{module}", "--json", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr
    figures: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    print(done.stdout)
    return figures


def assert_clean(figures: dict[str, int]) -> None:
    """Nothing committed is lost, doubled, bare or damaged."""
    names = ("lost", "duplicated", "without_pictures", "unsound")
    assert {name: figures[name] for name in names} == dict.fromkeys(names, 0)


def test_killed_writers_lose_and_double_nothing() -> None:
    """After 15 kills at random instants under load, every committed record is there, once."""
    figures = run("kill", "--kills", "15", "--seed", "7")
    assert figures["cuts"] == 15
    assert figures["committed"] > 15
    assert_clean(figures)


@pytest.mark.skipif(
    not HAS_FUSE,
    reason="power cuts need FUSE: apt-get install fuse3, and /dev/fuse",
)
def test_power_cuts_lose_and_double_nothing() -> None:
    """After 12 cuts that drop, tear and reorder what was not synced, all committed is there."""
    figures = run("powercut", "--cuts", "12", "--load-s", "0.7")
    assert figures["cuts"] == 12
    assert figures["committed"] > 12
    assert_clean(figures)


@pytest.mark.skipif(not HAS_FUSE, reason="power cuts need FUSE: apt-get install fuse3, /dev/fuse")
def test_power_cuts_of_the_centre_lose_and_double_nothing() -> None:
    """After 4 cuts of the centre's disk all that was receipted is there, and goes on, once."""
    figures = run("centre_cut", "--cuts", "4", "--load-s", "2")
    assert figures["cuts"] == 4
    assert figures["receipted"] > 0
    names = ("lost", "lost_pictures", "duplicated", "unsound")
    assert {name: figures[name] for name in names} == dict.fromkeys(names, 0)


def test_the_whole_way_loses_and_doubles_nothing() -> None:
    """Unit, sync, centre and opening killed, the unit's power cut: all is at the centre, once."""
    cuts = ("--cut-every", "6") if HAS_FUSE else ()
    figures = run("campaign", "--kills", "14", "--seed", "3", *cuts)
    assert figures["kills"] == 14
    assert figures["power_cuts"] == (2 if HAS_FUSE else 0)
    assert figures["committed"] > 15
    assert figures["opened"] >= figures["committed"]
    assert {name: figures[name] for name in WayAccount.BAD} == dict.fromkeys(WayAccount.BAD, 0)


def test_cards_put_back_copied_and_a_restored_centre_lose_nothing() -> None:
    """A card put back, one in two cars, the centre from an old copy, and kills: all is there, once.

    What is erased on the unit is only what the centre holds under that very hash at that moment.
    """
    figures = run("campaign", "--kills", "12", "--seed", "5", "--histories-every", "1")
    assert figures["kills"] == 12
    assert (figures["rollbacks"], figures["clones"], figures["restores"]) == (1, 1, 1)
    assert figures["committed"] > 15
    assert figures["opened"] >= figures["committed"]
    assert {name: figures[name] for name in WayAccount.BAD} == dict.fromkeys(WayAccount.BAD, 0)


def test_hostile_uploads_end_no_service_and_hold_up_no_honest_unit() -> None:
    """Mutated bytes and absurd rows of four liars; the honest unit's rows are all opened."""
    figures = run("hostile", "--mutated", "200", "--hostile", "60")
    assert (figures["mutated"], figures["hostile"]) == (200, 60)
    assert figures["honest_rows"] == figures["honest_opened"] > 0
    assert figures["set_aside"] > 30
    assert "500" not in figures["answers"]  # type: ignore[operator]  # counts by status
