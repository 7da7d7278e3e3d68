"""The repeat rule: one alarm a pass, and none again for the same vehicle until it is news.

It is news after a set time or distance, or when the hit escalates: surer, or of higher priority.
Silent hits are judged apart, so that they change nothing that the crew could notice.
"""

import math
import uuid
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from outrider.clock import NS_PER_S
from outrider.records import Match, MatchClass, Position, Read, Response
from outrider.unit.ports import Verdict
from outrider.vrm import fold

_MAX_VEHICLES = 4096
_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_SURENESS = tuple(MatchClass)


@dataclass(frozen=True, slots=True)
class _Urgency:
    possible: bool
    priority: int
    sureness: int

    def escalates(self, before: "_Urgency") -> bool:
        """Return whether this is more urgent in one way, and not less sure."""
        if self.possible != before.possible:
            return before.possible
        return self.priority < before.priority or self.sureness < before.sureness


@dataclass(slots=True)
class _Vehicle:
    urgency: _Urgency
    mono_ns: int
    position: Position
    pass_key: uuid.UUID
    recorded: set[Hashable]


class RepeatRule:
    """Judges each hit. For the decide thread alone; keeps the last 4,096 vehicles that alarmed."""

    def __init__(self, repeat_after_s: float, repeat_after_m: float) -> None:
        """Set after what time in s, or over what distance in m, a vehicle is news again."""
        self._after_ns = round(repeat_after_s * NS_PER_S)
        self._after_m = repeat_after_m
        self._vehicles: OrderedDict[Hashable, _Vehicle] = OrderedDict()

    def judge(self, read: Read, match: Match, possible: bool) -> Verdict:
        """Return what becomes of a hit of a read (its id names the pass), and remember it."""
        key = _vehicle_key(read, match)
        urgency = _Urgency(possible, match.entry.priority, _SURENESS.index(match.match_class))
        entry_key = (match.list_name, match.entry, match.match_class)
        known = self._vehicles.get(key)
        if known is None or self._is_news(known, urgency, read):
            recorded = known.recorded if known and known.pass_key == read.read_id else set()
            fresh = _Vehicle(urgency, read.mono_ns, read.position, read.read_id, recorded)
            fresh.recorded.add(entry_key)
            self._keep(key, fresh)
            return Verdict.ALARM
        return _record(known, read.read_id, entry_key)

    def _is_news(self, known: _Vehicle, urgency: _Urgency, read: Read) -> bool:
        if urgency.escalates(known.urgency):
            return True
        if read.read_id == known.pass_key:
            return False
        if read.mono_ns - known.mono_ns >= self._after_ns:
            return True
        away_m = distance_m(known.position, read.position)
        return away_m is not None and away_m >= self._after_m

    def _keep(self, key: Hashable, vehicle: _Vehicle) -> None:
        self._vehicles[key] = vehicle
        self._vehicles.move_to_end(key)
        while len(self._vehicles) > _MAX_VEHICLES:
            self._vehicles.popitem(last=False)


def _vehicle_key(read: Read, match: Match) -> Hashable:
    """Return what stands for the vehicle: the listed mark, or the read one under a wildcard."""
    wild = match.match_class is MatchClass.WILDCARD
    mark = read.text.vrm if wild else match.entry.vrm
    return match.entry.response is Response.SILENT, fold(mark)


def _record(known: _Vehicle, pass_key: uuid.UUID, entry_key: Hashable) -> Verdict:
    if known.pass_key != pass_key:
        known.pass_key = pass_key
        known.recorded.clear()
    if entry_key in known.recorded:
        return Verdict.REPEAT
    known.recorded.add(entry_key)
    return Verdict.RECORD


def distance_m(start: Position, end: Position) -> float | None:
    """Return the great-circle distance in m (haversine); None where a position is unknown."""
    if start.latitude_deg is None or start.longitude_deg is None:
        return None
    if end.latitude_deg is None or end.longitude_deg is None:
        return None
    lat_a, lat_b = math.radians(start.latitude_deg), math.radians(end.latitude_deg)
    half_lon = math.radians(end.longitude_deg - start.longitude_deg) / 2
    half_lat = (lat_b - lat_a) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))
