"""Where an answer is blind: cameras off or silent, old uploads, reads that are misreads."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.access.scope import Field, Scope
from outrider.centre.search.answers import BlindSpots, LookAlike, Misread, SilentCamera
from outrider.centre.search.telling import age_s
from outrider.centre.store import queries
from outrider.centre.store.columns import from_us
from outrider.centre.store.intake import IntakeStore
from outrider.centre.store.places import Place
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import CameraFacts, Question
from outrider.clock import NS_PER_S, Clock
from outrider.vrm import LOOK_ALIKES, fold

_BEFORE_US = 28 * 86_400_000_000
_KEPT_S = 20.0
_SILENT_SHOWN = 20
_UNIT_RATES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Unit:
    newest_at: datetime
    missing: int


class Uploads:
    """When each unit was heard of last, and what of it is missing; asked for every 20 seconds."""

    def __init__(self, store: IntakeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._units: dict[str, _Unit] = {}
        self._until_ns = 0

    def units(self) -> dict[str, _Unit]:
        """Return the units by name. Raises StoreError."""
        with self._lock:
            if self._clock.mono_ns() >= self._until_ns:
                self._units = self._read()
                self._until_ns = self._clock.mono_ns() + int(_KEPT_S * NS_PER_S)
            return self._units

    def _read(self) -> dict[str, _Unit]:
        found: dict[str, _Unit] = {}
        for journal in self._store.journals():
            missing = sum(run.last - run.first + 1 for run in journal.missing)
            known = found.get(journal.unit_id)
            newest = journal.last_upload_at
            if known is not None:
                newest, missing = max(newest, known.newest_at), missing + known.missing
            found[journal.unit_id] = _Unit(newest, missing)
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What the blind spots are of: a span, a place or none, and a mark (folded) or none."""

    since_us: int
    until_us: int
    place: Place | None = None
    vrm: str = ""


class Blindness:
    """Says where an answer is blind."""

    def __init__(self, uploads: Uploads, clock: Clock) -> None:
        self._uploads = uploads
        self._clock = clock

    def of(
        self, session: SearchSession, scope: Scope, asked: Asked, total: int, seen_by: Sequence[int]
    ) -> BlindSpots:
        """Return the blind spots of an answer of so many reads, by these cameras."""
        now = self._clock.stamp(self._clock.mono_ns()).utc
        units = self._uploads.units()
        before_us = asked.since_us - _BEFORE_US
        heard = queries.busy(
            session, scope.bounds, asked.place, asked.since_us, asked.until_us, before_us
        )
        quiet = [one for one in heard if not one.within]
        facts = queries.cameras(session, [one.camera for one in heard] + list(seen_by))
        silent = tuple(
            _silent(scope, facts[one.camera], units, asked.until_us)
            for one in quiet[:_SILENT_SHOWN]
            if one.camera in facts
        )
        newest = max((unit.newest_at for unit in units.values()), default=None)
        rates = _rates(session, scope, facts, set(seen_by))
        look_alikes = _look_alikes(session, scope, asked, rates[1])
        likely = _likely(look_alikes, total) if asked.vrm else None
        working = len(heard) - len(quiet)
        return BlindSpots(
            working,
            silent,
            len(quiet),
            newest,
            age_s(newest, now),
            sum(unit.missing for unit in units.values()),
            rates[0],
            look_alikes,
            likely,
            _words(total, working, len(quiet), age_s(newest, now), bool(heard)),
        )


def _silent(
    scope: Scope, camera: CameraFacts, units: dict[str, _Unit], until_us: int
) -> SilentCamera:
    unit = units.get(camera.unit_id)
    if unit is None or unit.newest_at < from_us(until_us):
        why = "not uploaded"
    else:
        why = "gap" if unit.missing else "silent"
    tells = scope.tells(Field.UNIT)
    return SilentCamera(
        camera.unit_id if tells else None,
        camera.camera_id if tells else None,
        camera.force,
        why,
        unit.newest_at if unit else None,
    )


def _rates(
    session: SearchSession, scope: Scope, facts: dict[int, CameraFacts], seen_by: set[int]
) -> tuple[tuple[Misread, ...], float]:
    """Return the rates of the units that read what is shown, and that of all together."""
    by_unit: dict[str, list[int]] = {}
    all_right = all_wrong = 0
    for camera, right, wrong in queries.answered(session, scope.bounds):
        all_right, all_wrong = all_right + right, all_wrong + wrong
        if camera in seen_by and camera in facts:
            counts = by_unit.setdefault(facts[camera].unit_id, [0, 0])
            counts[0] += right
            counts[1] += wrong
    tells = scope.tells(Field.UNIT)
    found = tuple(
        Misread(unit if tells else None, right, wrong, rate_of(right, wrong))
        for unit, (right, wrong) in sorted(by_unit.items())[:_UNIT_RATES_SHOWN]
    )
    return found, rate_of(all_right, all_wrong)


def rate_of(right: int, wrong: int) -> float:
    """Return a misread rate by the rule of succession: no rate is 0 for want of answers."""
    return (wrong + 1) / (right + wrong + 2)


def neighbours(vrm: str) -> set[str]:
    """Return the folded marks that differ at one character which readers confuse."""
    found = set()
    for place, char in enumerate(vrm):
        for other in LOOK_ALIKES.get(char, ()):
            found.add(fold(vrm[:place] + other + vrm[place + 1 :]))
    return found - {vrm}


def _look_alikes(
    session: SearchSession, scope: Scope, asked: Asked, rate: float
) -> tuple[LookAlike, ...]:
    if not asked.vrm:
        return ()
    others = tuple(sorted(neighbours(asked.vrm)))
    question = Question(asked.since_us, asked.until_us, marks=others, place=asked.place)
    seen = queries.frequency(session, scope.bounds, question)
    found = [
        # A misread falls on any of the marks that look like it, each as likely as the others.
        LookAlike(vrm, count, round(count * rate / max(1, len(neighbours(vrm))), 4))
        for vrm, count in seen.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.expected, one.mark)))


def _likely(look_alikes: Sequence[LookAlike], total: int) -> float | None:
    if not total:
        return None
    return min(1.0, round(sum(one.expected for one in look_alikes) / total, 4))


def _words(total: int, working: int, silent: int, newest_s: float | None, heard: bool) -> str:
    """Return the blind spots in one sentence, for whoever reads no table."""
    what = "Not seen" if not total else f"{total:,} read{'' if total == 1 else 's'}"
    if not heard:
        by = "no camera was heard there, then or in the four weeks before"
    else:
        cameras = f"{working} camera{'' if working == 1 else 's'}"
        by = f"{cameras} read there then, {silent} that had read there before did not"
    if newest_s is None:
        return f"{what}: {by}; no unit has uploaded yet."
    return f"{what}: {by}; the newest upload is {newest_s / 3600:.1f} h old."
