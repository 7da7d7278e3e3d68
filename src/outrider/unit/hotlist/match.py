"""The hotlists in force, and what a read meets in them.

*decide* matches. A new generation is opened and warmed by the thread *hotlist*, then handed over
whole; *decide* takes it before its next look-up and closes the old one, so no look-up ever sees
half a list, a closed one or none.
"""

import logging
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from outrider.clock import NS_PER_S, Clock, ClockQuality, said_duration
from outrider.records import (
    ComponentHealth,
    Level,
    Match,
    MatchClass,
    Part,
    PlateText,
    Position,
    Response,
    VehicleOfInterest,
)
from outrider.unit.hotlist import candidates
from outrider.unit.hotlist.arming import is_armed, uk_time
from outrider.unit.hotlist.candidates import Candidate
from outrider.unit.hotlist.generations import Generations
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.hotlist.lookup import LookupFile, LookupFileError
from outrider.unit.hotlist.sealed_file import DamagedError
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import HotlistSettings
from outrider.wire.hotlist_policy import ListPolicy

_log = logging.getLogger(__name__)

_POLL_S = 1.0
_NS_PER_HOUR = 3600 * NS_PER_S
_URGENCY = (Response.STOP, Response.ASSESS, Response.OBSERVE, Response.SILENT)
_SURENESS = tuple(MatchClass)
_BY_AGE = (Level.OK, Level.WARNING, Level.FAULT)


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list that is matched against: its open file, and what it was opened as."""

    name: str
    stamp: tuple[int, ...]
    file: LookupFile

    @property
    def label(self) -> str:
        """Name and revision, as it stands on every read."""
        return f"{self.name}:{self.file.header.revision}"


@dataclass(frozen=True, slots=True)
class _State:
    lists: tuple[OpenList, ...] = ()
    faults: tuple[str, ...] = ()
    given_up: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def revision(self) -> str:
        return ",".join(sorted(one.label for one in self.lists))


class HotlistMatcher:
    """The Matcher over a store of lists. match() is for one thread; the rest is for any."""

    def __init__(
        self, store: HotlistStore, clock: Clock, settings: HotlistSettings | None = None
    ) -> None:
        """Open what is in force now. Never raises for a bad list: health tells of it."""
        self._store = store
        self._clock = clock
        self._settings = settings or HotlistSettings()
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._wake = threading.Event()
        self._serving = _State()
        self._revision = ""
        self._incoming: _State | None = None
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._failed: dict[str, tuple[tuple[int, ...], str]] = {}
        self.refresh()
        self._take_over()

    @property
    def revision(self) -> str:
        """Revisions of the lists in force, as `name:revision`, parted by commas.

        For the matching thread: it takes in what has been switched meanwhile, so that the
        revision noted on a read is that of its look-up.
        """
        if self._incoming is not None:
            self._take_over()
        return self._revision

    @property
    def newest_utc_ns(self) -> int:
        """When the newest list in force was true; 0 without any. No look-up is of before that."""
        lists = (self._incoming or self._serving).lists
        return max((one.file.header.published_utc_ns for one in lists), default=0)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why a mark that is not found may be listed all the same: lists not looked at."""
        return (self._incoming or self._serving).faults

    def match(self, text: PlateText, position: Position, utc_ns: int) -> Sequence[Match]:
        """Return every entry that the mark meets, the most urgent first; silent ones included."""
        if self._incoming is not None:
            self._take_over()
        found: list[tuple[tuple[int, ...], Match]] = []
        for one in self._serving.lists:
            try:
                found += self._match_in(one, text, position, utc_ns)
            except (sqlite3.Error, LookupFileError) as error:
                self._fail(one, error)
        if len(found) > 1:
            found.sort(key=lambda ranked: ranked[0])
        return [match for _, match in found]

    def _match_in(
        self, one: OpenList, text: PlateText, position: Position, utc_ns: int
    ) -> list[tuple[tuple[int, ...], Match]]:
        met = candidates.find(one.file, text, self._settings.look_alike_min_probability)
        if not met:
            return []
        # A read from before its list was true: one of the clocks is wrong, and nobody knows which.
        before_s = (one.file.header.published_utc_ns - utc_ns) / NS_PER_S
        error_s = max(before_s, self._clock.stamp(self._clock.mono_ns()).error_s)
        local = uk_time(utc_ns)
        policy = one.file.policy
        ranked = []
        for candidate in met:
            entry = one.file.entry(candidate.entry_id)
            if is_armed(entry, policy, position, local, error_s):
                match = _as_match(one, candidate, capped(entry, policy), utc_ns)
                ranked.append((_urgency(match, policy), match))
        return ranked

    def _fail(self, one: OpenList, error: Exception) -> None:
        self._failures += 1
        # A fault until another generation comes: opened again, it may fail at the same entry again,
        # and what it did not answer was not "not listed".
        fault = f"list {one.name}: a look-up failed ({error}): import or update the list again"
        self._failed[one.name] = (one.stamp, fault)
        _log.error("%s", fault)
        with self._lock:
            rest = tuple(other for other in self._serving.lists if other is not one)
            self._serving = _State(rest, (*self._serving.faults, fault))
            self._revision = self._serving.revision
        one.file.close()
        self._wake.set()

    def refresh(self) -> None:
        """Open what is newly in force, and hand it to the matching thread. For any thread."""
        with self._refreshing:
            now = self._incoming or self._serving
            opened = {one.name: one for one in now.lists}
            state = self._state_now(now)
            if state == now:
                return
            for one in state.lists:
                known = opened.get(one.name)
                if known is None or known.file is not one.file:
                    one.file.warm()
            self._hand_over(state)

    def _state_now(self, before: _State) -> _State:
        opened = {one.name: one for one in before.lists}
        lists: list[OpenList] = []
        faults: list[str] = []
        given_up: list[tuple[str, tuple[int, ...]]] = []
        for name in self._store.names():
            generations = self._store.list(name)
            stamp = _stamp(generations)
            one = opened.get(name)
            if (one is not None and one.stamp == stamp) or (name, stamp) in before.given_up:
                faults += [fault for fault in before.faults if fault.startswith(f"list {name}:")]
            else:
                try:
                    one, refused = _open(name, generations, stamp, one)
                except LockedError as error:
                    # Not given up: tried again at each round, until the key is there.
                    faults.append(f"list {name}: locked: {error}")
                    lists += [one] if one is not None else []
                    continue
                faults += refused
            failed_at, fault = self._failed.get(name, (None, ""))
            if failed_at == stamp and fault not in faults:
                faults.append(fault)
            if one is not None:
                lists.append(one)
            else:
                given_up.append((name, stamp))
        return _State(tuple(lists), tuple(faults), tuple(given_up))

    def _hand_over(self, state: _State) -> None:
        with self._lock:
            passed_over = self._incoming
            self._incoming = state
            in_use = {one.file for one in (*self._serving.lists, *state.lists)}
        for one in passed_over.lists if passed_over else ():
            if one.file not in in_use:
                one.file.close()
        for fault in state.faults:
            _log.error("%s", fault)

    def _take_over(self) -> None:
        with self._lock:
            state, self._incoming = self._incoming, None
            if state is None:
                return
            before, self._serving = self._serving, state
            self._revision = state.revision
        kept = {one.file for one in state.lists}
        for one in before.lists:
            if one.file not in kept:
                one.file.close()

    def start(self, stop: threading.Event) -> None:
        """Begin to watch for new generations (a thread named hotlist, which ends on stop)."""
        self._thread = threading.Thread(
            target=self._watch, args=(stop,), name="hotlist", daemon=True
        )
        self._thread.start()

    def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._wake.wait(_POLL_S)
            self._wake.clear()
            try:
                self.refresh()
            except (OSError, sqlite3.Error) as error:
                self._failures += 1
                _log.error("hotlists cannot be looked at: %s", error)

    def health(self) -> ComponentHealth:
        """Return how the lists are: none, damaged, old, or in force with revision and age."""
        state = self._incoming or self._serving
        counts = {
            "lists": len(state.lists),
            "entries": sum(one.file.entries for one in state.lists),
            "failures": self._failures,
        }
        if state.faults:
            return ComponentHealth(Part.HOTLIST, Level.FAULT, "; ".join(state.faults), counts)
        if not counts["entries"]:
            level = Level.FAULT if self._settings.asked_for else Level.WARNING
            return ComponentHealth(Part.HOTLIST, level, self._nothing_in_force(state), counts)
        stamp = self._clock.stamp(self._clock.mono_ns())
        ages = {one: age_h(one.file.header.published_utc_ns, stamp.utc_ns) for one in state.lists}
        detail = "; ".join(
            f"{one.label}, {said_duration(hours * 3600)} old" for one, hours in ages.items()
        )
        level = self._age_level(max(ages.values()))
        if stamp.quality is ClockQuality.FREE_RUNNING:
            detail += " (by a clock that nothing has set)"
            if self._age_level(max(ages.values()) - stamp.error_s / 3600) is not Level.FAULT:
                level = min(level, Level.WARNING, key=_BY_AGE.index)  # not the lists' own fault
        return ComponentHealth(Part.HOTLIST, level, detail, counts)

    def _nothing_in_force(self, state: _State) -> str:
        if state.lists:
            return f"no entry in force: {', '.join(one.label for one in state.lists)} is empty"
        return f"no hotlist in {self._store.root}: run `outrider hotlist import`"

    def _age_level(self, oldest_h: float) -> Level:
        if oldest_h >= self._settings.red_age_h:
            return Level.FAULT
        return Level.WARNING if oldest_h >= self._settings.amber_age_h else Level.OK

    def close(self) -> None:
        """Close every file; may be called twice. Matching must have ended."""
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        with self._lock:
            every = {one.file for s in (self._serving, self._incoming) if s for one in s.lists}
            self._serving, self._incoming = _State(), None
        for file in every:
            file.close()


