"""Benchmarks count what they say: boxes, rates, points, sheets and multiplications."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from outrider.bench import rates
from outrider.bench.contact_sheet import SheetError, write_sheet
from outrider.bench.labelled_drive import LabelledDrive
from outrider.bench.labels import LabelError, load
from outrider.bench.scoring import Colour, Light, Scored, ground_of, light_of, score_picture
from outrider.bench.tflite_graph import count_macs, plain_convolution
from outrider.records import PlateText
from outrider.unit.devices.tflite import choose_runtime, time_model
from outrider.unit.recognise.grounds import NO_GROUNDS, Claim
from outrider.unit.recognise.still import StillPlate
from outrider.vrm import Family

TODAY = date(2026, 11, 21)
HEAD = "file,plate,x,y,w,h,status,country\n"
PICTURE = np.full((200, 400, 3), 120, np.uint8)


def _labels(folder: Path, *rows: str) -> Path:
    (folder / "labels.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return folder


def _read(mark: str, x: float, y: float, sure: float = 0.9) -> StillPlate:
    at = np.array([[x, y], [x + 60, y], [x + 60, y + 20], [x, y + 20]], np.float32)
    claim = Claim(sure, 1, mark, Family.CURRENT, NO_GROUNDS)
    return StillPlate(PlateText(mark, mark, Family.CURRENT, sure, ()), at, 0.8, claim)


def _scored(folder: Path, *reads: StillPlate) -> Scored:
    rows = (
        "a.jpg,AB12CDE,10,10,60,20,verified,GB",
        "a.jpg,,200,10,60,20,illegible,GB",
        "a.jpg,XY10ZZO,10,100,60,20,verified,GB",
    )
    (picture,) = load(_labels(folder, *rows))
    return score_picture(picture, PICTURE, reads, TODAY)


def test_right_wrong_elsewhere_and_ignored_are_told_apart(tmp_path: Path) -> None:
    """A read on a verified box is right or wrong; on another box nothing; on none, elsewhere."""
    scored = _scored(
        tmp_path,
        _read("AB12CDE", 12, 11),
        _read("JUNK", 205, 12),
        _read("XY1OZZ0", 8, 104),
        _read("FALSE", 300, 150),
    )
    assert [plate.right for plate in scored.plates] == [True, True]
    assert [plate.exact for plate in scored.plates] == [True, False]
    assert [read.text.vrm for read in scored.elsewhere] == ["FALSE"]


def test_a_vehicle_in_many_pictures_counts_once(tmp_path: Path) -> None:
    """By vehicle is the mean of each mark's own share: 3 of 4 of one, 0 of 1 of another."""
    plates = _scored(tmp_path, _read("AB12CDE", 12, 11)).plates
    right, other = plates[0], plates[1]
    missed = replace(right, read=None)
    vehicles, share = rates.by_vehicle([right, right, right, missed, other])
    assert (vehicles, share) == (2, 0.75 / 2)


def test_of_two_reads_on_a_plate_the_surer_counts(tmp_path: Path) -> None:
    """A doubled detection does not make a plate both right and wrong."""
    scored = _scored(tmp_path, _read("AB12CDF", 11, 9, 0.4), _read("AB12CDE", 14, 12, 0.8))
    assert rates.Rates.of(scored.plates) == rates.Rates(2, 1, 1, 1)


def test_points_leave_unsure_reads_out(tmp_path: Path) -> None:
    """At a confidence above a wrong read's, it is neither wrong nor captured."""
    scored = _scored(tmp_path, _read("AB12CDE", 12, 11, 0.9), _read("QQ", 10, 100, 0.5))
    low, high = rates.at_confidence(scored, 0.4), rates.at_confidence(scored, 0.7)
    assert (low.wrong, low.wrong_share, low.wrong_per_100) == (1, 0.5, 100.0)
    assert (high.wrong, high.right_share) == (0, 0.5)


def test_the_chosen_points_keep_their_limits(tmp_path: Path) -> None:
    """The alarm point lies above every wrong read where one in fifty is too many."""
    plates = (_read("AB12CDE", 12, 11, 0.95), _read("WRONG", 10, 100, 0.8))
    scored = _scored(tmp_path, *plates)
    alarm, possible = rates.choose_points(scored, Scored((), (), 0))
    assert 0.8 < alarm <= 0.99
    assert possible <= alarm


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.jpg,AB12CDE,10,10,sixty,20,verified,GB", r"labels\.csv:2: x, y, w, h"),
        ("a.jpg,AB12CDEFGHI,10,10,60,20,verified,GB", r"labels\.csv:2: .*no registration mark"),
        ("a.jpg,,10,10,60,20,verified,GB", r"labels\.csv:2: verified, but no mark"),
    ],
)
def test_labels_that_make_no_sense_name_the_line(tmp_path: Path, row: str, message: str) -> None:
    """A wrong row is an error with file and line, not a plate left out of the score."""
    with pytest.raises(LabelError, match=message):
        load(_labels(tmp_path, row))


