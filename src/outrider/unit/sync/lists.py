"""The hotlists as a part of docking: brought up to date, and told with revision and age."""

import sqlite3
from typing import TYPE_CHECKING

from outrider.clock import Clock
from outrider.unit.certificates import TransportSettingsError
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.match import age_h
from outrider.unit.hotlist.own_entries import LIST_NAME
from outrider.unit.hotlist.refresh import NotSetUpError, refresh
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.session import ListLine, Summary

if TYPE_CHECKING:
    from outrider.unit.hotlist.update import Updated


def bring_lists(settings: Settings, store: HotlistStore, clock: Clock, summary: Summary) -> None:
    """Update the lists from the centre and put them into the summary; a fault is one there."""
    if settings.hotlist_dir.is_file():
        return  # one list, given by hand: nothing of the centre's
    from outrider.unit.hotlist.trust import UpdateError  # takes a quarter of a second

    done: list[Updated] = []
    try:
        done = refresh(settings, store, clock)
    except NotSetUpError as error:
        summary.notes.append(f"hotlists not updated: {error}")
    except (UpdateError, TransportSettingsError, OSError) as error:
        summary.fault(f"hotlists not updated, those in force stay: {error}")
    for one in done:
        if one.fault:
            summary.fault(one.fault)
    summary.lists = _lines(store, clock, {one.name: one for one in done})


def _lines(store: HotlistStore, clock: Clock, done: "dict[str, Updated]") -> list[ListLine]:
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
    return lines


def _state_of(one: "Updated | None") -> str:
    if one is None:
        return "not updated"
    if one.fault:
        return "REFUSED, the old one stays"
    return "received now" if one.generation else "up to date"
