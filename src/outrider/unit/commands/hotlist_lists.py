"""`outrider hotlist import|info|rollback|export|diff`."""

import argparse
import csv
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from outrider.clock import SystemClock, said_duration
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.list_options import add_options, list_file
from outrider.hotlist_import.limits import ImportRefused
from outrider.hotlist_import.reading import ImportReport, write_own_form
from outrider.shown import as_cell, complain, say, say_json, shown
from outrider.unit.hotlist.generations import Generation, GenerationError, Generations
from outrider.unit.hotlist.importing import Imported, import_list
from outrider.unit.hotlist.lookup import LookupFile
from outrider.unit.hotlist.match import age_h
from outrider.unit.hotlist.store import HotlistStore
from outrider.wire.hotlist_entry import FIELDS, NumberedRow, from_row

Adder = Callable[[argparse.ArgumentParser, Callable[[argparse.Namespace, HotlistStore], int]], None]
_SHOWN_REJECTIONS = 20


def register(actions: Subparsers, add_place: Adder) -> None:
    """Add the actions."""
    _register_import(actions, add_place)
    parser = new_parser(actions, "info", "lists, generations, ages", "outrider hotlist info --json")
    add_json(parser)
    add_place(parser, _info)
    parser = new_parser(
        actions, "rollback", "go back to an earlier generation", "outrider hotlist rollback stolen"
    )
    parser.add_argument("list", help="which list")
    parser.add_argument("--to", help="which generation, as `info` names it (the one before)")
    add_place(parser, _rollback)
    parser = new_parser(
        actions, "export", "write a list as CSV", "outrider hotlist export stolen -o stolen.csv"
    )
    parser.add_argument("list", help="which list")
    parser.add_argument("-o", "--output", type=Path, help="file to write (standard output)")
    add_place(parser, _export)
    parser = new_parser(
        actions, "diff", "what two generations differ in", "outrider hotlist diff stolen"
    )
    parser.add_argument("list", help="which list")
    parser.add_argument("old", nargs="?", help="a generation (the one before)")
    parser.add_argument("new", nargs="?", help="a generation (the one in force)")
    add_json(parser)
    add_place(parser, _diff)


def _register_import(actions: Subparsers, add_place: Adder) -> None:
    parser = new_parser(
        actions,
        "import",
        "take in a list; a refused one leaves the old in force",
        "outrider hotlist import stolen.csv --list stolen --dry-run",
    )
    add_options(parser)
    parser.add_argument("--list", default="local", help="name of the list (local)")
    parser.add_argument("--dry-run", action="store_true", help="read and check, change nothing")
    parser.add_argument("--report", type=Path, help="CSV of every rejected row: line, reason")
    add_json(parser)
    add_place(parser, _import)


def _import(args: argparse.Namespace, store: HotlistStore) -> int:
    generations = store.list(args.list)
    try:
        done = import_list(generations, list_file(args, SystemClock()), args.dry_run)
    except ImportRefused as error:
        if error.report is not None:
            _tell(args, error.report, refused=str(error))
        raise
    _tell(args, done.report, done=done)
    return 0


def _tell(
    args: argparse.Namespace,
    report: ImportReport,
    done: Imported | None = None,
    refused: str | None = None,
) -> None:
    if args.report is not None:
        _write_report(args.report, report)
    if args.json:
        generation = done.generation if done else None
        data = asdict(report) | {
            "list": args.list,
            "refused": refused,
            "generation": asdict(generation) if generation else None,
        }
        say_json(data, indent=1)
        return
    for rejection in report.rejections[:_SHOWN_REJECTIONS]:
        complain(f"{args.file}:{rejection.line}: {rejection.reason}")
    if report.rejected > _SHOWN_REJECTIONS:
        complain(f"... {report.rejected} rows in all; --report lists them")
    if report.suspect:
        complain(f"{args.file}: {report.suspect}")
    say(
        f"{args.list}: {report.rows} rows by form {report.form}: {report.entries} entries,"
        f" {report.duplicates} doubles left out, {report.rejected} refused"
    )
    if done is not None:
        in_force = f"generation {done.generation.name}" if done.generation else "dry run"
        say(f"{in_force}, content {done.content_sha256[:12]}")


def _write_report(path: Path, report: ImportReport) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("line", "reason"))
        writer.writerows((one.line, as_cell(shown(one.reason))) for one in report.rejections)


