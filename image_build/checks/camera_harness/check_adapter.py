"""Proves the product's camera adapter on the virtual camera; exits 1 at the first thing untrue.

Run by run.sh inside the camera root, through virtual_camera.py. Each check prints one line.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np

from outrider.clock import NS_PER_S, SystemClock
from outrider.records import ComponentHealth, Frame, Image, Level
from outrider.unit.devices.camera_picamera2 import Picamera2Camera, Streams
from outrider.unit.settings.sections import CameraSettings

FRAMES = Path("/harness/frames")
CAMERAS = Path("/usr/share/libcamera/pipeline/virtual/virtual.yaml")
NUMBER = 1  # picamera2 sorts by name, the last first: the spare camera is 0
STALL_FILE = Path(os.environ["HARNESS_STALL_FILE"])
WIDTH_PX = int(os.environ["HARNESS_WIDTH_PX"])
HEIGHT_PX = int(os.environ["HARNESS_HEIGHT_PX"])
LORES_PX = (640, 360)
STALL_AFTER_S = 1.0
RECOVERY_S = 20.0
CAPTURED = 120
_MAX_MEAN_ERROR = 3.0  # grey levels: JPEG decoders differ by rounding

log = logging.getLogger("check")


def expect(true: bool, what: str) -> None:
    """Print what holds, or end the program saying that it does not."""
    print(f"{'ok  ' if true else 'FAIL'} {what}", flush=True)
    if not true:
        sys.exit(1)


class Small:
    """Tells which served picture a captured one is, by comparing small copies."""

    def __init__(self) -> None:
        paths = sorted(FRAMES.glob("*.jpg"), key=lambda path: int(path.stem))
        pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths]
        self._whole = pictures
        self._copies = np.stack([self._copy(picture) for picture in pictures])

    @staticmethod
    def _copy(picture: cv2.typing.MatLike) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        return cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32)

    def number(self, picture: Image) -> int:
        """Return the number of the served picture that is most like this one."""
        return int(np.abs(self._copies - self._copy(picture)).mean(axis=(1, 2)).argmin())

    def error(self, picture: Image, number: int) -> float:
        """Return the mean difference from a served picture, in grey levels."""
        return float(cv2.absdiff(self._whole[number], picture).mean())


def check_capture(frames: Iterator[Frame], clock: SystemClock) -> None:
    """What was served comes out: whole, in order, with instants."""
    small = Small()
    taken = list(islice(frames, CAPTURED))
    age_s = (clock.mono_ns() - taken[-1].mono_ns) / NS_PER_S
    first = taken[0]
    expect(
        first.image.shape == (HEIGHT_PX, WIDTH_PX) and first.image.dtype == np.uint8,
        f"{len(taken)} grey frames captured, {WIDTH_PX}x{HEIGHT_PX}",
    )
    numbers = [small.number(frame.image) for frame in taken]
    worst = max(small.error(frame.image, n) for frame, n in zip(taken, numbers, strict=True))
    expect(worst < _MAX_MEAN_ERROR, f"each is a served picture (worst mean error {worst:.2f}/255)")
    served = len(list(FRAMES.glob("*.jpg")))
    forward = all((b - a) % served < served / 2 for a, b in pairwise(numbers))
    expect(forward, f"in the order served: numbers {numbers[0]} to {numbers[-1]}")
    instants = [frame.mono_ns for frame in taken]
    expect(all(a < b for a, b in pairwise(instants)), "exposure instants go forward")
    expect(0 <= age_s < 2, f"on the unit's monotonic clock: the last is {age_s * 1000:.0f} ms old")
    rate_hz = (len(taken) - 1) / ((instants[-1] - instants[0]) / NS_PER_S)
    print(f"     {rate_hz:.1f} frames/s, {sum(f.skipped for f in taken)} skipped")


def check_newest_wins(frames: Iterator[Frame], clock: SystemClock) -> None:
    """A reader that was away gets the newest frame, and is told how many it missed."""
    next(frames)
    threading.Event().wait(1.0)
    frame = next(frames)
    age_s = (clock.mono_ns() - frame.mono_ns) / NS_PER_S
    expect(
        age_s < 0.5 and frame.skipped >= 5,
        f"after 1 s away the next frame is {age_s * 1000:.0f} ms old, {frame.skipped} skipped",
    )


def await_health(
    camera: Picamera2Camera, good: Callable[[ComponentHealth], bool]
) -> ComponentHealth:
    """Wait until the health is as wanted, or time is up; return the last health."""
    pause = threading.Event()
    for _ in range(round(RECOVERY_S / 0.1)):
        health = camera.health()
        if good(health):
            return health
        pause.wait(0.1)
    return camera.health()


def is_fault(health: ComponentHealth) -> bool:
    """Return whether the camera is at fault."""
    return health.level is Level.FAULT


def check_stall(frames: Iterator[Frame], camera: Picamera2Camera) -> None:
    """A camera that falls silent is a named fault, and is used again when it is back."""
    STALL_FILE.touch()
    health = await_health(camera, is_fault)
    expect(is_fault(health), f"stalled: {health.detail}")
    health = await_health(camera, lambda state: not is_fault(state))
    expect(not is_fault(health), f"back without a restart: opened {health.counts['opened']} times")
    expect(next(frames).image.size > 0, "and frames come again")


def check_unplugged(frames: Iterator[Frame], camera: Picamera2Camera) -> None:
    """A camera that is gone when it is opened again is a named fault, until it is there."""
    both = CAMERAS.read_text(encoding="utf-8")
    CAMERAS.write_text(both.partition('"Virtual0":')[0], encoding="utf-8")
    STALL_FILE.touch()
    health = await_health(camera, lambda state: "cannot be opened" in state.detail)
    expect("cannot be opened" in health.detail, f"unplugged: {health.detail}")
    CAMERAS.write_text(both, encoding="utf-8")
    health = await_health(camera, lambda state: not is_fault(state))
    expect(not is_fault(health), f"plugged in again: opened {health.counts['opened']} times")
    expect(next(frames).image.size > 0, "and frames come again")


def main() -> None:
    """Run every check on one camera, opened once by this program."""
    logging.basicConfig(level=logging.ERROR, format="     log: %(message)s")
    clock = SystemClock()
    settings = CameraSettings(width_px=WIDTH_PX, height_px=HEIGHT_PX, stall_after_s=STALL_AFTER_S)
    stop = threading.Event()
    camera = Picamera2Camera(settings, clock, NUMBER, Streams(lores_px=LORES_PX))
    frames = camera.frames(stop)
    check_capture(frames, clock)
    lores = camera.lores_image
    expect(lores is not None and lores.shape == LORES_PX[::-1], f"second stream {LORES_PX}")
    health = camera.health()
    expect("ExposureTime" in health.detail, f"what it does not take is said: {health.detail}")
    check_newest_wins(frames, clock)
    check_stall(frames, camera)
    check_unplugged(frames, camera)
    stop.set()
    began_ns = clock.mono_ns()
    expect(next(frames, None) is None, "stops when told")
    print(f"     in {(clock.mono_ns() - began_ns) / NS_PER_S:.2f} s")
    print(f"     {camera.health().counts}")


if __name__ == "__main__":
    main()
