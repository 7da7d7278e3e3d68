"""A technician sees at once which part of a unit does not work, and what to do."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from outrider.cli import main
from outrider.clock import ClockQuality, RecordedClock, SystemClock
from outrider.records import NO_POSITION, ComponentHealth, Fix, FixQuality, Frame, Level, Part
from outrider.unit.commissioning import camera, recognition, storage
from outrider.unit.commissioning.camera import Looked, check_camera
from outrider.unit.commissioning.finding import Finding, Verdict, failed, passed
from outrider.unit.commissioning.page import as_page
from outrider.unit.commissioning.place_and_time import check_clock, check_position
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.gpsd_feeder import GpsdFeeder
from tests.unit.run.test_run import track


class Source:
    """A camera that gave what the test says."""

    live = True
    source_id = "test:0"

    def __init__(self, level: Level = Level.OK) -> None:
        self.level = level

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Give nothing until it is stopped."""
        stop.wait()
        yield from ()

    def close(self) -> None:
        """Nothing to let go of."""

    def health(self) -> ComponentHealth:
        """Return what the test said."""
        return ComponentHealth(Part.CAMERA, self.level, "no camera was found")


def verdicts(findings: Iterator[Finding]) -> dict[str, Verdict]:
    return {one.item: one.verdict for one in findings}


def looked(grey: float = 110.0, plate: float = 0.6, height_px: float = 40.0) -> Looked:
    return Looked(50, 2.0, [grey] * 10, [500.0] * 10, [plate] * 5, [height_px] * 5)


def test_a_well_mounted_camera_passes() -> None:
    """Frames, light, focus and aim are all well."""
    found = verdicts(check_camera(Source(), looked()))
    assert found == dict.fromkeys(("camera", "exposure", "focus", "aim"), Verdict.PASSED)


@pytest.mark.parametrize(
    ("seen", "item"),
    [
        (looked(grey=5.0), "exposure"),
        (looked(grey=250.0), "exposure"),
        (looked(plate=0.1), "focus"),
        (looked(height_px=9.0), "aim"),
        (looked(height_px=200.0), "aim"),
        (Looked(50, 2.0, [110.0], [2.0]), "focus"),
    ],
)
def test_what_is_wrong_with_a_view_is_named(seen: Looked, item: str) -> None:
    """A lens cap, glare, a loose lens, a wrong distance: each is told by its own line."""
    findings = list(check_camera(Source(), seen))
    assert [one.item for one in findings if one.verdict is Verdict.FAILED] == [item]
    assert all(one.remedy for one in findings if one.verdict is not Verdict.PASSED)


def test_a_camera_that_gives_nothing_ends_the_look_and_fails() -> None:
    """No frame comes: the look ends by itself, and the finding says what to check."""
    source = Source(Level.FAULT)
    seen = camera.look(source, None, 0.05)  # type: ignore[arg-type] # no frame is read
    (only,) = check_camera(source, seen)
    assert (only.item, only.verdict) == ("camera", Verdict.FAILED)
    assert "no camera was found" in only.remedy


def test_a_fixed_position_is_a_fix_and_silence_is_none() -> None:
    """The receiver's fix is told with its time; none within the wait is a failure."""

    class Positions:
        def __init__(self, fix: Fix | None) -> None:
            self.fix = fix

        def latest(self) -> Fix | None:
            return self.fix

        def at(self, mono_ns: int) -> object:
            return NO_POSITION

        def health(self) -> ComponentHealth:
            return ComponentHealth(Part.GPS, Level.FAULT, "mute")

    fix = Fix(0, 0, 51.5, -0.1, None, None, FixQuality.FIX_3D, 3.0)
    stop = threading.Event()
    assert check_position(Positions(fix), 0.0, stop).verdict is Verdict.PASSED  # type: ignore[arg-type]
    assert check_position(Positions(None), 0.0, stop).verdict is Verdict.FAILED  # type: ignore[arg-type]


def test_a_clock_that_nobody_set_fails() -> None:
    """A free-running clock is told before a unit drives off with it."""
    free = RecordedClock(0)
    (one,) = check_clock(free)
    expected = free.stamp(0).quality is not ClockQuality.FREE_RUNNING
    assert (one.verdict is Verdict.PASSED) == expected


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("0x01 0x02", Verdict.PASSED), ("0x01 0x0b", Verdict.FAILED), ("?", Verdict.NOT_TRIED)],
)
def test_a_worn_card_is_told(tmp_path: Path, text: str, verdict: Verdict) -> None:
    """What an eMMC says of its life is read; where it says nothing that is said."""
    life = tmp_path / "life_time"
    life.write_text(text)
    assert storage.check_wear(life).verdict is verdict


def test_the_disk_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    """Nothing of the measuring stays on the disk."""
    found = verdicts(storage.check_storage(tmp_path, 1))
    assert set(found) == {"disk room", "disk speed", "disk wear"}
    assert list(tmp_path.iterdir()) == []


def test_the_test_picture_is_of_the_cameras_size_and_kind() -> None:
    """What is timed is what the road gives: a grey picture of the global-shutter camera's size."""
    picture = recognition.test_picture()
    assert picture.shape == (1088, 1456)
    assert picture.dtype == np.uint8


def test_text_on_the_page_is_text() -> None:
    """A path or an error may hold anything: the page shows it and runs none of it."""
    page = as_page("<b>", "now", "1", [failed("x", "<script>alert(1)</script>", "a & b\u202e")])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "1 of 1 failed" in page
    assert "nothing failed" in as_page("u", "now", "1", [passed("x", "y")])


@pytest.fixture
def board() -> Iterator[simulator.Simulator]:
    """The alarm unit's real firmware in its simulator, on a pseudo-terminal."""
    try:
        with simulator.start() as running:
            yield running
    except simulator.NoSimulatorError as error:
        pytest.skip(str(error))


def test_the_whole_on_a_bench(
    tmp_path: Path, board: simulator.Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    """Models, a drive's pictures, the disk, the board and a real gpsd pass; the rest is told."""
    clock, stop = SystemClock(), threading.Event()
    settings = tmp_path / "unit.toml"
    settings.write_text(
        f'[unit]\nid = "unit-7"\nstate_dir = "{tmp_path}"\n[alarm]\nport = "{board.port}"\n'
        "[journal]\nmin_free_mb = 1\n"
    )
    with GpsdFeeder() as feeder:
        player = threading.Thread(target=feeder.play, args=(track(clock), clock, stop))
        player.start()
        try:
            command = ["selftest", "-c", str(settings), "--json", "--seconds", "3"]
            command += ["--source", "render:7", "--gps", f"gpsd:127.0.0.1:{feeder.port}"]
            command += ["--page", str(tmp_path / "page.html"), "--picture", str(tmp_path / "v.jpg")]
            status = main(command)
        finally:
            stop.set()
            player.join()
    told = json.loads(capfd.readouterr().out)
    found = {
        one["item"]: one["result" if "result" in one else "verdict"] for one in told["findings"]
    }
    assert status == 1  # it is not enrolled and has no lists
    well = {item for item, verdict in found.items() if verdict == "passed"}
    assert {"models", "reading", "speed", "camera", "disk room", "GPS", "alarm self-test"} <= well
    assert {item for item, verdict in found.items() if verdict == "failed"} >= {"centre"}
    assert "unit-7" in (tmp_path / "page.html").read_text("utf-8")
    assert (tmp_path / "v.jpg").read_bytes().startswith(b"\xff\xd8")
