"""The hotlists as a part of docking: brought up to date, and told with revision and age."""

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outrider.clock import Clock
from outrider.unit.certificates import TransportSettingsError
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.match import age_h
from outrider.unit.hotlist.own_entries import LIST_NAME
from outrider.unit.hotlist.refresh import NotSetUpError, refresh
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update_state import Trouble, UpdateError
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.session import ListLine, Summary

if TYPE_CHECKING:
    from outrider.unit.hotlist.update import Updated


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of bringing the lists. unreached: the centre could not be asked at all."""

    lines: tuple[ListLine, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unreached: bool = False

    def into(self, summary: Summary) -> None:
        """Put it into a docking's summary; that nobody was there is said once."""
        summary.lists = list(self.lines)
        summary.notes += self.notes
        if self.unreached and summary.gave_up:
            summary.notes.append("hotlists not updated: those in force stay")
            return
        for fault in self.faults:
            summary.fault(fault)


def bring_lists(settings: Settings, store: HotlistStore, clock: Clock) -> Brought:
    """Update the lists from the centre; what goes wrong is in the answer, and changes no list."""
    if settings.hotlist_dir.is_file():
        return Brought()  # one list, given by hand: nothing of the centre's
    try:
        done = refresh(settings, store, clock)
    except NotSetUpError as error:
        return Brought(_lines(store, clock, {}), notes=(f"hotlists not updated: {error}",))
    except (UpdateError, TransportSettingsError, OSError) as error:
        fault = f"hotlists not updated, those in force stay: {error}"
        unreached = isinstance(error, UpdateError) and error.trouble is Trouble.UNREACHABLE
        return Brought(_lines(store, clock, {}), (fault,), unreached=unreached)
    faults = tuple(one.fault for one in done if one.fault)
    return Brought(_lines(store, clock, {one.name: one for one in done}), faults)


def _lines(store: HotlistStore, clock: Clock, done: "dict[str, Updated]") -> tuple[ListLine, ...]:
    now_ns = clock.stamp(clock.mono_ns()).utc_ns
    lines = []
    for name in store.names():
        try:
            in_force = store.list(name).in_force()
        except (GenerationError, OSError, sqlite3.Error) as error:
            lines.append(ListLine(name, "?", 0.0, str(error)))
            continue
        if in_force is not None:
            age = round(age_h(in_force.published_utc_ns, now_ns), 1)
            state = "made on this unit" if name == LIST_NAME else _state_of(done.get(name))
            lines.append(ListLine(name, in_force.revision, age, state))
    return tuple(lines)


def _state_of(one: "Updated | None") -> str:
    if one is None:
        return "not updated"
    if one.fault:
        return "REFUSED, the old one stays"
    return "received now" if one.generation else "up to date"
