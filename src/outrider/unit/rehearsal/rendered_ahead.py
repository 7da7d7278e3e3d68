"""A rendered drive drawn before it is played, so that drawing is not measured."""

import threading
from collections.abc import Iterator

import cv2
import numpy as np

from outrider.records import ComponentHealth, Frame, Image
from outrider.rendered.source import RenderedDrive


class RenderedAhead:
    """Holds every frame in memory as grey, as a camera's Y plane is."""

    def __init__(self, drive: RenderedDrive) -> None:
        self._drive = drive
        never = threading.Event()
        self._frames = [
            Frame(frame.index, frame.mono_ns, _grey(frame.image)) for frame in drive.frames(never)
        ]

    @property
    def live(self) -> bool:
        """False: it waits for its reader."""
        return False

    @property
    def source_id(self) -> str:
        """Name of the drive."""
        return self._drive.source_id

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the frames."""
        for frame in self._frames:
            if stop.is_set():
                return
            yield frame

    def health(self) -> ComponentHealth:
        """Return the drive's health."""
        return self._drive.health()

    def close(self) -> None:
        """Do nothing."""


def _grey(image: Image) -> Image:
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(grey, dtype=np.uint8)
