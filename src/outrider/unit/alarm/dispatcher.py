"""Decides what the alarm unit is told next, and what its answers mean. No I/O, no clock.

Alerts go first, gravest and newest before the others; then settings; then signals and tests. An
alert leaves the queue only when an officer's press for it has come back.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from outrider.records import ActionKind, Hit
from outrider.unit.alarm import messages as m
from outrider.unit.alarm.link import AlarmLink, Answered, Greeted, Lost, Refused, Report, Told
from outrider.unit.alarm.protocol import (
    NEVER_HEARD,
    VOLUME_MAX,
    AlertFlags,
    Press,
    Result,
    UnitButton,
)
from outrider.unit.alarm.queue import AlertQueue, Entry, Place, alert_id_of

_log = logging.getLogger(__name__)
_UNCLAIMED_MAX = 64
_EXTRAS_MAX = 16
_KINDS = {
    (UnitButton.ACKNOWLEDGE, Press.SHORT): ActionKind.CORRECT,
    (UnitButton.MISREAD, Press.HELD): ActionKind.MISREAD,
    (UnitButton.DISMISS, Press.HELD): ActionKind.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class Closed:
    """An officer has dealt with a hit, by a press at at_s (monotonic)."""

    hit: Hit
    kind: ActionKind
    at_s: float


@dataclass(frozen=True, slots=True)
class Sounded:
    """An alert's pattern began on the unit at at_s."""

    entry: Entry
    at_s: float
    late: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button was pressed that closed nothing: a technician's, or the volume."""

    event: m.ButtonEvent


Notice: TypeAlias = Closed | Sounded | Pressed | Greeted | Lost | Refused | Answered | m.FaultEvent


@dataclass(slots=True)
class _Unclaimed:
    kind: ActionKind
    at_s: float


