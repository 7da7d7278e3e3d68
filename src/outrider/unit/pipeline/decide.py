"""Decide: track and vote, tag, check, alarm, journal. One thread owns all of it, so no locks."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

from outrider.records import (
    NO_PICTURES,
    Frame,
    Hit,
    Match,
    Observation,
    PassResult,
    Pictures,
    Read,
)
from outrider.unit.events import Events
from outrider.unit.pipeline.patience import Patience
from outrider.unit.pipeline.tag import Tagger
from outrider.unit.ports import (
    AlarmOutput,
    Journal,
    LookBack,
    Matcher,
    PositionSource,
    RepeatRule,
    Verdict,
)
from outrider.unit.recognise.operating_points import OperatingPoints

_log = logging.getLogger(__name__)

_NIGHT_BELOW_GREY = 40.0  # mean grey level of a frame at the camera's fixed exposure
_LIGHT_SMOOTHING = 0.05
_LIGHT_STEP_PX = 32
_PASSES_REMEMBERED = 256


class PassTracker(Protocol):
    """Observations in, frame by frame; what each pass has given so far, or in the end, out."""

    @property
    def in_sight(self) -> AbstractSet[int]:
        """The passes whose plates the last frame showed."""
        ...

    def update(self, frame: Frame, observations: Sequence[Observation]) -> list[PassResult]:
        """Take in what one frame showed."""
        ...

    def finish(self) -> list[PassResult]:
        """End every open pass."""
        ...

    def tally(self) -> Mapping[str, int]:
        """Return what became of the passes so far, by name; for the unit's health."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What a match has to pass to be raised.

    possible_waits_s: how long at most a doubtful read waits for its own pass to become sure, so
    that one vehicle gives one alert; see `patience`. 0: not at all.
    """

    points: OperatingPoints
    repeat: RepeatRule
    look_back: LookBack
    possible_waits_s: float = 0.0


@dataclass(slots=True)
class DecideCounts:
    """What was decided so far. Silent hits stand in no count that the crew can see."""

    reads: int = 0
    hits: int = 0
    acknowledged: int = 0
    revised_after_hit: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A read with its pictures beside it."""

    read: Read
    pictures: Pictures


