"""What has come of the alerts: officers' actions, log, what the other output says, health."""

import logging
from collections import deque
from functools import singledispatchmethod

from outrider.clock import NS_PER_S, Clock, UtcStamp, said_duration
from outrider.records import ComponentHealth, Level, OfficerAction, Part
from outrider.unit.alarm import messages as m
from outrider.unit.alarm.dispatcher import Closed, Dispatcher, Notice, Pressed, Sounded
from outrider.unit.alarm.interfaces import SecondOutput
from outrider.unit.alarm.link import Answered, Greeted, Lost, Refused
from outrider.unit.alarm.protocol import ResetCause, UnitFaults

_log = logging.getLogger(__name__)
_ACTIONS_MAX = 1024
_AWAY_GRACE_S = 1.5  # a Nano that was reset by the opening of its port is back by then
_UNHEARD_AFTER_S = 1.0
_BROKEN = UnitFaults.FLASH | UnitFaults.RAM


class Outcomes:
    """Takes the dispatcher's notices. Its caller holds the lock that guards both."""

    def __init__(
        self,
        name: str,
        dispatcher: Dispatcher,
        clock: Clock,
        second: SecondOutput | None,
        now_s: float,
    ) -> None:
        self._name = name
        self._dispatcher = dispatcher
        self._clock = clock
        self._second = second
        self._now_s = now_s
        self._away_since_s: float | None = now_s
        self._away_told = False
        self._reason = "not found yet"
        self._actions: deque[OfficerAction] = deque(maxlen=_ACTIONS_MAX)
        self._counts = {"sounded": 0, "late": 0, "acted": 0, "restarts_by_watchdog": 0}

    def take_actions(self) -> list[OfficerAction]:
        """Return the officer's actions since the last call."""
        actions = list(self._actions)
        self._actions.clear()
        return actions

    def port_lost(self, reason: str) -> None:
        """Note why the port cannot be used."""
        self._reason = reason

    def hear_elsewhere(self, now_s: float, older_than_s: float = 0.0) -> None:
        """While the unit is away, give hits that nobody has heard to the other output, once."""
        if self._second is None or self._away_since_s is None:
            return
        for entry in self._dispatcher.queue.in_order():
            heard = entry.heard_elsewhere or entry.sounded_s is not None
            if not heard and now_s - entry.raised_s >= older_than_s:
                entry.heard_elsewhere = True
                self._second.unheard(entry.hit)

    def take(self, notices: list[Notice], now_s: float) -> None:
        """Take what has happened, and notice how long the unit has been away."""
        self._now_s = now_s
        for notice in notices:
            self._note(notice)
        self.hear_elsewhere(now_s, _UNHEARD_AFTER_S)
        since_s = self._away_since_s
        if since_s is not None and not self._away_told and now_s - since_s >= _AWAY_GRACE_S:
            self._away_told = True
            self._say_fault(f"The alarm unit is away: {self._reason}", "Alarm unit not answering.")

    @singledispatchmethod
    def _note(self, notice: Notice) -> None:
        raise TypeError(f"no rule for {type(notice).__name__}")

    @_note.register
    def _(self, notice: Closed) -> None:
        self._counts["acted"] += 1
        if len(self._actions) == _ACTIONS_MAX:
            _log.error("officers' actions are not taken: the oldest of %d is lost", _ACTIONS_MAX)
        self._actions.append(
            OfficerAction(notice.hit.hit_id, notice.kind, self._stamp(notice.at_s))
        )
        if self._second is not None:
            self._second.acted(notice.hit)

    @_note.register
    def _(self, notice: Sounded) -> None:
        self._counts["sounded"] += 1
        self._counts["late"] += notice.late
        if self._second is not None:
            self._second.sounded(notice.entry.hit, notice.late)

    @_note.register
    def _(self, notice: Greeted) -> None:
        hello = notice.hello
        self._away_since_s, self._away_told = None, False
        _log.info(
            "alarm unit %s: firmware %s, serial %s",
            self._name,
            hello.version,
            hello.serial or "none",
        )
        if (
            hello.reset_cause & ResetCause.WATCHDOG
            and hello.unit_faults & UnitFaults.WATCHDOG_RESET
        ):
            self._counts["restarts_by_watchdog"] += 1
            self._say_fault(
                "The alarm unit hung and was restarted by its watchdog", "Alarm unit restarted."
            )

    @_note.register
    def _(self, notice: Lost | Refused) -> None:
        self._away_since_s = self._now_s if self._away_since_s is None else self._away_since_s
        self._reason = notice.reason
        _log.warning("alarm unit: %s", notice.reason)

    @_note.register
    def _(self, notice: m.FaultEvent) -> None:
        word = "" if notice.active else " is over"
        _log.warning("alarm unit %s: %s%s", self._name, fault_names(notice.fault), word)

    @_note.register
    def _(self, notice: Pressed | Answered) -> None:
        # Its kind alone: an alert that is answered holds mark and reason.
        _log.debug("alarm unit %s: %s", self._name, type(notice).__name__)

    def _stamp(self, at_s: float) -> UtcStamp:
        age_ns = int((self._now_s - at_s) * NS_PER_S)
        return self._clock.stamp(self._clock.mono_ns() - age_ns)

    def _say_fault(self, text: str, spoken: str) -> None:
        _log.error("%s", text)
        if self._second is not None:
            self._second.fault(spoken)

    def health(self) -> ComponentHealth:
        """Return how the unit is."""
        level, detail = self._level()
        return ComponentHealth(Part.ALARM, level, detail, self._all_counts())

    def _level(self) -> tuple[Level, str]:
        if self._away_since_s is not None:
            away_s = self._now_s - self._away_since_s
            waiting = len(self._dispatcher.queue)
            level = Level.FAULT if away_s >= _AWAY_GRACE_S else Level.WARNING
            return (
                level,
                f"{self._name}: away for {said_duration(away_s)}, {waiting} alerts wait:"
                f" {self._reason.removeprefix(f'{self._name}: ')}",
            )
        status, hello = self._dispatcher.status, self._dispatcher.hello
        faults = UnitFaults(status.unit_faults if status else hello.unit_faults if hello else 0)
        own = faults & ~UnitFaults.HOST_REPORTS
        about = f"{self._name}: firmware {hello.version if hello else '?'}"
        if own:
            level = Level.FAULT if own & _BROKEN else Level.WARNING
            return level, f"{about}: {fault_names(own)}"
        return Level.OK, about

    def _all_counts(self) -> dict[str, int]:
        queue, link = self._dispatcher.queue, self._dispatcher.link.counts
        return {
            "raised": queue.counts.raised,
            **self._counts,
            "unacknowledged": len(queue),
            "overflowed": queue.counts.overflowed,
            "unclaimed_presses": queue.counts.unclaimed,
            "frames_repeated": link.repeated,
            "frames_bad": link.bad,
            "frames_refused": link.refused,
            "sessions_lost": link.lost,
            "events_repeated": link.repeated_events,
            "sessions": link.sessions,
        }


def fault_names(faults: int) -> str:
    """Return the unit's faults as words."""
    names = [str(fault.name).lower().replace("_", " ") for fault in UnitFaults if faults & fault]
    return ", ".join(names) or "no fault"
