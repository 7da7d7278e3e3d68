"""A folder of labelled pictures of one drive, taken as a drive: frames, and the truth of them.

The frame's number is the last one in the picture's name. Labels see labels.py; a mark's rows with
no long gap between are one pass of that vehicle.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from outrider.bench.labels import LabelError, LabelledBox, LabelledPicture, load
from outrider.drive.truth import (
    DriveTruth,
    PlateColour,
    PlateSighting,
    Quad,
    VehiclePass,
)
from outrider.records import ComponentHealth, Direction, Frame, Level, Part
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.picture_files import read_rgb
from outrider.vrm import family

_PASS_GAP_S = 10.0  # a vehicle out of sight for longer comes again as another pass
_READABLE_PX = 16.0
_NS_PER_S = 1_000_000_000

Seen = tuple[int, LabelledBox]


@dataclass(frozen=True, slots=True)
class LabelledDrive(FrameSource):
    """Labelled pictures in the order of their frame numbers, at a nominal rate."""

    pictures: tuple[tuple[int, LabelledPicture], ...]
    rate_hz: float

    @classmethod
    def of(cls, folder: Path, rate_hz: float, only: tuple[Path, ...] = ()) -> "LabelledDrive":
        """Return the drive of a folder. Raises LabelError for labels that cannot be used."""
        numbered = [(_number(one.path), one) for one in load(folder, only)]
        return cls(tuple(sorted(numbered, key=lambda pair: pair[0])), rate_hz)

    @property
    def live(self) -> bool:
        """False: pictures wait for their reader."""
        return False

    @property
    def source_id(self) -> str:
        """`pictures:` and the folder's name."""
        return f"pictures:{self.pictures[0][1].path.parent.name}"

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the pictures, in RGB. Raises SourceError for one that cannot be read."""
        for number, picture in self.pictures:
            if stop.is_set():
                return
            try:
                image = read_rgb(picture.path)
            except (OSError, ValueError) as error:
                raise SourceError(f"{picture.path}: {error}") from error
            yield Frame(number, self.mono_ns(number), image)

    def mono_ns(self, number: int) -> int:
        """Return the instant of a frame number."""
        return round(number / self.rate_hz * _NS_PER_S)

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def health(self) -> ComponentHealth:
        """Return how many pictures there are."""
        return ComponentHealth(Part.CAMERA, Level.OK, f"{len(self.pictures)} pictures")

    def truth(self, on: date) -> DriveTruth:
        """Return the passes that the labels tell."""
        by_mark: dict[str, list[Seen]] = {}
        for number, picture in self.pictures:
            for box in picture.boxes:
                if box.mark:
                    by_mark.setdefault(box.mark, []).append((number, box))
        runs = [(mark, run) for mark, seen in by_mark.items() for run in self._runs(seen)]
        passes = [self._pass(i + 1, mark, run, on) for i, (mark, run) in enumerate(runs)]
        first, last = self.pictures[0][0], self.pictures[-1][0]
        return DriveTruth(
            self.source_id, "from labels.csv; passes are of rows less than 10 s apart",
            0, 0, self.rate_hz, last - first + 1, _READABLE_PX, 0.0, 1, tuple(passes),
        )  # fmt: skip

    def ignored_boxes(self, mono_ns: int) -> list[LabelledBox]:
        """Return the boxes without a mark in the frame of an instant."""
        return [
            box
            for number, picture in self.pictures
            if self.mono_ns(number) == mono_ns
            for box in picture.boxes
            if not box.mark
        ]

    def _runs(self, seen: list[Seen]) -> Iterator[list[Seen]]:
        run: list[Seen] = []
        for one in sorted(seen, key=lambda pair: pair[0]):
            if run and one[0] - run[-1][0] > _PASS_GAP_S * self.rate_hz:
                yield run
                run = []
            run.append(one)
        yield run

    def _pass(self, index: int, mark: str, run: list[Seen], on: date) -> VehiclePass:
        sightings = tuple(_sighting(number, box) for number, box in run)
        return VehiclePass(
            number=index, vrm=mark, family=family(mark, on), colour=PlateColour.WHITE,
            two_line=False, vehicle="", direction=Direction.UNKNOWN,
            first_frame=run[0][0], last_frame=run[-1][0],
            first_mono_ns=self.mono_ns(run[0][0]), last_mono_ns=self.mono_ns(run[-1][0]),
            max_height_px=max(box.height_px for _, box in run),
            readable_frames=sum(one.readable for one in sightings), sightings=sightings,
        )  # fmt: skip


def _sighting(number: int, box: LabelledBox) -> PlateSighting:
    x, y, w, h = box.box
    corners: Quad = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
    return PlateSighting(number, corners, h, 0.0, box.scored and h >= _READABLE_PX)


def _number(path: Path) -> int:
    found = re.findall(r"\d+", path.stem)
    if not found:
        raise LabelError(f"{path}: no frame number in its name")
    return int(found[-1])