@dataclass(slots=True)
class _OpenPass:
    read_id: uuid.UUID
    raised_vrms: set[str] = field(default_factory=set)
    met: list[Match] = field(default_factory=list)
    waiting: _Seen | None = None
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where decisions go."""

    alarm: AlarmOutput
    journal: Journal
    events: Events


class Decider:
    """The stages behind the recogniser, in the order in which a read passes through them."""

    def __init__(
        self,
        tracker: PassTracker,
        tagger: Tagger,
        matcher: Matcher,
        rules: Rules,
        outputs: Outputs,
    ) -> None:
        self._tracker = tracker
        self._tagger = tagger
        self._matcher = matcher
        self._rules = rules
        self._out = outputs
        self._open: dict[int, _OpenPass] = {}
        self._grey_level: float | None = None
        self._now_ns = 0
        self.counts = DecideCounts()

    def take(self, frame: Frame, observations: Sequence[Observation]) -> None:
        """Take in what one frame showed, and act on every pass that it moved on."""
        self._note_light(frame)
        self._now_ns = frame.mono_ns
        results = self._tracker.update(frame, observations)
        self._count_looks()
        for result in results:
            self._act_on(result)
        self._check_waiting()

    def finish(self) -> None:
        """End every open pass: the source has ended, or stalled, or the unit stops."""
        for result in self._tracker.finish():
            self._act_on(result)

    def rounds(self, positions: PositionSource) -> None:
        """Do what is due now and then: officers' actions in, look-back, speed and light out."""
        for action in self._out.alarm.actions():
            self._out.journal.put_action(action)
            self._out.events.action(action)
            self.counts.acknowledged += 1
        for read, match in self._rules.look_back.check(self._matcher):
            self._judge(_Seen(read, NO_PICTURES), match, look_back=True)  # the journal has them
        fix = positions.latest()
        self._out.alarm.set_context(fix.speed_mps if fix else None, self.night)

    @property
    def night(self) -> bool:
        """Whether the pictures have been dark for a while."""
        return self._grey_level is not None and self._grey_level < _NIGHT_BELOW_GREY

    def _act_on(self, result: PassResult) -> None:
        opened = self._open.get(result.pass_id)
        if opened is None:
            opened = _OpenPass(self._tagger.new_read_id(result.first_mono_ns))
            self._open[result.pass_id] = opened
            self._forget_oldest()
        read = self._tagger.read_of(result, opened.read_id, self._matcher.revision)
        seen = _Seen(read, result.pictures)
        if self._waits(read, opened, result):
            opened.waiting = seen
        else:
            opened.waiting = None
            self._check(seen, opened)
        if result.final:
            del self._open[result.pass_id]
            self._keep(seen, opened)

    def _forget_oldest(self) -> None:
        """Bound the passes remembered: the tracker never ends one that it merged or rejected."""
        while len(self._open) > _PASSES_REMEMBERED:
            oldest = self._open.pop(next(iter(self._open)))
            if oldest.waiting is not None:
                self._check(oldest.waiting, oldest)

    def _waits(self, read: Read, opened: _OpenPass, result: PassResult) -> bool:
        """Return whether a read waits for a surer one of its own pass: once."""
        if result.final or not self._is_doubtful(read):
            return False
        if opened.patience is None:
            opened.patience = Patience(self._now_ns)
        return not opened.patience.is_over(self._now_ns, self._rules.possible_waits_s)

    def _count_looks(self) -> None:
        in_sight = self._tracker.in_sight
        for pass_id, opened in self._open.items():
            if opened.patience is not None:
                opened.patience.look(pass_id in in_sight)

    def _check_waiting(self) -> None:
        """Check the reads whose pass has had its time to become sure."""
        for opened in self._open.values():
            seen, patience = opened.waiting, opened.patience
            if seen is None or patience is None:
                continue
            if patience.is_over(self._now_ns, self._rules.possible_waits_s):
                opened.waiting = None
                self._check(seen, opened)

    def _is_doubtful(self, read: Read) -> bool:
        return read.text.confidence < self._rules.points.alarm or read.text.ambiguous

    def _check(self, seen: _Seen, opened: _OpenPass) -> None:
        read = seen.read
        if read.text.confidence < self._rules.points.possible:
            return
        matches = self._matcher.match(read.text, read.position, read.at.utc_ns)
        opened.met.extend(matches)
        for match in matches:
            if self._judge(seen, match, look_back=False):
                opened.raised_vrms.add(read.text.vrm)

    def _judge(self, seen: _Seen, match: Match, *, look_back: bool) -> bool:
        """Raise a match if it is news, else record it once; return whether the crew was told."""
        read = seen.read
        doubtful = self._is_doubtful(read)
        verdict = self._rules.repeat.judge(read, match, match.is_possible(doubtful))
        if verdict is Verdict.REPEAT:
            return False
        hit_id = self._tagger.new_hit_id(read.mono_ns)
        hit = Hit(hit_id, read, match, look_back=look_back, doubtful=doubtful)
        return self._raise(hit, seen.pictures, sounds=verdict is Verdict.ALARM)

    def _raise(self, hit: Hit, pictures: Pictures, *, sounds: bool) -> bool:
        """Sound it before it is written; a silent one, or one that is no news, is only written."""
        told = sounds and not hit.silent
        if told:
            self._out.alarm.raise_alert(hit)
        self._out.journal.put_hit(hit, pictures)
        if told:
            self.counts.hits += 1
            self._out.events.hit(hit)
        return told

    def _keep(self, seen: _Seen, opened: _OpenPass) -> None:
        read = seen.read
        self._out.journal.put_read(read, seen.pictures)
        self.counts.reads += 1
        self._out.events.read(read)
        if opened.raised_vrms - {read.text.vrm}:
            self.counts.revised_after_hit += 1
        if read.text.confidence >= self._rules.points.possible:
            self._rules.look_back.remember(read, tuple(opened.met), read.hotlist_revision)

    def _note_light(self, frame: Frame) -> None:
        level = float(frame.image[::_LIGHT_STEP_PX, ::_LIGHT_STEP_PX].mean())
        before = level if self._grey_level is None else self._grey_level
        self._grey_level = before + _LIGHT_SMOOTHING * (level - before)