_SOURCES = {
    "device": "this board (the card alone opens nothing)",
    "centre": "the centre (the card alone opens nothing while the unit's certificate is revoked)",
    "file": "hotlist.key_file (the card alone opens nothing while the stick is elsewhere)",
    "card": "THE CARD ITSELF: who has the card has the lists; `key` in [hotlist] of the settings "
    "puts it elsewhere",
}


def _info(args: argparse.Namespace, store: HotlistStore) -> int:
    clock = SystemClock()
    now_ns = clock.stamp(clock.mono_ns()).utc_ns
    found = [_list_info(store.list(name), now_ns) for name in store.names()]
    if args.json:
        say_json(found, indent=1)
        return 0
    if not found:
        say(f"no lists in {store.root}")
    say(f"sealed with a key from: {_SOURCES[store.keys.source]}")
    for one in found:
        say(one["list"])
        for generation in one["generations"]:
            mark = "*" if generation["in_force"] else " "
            say(
                f" {mark} {generation['name']}  revision {generation['revision']}"
                f"  {generation['entries']} entries  {said_duration(generation['age_s'])} old"
                f"  {generation['source']}"
            )
    return 0


def _list_info(generations: Generations, now_ns: int) -> dict[str, Any]:
    in_force = generations.in_force()
    pointer = generations.pointer()
    return {
        "list": generations.folder.name,
        "held_off": pointer.held_off if pointer else "",
        "generations": [
            asdict(generation)
            | {
                "name": generation.name,
                "in_force": generation == in_force,
                "age_s": round(age_h(generation.published_utc_ns, now_ns) * 3600, 1),
            }
            for generation in generations.all()
        ],
    }


def _rollback(args: argparse.Namespace, store: HotlistStore) -> int:
    generations = store.list(args.list)
    with generations.lock():
        chosen = generations.roll_back(args.to)
    say(f"{args.list}: generation {chosen.name}, revision {chosen.revision}, is in force")
    return 0


def _export(args: argparse.Namespace, store: HotlistStore) -> int:
    generations = store.list(args.list)
    generation = _chosen(generations, None)
    with generations.open(generation) as file:
        entries = (from_row(row) for _, row in file.rows())
        if args.output is None:
            write_own_form(sys.stdout, entries)
            return 0
        with args.output.open("w", encoding="utf-8", newline="") as out:
            count = write_own_form(out, entries)
    say(f"{args.output}: {count} entries of {args.list}, revision {generation.revision}")
    return 0


def _chosen(generations: Generations, name: str | None) -> Generation:
    in_force = generations.in_force()
    found = [g for g in generations.all() if name in (g.name, str(g.number))]
    if name is None and in_force is not None:
        return in_force
    if not found:
        raise GenerationError(f"{generations.folder.name}: no generation {name or 'in force'}")
    return found[0]


def _diff(args: argparse.Namespace, store: HotlistStore) -> int:
    generations = store.list(args.list)
    new = _chosen(generations, args.new)
    older = [g for g in generations.all() if g.number < new.number]
    if args.old is None and not older:
        raise GenerationError(f"{args.list}: no earlier generation is kept")
    old = _chosen(generations, args.old) if args.old else older[-1]
    with (
        generations.open(old) as before,
        generations.open(new) as after,
    ):
        was, now = (_counted(file) for file in (before, after))
    _tell_diff(args, old, new, sorted(was - now), sorted(now - was))
    return 0


def _counted(file: LookupFile) -> set[tuple[str | int, ...]]:
    return {row for _, row in _rows(file)}


def _rows(file: LookupFile) -> list[NumberedRow]:
    return list(file.rows())


def _tell_diff(
    args: argparse.Namespace,
    old: Generation,
    new: Generation,
    gone: list[tuple[str | int, ...]],
    come: list[tuple[str | int, ...]],
) -> None:
    if args.json:
        data = {
            "list": args.list,
            "old": asdict(old),
            "new": asdict(new),
            "removed": [dict(zip(FIELDS, row, strict=True)) for row in gone],
            "added": [dict(zip(FIELDS, row, strict=True)) for row in come],
        }
        say_json(data, indent=1)
        return
    for sign, rows in (("-", gone), ("+", come)):
        for row in rows:
            entry = from_row(row)
            say(f"{sign} {entry.vrm} {entry.response.value} {entry.priority} {entry.reason}")
    say(f"{old.name} to {new.name}: {len(gone)} removed, {len(come)} added")