def test_a_split_keeps_its_files_only(tmp_path: Path) -> None:
    """With a held-out list, other pictures are not loaded; a list that fits none is an error."""
    _labels(tmp_path, "a.jpg,A1,1,1,9,9,verified,GB", "b.jpg,B2,1,1,9,9,verified,GB")
    split = tmp_path / "split.csv"
    split.write_text("file,mark\nb.jpg,B2\n")
    assert [one.path.name for one in load(tmp_path, [split])] == ["b.jpg"]
    split.write_text("file,mark\nz.jpg,\n")
    with pytest.raises(LabelError, match="no picture that the split names"):
        load(tmp_path, [split])


def test_passes_of_a_labelled_drive_end_at_a_long_gap(tmp_path: Path) -> None:
    """Frames 1, 2 and 40 of one mark are two passes of it."""
    row = "ride_{},AB12CDE,10,10,60,20,verified,GB"
    folder = _labels(tmp_path, *(row.format(f"{i}.jpg") for i in (1, 2, 40)))
    truth = LabelledDrive.of(folder, 1.0).truth(TODAY)
    assert [(one.first_frame, one.last_frame) for one in truth.passes] == [(1, 2), (40, 40)]
    assert all(truth.due(one) for one in truth.passes)


@pytest.mark.parametrize(
    ("ground", "ink", "colour"),
    [
        ((235, 235, 230), (20, 20, 20), Colour.WHITE),
        ((240, 190, 30), (20, 20, 20), Colour.YELLOW),
        ((15, 15, 15), (200, 200, 200), Colour.BLACK),
    ],
)
def test_the_ground_is_told_from_the_characters(
    ground: tuple[int, int, int], ink: tuple[int, int, int], colour: Colour
) -> None:
    """A third of the plate is ink; the ground's colour is what counts."""
    picture = np.full((60, 200, 3), ground, np.uint8)
    picture[:, ::3] = ink
    assert ground_of(picture, (10, 10, 150, 40)) is colour


def test_a_sheet_of_real_plates_stays_out_of_a_checkout(tmp_path: Path) -> None:
    """A path inside a Git checkout is refused before anything is drawn."""
    (tmp_path / ".git").mkdir()
    with pytest.raises(SheetError, match="outside"):
        write_sheet([], tmp_path / "sheets" / "misses.png")


@pytest.mark.parametrize("int8", [True, False])
def test_the_plain_convolution_runs_and_counts_its_own_macs(int8: bool) -> None:
    """What is compared with loads in the real runtime and has the MACs that it claims."""
    content, macs = plain_convolution(2_000_000, int8)
    assert count_macs(content) == macs
    assert macs == pytest.approx(2_000_000, rel=0.25)
    assert min(time_model(content, choose_runtime(), 2)) > 0


def test_reliability_is_told_band_by_band_and_small_bands_are_left_out(tmp_path: Path) -> None:
    """A band's gap is its mean confidence less its share of right reads; few reads say nothing."""
    right = _scored(tmp_path, _read("AB12CDE", 12, 11, 0.9)).plates[0]
    wrong = _scored(tmp_path, _read("AB12CDF", 12, 11, 0.7)).plates[0]
    far = replace(right, truth=replace(right.truth, box=(10.0, 10.0, 30.0, 10.0)))
    found = rates.reliability_by([right] * 20 + [wrong] * 10 + [far] * 29, rates.height_group)
    (band,) = found.values()
    assert band.reads == 30
    assert band.share_right == pytest.approx(2 / 3)
    assert band.gap == pytest.approx((20 * 0.9 + 10 * 0.7) / 30 - 2 / 3)


def test_light_is_measured_on_the_plate_alone() -> None:
    """The sky does not make a dark plate bright, nor dark letters a bright one dark."""
    picture = np.full((60, 200, 3), 250, np.uint8)
    picture[20:40, 50:150] = 60
    assert light_of(picture, (50.0, 20.0, 100.0, 20.0)) is Light.DARK
    picture[20:40, 50:120] = 200
    assert light_of(picture, (50.0, 20.0, 100.0, 20.0)) is Light.BRIGHT
