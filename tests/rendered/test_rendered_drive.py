"""A rendered drive: the same each time, and true to its truth."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.drive.format import read_header
from outrider.drive.truth import PlateSighting, VehiclePass, from_json
from outrider.rendered import Effects, LightPlan, RenderedDrive, RenderSettings
from outrider.rendered.recording import write_drive
from outrider.unit.devices.source_drive import DriveSource
from outrider.vrm import normalise

BARE = Effects(blur=False, noise=False, vignette=False, glare=False)
SMALL = RenderSettings(
    seed=1, duration_s=2.0, rate_hz=5.0, width_px=640, height_px=480, light=LightPlan.SUN,
    effects=BARE,
)  # fmt: skip


@pytest.fixture(scope="module")
def drive() -> RenderedDrive:
    return RenderedDrive(SMALL)


def digest(drive: RenderedDrive) -> list[str]:
    frames = drive.frames(threading.Event())
    return [hashlib.sha256(frame.image.tobytes()).hexdigest() for frame in frames]


def test_same_seed_same_bytes() -> None:
    """The same settings give the same frames, truth and track; another seed other ones."""
    tiny = replace(SMALL, width_px=320, height_px=240)
    drive, again = RenderedDrive(tiny), RenderedDrive(tiny)
    other = RenderedDrive(replace(tiny, seed=2))
    assert digest(drive) == digest(again)
    assert drive.truth() == again.truth()
    assert drive.track() == again.track()
    assert drive.truth() != other.truth()


def test_plates_lie_where_truth_says() -> None:
    """Straightened by its true corners, a drawn plate matches the plate's own drawing."""
    drive = RenderedDrive(replace(SMALL, width_px=1456, height_px=1088))
    checked = 0
    for one in drive.truth().passes:
        seen = [s for s in one.sightings if s.hidden == 0 and s.height_px > 14]
        if not seen:
            continue
        best = max(seen, key=lambda s: s.height_px)
        assert likeness(drive, one, best, 0.0) > 0.9
        assert likeness(drive, one, best, 6.0) < likeness(drive, one, best, 0.0) - 0.2
        checked += 1
    assert checked >= 2


def likeness(drive: RenderedDrive, one: VehiclePass, seen: PlateSighting, shift_px: float) -> float:
    """Correlation of the plate in the picture, looked for shift_px off, with its drawing."""
    skin = drive.scene._skins
    picture = cv2.cvtColor(drive.picture(seen.frame), cv2.COLOR_RGB2GRAY)
    plate = cv2.cvtColor(skin[one.number].plate[0][..., :3], cv2.COLOR_RGB2GRAY)
    height = round(seen.height_px)
    width = round(height * plate.shape[1] / plate.shape[0])
    goal = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    corners = np.array([(x + shift_px, y) for x, y in seen.corners], np.float32)
    flat = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, goal), (width, height))
    drawn = cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA)
    return float(np.corrcoef(flat.ravel(), drawn.ravel())[0, 1])


def test_truth_is_consistent(drive: RenderedDrive) -> None:
    """Marks are those of the plates drawn, once each; heights and directions agree."""
    truth = drive.truth()
    marks = [one.vrm for one in truth.passes]
    assert len(marks) == len(set(marks))
    for one in truth.passes:
        assert one.vrm == normalise(drive.world.vehicles[one.number].spec.mark)
        growth = one.sightings[-1].height_px - one.sightings[0].height_px
        assert (growth > 0) == (one.direction.value == "approaching") or abs(growth) < 1
        assert one.max_height_px == max(s.height_px for s in one.sightings)


@pytest.mark.parametrize("seed", range(1, 12))
def test_any_seed_plans(seed: int) -> None:
    """Every seed gives traffic, and marks that are never given twice."""
    vehicles = RenderedDrive(RenderSettings(seed=seed, duration_s=20.0)).world.vehicles
    marks = [one.spec.mark for one in vehicles]
    assert len(marks) > 3
    assert len(marks) == len(set(marks))


def test_written_drive_reads_back(drive: RenderedDrive, tmp_path: Path) -> None:
    """A drive written to disk is a recorded drive with the same frames, instants and truth."""
    write_drive(drive, tmp_path / "d")
    source = DriveSource(tmp_path / "d")
    frames = list(source.frames(threading.Event()))
    assert [f.mono_ns for f in frames] == [SMALL.mono_ns(n) for n in range(SMALL.frame_count)]
    assert from_json((tmp_path / "d" / "truth.json").read_text()) == drive.truth()
    assert read_header(tmp_path / "d").utc_at_zero_ns == drive.utc_at_zero_ns


def test_setting_out_of_range_is_named() -> None:
    """A setting out of range is refused by name."""
    with pytest.raises(ValueError, match="focal_mm"):
        RenderSettings(focal_mm=0.0)