class Dispatcher:
    """Between the queue of hits and the link. One thread at a time."""

    def __init__(self, link: AlarmLink, queue: AlertQueue) -> None:
        self.link = link
        self.queue = queue
        self.hello: m.Hello | None = None
        self.status: m.Status | None = None
        self._slots = 1
        self._settings = m.UnitSettings(VOLUME_MAX, 0)
        self._settings_sent: m.UnitSettings | None = None
        self._extras: deque[m.Message] = deque(maxlen=_EXTRAS_MAX)
        self._unclaimed: dict[int, _Unclaimed] = {}
        self._notices: list[Notice] = []
        self._clear_all = False

    def raise_hit(self, hit: Hit, raised_s: float) -> None:
        """Queue a hit; one that an officer dealt with before we knew of it is closed at once."""
        early = self._unclaimed.pop(alert_id_of(hit), None)
        if early is not None:
            self._notices.append(Closed(hit, early.kind, early.at_s))
            return
        gone = self.queue.add(hit, raised_s)
        if gone is not None:
            _log.error("alert queue is full: hit %s is not sounded", gone.hit.hit_id)
            if gone.place is not Place.WAITING:
                self._extras.append(m.Clear(gone.alert_id))

    def set_volume(self, volume: int, night: bool) -> None:
        """Set what the unit's volume and lamps shall be."""
        self._settings = m.UnitSettings(volume, int(night))

    def set_state(self, host_faults: int, list_age: int, now_s: float) -> None:
        """Set what the heartbeat says; a change is told at once."""
        if (host_faults, list_age) != (self.link.host_faults, self.link.list_age):
            self.link.host_faults, self.link.list_age = host_faults, list_age
            self.link.beat(now_s)

    def ask(self, message: m.Message) -> None:
        """Send a signal, a test or another command when nothing graver waits."""
        self._extras.append(message)

    def step(self, now_s: float) -> None:
        """Do what is due: after bytes, after a hit, and when `link.next_due_s` is reached."""
        self.link.tick(now_s)
        for report in self.link.take_reports():
            self._take(report)
        self._send_next(now_s)

    def take_notices(self) -> list[Notice]:
        """Return what has happened since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def _send_next(self, now_s: float) -> None:
        if self.link.ready:
            message = self._next(now_s)
            if message is not None:
                self.link.send(message, now_s)

    def _next(self, now_s: float) -> m.Message | None:
        if self._clear_all:
            return m.Clear(0)
        alert = self._next_alert(now_s)
        if alert is not None:
            return alert
        if self._settings != self._settings_sent:
            return self._settings
        return self._extras.popleft() if self._extras else None

    def _next_alert(self, now_s: float) -> m.Message | None:
        entry = self.queue.next_waiting()
        if entry is None:
            return None
        held = self.queue.held()
        if len(held) < self._slots:
            return entry.message(now_s)
        if entry.order() < held[-1].order():
            return m.Clear(held[-1].alert_id)
        return None

    def _take(self, report: Report) -> None:
        handlers: dict[type[Report], Callable[..., None]] = {
            Greeted: self._take_greeted,
            Lost: self._take_lost,
            Refused: self._notices.append,
            Answered: self._take_answer,
            Told: self._take_told,
        }
        handlers[type(report)](report)

    def _take_greeted(self, greeted: Greeted) -> None:
        self.hello = greeted.hello
        self._slots = max(1, greeted.hello.alert_slots)
        self._settings_sent = None
        self._clear_all = False
        self.queue.unit_forgot()
        self._notices.append(greeted)

    def _take_lost(self, lost: Lost) -> None:
        self.status = None
        self.queue.unit_forgot()
        self._notices.append(lost)

    def _take_answer(self, answered: Answered) -> None:
        command = answered.command
        if isinstance(command, m.Alert):
            self._take_alert_answer(command, answered.result)
        elif isinstance(command, m.Clear):
            self._take_clear_answer(command)
        elif isinstance(command, m.UnitSettings):
            self._settings_sent = command
        else:
            self._notices.append(answered)

    def _take_alert_answer(self, alert: m.Alert, result: Result) -> None:
        entry = self.queue.get(alert.alert_id)
        if result is Result.FULL:
            _log.warning("the alarm unit is full of lesser or unknown alerts: it is told all anew")
            self._clear_all = True
        elif entry is not None:
            if result not in (Result.ACCEPTED, Result.DUPLICATE, Result.CLOSED):
                hit_id = entry.hit.hit_id
                _log.error("the alarm unit refused hit %s: %s", hit_id, result.name)
            entry.place = Place.HELD

    def _take_clear_answer(self, clear: m.Clear) -> None:
        if clear.alert_id == 0:
            self._clear_all = False
            self.queue.unit_forgot()
        entry = self.queue.get(clear.alert_id)
        if entry is not None:
            entry.place = Place.WAITING

    def _take_told(self, told: Told) -> None:
        message = told.message
        if isinstance(message, m.Status):
            self.status = message
        elif isinstance(message, m.SoundedEvent):
            self._note_sounded(message.alert_id, told.at_s - message.age_ms / 1000)
        elif isinstance(message, m.ButtonEvent):
            self._take_button(message, told.at_s)
        elif isinstance(message, m.FaultEvent):
            self._notices.append(message)

    def _note_sounded(self, alert_id: int, at_s: float) -> None:
        """Once an alert, whichever message says so first; a unit that was restarted sounds anew."""
        entry = self.queue.get(alert_id)
        if entry is None or entry.place is Place.SOUNDED:
            return
        entry.place = Place.SOUNDED
        entry.sounded_s = at_s if entry.sounded_s is None else entry.sounded_s
        late = bool(entry.message(at_s).flags & AlertFlags.LATE)
        self._notices.append(Sounded(entry, at_s, late))

    def _take_button(self, event: m.ButtonEvent, now_s: float) -> None:
        kind = (
            _KINDS.get((UnitButton(event.button), Press(event.press))) if _is_known(event) else None
        )
        if event.alert_id == 0 or kind is None:
            self._notices.append(Pressed(event))
            return
        if event.heard_ms != NEVER_HEARD:
            self._note_sounded(event.alert_id, now_s - event.heard_ms / 1000)
        at_s = now_s - event.age_ms / 1000
        entry = self.queue.close(event.alert_id)
        if entry is None:
            self._keep_unclaimed(event.alert_id, _Unclaimed(kind, at_s))
        else:
            self._notices.append(Closed(entry.hit, kind, at_s))

    def _keep_unclaimed(self, alert_id: int, unclaimed: _Unclaimed) -> None:
        """The press may be for a hit that the journal gives back only after a restart."""
        self.queue.counts.unclaimed += 1
        if len(self._unclaimed) >= _UNCLAIMED_MAX:
            self._unclaimed.pop(next(iter(self._unclaimed)))
        self._unclaimed[alert_id] = unclaimed


def _is_known(event: m.ButtonEvent) -> bool:
    return event.button in set(UnitButton) and event.press in set(Press)
