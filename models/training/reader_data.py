"""Synthetic and real patches for the reader, each batch a function of its seed and number alone."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from camera_model import Scene, Severity, Shot, background, cut, photograph, scene, shoot
from font_faces import fonts
from hard_plates import HardShares, hard_spec
from incomplete import Mark, cut_off, hide, mark_of
from lettering import lettering
from reader_net import PATCH_HW_PX, SLOTS
from reader_real import RealPatches
from reader_text import Answer, Patches, Targets, encode, nothing
from video_chain import through_video

from outrider.plates.draw import draw_plate

Rng = np.random.Generator

DRAWN_PX_PER_MM: Final = 0.6
VIEWS: Final = 4
"""Pictures taken of each drawn plate: drawing costs as much as photographing."""
BLANK_SHARE: Final = 0.02
LETTERING_SHARE: Final = 0.06
CUT_SHARE: Final = 0.07
HIDDEN_SHARE: Final = 0.05
VIDEO_SHARE: Final = 0.3
"""Of all patches; of those that go through a codec, all of a batch do so together."""
EASY: Final = Severity((18.0, 80.0), 0.02, 0.15, 0.5, 0.5)
HARD: Final = Severity()
TRAINING_MIX: Final = {
    "current": 0.33,
    "prefix": 0.16,
    "suffix": 0.06,
    "dateless": 0.08,
    "northern_ireland": 0.06,
    "special": 0.04,
    "foreign": 0.27,
}
"""Flatter than the road's: rare families must be learnt, and grammar not forced on a plate."""

HARD_PLATES: Final = HardShares(two_line=0.12, black=0.10, alike=0.25, bolted=0.25, short=0.05)


class Batch(NamedTuple):
    """Patches uint8 [n, 64, 128]; codes int64 [n, 9]; judged float32 [n, 2]: plate, whole."""

    patches: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.int64]
    judged: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What batches are made of; `real` is the folder of labelled pictures, if any."""

    batch: int = 96
    seed: int = 1
    real: Path | None = None
    real_share: float = 0.15
    easy_steps: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is photographed: its scene, the answer, and for a plate where its characters stand."""

    view: Scene
    answer: Answer
    mark: Mark | None


def drawn_subject(rng: Rng) -> Subject:
    """A random plate on its car, lettering, or something else that is no plate."""
    chance = rng.random()
    if chance < LETTERING_SHARE and fonts():
        return Subject(lettering(rng), nothing(), None)
    if chance < LETTERING_SHARE + BLANK_SHARE:
        return Subject(background(rng), nothing(), None)
    spec = hard_spec(rng, HARD_PLATES, TRAINING_MIX)
    image = draw_plate(spec, DRAWN_PX_PER_MM)
    answer = Answer(encode(spec.mark), 1.0, 1.0)
    return Subject(scene(image.rgb, rng), answer, mark_of(image, len(spec.lines)))


def rendered_scene(rng: Rng) -> tuple[Scene, Targets]:
    """A random plate on its car, or something that is no plate, with the reader's target."""
    subject = drawn_subject(rng)
    return subject.view, subject.answer.codes


def rendered_patch(rng: Rng, severity: Severity = HARD) -> tuple[Patches, Targets]:
    """One patch uint8 [64, 128] and its target int64 [9]."""
    view, target = rendered_scene(rng)
    return photograph(view, rng, severity), target


def drawn_shot(subject: Subject, rng: Rng, severity: Severity) -> tuple[Shot, Answer]:
    """A picture of the subject, of which now and then a part is cut off or hidden."""
    chance = rng.random()
    if subject.mark is None or chance >= CUT_SHARE + HIDDEN_SHARE:
        return shoot(subject.view, rng, severity), subject.answer
    if chance < CUT_SHARE:
        return cut_off(shoot(subject.view, rng, severity), subject.mark, rng)
    view, answer = hide(subject.view, subject.mark, rng)
    return shoot(view, rng, severity), answer


class BatchMaker:
    """Makes batch number `step`: the same on every machine, whatever was made before."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._real = RealPatches(recipe.real) if recipe.real and recipe.real_share else None

    def make(self, step: int) -> Batch:
        """Real patches first, then drawn ones, a part of which went through a recorder's codec."""
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, step))
        severity = EASY if step < recipe.easy_steps else HARD
        real = round(recipe.batch * recipe.real_share) if self._real else 0
        made = [self._real.sample(rng) for _ in range(real)] if self._real else []
        shots = self._drawn(rng, recipe.batch - real, severity)
        made += [(cut(shot, rng, severity), answer) for shot, answer in shots]
        return Batch(
            np.stack([patch for patch, _ in made]).reshape(-1, *PATCH_HW_PX),
            np.stack([answer.codes for _, answer in made]).reshape(-1, SLOTS),
            np.array([(answer.plate, answer.whole) for _, answer in made], np.float32),
        )

    def _drawn(self, rng: Rng, count: int, severity: Severity) -> list[tuple[Shot, Answer]]:
        shots: list[tuple[Shot, Answer]] = []
        for k in range(count):
            if k % VIEWS == 0:
                subject = drawn_subject(rng)
            shots.append(drawn_shot(subject, rng, severity))
        if rng.random() >= VIDEO_SHARE:
            return shots
        coded = through_video([shot.seen for shot, _ in shots], rng)
        pairs = zip(coded, shots, strict=True)
        return [(Shot(seen, shot.quad), answer) for seen, (shot, answer) in pairs]


_maker: BatchMaker | None = None


def _begin(recipe: Recipe) -> None:
    global _maker
    _maker = BatchMaker(recipe)


def _make(step: int) -> Batch:
    assert _maker is not None
    return _maker.make(step)


class Feed:
    """Batches in order from `first_step`, made ahead by `workers` processes (0: in this one)."""

    def __init__(self, recipe: Recipe, first_step: int, workers: int) -> None:
        self._next = first_step
        self._ahead: deque[Future[Batch]] = deque()
        self._maker = None if workers else BatchMaker(recipe)
        self._pool = (
            ProcessPoolExecutor(workers, initializer=_begin, initargs=(recipe,))
            if workers
            else None
        )
        self._depth = 3 * workers

    def take(self) -> Batch:
        """The next batch, waiting for it if need be."""
        step = self._next
        self._next += 1
        if self._pool is None:
            assert self._maker is not None
            return self._maker.make(step)
        while len(self._ahead) < self._depth:
            self._ahead.append(self._pool.submit(_make, step + len(self._ahead)))
        return self._ahead.popleft().result()

    def close(self) -> None:
        """End the worker processes; batches not taken are dropped."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
