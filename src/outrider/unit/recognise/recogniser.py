"""A frame in, its plates out: found, cut flat from the full-resolution picture, and read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from outrider.records import (
    ComponentHealth,
    Corners,
    Detection,
    Frame,
    Image,
    Level,
    Observation,
    Part,
    Standing,
)
from outrider.unit.recognise.detect import Detector, nearest_size, plate_height_px
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.patch_geometry import cut_patch
from outrider.unit.recognise.quality import sharpness
from outrider.unit.recognise.read import Reader, Reading
from outrider.unit.recognise.straighten import Straightener
from outrider.unit.recognise.vote import fuse_one
from outrider.unit.timing import StageTimes

_SURE = 0.9  # a plate read below this is looked at again
_HOPELESS = 0.05  # but not below this: mostly no plate, and no second look has helped one
_MOVES = ((0.035, 0.08), (-0.03, -0.06))  # corners moved out, and in, without a straightener
_LEAST_WEIGHT = 1e-3
EDGE_PX = 1.5
EDGE_SHARE = 0.12
"""A plate within so many px, and such a part of its own height, of the edge may go on beyond it."""


@dataclass(slots=True)
class RecogniserCounts:
    """What was done so far."""

    frames: int = 0
    plates: int = 0
    second_looks: int = 0
    beyond_limit: int = 0
    unusable_corners: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class ModelNames:
    """What is loaded: names for people, digests for every read's origin, whether calibrated."""

    detector: str
    reader: str
    digests: tuple[tuple[str, str], ...]
    calibrated: bool


class PlateRecogniser:
    """Owns both networks. One thread calls observe; any thread may ask for health."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        reader: Reader,
        names: ModelNames,
        second_looks: bool = True,
        straightener: Straightener | None = None,
    ) -> None:
        self._detectors = detectors
        self._reader = reader
        self._straightener = straightener
        self._names = names
        self._second_looks = second_looks
        self._fault = ""
        self._times = StageTimes()
        self.counts = RecogniserCounts()

    @property
    def model_digests(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of each model in use."""
        return self._names.digests

    def time_with(self, times: StageTimes) -> None:
        """Add the durations of the stages here to a run's."""
        self._times = times

    def health(self) -> ComponentHealth:
        """Return what is loaded and what was done; a fault where the last frame failed."""
        counts = {name: getattr(self.counts, name) for name in RecogniserCounts.__slots__}
        loaded = f"{self._names.detector}; {self._names.reader}"
        if self._fault:
            return ComponentHealth(Part.RECOGNISER, Level.FAULT, self._fault, counts)
        if not self._names.calibrated:
            detail = f"{loaded}; confidence not calibrated: calibration.json is of another reader"
            return ComponentHealth(Part.RECOGNISER, Level.WARNING, detail, counts)
        return ComponentHealth(Part.RECOGNISER, Level.OK, loaded, counts)

    def observe(self, frame: Frame) -> list[Observation]:
        """Return what plates the frame shows, the surest detection first.

        Raises ModelError where a network fails; health says so until a frame succeeds.
        """
        grey = grey_of(frame.image)
        try:
            with self._times.stage("detect"):
                found = nearest_size(self._detectors, (grey.shape[0], grey.shape[1])).find(grey)
            with self._times.stage("rectify and read"):
                seen = [self._look(frame, grey, plate) for plate in found.plates]
        except ModelError as error:
            self.counts.failed += 1
            self._fault = str(error)
            raise
        self._fault = ""
        self.counts.frames += 1
        self.counts.beyond_limit += found.beyond
        observations = [one for one in seen if one is not None]
        self.counts.plates += len(observations)
        return observations

    def _look(self, frame: Frame, grey: Image, found: Detection) -> Observation | None:
        try:
            plate, others = self._corners(grey, found)
            patch = cut_patch(grey, plate.corners)
            reading = self._read(patch, lambda: [cut_patch(grey, one) for one in others])
        except ValueError:
            self.counts.unusable_corners += 1
            return None
        cut = touches_edge(grey, found.corners) or touches_edge(grey, plate.corners)
        standing = _standing(reading, cut)
        crisp = sharpness(patch)
        return Observation(frame, plate, reading.probabilities, patch, crisp, standing)

    def _corners(self, grey: Image, found: Detection) -> tuple[Detection, list[Corners]]:
        """Return the plate with its best corners, and others to try where those read badly."""
        if self._straightener is None:
            return found, [moved_out(found.corners, *by) for by in _MOVES]
        straight = self._straightener.straighten(grey, found.corners)
        return replace(found, corners=straight), [found.corners]

    def _read(self, patch: Image, others: Callable[[], list[Image]]) -> Reading:
        """Read the patch; where that is in doubt, average with looks at the other patches.

        Each look weighs as much as it is sure of itself: most doubt comes of corners that are a
        few per cent off, and then one of the looks sees the plate as the reader knows it.
        """
        looks = [self._reader.look(patch)]
        doubtful = _HOPELESS <= fuse_one(looks[0].probabilities).probability < _SURE
        if not (self._second_looks and doubtful):
            return looks[0]
        self.counts.second_looks += 1
        looks += [self._reader.look(other) for other in others()]
        weights = [max(fuse_one(look.probabilities).probability, _LEAST_WEIGHT) for look in looks]
        mean = np.average([look.probabilities for look in looks], axis=0, weights=weights)
        return replace(looks[0], probabilities=np.asarray(mean, np.float32))


def touches_edge(grey: Image, corners: Corners) -> bool:
    """Return whether a corner lies at the picture's edge or beyond: a part may be out of sight."""
    height, width = grey.shape
    points = np.asarray(corners, np.float64).reshape(4, 2)
    near = EDGE_PX + EDGE_SHARE * plate_height_px(corners)
    return bool((points < near).any() or (points > (width - near, height - near)).any())


def _standing(reading: Reading, cut: bool) -> Standing | None:
    """Return how the plate stands; a reader that does not judge leaves only the picture's edge."""
    if reading.plate is None or reading.whole is None:
        return Standing(1.0, 1.0, True) if cut else None
    return Standing(reading.plate, reading.whole, cut)


def grey_of(image: Image) -> Image:
    """Return the picture as uint8 H x W. Raises ValueError for any other shape or type."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f"a frame is uint8 H x W or H x W x 3, not {image.dtype} {image.shape}")
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def moved_out(corners: Corners, out_x: float, out_y: float) -> Corners:
    """Return corners moved outwards by parts of the plate's width and height (inwards below 0)."""
    tl, tr, br, bl = np.asarray(corners, np.float64)
    across, down = (tr - tl + br - bl) / 2 * out_x, (bl - tl + br - tr) / 2 * out_y
    outwards = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    points = [
        point + x * across + y * down
        for point, (x, y) in zip((tl, tr, br, bl), outwards, strict=True)
    ]
    return np.asarray(points, np.float32)
