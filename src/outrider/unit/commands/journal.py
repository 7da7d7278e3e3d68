"""`outrider journal list|status|verify|export`."""

import argparse
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import UseError, finish
from outrider.command_line.values import existing_file, folder, whole, words
from outrider.console import Screen, progress
from outrider.shown import say, say_json
from outrider.tables import Table
from outrider.unit.journal.export import Consultation, as_json, export
from outrider.unit.journal.reader import JournalReader, Status
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.verify import Report, verify
from outrider.unit.settings import sections as config
from outrider.wire.sealing import CentrePrivateKey, Opener, SealingError


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "journal",
        "reads kept: list, status, verify, export",
        "outrider journal verify --directory /var/lib/outrider/journal",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, purpose, example in (
        ("list", "rows, opened as far as the key goes", "outrider journal list --last 20"),
        ("status", "what is there, and what is still to be sent", "outrider journal status"),
        ("verify", "check chain, rows and pictures", "outrider journal verify --json"),
        ("export", "write out what opens, noting who and why", _EXPORT_EXAMPLE),
    ):
        _add_action(actions, name, purpose, example)


_EXPORT_EXAMPLE = 'outrider journal export --key centre.key --to OUT --who "DC 123" --why CR/45/26'


def _add_action(actions: Subparsers, name: str, purpose: str, example: str) -> None:
    parser = new_parser(actions, name, purpose, example)
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    parser.add_argument("--directory", type=folder, help="the journal's folder, if not as set")
    parser.add_argument(
        "--key", type=existing_file, action="append", default=[],
        help="the centre's private key (more for older ones); never keep it on a unit",
    )  # fmt: skip
    add_json(parser)
    if name == "list":
        parser.add_argument(
            "--last", type=whole(1, 10_000_000), default=50, help="how many rows (50)"
        )
    if name == "export":
        parser.add_argument("--to", type=Path, required=True, help="a new folder")
        parser.add_argument("--who", type=words, required=True, help="who looks at the reads")
        parser.add_argument("--why", type=words, required=True, help="the case or other reason")
    finish(parser, _run, JournalError, SealingError)


def _run(args: argparse.Namespace) -> int:
    """Run one action. Exit 0: good; 1: it has a fault, or cannot be read; 2: wrong use."""
    directory = args.directory or config.load(args.config).journal_dir
    opener = Opener(CentrePrivateKey.read(path) for path in args.key)
    try:
        return int(_ACTIONS[args.action](args, directory, opener))
    except sqlite3.Error as error:
        said = f"{directory}: damaged: {error}: start the unit to salvage it"
        raise JournalError(said) from error


def _list(args: argparse.Namespace, directory: Path, opener: Opener) -> int:
    with JournalReader(directory, opener) as reader:
        _check_may_be_seen(reader, directory)
        lines = [as_json(one) for one in reader.rows(args.last, pictures=False)]
    if args.json:
        for line in lines:
            say_json(line)
        return 0
    table = Table("seq", "kind", "at the centre", "time (UTC)", "VRM", "")
    for line in lines:
        columns = (str(line.get(name, "")) for name in ("utc", "vrm", "sealed"))
        table.add_row(
            str(line["seq"]), str(line["kind"]), "yes" if line["sent"] else "no", *columns
        )
    Screen().print(table)
    return 0


def _check_may_be_seen(reader: JournalReader, directory: Path) -> None:
    if not reader.may_be_seen:
        raise UseError(
            f"{directory}: its rows open with the centre's key alone (--key); without it not even "
            "their numbers are shown: `outrider journal status` tells of the reads"
        )


def _status(args: argparse.Namespace, directory: Path, opener: Opener) -> int:
    with JournalReader(directory, opener) as reader:
        status, may_be_seen = reader.status(), reader.may_be_seen
    if args.json:
        say_json(status.as_json() if may_be_seen else status.for_the_crew(), indent=1)
    elif may_be_seen:
        _show_status(status)
    else:
        _show_table(
            {name.replace("_", " "): _worded(v) for name, v in status.for_the_crew().items()}
        )
    return 1 if status.damaged_databases_kept or status.totals.get("lost_rows") else 0


def _show_status(status: Status) -> None:
    sealed = ", ".join(status.sealed_for) or "nobody"
    rows = (
        ("journal", status.journal_id),
        ("rows", f"{status.rows} (last number {status.last_seq})"),
        ("to send", f"{status.rows_to_send} rows, {status.pictures_to_send} pictures"),
        ("sealed for", f"{sealed}{'; some or all in CLEAR' if status.in_clear else ''}"),
        (
            "on disk",
            f"{status.bytes_used / 2**20:.1f} MiB, {status.bytes_free / 2**20:.0f} MiB free",
        ),
        ("damaged databases kept", str(status.damaged_databases_kept)),
        *((name.replace("_", " "), str(count)) for name, count in status.totals.items()),
    )
    _show_table(dict(rows))


def _worded(value: object) -> str:
    """Return a value of the JSON form as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _show_table(rows: Mapping[str, object]) -> None:
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, str(value))
    Screen().print(table)


def _verify(args: argparse.Namespace, directory: Path, opener: Opener) -> int:
    with JournalReader(directory, opener) as reader:
        last_seq, may_be_seen = reader.status().last_seq, reader.may_be_seen
    with progress(Screen(stderr=True), disable=args.json or not may_be_seen) as bar:
        task = bar.add_task("verify", total=last_seq)
        report = verify(
            directory,
            opener if args.key else None,
            lambda seq: bar.update(task, completed=seq),
        )
    if args.json:
        say_json(_report_json(report, may_be_seen), indent=1)
    else:
        _show_report(report, may_be_seen)
    return 0 if report.sound else 1


def _report_json(report: Report, may_be_seen: bool) -> dict[str, object]:
    names = Report.__slots__ if may_be_seen else ("fault_count", "faults")
    return {"sound": report.sound} | {name: getattr(report, name) for name in names}


def _show_report(report: Report, may_be_seen: bool) -> None:
    if may_be_seen:
        say(
            f"rows {report.first_seq} to {report.last_seq}: {report.rows} there,"
            f" {report.erased} erased, {report.lost} lost to damage or skipped after it"
        )
        say(
            f"pictures: {report.pictures} there, {report.dropped_pictures} dropped,"
            f" {report.damaged_pictures} damaged; rows opened with the key: {report.opened}"
        )
    for fault in report.faults:
        say(f"FAULT {fault}")
    if report.fault_count > len(report.faults):
        say(f"... and {report.fault_count - len(report.faults)} more")
    say("sound" if report.sound else f"NOT sound: {report.fault_count} faults")


def _export(args: argparse.Namespace, directory: Path, opener: Opener) -> int:
    if args.to.exists():
        raise UseError(f"{args.to}: is there already; name a new folder")
    with JournalReader(directory, opener) as reader:
        _check_may_be_seen(reader, directory)
        last_seq = reader.status().last_seq
        with progress(Screen(stderr=True), disable=args.json) as bar:
            task = bar.add_task("export", total=last_seq)
            opened, closed = export(
                reader,
                args.to,
                Consultation(args.who, args.why),
                SystemClock(),
                lambda seq: bar.update(task, completed=seq),
            )
    if args.json:
        say_json({"opened": opened, "not_opened": closed, "to": str(args.to)})
    else:
        say(f"{opened} rows written to {args.to}; {closed} did not open")
    return 0 if opened or not closed else 1


_ACTIONS: dict[str, Callable[[argparse.Namespace, Path, Opener], int]] = {
    "list": _list,
    "status": _status,
    "verify": _verify,
    "export": _export,
}
