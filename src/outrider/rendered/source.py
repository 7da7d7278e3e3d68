"""A rendered drive as a source of frames, with its track and its truth."""

import threading
from collections.abc import Iterator
from functools import cached_property
from math import degrees

import numpy as np

from outrider.drive.truth import DriveTruth
from outrider.records import ComponentHealth, Fix, FixQuality, Frame, Image, Level, Part
from outrider.rendered.road import geographic
from outrider.rendered.scene import Scene
from outrider.rendered.settings import RenderSettings
from outrider.rendered.world import World
from outrider.sources import FrameSource

NS_PER_S = 1_000_000_000
UTC_AT_ZERO_NS = 1_791_993_600 * NS_PER_S  # 2026-10-14T16:00:00Z, inside every age identifier
_FIX_EVERY_S = 0.2  # five a second, as receivers for vehicles give
_FIX_NOISE_M = 0.6
_FIX_ERROR_M = 2.4


class RenderedDrive(FrameSource):
    """Draws a drive frame by frame, on the drive's own clock: the first frame is at 0 ns.

    The scene is painted when the first frame is asked for, so that track and truth are cheap.
    """

    def __init__(self, settings: RenderSettings) -> None:
        self.settings = settings
        self._given = 0

    @property
    def live(self) -> bool:
        """False: a drive waits for its reader."""
        return False

    @property
    def source_id(self) -> str:
        """`render:` and the seed."""
        return f"render:{self.settings.seed}"

    @property
    def utc_at_zero_ns(self) -> int:
        """Time of day at the drive's zero, ns since 1970."""
        return UTC_AT_ZERO_NS

    @cached_property
    def world(self) -> World:
        """The geometry of the drive."""
        return World(self.settings)

    @cached_property
    def scene(self) -> Scene:
        """The painted drive."""
        return Scene(self.world)

    def picture(self, frame: int) -> Image:
        """Return one frame's picture: uint8 H x W x 3 RGB, or H x W grey in infrared light.

        Raises IndexError beyond the drive.
        """
        if not 0 <= frame < self.settings.frame_count:
            raise IndexError(f"frame {frame} of a drive of {self.settings.frame_count}")
        return self.scene.frame(frame)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the drive's frames, as fast as they are asked for, until the end or stop."""
        for index in range(self.settings.frame_count):
            if stop.is_set():
                return
            image = self.picture(index)
            self._given += 1
            yield Frame(index, self.settings.mono_ns(index), image)

    def track(self) -> tuple[Fix, ...]:
        """Return the drive's fixes, five a second, with the small errors of a good receiver."""
        rng = np.random.default_rng([self.settings.seed, 7])
        count = int(self.settings.duration_s / _FIX_EVERY_S) + 2
        drift = np.cumsum(rng.normal(0, 0.05, (count, 2)), axis=0)
        offset = np.clip(drift, -1, 1) * _FIX_NOISE_M
        return tuple(self._fix(number * _FIX_EVERY_S, offset[number]) for number in range(count))

    def _fix(self, t_s: float, offset_m: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Fix:
        camera = self.world.camera(t_s)
        latitude, longitude = geographic(
            camera.east_m + float(offset_m[0]), camera.north_m + float(offset_m[1])
        )
        mono_ns = round(t_s * NS_PER_S)
        return Fix(
            mono_ns,
            UTC_AT_ZERO_NS + mono_ns,
            round(latitude, 7),
            round(longitude, 7),
            round(self.world.ego.speed(t_s), 3),
            round(degrees(self.world.heading(t_s)) % 360.0, 2),
            FixQuality.FIX_3D,
            _FIX_ERROR_M,
        )

    def truth(self) -> DriveTruth:
        """Return what the drive shows, exactly."""
        return self._truth

    @cached_property
    def _truth(self) -> DriveTruth:
        return self.world.truth()

    def close(self) -> None:
        """Do nothing: a drawing holds no device."""

    def health(self) -> ComponentHealth:
        """Return how many frames were drawn."""
        detail = f"rendered drive, seed {self.settings.seed}"
        return ComponentHealth(Part.CAMERA, Level.OK, detail, {"frames": self._given})
