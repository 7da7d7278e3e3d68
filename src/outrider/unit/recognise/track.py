"""Follow every plate over the frames: one pass, one read.

Pure: it knows no clock but the frames' own instants, and one thread owns it. What it holds is
bounded: so many passes, two small pictures each, and no frame.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date

from outrider.records import Frame, Observation, PassResult, PlateText
from outrider.unit.recognise.associate import assign
from outrider.unit.recognise.evidence import FrameViews
from outrider.unit.recognise.grammar import decide, is_scrap
from outrider.unit.recognise.grounds import Calibrate
from outrider.unit.recognise.likeness import admits, likeness
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.recognise.passes import Look, Pass
from outrider.unit.recognise.vote import Fused

_NS_PER_S = 1e9
_LEAST_CHARACTERS = 2
_REST_FRAMES = 3


@dataclass(frozen=True, slots=True)
class TrackerLimits:
    """How long and how many.

    A pass ends pass_ends_after_s after its plate was last seen, or after frames_missed frames
    where they come more slowly, but never later than longest_gap_s. The same mark seen again
    merge_within_s after it was last seen is the same pass.
    """

    pass_ends_after_s: float = 1.0
    frames_missed: float = 3.5
    longest_gap_s: float = 6.0
    merge_within_s: float = 10.0
    most_passes: int = 24


@dataclass(slots=True)
class TrackerCounts:
    """What was decided so far. rejected: passes that gave no read, by reason."""

    passes: int = 0
    reads: int = 0
    merged: int = 0
    ended_early: int = 0
    rejected: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Closed:
    """A pass that gave its read: what it said, how sure, and when it was last in sight."""

    fused: Fused
    level: int
    last_mono_ns: int

    @property
    def key(self) -> str:
        """The folded mark."""
        return self.fused.key


class Tracker:
    """Observations in, frame by frame; what each pass has given so far, or in the end, out."""

    def __init__(
        self,
        calibrate: Calibrate,
        points: OperatingPoints,
        today: Callable[[], date],
        limits: TrackerLimits | None = None,
    ) -> None:
        self._calibrate = calibrate
        self._points = points
        self._today = today
        self._limits = limits or TrackerLimits()
        self._passes: list[Pass] = []
        self._closed: deque[_Closed] = deque(maxlen=64)
        self._next_id = 1
        self._previous_ns: int | None = None
        self._interval_s = 0.0
        self.counts = TrackerCounts()

    @property
    def in_sight(self) -> AbstractSet[int]:
        """The passes whose plates the last frame showed."""
        now_ns = self._previous_ns
        return {one.pass_id for one in self._passes if one.last_mono_ns == now_ns}

    def update(self, frame: Frame, observations: Sequence[Observation]) -> list[PassResult]:
        """Take in what one frame showed; return every pass that ended or became surer.

        A result that is not final is given as soon as a mark reaches an operating point, once a
        mark and point.
        """
        self._note_interval(frame.mono_ns)
        results = self._end_unseen(frame.mono_ns)
        looks = [Look.of(seen) for seen in observations]
        views = FrameViews(frame)
        pairs = assign(self._passes, looks, self._interval_s)
        touched = [self._passes[p] for p, _ in pairs]
        for p, k in pairs:
            self._passes[p].add(looks[k], views)
        fresh = set(range(len(looks))) - {k for _, k in pairs}
        touched += [self._open(looks[k], views) for k in sorted(fresh)]
        results += self._end_surplus()
        still_open = [one for one in touched if one in self._passes]
        return results + [told for one in still_open if (told := self._tell(one)) is not None]

    def finish(self) -> list[PassResult]:
        """End every open pass, as when the source ends or stalls."""
        ended, self._passes = self._passes, []
        return [final for one in ended if (final := self._close(one)) is not None]

    def _open(self, look: Look, views: FrameViews) -> Pass:
        one = Pass(self._next_id, look, views)
        self._next_id += 1
        self.counts.passes += 1
        self._passes.append(one)
        return one

    def _note_interval(self, mono_ns: int) -> None:
        """Follow the time between frames, so that a slow source's passes do not end between two."""
        if self._previous_ns is not None:
            since_s = (mono_ns - self._previous_ns) / _NS_PER_S
            if 0 < since_s <= self._limits.longest_gap_s:
                known_s = self._interval_s or since_s
                self._interval_s = known_s + 0.3 * (since_s - known_s)
        self._previous_ns = mono_ns

    def _ends_after_s(self) -> float:
        slow = min(self._limits.longest_gap_s, self._limits.frames_missed * self._interval_s)
        return max(self._limits.pass_ends_after_s, slow)

    def _end_unseen(self, now_ns: int) -> list[PassResult]:
        oldest_ns = now_ns - self._ends_after_s() * _NS_PER_S
        ended = [one for one in self._passes if one.last_mono_ns < oldest_ns]
        self._passes = [one for one in self._passes if one.last_mono_ns >= oldest_ns]
        return [final for one in ended if (final := self._close(one)) is not None]

    def tally(self) -> Mapping[str, int]:
        """Return passes that gave a read, were merged, rejected or ended early, so far."""
        counts = self.counts
        return {
            "passes": counts.passes,
            "passes_merged": counts.merged,
            "passes_ended_early": counts.ended_early,
            "passes_rejected": sum(counts.rejected.values()),
        }

    def _end_surplus(self) -> list[PassResult]:
        """End the passes longest unseen while there are more than may be followed."""
        results = []
        while len(self._passes) > self._limits.most_passes:
            oldest = min(self._passes, key=lambda one: (one.last_mono_ns, one.pass_id))
            self._passes.remove(oldest)
            self.counts.ended_early += 1
            results.append(self._close(oldest))
        return [one for one in results if one is not None]

    def _tell(self, one: Pass) -> PassResult | None:
        """Return the pass as it stands if its mark has reached a point that it had not before."""
        text = self._decide(one)
        level = self._level(text)
        key = one.fused.key
        if self._reason_to_reject(text) or level <= one.told.get(key, 0):
            return None
        if self._known(one, level) or self._awaits_a_surer_look(one, level):
            return None
        one.told[key] = level
        return one.result(text, final=False)

    def _close(self, one: Pass) -> PassResult | None:
        """Return the read of an ended pass, or None where it gives none; either way counted."""
        text = self._decide(one)
        reason = self._reason_to_reject(text)
        level = self._level(text)
        if reason and not one.told:
            self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1
            return None
        if self._known(one, level) and not one.told:
            self.counts.merged += 1
            return None
        self._closed.append(_Closed(one.fused, level, one.last_mono_ns))
        self.counts.reads += 1
        return one.result(text, final=True)

    def _known(self, one: Pass, level: int) -> bool:
        """Return whether a recent read, or another pass, told of this plate at least as surely.

        A less sure one does not count: a mark that becomes sure must be told.
        """
        others = [other for other in self._passes if other is not one]
        if any(other.told.get(one.fused.key, -1) >= level for other in others):
            return True
        if any(_is_rest(one, mark) for other in others for mark in other.told):
            return True
        recent = self._recent(one)
        return any(_same_plate(old, one, level) or _is_rest(one, old.key) for old in recent)

    def _awaits_a_surer_look(self, one: Pass, level: int) -> bool:
        """Return whether a doubtful mark is like one that was surely read a moment ago.

        A plate lost and found is often misread at first. Told at once, that would be a mark that
        is on no vehicle, and the plate's second read; it is told when it is sure, or at the end.
        """
        surer = [old.fused for old in self._recent(one) if old.level > level]
        others = (other for other in self._passes if other is not one)
        surer += [other.fused for other in others if max(other.told.values(), default=0) > level]
        return any(likeness(one.fused, fused).similar for fused in surer)

    def _recent(self, one: Pass) -> list[_Closed]:
        since_ns = one.first_mono_ns - self._limits.merge_within_s * _NS_PER_S
        return [old for old in self._closed if old.last_mono_ns >= since_ns]

    def _decide(self, one: Pass) -> PlateText:
        return decide(one.fused, self._today(), self._calibrate, one.grounds)

    def _level(self, text: PlateText) -> int:
        """Return 2 from the alarm point up, 1 from the possible point, else 0."""
        points = self._points
        return int(text.confidence >= points.possible) + int(text.confidence >= points.alarm)

    def _reason_to_reject(self, text: PlateText) -> str:
        if len(text.vrm) < _LEAST_CHARACTERS:
            return "no characters"
        if is_scrap(text, self._points.alarm):
            return "short and unsure"
        return "illegible" if text.confidence < self._points.kept else ""


def _same_plate(old: _Closed, one: Pass, level: int) -> bool:
    if one.fused.key == old.key:
        return level <= old.level
    return level < old.level and admits(one.fused, old.key)


def _is_rest(one: Pass, mark: str) -> bool:
    """Return whether a short pass shows what is left of a plate that leaves the frame."""
    key = one.fused.key
    return one.frames <= _REST_FRAMES and len(key) < len(mark) and key in mark
