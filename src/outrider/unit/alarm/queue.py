"""The hits that no officer has dealt with yet, in the order in which they are to be heard."""

from dataclasses import dataclass, field
from enum import Enum, auto

from outrider.records import Hit, MatchClass, Response
from outrider.unit.alarm.messages import Alert
from outrider.unit.alarm.patterns import pattern_of
from outrider.unit.alarm.protocol import ALERT_LATE_S, AlertFlags, AlertMatch, AlertResponse

_RESPONSES = {
    Response.STOP: AlertResponse.STOP,
    Response.ASSESS: AlertResponse.ASSESS,
    Response.OBSERVE: AlertResponse.OBSERVE,
}
_MATCHES = {MatchClass.EXACT: AlertMatch.EXACT, MatchClass.WILDCARD: AlertMatch.WILDCARD}
_U16_MAX = 0xFFFF
_U32_MAX = 0xFFFF_FFFF


def gravity(hit: Hit) -> tuple[int, int]:
    """Return a key that is lower for what must be heard first, as the firmware orders it."""
    return hit.match.entry.priority, pattern_of(hit).number


class Place(Enum):
    """How far an alert has come."""

    WAITING = auto()
    HELD = auto()
    """The unit has acknowledged it."""
    SOUNDED = auto()


@dataclass(slots=True)
class Entry:
    """An unacknowledged alert; raised_s is on the monotonic clock."""

    hit: Hit
    alert_id: int
    raised_s: float
    place: Place = Place.WAITING
    sounded_s: float | None = None
    heard_elsewhere: bool = False

    def order(self) -> tuple[tuple[int, int], float]:
        """Return a sort key: gravest first, then newest."""
        return gravity(self.hit), -self.raised_s

    def message(self, now_s: float) -> Alert:
        """Return the alert as it goes on the wire now."""
        age_s = max(0.0, now_s - self.raised_s)
        flags = AlertFlags.LOOK_BACK if self.hit.look_back else AlertFlags(0)
        if age_s > ALERT_LATE_S:
            flags |= AlertFlags.LATE
        match = self.hit.match
        looks_alike = self.hit.possible
        return Alert(
            alert_id=self.alert_id,
            priority=min(4, max(1, match.entry.priority)),
            response=_RESPONSES[self.hit.response],
            match_class=AlertMatch.LOOK_ALIKE if looks_alike else _MATCHES[match.match_class],
            flags=int(flags),
            list_age_min=min(_U16_MAX, int((match.list_age_s or 0) / 60)),
            age_ms=min(_U32_MAX, int(age_s * 1000)),
        )


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """A hit that no officer has dealt with: since when, and whether it has been heard."""

    hit: Hit
    age_s: float
    sounded: bool


def alert_id_of(hit: Hit) -> int:
    """Return the hit's number on the wire: its UUID's random half, which is never 0."""
    return hit.hit_id.int & 0xFFFF_FFFF_FFFF_FFFF


@dataclass(slots=True)
class QueueCounts:
    """Totals since start."""

    raised: int = 0
    repeated: int = 0
    overflowed: int = 0
    closed: int = 0
    unclaimed: int = 0


@dataclass(slots=True)
class AlertQueue:
    """At most `capacity` alerts; when full, the least grave and oldest goes, and is counted."""

    capacity: int = 256
    counts: QueueCounts = field(default_factory=QueueCounts)
    _entries: dict[int, Entry] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many alerts no officer has dealt with."""
        return len(self._entries)

    def add(self, hit: Hit, raised_s: float) -> Entry | None:
        """Take a hit in. Returns the entry that had to go for it (perhaps its own), if any."""
        alert_id = alert_id_of(hit)
        if alert_id in self._entries:
            self.counts.repeated += 1
            return None
        self.counts.raised += 1
        self._entries[alert_id] = Entry(hit, alert_id, raised_s)
        if len(self._entries) <= self.capacity:
            return None
        self.counts.overflowed += 1
        return self._entries.pop(max(self._entries.values(), key=Entry.order).alert_id)

    def get(self, alert_id: int) -> Entry | None:
        """Return an entry by its number on the wire."""
        return self._entries.get(alert_id)

    def close(self, alert_id: int) -> Entry | None:
        """Take an entry out, because an officer has dealt with it."""
        entry = self._entries.pop(alert_id, None)
        if entry is not None:
            self.counts.closed += 1
        return entry

    def in_order(self) -> list[Entry]:
        """Return all entries, first to be heard first."""
        return sorted(self._entries.values(), key=Entry.order)

    def unacknowledged(self, now_s: float) -> list[Unacknowledged]:
        """Return all with their ages, first to be heard first."""
        return [
            Unacknowledged(entry.hit, now_s - entry.raised_s, entry.sounded_s is not None)
            for entry in self.in_order()
        ]

    def next_waiting(self) -> Entry | None:
        """Return what the unit must be told of next."""
        waiting = (entry for entry in self._entries.values() if entry.place is Place.WAITING)
        return min(waiting, key=Entry.order, default=None)

    def held(self) -> list[Entry]:
        """Return what the unit holds, first to be heard first."""
        return [entry for entry in self.in_order() if entry.place is not Place.WAITING]

    def unit_forgot(self) -> None:
        """The session is over: whatever the unit held, it must be told again."""
        for entry in self._entries.values():
            entry.place = Place.WAITING
