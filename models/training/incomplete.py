"""Plates of which a part is not to be seen: cut by the picture's edge, framed too narrowly, hidden.

What is left of such a plate may look like a whole mark of its own ("CDE" of "AB12 CDE"), so the
reader learns to say that it is not all. Where it is clear which characters are left, those are
taught as the text; where not, no text is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from camera_model import Rng, Scene, Shot
from reader_text import Answer, encode, unread

from outrider.plates.spec import PlateImage

SEEN: Final = 0.7
LOST: Final = 0.35
"""A character counts as there from so much of its width on, and as lost up to so much."""
TRUE_CORNERS_SHARE: Final = 0.3

Spans = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark and where its characters stand, n x 2, parts of the plate's width; () if unknown."""

    text: str
    spans: Spans
    lines: int


def mark_of(image: PlateImage, lines: int) -> Mark:
    """The places of a drawn plate's characters."""
    width = image.rgb.shape[1]
    spans = np.array([(c.x0_px, c.x1_px) for c in image.characters], np.float64) / width
    return Mark("".join(c.character for c in image.characters), spans, lines)


def left_of_mark(mark: Mark, low: float, high: float) -> Answer:
    """The answer where only [low, high] of the plate's width is to be seen."""
    shown = np.clip(np.minimum(mark.spans[:, 1], high) - np.maximum(mark.spans[:, 0], low), 0, None)
    part = shown / (mark.spans[:, 1] - mark.spans[:, 0])
    if part.min() >= 0.9:
        return Answer(encode(mark.text), 1.0, 1.0)
    whole = 0.0 if part.min() < SEEN else -1.0
    if mark.lines > 1 or ((part > LOST) & (part < SEEN)).any():
        return Answer(unread(), 1.0, whole)
    kept = "".join(c for c, p in zip(mark.text, part, strict=True) if p >= SEEN)
    return Answer(encode(kept), 1.0, whole)


def cut_off(shot: Shot, mark: Mark, rng: Rng) -> tuple[Shot, Answer]:
    """The shot with the plate cut at a side, or framed too narrowly; and what it now says."""
    if rng.random() < 0.15:
        return _cut_level(shot, rng)
    lost = float(rng.uniform(0.03, 0.6))
    left = rng.random() < 0.5
    low, high = (lost, 1.0) if left else (0.0, 1.0 - lost)
    part = _between(shot.quad, low, high)
    if rng.random() < 0.25:
        return Shot(shot.seen, part), left_of_mark(mark, low, high)
    seen, quad = shot.seen, part
    if left:
        at = max(0, int(part[[0, 3], 0].mean()))
        seen, shift = seen[:, at:], at
    else:
        at = max(8, int(part[[1, 2], 0].mean()))
        seen, shift = seen[:, :at], 0
    if seen.shape[1] < 8:
        return Shot(shot.seen, part), left_of_mark(mark, low, high)
    if rng.random() < TRUE_CORNERS_SHARE:
        quad = shot.quad
    moved = quad - np.array([shift, 0], np.float32)
    return Shot(np.ascontiguousarray(seen), moved), left_of_mark(mark, low, high)


def _cut_level(shot: Shot, rng: Rng) -> tuple[Shot, Answer]:
    """Cut above or below: a part of every character is gone, and no text is taught."""
    lost = float(rng.uniform(0.3, 0.65))
    top, bottom = float(shot.quad[:2, 1].mean()), float(shot.quad[2:, 1].mean())
    quad = shot.quad.copy()
    if rng.random() < 0.5:
        at = int(top + lost * (bottom - top))
        seen, quad = shot.seen[at:], quad - np.array([0, at], np.float32)
        quad[:2, 1] = np.maximum(quad[:2, 1], 0)
    else:
        at = max(8, int(bottom - lost * (bottom - top)))
        seen = shot.seen[:at]
        quad[2:, 1] = np.minimum(quad[2:, 1], at)
    if seen.shape[0] < 8:
        return shot, Answer(unread(), 1.0, -1.0)
    return Shot(np.ascontiguousarray(seen), quad), Answer(unread(), 1.0, 0.0)


def _between(quad: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.float32]:
    """The part of a quadrilateral between two shares of its width."""
    tl, tr, br, bl = quad
    corners = [tl + (tr - tl) * low, tl + (tr - tl) * high]
    corners += [bl + (br - bl) * high, bl + (br - bl) * low]
    return np.asarray(corners, np.float32)


def hide(view: Scene, mark: Mark, rng: Rng) -> tuple[Scene, Answer]:
    """Something opaque before 0.6 to 3 characters: a post, a bumper, a bicycle's rack, a person."""
    first, last = mark.spans[0, 0], mark.spans[-1, 1]
    each = (last - first) / max(1, len(mark.text)) * (2 if mark.lines > 1 else 1)
    wide = float(rng.uniform(0.8, 3.0)) * each
    at_end = rng.random() < 0.5
    middle = float(rng.choice([first, last])) if at_end else float(rng.uniform(first, last))
    low, high = middle - wide / 2, middle + wide / 2
    if at_end:
        low, high = (-0.3, high) if middle == first else (low, 1.3)
    answer = _hidden_answer(mark, low, high)
    return Scene(_covered(view, low, high, rng), view.quad), answer


def _hidden_answer(mark: Mark, low: float, high: float) -> Answer:
    if low <= mark.spans[0, 0] - 0.2:
        return left_of_mark(mark, high, 1.0)
    if high >= mark.spans[-1, 1] + 0.2:
        return left_of_mark(mark, 0.0, low)
    gone = np.minimum(mark.spans[:, 1], high) - np.maximum(mark.spans[:, 0], low)
    part = np.clip(gone, 0, None) / (mark.spans[:, 1] - mark.spans[:, 0])
    return Answer(unread(), 1.0, 0.0 if part.max() > 1 - SEEN + 0.1 else -1.0)


def _covered(view: Scene, low: float, high: float, rng: Rng) -> npt.NDArray[np.float32]:
    grey = view.grey.copy()
    (x0, y0), (x1, y1) = view.quad[0], view.quad[2]
    a, b = x0 + low * (x1 - x0), x0 + high * (x1 - x0)
    lean = float(rng.normal(0, 0.08)) * (x1 - x0)
    above, below = y0 - 0.5 * (y1 - y0), y1 + 0.5 * (y1 - y0)
    shape = np.array([[a - lean, above], [b - lean, above], [b + lean, below], [a + lean, below]])
    level = float(rng.uniform(5, 230))
    cv2.fillConvexPoly(grey, np.round(shape).astype(np.int32), level, cv2.LINE_AA)
    if rng.random() < 0.5:
        edge = np.round(shape[:2] * 0.5 + shape[[3, 2]] * 0.5).astype(np.int32)
        cv2.line(grey, tuple(int(v) for v in edge[0]), tuple(int(v) for v in edge[1]),
                 float(rng.uniform(5, 250)), int(rng.integers(2, 12)))  # fmt: skip
    return grey
