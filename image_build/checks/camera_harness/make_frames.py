"""Makes the numbered pictures that the virtual camera serves, out of any source that ends.

python make_frames.py SOURCE FOLDER: SOURCE as for `outrider run --source`. From the environment:

  HARNESS_FIRST           first frame to take (0)
  HARNESS_COUNT           how many (200); libcamera keeps them all in memory, more than once
  HARNESS_PAUSE_PICTURES  empty pictures after them (0): the camera begins again at its end

Prints the pictures' width, height and number; on stderr the marks that a rendered drive shows.
"""

import itertools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.source_drive import DriveSource
from outrider.unit.devices.source_pictures import PicturesSource
from outrider.unit.devices.source_spec import FileKind, FileSpec, RenderSpec, parse_frame_source
from outrider.unit.devices.source_video import VideoSource

EMPTY_GREY = 96


def write_pause(folder: Path, width_px: int, height_px: int, first: int, count: int) -> None:
    """Write empty pictures after the others."""
    empty = np.full((height_px, width_px, 3), EMPTY_GREY, np.uint8)
    for number in range(first, first + count):
        cv2.imwrite(str(folder / f"{number}.jpg"), empty)


def opened(text: str, frames: int) -> FrameSource:
    """Open a source that ends. Raises SourceError for a camera, and for what cannot be read."""
    spec = parse_frame_source(text)
    if isinstance(spec, RenderSpec):
        # No longer than is served: a drive is painted whole before its first frame.
        duration_s = max(10.0, frames / RenderSettings().rate_hz)
        return RenderedDrive(RenderSettings(seed=spec.seed, duration_s=duration_s))
    if not isinstance(spec, FileSpec):
        raise SourceError(f"{text}: give video:PATH, pictures:DIR, drive:DIR or render:SEED")
    openers: dict[FileKind, Callable[[Path], FrameSource]] = {
        FileKind.VIDEO: VideoSource,
        FileKind.PICTURES: PicturesSource,
        FileKind.DRIVE: DriveSource,
    }
    return openers[spec.kind](spec.path)


def write(source: FrameSource, folder: Path, first: int, count: int) -> tuple[int, int, int]:
    """Write the pictures; return width and height in px, and how many."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = source.frames(threading.Event())
    number = 0
    for number, frame in enumerate(itertools.islice(frames, first, first + count), start=1):
        # Three channels: libyuv takes JPEGs of YUV 4:2:0, none of grey alone.
        code = cv2.COLOR_GRAY2BGR if frame.image.ndim == 2 else cv2.COLOR_RGB2BGR
        picture = cv2.cvtColor(frame.image, code)
        cv2.imwrite(str(folder / f"{number - 1}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
        height_px, width_px = frame.image.shape[:2]
    if number == 0:
        raise SourceError(f"{source.source_id}: gives no picture from number {first} on")
    return width_px, height_px, number


def tell_truth(source: FrameSource, first: int, count: int) -> None:
    """Say which marks a rendered drive shows in the span, and in which pictures."""
    if not isinstance(source, RenderedDrive):
        return
    for seen in source.truth().passes:
        start, end = max(seen.first_frame, first), min(seen.last_frame, first + count - 1)
        if start <= end and seen.readable_frames:
            span = f"pictures {start - first} to {end - first}"
            print(f"in the drive: {seen.vrm} ({seen.direction}), {span}", file=sys.stderr)


def setting(name: str, otherwise: int) -> int:
    """Return a number from the environment."""
    return int(os.environ.get(name, otherwise))


def main() -> None:
    """Read the arguments, write the pictures."""
    text, folder = sys.argv[1:]
    first, count = setting("HARNESS_FIRST", 0), setting("HARNESS_COUNT", 200)
    try:
        source = opened(text, first + count)
        width_px, height_px, number = write(source, Path(folder), first, count)
    except SourceError as error:
        sys.exit(str(error))
    tell_truth(source, first, count)
    pause = setting("HARNESS_PAUSE_PICTURES", 0)
    write_pause(Path(folder), width_px, height_px, number, pause)
    print(width_px, height_px, number + pause)


if __name__ == "__main__":
    main()
