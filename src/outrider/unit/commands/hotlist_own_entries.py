"""`outrider hotlist add|remove|update`: the crew's own entries, and updates from a centre."""

import argparse
from dataclasses import asdict
from pathlib import Path

from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.values import whole, words
from outrider.records import Response
from outrider.shown import complain, say, say_json
from outrider.unit.certificates import TransportSettingsError
from outrider.unit.commands.hotlist_lists import Adder
from outrider.unit.hotlist.own_entries import CrewList
from outrider.unit.hotlist.refresh import refresh
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update_state import UpdateError
from outrider.unit.settings import sections as config

_RESPONSES = [response.value for response in Response]


def register(actions: Subparsers, add_place: Adder) -> None:
    """Add the actions."""
    parser = new_parser(
        actions,
        "add",
        "add a mark by hand, for 1 to 100 days",
        'outrider hotlist add AB12CDE --officer PC1234 --comment "left scene" --days 7',
    )
    parser.add_argument("vrm", help="mark or wildcard")
    _add_officer(parser)
    parser.add_argument("--days", type=whole(1, 100), required=True, help="1 to 100")
    parser.add_argument("--response", choices=_RESPONSES, default=Response.ASSESS.value)
    parser.add_argument("--priority", type=whole(1, 4), default=2)
    add_place(parser, _add)
    parser = new_parser(
        actions,
        "remove",
        "take a mark off the crew's list",
        'outrider hotlist remove AB12CDE --officer PC1234 --comment "found"',
    )
    parser.add_argument("vrm", help="mark or wildcard, as it was added")
    _add_officer(parser)
    add_place(parser, _remove)
    _register_crew(actions, add_place)
    _register_update(actions, add_place)


def _add_officer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--officer", type=words, required=True, help="who does it (collar number)")
    parser.add_argument("--comment", type=words, required=True, help="why")


def _register_crew(actions: Subparsers, add_place: Adder) -> None:
    parser = new_parser(
        actions, "crew", "the crew's entries and their audit trail", "outrider hotlist crew --json"
    )
    add_json(parser)
    add_place(parser, _crew)


def _register_update(actions: Subparsers, add_place: Adder) -> None:
    parser = new_parser(
        actions,
        "update",
        "bring the lists up to date from the centre",
        "outrider hotlist update --url https://centre/hotlists --root 1.root.json",
    )
    parser.add_argument(
        "--url", help="where metadata/ and targets/ are served (hotlist.update_url)"
    )
    parser.add_argument("--root", type=Path, help="the trusted root (hotlist.trusted_root)")
    add_json(parser)
    add_place(parser, _update)


def _add(args: argparse.Namespace, store: HotlistStore) -> int:
    event = CrewList(store, SystemClock()).add(
        args.vrm, args.officer, args.comment, args.days, Response(args.response), args.priority
    )
    say(f"{event.vrm} is on the crew's list through {event.expires}")
    return 0


def _remove(args: argparse.Namespace, store: HotlistStore) -> int:
    events = CrewList(store, SystemClock()).remove(args.vrm, args.officer, args.comment)
    say(f"{events[0].vrm}: {len(events)} taken off the crew's list")
    return 0


def _crew(args: argparse.Namespace, store: HotlistStore) -> int:
    crew = CrewList(store, SystemClock())
    rows = crew.verify()
    waiting = crew.unsynced()
    if args.json:
        data = {
            "entries": [asdict(event) for event in crew.entries()],
            "audit_rows": rows,
            "unsynced": [asdict(row) for row in waiting],
        }
        say_json(data, indent=1)
        return 0
    for event in crew.entries():
        say(f"{event.vrm}  through {event.expires}  {event.officer}: {event.comment}")
    say(f"audit trail: {rows} rows, chain whole, {len(waiting)} not yet at the centre")
    return 0


def _update(args: argparse.Namespace, store: HotlistStore) -> int:
    try:
        done = refresh(config.load(args.config), store, SystemClock(), args.url, args.root)
    except (UpdateError, TransportSettingsError) as error:
        complain(f"not updated: {error}; the lists in force stay")
        return 1
    if args.json:
        say_json([asdict(one) for one in done], indent=1)
    for one in done if not args.json else ():
        state = "updated" if one.generation else one.fault or "up to date"
        say(f"{one.name}: revision {one.revision}, {state}")
    return int(any(one.fault for one in done))
