"""Alerts over a faulty line in simulated time: real firmware, real host logic, an officer."""

import random
from dataclasses import dataclass, field

from outrider.records import Hit, MatchClass, Response
from outrider.unit.alarm.dispatcher import Closed, Dispatcher, Sounded
from outrider.unit.alarm.link import AlarmLink, Greeted
from outrider.unit.alarm.queue import AlertQueue
from outrider.unit.rehearsal.lockstep import Board
from outrider.unit.rehearsal.simulator import Built
from tests.firmware.channel import Channel
from tests.unit.alarm import makers

_STEP_US = 10_000
_MEAN_GAP_S = 0.45
_PRESS_S = 0.04
_BETWEEN_PRESSES_S = 0.48  # over the firmware's reaction time
_DRAIN_S = 60.0
_OPEN_MAX = 40


@dataclass
class Outcome:
    """What came of a campaign."""

    alerts: int
    sounded: dict[int, int] = field(default_factory=dict)
    recorded: dict[int, int] = field(default_factory=dict)
    raised: set[int] = field(default_factory=set)
    latencies_ms: list[float] = field(default_factory=list)
    sessions: int = 0
    simulated_s: float = 0.0
    frames: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def failures(self) -> list[str]:
        """Return what breaks the promise: each sounded at least once, recorded exactly once."""
        silent = [alert for alert in self.raised if not self.sounded.get(alert)]
        wrong = [alert for alert in self.raised if self.recorded.get(alert) != 1]
        strange = [alert for alert in self.recorded if alert not in self.raised]
        found = {"never sounded": silent, "not recorded once": wrong, "never raised": strange}
        return [f"{len(alerts)} {what}" for what, alerts in found.items() if alerts]


class FaultyLine:
    """The two sides, the two directions between them, and the officer."""

    def __init__(self, built: Built, alerts: int, rate: float, seed: int) -> None:
        self.rng = random.Random(seed)
        self.board = Board(built)
        self.to_unit = Channel(random.Random(seed + 1), rate)
        self.from_unit = Channel(random.Random(seed + 2), rate)
        self.queue = AlertQueue()
        self.desk = Dispatcher(AlarmLink(1 + seed % 255, 0.0), self.queue)
        self.outcome = Outcome(alerts)
        self._next_raise_s = 1.0
        self._next_press_s = 1.0
        self._release_s: float | None = None
        self._raised_s: dict[int, float] = {}

    def run(self) -> Outcome:
        """Raise all alerts, let the officer close them, return what came of it."""
        end_s = float("inf")
        while self.board.now_s < end_s:
            self._round()
            done = len(self.outcome.raised) == self.outcome.alerts
            if done and not len(self.queue):
                break
            if done and end_s == float("inf"):
                end_s = self.board.now_s + _DRAIN_S + 2 * len(self.queue)
        self.outcome.simulated_s = self.board.now_s
        self.outcome.frames = self.to_unit.frames + self.from_unit.frames
        for name, count in self.to_unit.faults.items():
            self.outcome.faults[name] = count + self.from_unit.faults[name]
        self.board.close()
        return self.outcome

    def _round(self) -> None:
        now_s = self.board.now_s
        self._raise_due(now_s)
        self._officer(now_s)
        self.desk.step(now_s)
        to_unit = self.to_unit.carry(self.desk.link.take_out(), now_s)
        from_unit = self.board.run(_STEP_US, to_unit)
        now_s = self.board.now_s
        self.desk.link.receive(self.from_unit.carry(from_unit, now_s), now_s)
        self.desk.step(now_s)
        self._take_notices()

    def _raise_due(self, now_s: float) -> None:
        if now_s < self._next_raise_s or len(self.outcome.raised) == self.outcome.alerts:
            return
        if len(self.queue) >= _OPEN_MAX:
            return  # the officer is behind; what a full queue does is tested elsewhere
        self._next_raise_s = now_s + self.rng.expovariate(1 / _MEAN_GAP_S)
        hit = self._any_hit()
        alert_id = hit.hit_id.int & 0xFFFF_FFFF_FFFF_FFFF
        self.outcome.raised.add(alert_id)
        self._raised_s[alert_id] = now_s
        self.desk.raise_hit(hit, now_s)

    def _any_hit(self) -> Hit:
        response = self.rng.choice((Response.STOP, Response.ASSESS, Response.OBSERVE))
        match_class = self.rng.choice(tuple(MatchClass))
        look_back = self.rng.random() < 0.1
        return makers.hit(response, self.rng.randint(1, 4), match_class, look_back=look_back)

    def _officer(self, now_s: float) -> None:
        """Press acknowledge now and then, while the unit says that it shows something."""
        if self._release_s is not None and now_s >= self._release_s:
            self.board.order("release acknowledge")
            self._release_s = None
        if now_s >= self._next_press_s and self._release_s is None and len(self.queue.held()):
            self.board.order("press acknowledge")
            self._release_s = now_s + _PRESS_S
            self._next_press_s = now_s + _BETWEEN_PRESSES_S

    def _take_notices(self) -> None:
        for notice in self.desk.take_notices():
            if isinstance(notice, Sounded):
                self._count_sounded(notice)
            elif isinstance(notice, Closed):
                alert_id = notice.hit.hit_id.int & 0xFFFF_FFFF_FFFF_FFFF
                self.outcome.recorded[alert_id] = self.outcome.recorded.get(alert_id, 0) + 1
            elif isinstance(notice, Greeted):
                self.outcome.sessions += 1

    def _count_sounded(self, notice: Sounded) -> None:
        alert_id = notice.entry.alert_id
        if alert_id not in self.outcome.sounded:
            waited_s = notice.at_s - self._raised_s[alert_id]
            self.outcome.latencies_ms.append(waited_s * 1000)
        self.outcome.sounded[alert_id] = self.outcome.sounded.get(alert_id, 0) + 1
