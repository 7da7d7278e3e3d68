"""RapidOCR: reads what stands in the boxes given, which are our own detector's."""

import json
import sys
import time
from typing import Any

import cv2
from rapidocr import RapidOCR

_ROOM = 0.12


def _cut(picture: Any, box: list[float]) -> Any:
    x, y, w, h = box
    pad = _ROOM * h
    left, top = max(0, int(x - pad)), max(0, int(y - pad))
    return picture[top : int(y + h + pad) + 1, left : int(x + w + pad) + 1]


def _read(reader: Any, picture: Any, box: list[float]) -> dict[str, Any] | None:
    part = _cut(picture, box)
    if not part.size:
        return None
    found = reader(part, use_det=False, use_cls=False, use_rec=True)
    text = "".join(char for char in "".join(found.txts or ()).upper() if char.isalnum())
    if not text.isascii() or not text:
        return None
    return {"text": text, "conf": float(min(found.scores)), "box": box}


def main() -> None:
    """Answer every line of standard input."""
    reader = RapidOCR()
    for line in sys.stdin:
        asked = json.loads(line)
        picture = cv2.imread(asked["file"])
        start_s = time.process_time()
        reads = [read for box in asked["boxes"] if (read := _read(reader, picture, box))]
        cpu_ms = (time.process_time() - start_s) * 1e3
        print(json.dumps({"reads": reads, "cpu_ms": cpu_ms}), flush=True)  # noqa: T201


main()
