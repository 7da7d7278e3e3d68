"""Who is on the road and how they move: oncoming, overtaken, overtaking, parked."""

from dataclasses import dataclass, replace
from math import cos, pi, sin

import numpy as np

from outrider.drive.truth import PlateColour
from outrider.plates.spec import PlateSpec
from outrider.rendered.bodies import BODIES, Body
from outrider.rendered.marks import MarkMaker, make_plate, plate_colour
from outrider.rendered.road import LEFT_LANE_M, RIGHT_LANE_M

EGO_SPEED_MPS = 14.5  # 32 mph
_EGO_SWAY_MPS = 1.4
_EGO_SWAY_S = 23.0
_ROOM_M = 5.0
_BEHIND_M, _AHEAD_M = -16.0, 170.0
_LATE_S = 7.0  # vehicles met up to this long after the end are in sight before it


@dataclass(frozen=True, slots=True)
class LaneChange:
    """A smooth move sideways: from when, for how long, to where (m right of the centre line)."""

    start_s: float
    length_s: float
    to_m: float


@dataclass(frozen=True, slots=True)
class Motion:
    """Where something is along the road and beside its centre line, for any time in s."""

    along_m: float
    speed_mps: float
    side_m: float
    changes: tuple[LaneChange, ...] = ()
    sway_mps: float = 0.0

    def along(self, t_s: float) -> float:
        """Return m along the road."""
        wave = 2 * pi / _EGO_SWAY_S
        return self.along_m + self.speed_mps * t_s + self.sway_mps / wave * (1 - cos(wave * t_s))

    def side(self, t_s: float) -> float:
        """Return m to the right of the centre line."""
        side = self.side_m
        for change in self.changes:
            part = min(max((t_s - change.start_s) / change.length_s, 0.0), 1.0)
            side += (change.to_m - side) * part * part * (3 - 2 * part)
        return side

    def speed(self, t_s: float) -> float:
        """Return m/s along the road."""
        return self.speed_mps + self.sway_mps * sin(2 * pi / _EGO_SWAY_S * t_s)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle. rear: its back, with the yellow plate, faces the camera."""

    number: int
    body: Body
    paint: tuple[int, int, int]
    spec: PlateSpec
    family_name: str
    rear: bool
    motion: Motion
    parked: bool


@dataclass(frozen=True, slots=True)
class _Meeting:
    kind: str
    at_s: float


PAINTS = (
    (188, 192, 196), (52, 55, 60), (28, 30, 33), (228, 229, 228), (30, 58, 112), (138, 26, 30),
    (96, 102, 108), (120, 146, 170), (40, 84, 70), (196, 88, 34), (166, 158, 140), (62, 108, 168),
)  # fmt: skip


def ego_motion(duration_s: float) -> Motion:
    """Return the own car's motion, with the overtaking that `meetings` plans."""
    changes = tuple(
        change
        for meeting in _meetings(duration_s)
        if meeting.kind == "overtaken"
        for change in (
            LaneChange(meeting.at_s - 4.2, 2.2, RIGHT_LANE_M),
            LaneChange(meeting.at_s + 1.6, 2.4, LEFT_LANE_M),
        )
    )
    return Motion(0.0, EGO_SPEED_MPS, LEFT_LANE_M, changes, _EGO_SWAY_MPS)