def age_h(published_utc_ns: int, now_utc_ns: int) -> float:
    """Return a list's age in hours; none is younger than 0, whatever the clock says."""
    return max(0.0, (now_utc_ns - published_utc_ns) / _NS_PER_HOUR)


def _stamp(generations: Generations) -> tuple[int, ...]:
    try:
        status = generations.pointer_file.stat()
    except FileNotFoundError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _open(
    name: str, generations: Generations, stamp: tuple[int, ...], known: OpenList | None
) -> tuple[OpenList | None, list[str]]:
    """Open the first sound generation, else keep what is known; tell of those not sound."""
    refused: list[str] = []
    for generation in generations.candidates():
        try:
            file = generations.open(generation)
        except (DamagedError, OSError):
            refused.append(f"list {name}: generation {generation.name} is damaged")
            continue
        except LookupFileError as error:
            refused.append(f"list {name}: {error}")
            continue
        if refused:
            refused.append(f"list {name}: matching goes on with generation {generation.name}")
        return OpenList(name, stamp, file), refused
    refused.append(f"list {name}: no sound generation is left: import it again")
    return (replace(known, stamp=stamp) if known is not None else None), refused


def capped(entry: VehicleOfInterest, policy: ListPolicy) -> VehicleOfInterest:
    """Return the entry with a response no stronger than its list may ask for.

    Silent stays silent: a cap is no leave to tell the crew.
    """
    strongest = policy.strongest_response
    if _URGENCY.index(entry.response) >= _URGENCY.index(strongest):
        return entry
    return replace(entry, response=strongest)


def _as_match(one: OpenList, candidate: Candidate, entry: VehicleOfInterest, utc_ns: int) -> Match:
    header = one.file.header
    age_s = (utc_ns - header.published_utc_ns) / NS_PER_S
    return Match(
        list_name=one.name,
        list_revision=header.revision,
        list_age_s=age_s if age_s >= 0 else None,
        match_class=candidate.match_class,
        entry=entry,
        differences=candidate.differences,
    )


def _urgency(match: Match, policy: ListPolicy) -> tuple[int, ...]:
    return (
        int(match.match_class is MatchClass.LOOK_ALIKE),
        match.entry.priority,
        _URGENCY.index(match.entry.response),
        policy.rank,
        _SURENESS.index(match.match_class),
    )
