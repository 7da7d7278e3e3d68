"""The crew's desk: hits that wait for an officer, and what officers still owe an answer on.

It stands between the pipeline and the alarm output, and keeps its papers in a folder that is
memory (tmpfs, /run): a process that is restarted goes on where it was, and a unit without power
has forgotten all. `outrider crew` reads the folder and puts answers into it.
"""

import contextlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from outrider import durable
from outrider.clock import NS_PER_S, Clock
from outrider.durable import write
from outrider.records import ComponentHealth, Hit, OfficerAction
from outrider.unit.crew.follow_ups import FollowUps
from outrider.unit.ports import AlarmOutput, DockOutcome
from outrider.wire.canonical import WireError
from outrider.wire.read_record import decode, encode

_log = logging.getLogger(__name__)
_LOOK_EVERY_S = 0.5


class RestoringAlarm(AlarmOutput, Protocol):
    """An alarm output that can be given a hit of an earlier run."""

    def restore(self, hit: Hit, age_s: float) -> None:
        """Queue a hit that was raised age_s ago."""
        ...


class CrewDesk:
    """An alarm output with a memory that outlives the process. Used by the decide thread."""

    def __init__(self, alarm: RestoringAlarm, folder: Path, clock: Clock) -> None:
        """Make the folder, for its owner alone. Raises OSError where it cannot be made."""
        self._alarm = alarm
        self._clock = clock
        self._waiting, self._owed = folder / "waiting", folder / "owed"
        self._answers = folder / "answers"
        for part in (folder, self._waiting, self._owed, self._answers):
            durable.make_folder(part)
        self._hits: dict[uuid.UUID, Hit] = {}
        self.followups = FollowUps(clock)
        self._look_s = 0.0

    def start(self, stop: threading.Event) -> None:
        """Start the alarm output and give it what an earlier run left unacknowledged."""
        self._alarm.start(stop)
        for hit, raised_mono_ns in sorted(_hits_in(self._waiting), key=lambda pair: pair[1]):
            self._hits[hit.hit_id] = hit
            age_ns = max(0, self._clock.mono_ns() - raised_mono_ns)
            self._alarm.restore(hit, age_ns / NS_PER_S)
        for hit, action in _owed_in(self._owed):
            self.followups.add(hit, action)

    def raise_alert(self, hit: Hit) -> None:
        """Note the hit and sound it. Raises ValueError for a silent one."""
        self._alarm.raise_alert(hit)
        self._hits[hit.hit_id] = hit
        paper = {"mono_ns": self._clock.mono_ns(), "hit": encode(hit).decode()}
        self._write(self._waiting / f"{hit.hit_id}.json", json.dumps(paper))

    def actions(self) -> list[OfficerAction]:
        """Return what officers did, and answered, since the last call."""
        pressed = self._alarm.actions()
        for action in pressed:
            self._file(action)
        if time.monotonic() < self._look_s:
            return pressed
        # Asked for with every frame: a folder is read twice a second, which no officer outpaces.
        self._look_s = time.monotonic() + _LOOK_EVERY_S
        return pressed + list(self._answered())

    def set_context(self, speed_mps: float | None, night: bool) -> None:
        """Pass on speed and light."""
        self._alarm.set_context(speed_mps, night)

    def set_faults(self, faults: Sequence[ComponentHealth]) -> None:
        """Pass on how the other components are."""
        self._alarm.set_faults(faults)

    def signal_dock(self, outcome: DockOutcome) -> None:
        """Pass on how docking ended."""
        self._alarm.signal_dock(outcome)

    def health(self) -> ComponentHealth:
        """Return the alarm output's health, with what waits for the crew."""
        state = self._alarm.health()
        counts = {**state.counts, "answers_owed": len(self.followups.owed())}
        return ComponentHealth(state.name, state.level, state.detail, counts)

    def close(self) -> None:
        """End the session with the alarm output; the papers stay."""
        self._alarm.close()

    def _file(self, action: OfficerAction) -> None:
        hit = self._hits.pop(action.hit_id, None)
        if hit is None:
            return
        self.followups.add(hit, action)
        paper = {"hit": encode(hit).decode(), "action": encode(action).decode()}
        self._write(self._owed / f"{hit.hit_id}.json", json.dumps(paper))
        (self._waiting / f"{hit.hit_id}.json").unlink(missing_ok=True)

    def _answered(self) -> Iterator[OfficerAction]:
        for path in sorted(self._answers.glob("*.txt")):
            try:
                note = path.read_text(encoding="utf-8")
                path.unlink()
                hit_id = uuid.UUID(path.stem)
                action = self.followups.answer(hit_id, note)
            except (KeyError, ValueError, OSError) as error:
                _log.warning("crew: an answer is not taken: %s", type(error).__name__)
                _put_aside(path)
            else:
                yield action
                (self._owed / f"{hit_id}.json").unlink(missing_ok=True)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        try:
            write(path, text.encode())
        except OSError as error:  # the hit has sounded and is journalled all the same
            _log.error("crew: %s cannot be kept over a restart: %s", path, error)


def _put_aside(path: Path) -> None:
    """Take what cannot be read out of the way, so that it is said once."""
    with contextlib.suppress(OSError):
        path.rename(path.with_suffix(".refused"))


def waiting(folder: Path) -> list[tuple[Hit, int]]:
    """Return the hits that wait for an officer, each with when it was raised (monotonic ns)."""
    return sorted(_hits_in(folder / "waiting"), key=lambda pair: pair[1])


def owed(folder: Path) -> list[tuple[Hit, OfficerAction]]:
    """Return what still wants an answer, oldest first."""
    return sorted(_owed_in(folder / "owed"), key=lambda pair: pair[1].at.utc_ns)


def put_answer(folder: Path, hit_id: uuid.UUID, note: str) -> None:
    """Leave an answer for the running unit. Raises KeyError where none is owed for the hit."""
    if not (folder / "owed" / f"{hit_id}.json").is_file():
        raise KeyError(hit_id)
    write(folder / "answers" / f"{hit_id}.txt", note.encode())


def _hits_in(folder: Path) -> Iterator[tuple[Hit, int]]:
    for paper in _papers(folder):
        hit = decode(paper["hit"].encode())
        if isinstance(hit, Hit):
            yield hit, int(paper["mono_ns"])


def _owed_in(folder: Path) -> Iterator[tuple[Hit, OfficerAction]]:
    for paper in _papers(folder):
        hit = decode(paper["hit"].encode())
        action = decode(paper["action"].encode())
        if isinstance(hit, Hit) and isinstance(action, OfficerAction):
            yield hit, action


def _papers(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*.json")):
        try:
            paper: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            decode(paper["hit"].encode())
        except (OSError, ValueError, KeyError, WireError) as error:
            _log.error("crew: %s is not read: %s", path, type(error).__name__)
        else:
            yield paper