def _meetings(duration_s: float) -> list[_Meeting]:
    """Return who passes whom on the own side of the road, in turn."""
    kinds = ("overtaken", "overtaking", "overtaking-motorcycle", "overtaken")
    meetings, at_s = [], 6.5
    for turn in range(int(duration_s // 9) + 1):
        meetings.append(_Meeting(kinds[turn % len(kinds)], at_s))
        at_s += 13.0 if kinds[turn % len(kinds)] == "overtaken" else 10.5
    return [meeting for meeting in meetings if meeting.at_s < duration_s + _LATE_S]


class TrafficPlanner:
    """Puts vehicles on the road one by one, none where another is."""

    def __init__(self, seed: int, duration_s: float) -> None:
        self._seed = seed
        self._rng = np.random.default_rng([seed, 1])
        self._duration_s = duration_s
        self._marks = MarkMaker()
        self.ego = ego_motion(duration_s)
        self.vehicles: list[Vehicle] = []
        self._times = np.arange(-1.0, duration_s + 1.0, 0.2)
        self._taken = [(self.ego, 5.0)]

    def plan(self, repeats: int) -> tuple[Vehicle, ...]:
        """Return the traffic of the drive; the last `repeats` carry marks seen before."""
        for meeting in _meetings(self._duration_s):
            self._meet(meeting)
        for at_s in self._spaced(1.9, 7.5, 11.0):
            self._park(at_s)
        for at_s in self._spaced(1.7, 1.9, 4.6):
            self._oncoming(at_s)
        return self._with_repeats(repeats)

    def _spaced(self, first_s: float, least_s: float, most_s: float) -> list[float]:
        times, at_s = [], first_s
        while at_s < self._duration_s + _LATE_S:
            times.append(at_s)
            at_s += float(self._rng.uniform(least_s, most_s))
        return times

    def _meet(self, meeting: _Meeting) -> None:
        place = self.ego.along(meeting.at_s)
        if meeting.kind == "overtaken":
            speed = float(self._rng.uniform(8.8, 10.0))
            motion = Motion(place - speed * meeting.at_s, speed, LEFT_LANE_M)
            self._add(self._pick("van", "lorry", "suv", "hatchback"), True, motion)
            return
        speed = float(self._rng.uniform(19.5, 21.5))
        back = LaneChange(meeting.at_s + 1.8, 2.6, LEFT_LANE_M)
        out = LaneChange(-9.0, 1.0, RIGHT_LANE_M)
        motion = Motion(place - speed * meeting.at_s, speed, RIGHT_LANE_M, (out, back))
        bike = meeting.kind == "overtaking-motorcycle"
        name = "motorcycle" if bike else self._pick("saloon", "hatchback", "suv")
        self._add(name, True, motion)

    def _park(self, at_s: float) -> None:
        left = bool(self._rng.random() < 0.7)
        side = -4.75 if left else 4.85
        name = self._pick("hatchback", "saloon", "suv", "van")
        rear = left if self._rng.random() < 0.85 else not left
        self._add(name, rear, Motion(self.ego.along(at_s) + 18.0, 0.0, side), parked=True)

    def _oncoming(self, at_s: float) -> None:
        speed = float(self._rng.uniform(12.0, 16.5))
        sway = float(self._rng.normal(0, 0.08))
        motion = Motion(self.ego.along(at_s) + speed * at_s, -speed, RIGHT_LANE_M + sway)
        names = ("hatchback", "hatchback", "suv", "saloon", "hatchback", "suv", "van", "lorry")
        self._add(self._pick(*names), False, motion)

    def _pick(self, *names: str) -> str:
        return names[int(self._rng.integers(len(names)))]

    def _add(self, name: str, rear: bool, motion: Motion, *, parked: bool = False) -> None:
        if not self._free(motion, BODIES[name].length_m):
            return
        bike = name == "motorcycle"
        two_line = rear and name in ("van", "lorry") and bool(self._rng.random() < 0.5)
        rng = np.random.default_rng([self._seed, 8, len(self.vehicles)])
        named = self._marks.new(rng, splits=bike or two_line)
        spec = make_plate(rng, named, rear=rear, motorcycle=bike, two_line=two_line)
        black = plate_colour(spec) is PlateColour.BLACK
        body = BODIES["classic" if black and not bike else name]
        paint = PAINTS[int(self._rng.integers(len(PAINTS)))]
        if name == "van" and self._rng.random() < 0.65:
            paint = PAINTS[3]
        self.vehicles.append(
            Vehicle(len(self.vehicles), body, paint, spec, named[0], rear, motion, parked)
        )
        self._taken.append((motion, body.length_m))

    def _free(self, motion: Motion, length_m: float) -> bool:
        return not any(self._clash(motion, length_m, *other) for other in self._taken)

    def _clash(self, one: Motion, length_m: float, other: Motion, other_length_m: float) -> bool:
        for t_s in self._times:
            if not _BEHIND_M < one.along(t_s) - self.ego.along(t_s) < _AHEAD_M:
                continue  # out of sight: who meets whom there is nobody's business
            apart = one.along(t_s) - other.along(t_s)
            close = -length_m - _ROOM_M < apart < other_length_m + _ROOM_M
            if close and abs(one.side(t_s) - other.side(t_s)) < 2.2:
                return True
        return False

    def _with_repeats(self, repeats: int) -> tuple[Vehicle, ...]:
        vehicles = sorted(self.vehicles, key=lambda one: _met_s(one, self.ego))
        plain = [one for one in vehicles if one.body.style != "motorcycle"]
        for first, last in zip(plain[:repeats], plain[::-1][:repeats], strict=True):
            if first.number >= last.number and len(plain) < 2 * repeats:
                break
            again = replace(
                first.spec, background=last.spec.background, ink=last.spec.ink, band=None
            )
            vehicles[vehicles.index(last)] = replace(
                last, spec=again, family_name=first.family_name
            )
        return tuple(replace(one, number=number) for number, one in enumerate(vehicles))


def _met_s(vehicle: Vehicle, ego: Motion) -> float:
    closing = ego.speed_mps - vehicle.motion.speed_mps
    return (vehicle.motion.along_m - ego.along_m) / closing if abs(closing) > 0.1 else 1e9
