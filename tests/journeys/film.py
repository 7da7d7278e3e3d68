"""Make a video of a recorded drive: `python tests/journeys/film.py DRIVE VIDEO`."""

import json
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

_RATE = 10  # frames a second of the recorded drive


def film(drive: Path, video: Path) -> None:
    """Write the frames of a recorded drive as a video, each at its own instant."""
    lines = [json.loads(line) for line in (drive / "frames.jsonl").read_text().splitlines()]
    with av.open(str(video), "w") as container:
        stream = container.add_stream("mpeg4", rate=_RATE)
        stream.bit_rate = 20_000_000
        for number, line in enumerate(lines):
            image = np.asarray(cv2.imread(str(drive / line["file"]), cv2.IMREAD_COLOR), np.uint8)
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    film(Path(sys.argv[1]), Path(sys.argv[2]))
