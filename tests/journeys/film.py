"""Make a video of a recorded drive, as of yesterday: `python film.py DRIVE VIDEO TRACK`.

The track is the drive's, with yesterday's date: what is read is looked for at the centre, where
most people see no read of more than 90 days ago.
"""

import json
import sys
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from outrider.clock import SystemClock

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


def dated(line: str, on: date) -> str:
    """Return an NMEA sentence with a date; those that carry none are as they were."""
    fields = line.removeprefix("$").partition("*")[0].split(",")
    if not fields[0].endswith("RMC"):
        return line
    fields[9] = f"{on:%d%m%y}"
    body, parity = ",".join(fields), 0
    for byte in body.encode("ascii"):
        parity ^= byte
    return f"${body}*{parity:02X}"


if __name__ == "__main__":
    drive, clock = Path(sys.argv[1]), SystemClock()
    film(drive, Path(sys.argv[2]))
    yesterday = clock.stamp(clock.mono_ns()).utc.date() - timedelta(days=1)
    lines = (drive / "track.nmea").read_text(encoding="ascii").splitlines()
    track = "".join(f"{dated(line, yesterday)}\n" for line in lines)
    Path(sys.argv[3]).write_text(track, encoding="ascii")
