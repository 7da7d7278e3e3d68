"""Makes the numbered pictures that the virtual camera serves, out of any file source.

python make_frames.py SOURCE FOLDER [FIRST [COUNT]]: SOURCE as for `outrider run --source`.
Prints the pictures' width, height and number.
"""

import itertools
import sys
import threading
from pathlib import Path

import cv2

from outrider.unit.devices.source_drive import DriveSource
from outrider.unit.devices.source_pictures import PicturesSource
from outrider.unit.devices.source_spec import FileKind, FileSpec, parse_frame_source
from outrider.unit.devices.source_video import VideoSource
from outrider.unit.ports import SourceError

OPEN = {
    FileKind.VIDEO: VideoSource,
    FileKind.PICTURES: PicturesSource,
    FileKind.DRIVE: DriveSource,
}


def write(source: str, folder: Path, first: int, count: int | None) -> tuple[int, int, int]:
    """Write the pictures; return width and height in px, and how many."""
    spec = parse_frame_source(source)
    if not isinstance(spec, FileSpec):
        raise SourceError(f"{source}: give video:PATH, pictures:DIR or drive:DIR")
    folder.mkdir(parents=True, exist_ok=True)
    frames = OPEN[spec.kind](spec.path).frames(threading.Event())
    stop = None if count is None else first + count
    number = 0
    for number, frame in enumerate(itertools.islice(frames, first, stop), start=1):
        # Three equal channels: libyuv takes JPEGs of YUV 4:2:0, none of grey alone.
        picture = cv2.cvtColor(frame.image, cv2.COLOR_GRAY2BGR)
        cv2.imwrite(str(folder / f"{number - 1}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
        height_px, width_px = frame.image.shape
    if number == 0:
        raise SourceError(f"{source}: gives no picture from the {first}th on")
    return width_px, height_px, number


def main() -> None:
    """Read the arguments, write the pictures."""
    source, folder, *span = sys.argv[1:]
    first = int(span[0]) if span else 0
    count = int(span[1]) if len(span) > 1 else None
    try:
        print(*write(source, Path(folder), first, count))
    except SourceError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
