"""A folder of pictures as a source of frames."""

import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from outrider.records import ComponentHealth, Frame, Level, Part
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.picture_files import PictureError, read_grey

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"})


class PicturesSource(FrameSource):
    """Grey frames from the pictures of a folder in natural order (2.jpg before 10.jpg).

    rate_hz: nominal frame rate, which spaces their instants. A picture that cannot be read keeps
    its place in time, is named in the log and counted as skipped. Raises SourceError for a folder
    that is not there or holds no picture.
    """

    def __init__(self, folder: Path, rate_hz: float = 25.0) -> None:
        if rate_hz <= 0:
            raise SourceError(f"frame rate {rate_hz:g} Hz: must be more than 0")
        self._folder = folder
        self._frame_ns = round(NS_PER_S / rate_hz)
        self._paths = pictures_of(folder)
        self._given = 0
        self._unreadable: list[str] = []

    @property
    def live(self) -> bool:
        """False: a folder waits for its reader."""
        return False

    @property
    def source_id(self) -> str:
        """`pictures:` and the folder's name."""
        return f"pictures:{self._folder.name}"

    @property
    def written_utc_ns(self) -> int:
        """When the first picture was written; ns since 1970."""
        return self._paths[0].stat().st_mtime_ns

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the pictures in order. Raises SourceError if not one of them can be read."""
        skipped = 0
        for place, path in enumerate(self._paths):
            if stop.is_set():
                return
            try:
                image, colour = read_grey(path)
            except (OSError, PictureError) as error:
                skipped += 1
                self._unreadable.append(path.name)
                log.error("camera: %s %s; left out", path, why(error))
                continue
            yield Frame(place, place * self._frame_ns, image, skipped, colour)
            self._given += 1
            skipped = 0
        if not self._given:
            raise SourceError(
                f"{self._folder}: none of its {len(self._paths)} pictures can be read"
            )

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def health(self) -> ComponentHealth:
        """Return a warning that names the first unreadable picture, if there is one."""
        counts = {"frames": self._given, "unreadable": len(self._unreadable)}
        if self._unreadable:
            detail = f"{self._folder}: {len(self._unreadable)} pictures cannot be read, first "
            return ComponentHealth(Part.CAMERA, Level.WARNING, detail + self._unreadable[0], counts)
        return ComponentHealth(Part.CAMERA, Level.OK, str(self._folder), counts)


def pictures_of(folder: Path) -> list[Path]:
    """Return the pictures of a folder in natural order. Raises SourceError if there are none."""
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise SourceError(
            f"{folder}: is not a folder that can be read: {error.strerror}"
        ) from error
    if not found:
        raise SourceError(f"{folder}: holds no picture ({', '.join(sorted(SUFFIXES))})")
    return sorted(found, key=lambda path: natural_key(path.name))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts names as people count: frame2 before frame10."""
    parts = re.split(r"([0-9]+)", name.lower())
    numbers = (part.isascii() and part.isdigit() for part in parts)
    return [
        (0, int(part), "") if is_number else (1, 0, part)
        for part, is_number in zip(parts, numbers, strict=True)
    ]


def why(error: Exception) -> str:
    """Return what is said of a picture that could not be read."""
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
