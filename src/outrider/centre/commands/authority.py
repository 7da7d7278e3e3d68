"""`outrider centre init|enrol-ticket|units|revoke`."""

import argparse
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from outrider import durable
from outrider.centre.authority.authority import Authority, time_of
from outrider.centre.authority.beside import Beside
from outrider.centre.authority.enrolment import EnrolmentDesk, PublicKeys
from outrider.centre.authority.histories import Kind
from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.authority.revocations import Revocations
from outrider.centre.authority.setup import set_up
from outrider.centre.authority.tickets import Tickets
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder, is_host, opening_keys
from outrider.centre.governance.register import Register
from outrider.centre.opening.alarm import alarm_text
from outrider.centre.store.records import ConflictError, StoreError
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock, said_duration
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.command_line.exits import UseError
from outrider.console import Line, Screen, styled
from outrider.shown import complain, say, say_json
from outrider.tables import Table
from outrider.wire.enrolment import NOBODY
from outrider.wire.names import NAME_FORM, is_name
from outrider.wire.signing import SigningIdentity

_COLUMNS = (
    "last heard",
    "clock",
    "rows",
    "missing",
    "gaps",
    "breaks",
    "pictures due",
    "card",
    "set aside",
    "certificate",
)


def register(commands: Subparsers) -> None:
    """Add the commands under `outrider centre`."""
    _register_init(commands)
    _register_ticket(commands)
    parser = new_parser(
        commands,
        "units",
        "the units: enrolled, heard of when, what is missing",
        "outrider centre units --dir /srv/centre",
    )
    add_dir(parser)
    add_json(parser)
    finish(parser, _units)
    parser = new_parser(
        commands,
        "unit-force",
        "say whose a unit is; what it read before stays whose it was",
        "outrider centre unit-force unit-7 northshire --dir /srv/centre",
    )
    parser.add_argument("unit", type=_unit_id)
    parser.add_argument("force", type=_unit_id, help="as the provider's claims name it")
    parser.add_argument(
        "--since", type=values.instant, help="ISO 8601 (UTC), the start of an hour (this hour)"
    )
    add_dir(parser)
    finish(parser, _unit_force, ConflictError, UseError)
    parser = new_parser(
        commands,
        "revoke",
        "trust a unit no longer",
        'outrider centre revoke unit-7 --why "stolen, crime reference 4711" --dir /srv/centre',
    )
    parser.add_argument("unit", type=_unit_id)
    parser.add_argument(
        "--why", required=True, type=values.words, help="for the record, and for whoever asks"
    )
    add_dir(parser)
    finish(parser, _revoke)


def _register_init(commands: Subparsers) -> None:
    parser = new_parser(
        commands,
        "init",
        "make a centre's folder: settings, authority, keys",
        "outrider centre init /srv/centre --host centre.example --opening-keys /media/opening",
    )
    parser.add_argument("dir", type=values.folder)
    parser.add_argument(
        "--host",
        action="append",
        type=_host,
        help="name or address of the server; again for more (localhost)",
    )
    parser.add_argument(
        "--opening-keys",
        type=values.folder,
        help="folder of the private keys that open sealed reads, outside the centre's",
    )
    parser.add_argument(
        "--hotlists",
        type=values.folder,
        help="folder of the signed hotlists, as `centre hotlist` publishes them (none)",
    )
    parser.add_argument(
        "--keys-here",
        action="store_true",
        help="confirm: keep those keys in the centre's own folder (a trial on one machine)",
    )
    finish(parser, _init, UseError)


def _register_ticket(commands: Subparsers) -> None:
    parser = new_parser(
        commands,
        "enrol-ticket",
        "let one unit enrol, once",
        "outrider centre enrol-ticket unit-7 --dir /srv/centre -o unit-7.ticket",
    )
    parser.add_argument("unit", type=_unit_id)
    add_dir(parser)
    parser.add_argument(
        "--hours", type=values.number(0.1, 720), default=24.0, help="how long it is good for (24)"
    )
    parser.add_argument(
        "-o", "--output", type=values.new_file, required=True, help="file for the ticket"
    )
    finish(parser, _ticket)


def _unit_id(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{values.short(text)} is no name of a unit: {NAME_FORM}")
    if text == NOBODY:
        raise argparse.ArgumentTypeError(f"{text!r} is no unit: all are, until they enrol")
    return text


def _host(text: str) -> str:
    if not is_host(text):
        raise argparse.ArgumentTypeError(f"{values.short(text)} is no name or address of a server")
    return text


def _init(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    opening = opening_keys(args.opening_keys, folder)
    if not args.keys_here and not folder.sealing_key.exists() and folder.holds(opening):
        raise UseError(
            f"{opening}: the private keys that open every read may not lie in the centre's own "
            "folder, where the intake runs: name another with --opening-keys, best on another "
            "machine's disk, or confirm with --keys-here for a trial on one machine"
        )
    _refuse_other_names(folder, tuple(args.host or ()))
    repository = args.hotlists.absolute() if args.hotlists else None
    _refuse_other_lists(folder, repository)
    hosts = tuple(args.host or ("localhost",))
    done = set_up(folder, hosts, opening, SystemClock(), repository)
    for path in done.made:
        say(f"made {path}")
    if not done.made:
        say(f"{args.dir}: is set up already; nothing is changed")
    if folder.holds(opening) and opening.exists():
        complain(
            f"warning: {opening} holds the private keys that open every read. Move it to another "
            "machine, or to another user's folder, before units enrol: who has this machine then "
            "has no read."
        )
    return 0


def _refuse_other_names(folder: CentreFolder, hosts: tuple[str, ...]) -> None:
    """Refuse names that a centre would not get: it has its own already, and init keeps them."""
    if not folder.settings.exists():
        return
    held = folder.load().server.hosts
    if other := [host for host in hosts if host not in held]:
        raise UseError(
            f"{folder.root} is set up already, as {', '.join(held)}; nothing is changed. For "
            f"{', '.join(other)}: put it into hosts in {folder.settings}, the first one being what "
            "tickets carry, keep the names that units enrolled with, and run init again without "
            "--host"
        )


def _refuse_other_lists(folder: CentreFolder, repository: Path | None) -> None:
    """Refuse a folder of hotlists that a centre would not get: init keeps its settings."""
    if repository is None or not folder.settings.exists():
        return
    if folder.load().hotlists.repository != repository:
        raise UseError(
            f"{folder.root} is set up already; nothing is changed. For its hotlists: put "
            f'repository = "{repository}" under [hotlists] in {folder.settings}, and start '
            "`outrider centre serve` again"
        )


def _ticket(args: argparse.Namespace) -> int:
    folder, clock = CentreFolder(args.dir), SystemClock()
    settings = folder.load()
    if args.output.exists():
        raise FileExistsError(f"{args.output} is there already")
    keys = PublicKeys(SigningIdentity.read(folder.receipt_key).public, folder.sealing_key)
    with closing(open_store_of(folder)) as store:
        tickets = Tickets(Beside.of(folder, settings))
        desk = EnrolmentDesk(store, Authority(folder, settings, clock), keys, clock, tickets)
        ticket = desk.ticket(args.unit, settings.server, timedelta(hours=args.hours))
    durable.write_new(args.output, ticket.encode() + b"\n", 0o600)
    say(f"{args.output}: lets {args.unit} enrol once, until {ticket.expires:%Y-%m-%d %H:%M} UTC")
    return 0


def _unit_force(args: argparse.Namespace) -> int:
    clock = SystemClock()
    now = clock.stamp(clock.mono_ns()).utc
    if args.since is not None and args.since > now:
        raise UseError("--since: a change that is still to come; say it on the day")
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        if store.unit(args.unit) is None:
            raise StoreError(f"{args.unit}: no such unit is enrolled here")
        first = not store.forces_of(args.unit)
        since = store.set_force(args.unit, args.force, args.since or now, "centre operator")
    what = "all that it reads" if first else f"what it reads from {since:%Y-%m-%d %H:%M} UTC on"
    say(f"{args.unit}: {what} is {args.force}'s")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    folder, clock = CentreFolder(args.dir), SystemClock()
    settings = folder.load()
    with closing(open_store_of(folder)) as store:
        unit = store.revoke(args.unit, args.why, time_of(clock))
        Authority(folder, settings, clock).write_revoked(store.revoked_certificates())
        say(f"{args.unit}: revoked; nothing of it is taken from now on")
        beside = Beside.of(folder, settings)
        try:
            Revocations(beside).note(store, unit)
        except OSError as error:
            complain(f"a restored copy of the centre would trust it again: {beside.path}: {error}")
            return 1
    return 0


def _units(args: argparse.Namespace) -> int:
    """Show. Exit 0: all that came is open or waits; 1: rows do not open, or a card was copied."""
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        lines, aside = overview(store), store.set_aside_by_unit()
        overdue = Register(store, SystemClock()).overdue()
    if aside:
        complain(alarm_text(aside))
    forks = [(line.unit_id, fork) for line in lines for fork in line.forks]
    for unit_id, fork in forks:
        complain(fork.text(unit_id))
    bad = bool(aside) or any(fork.kind is Kind.COPIED for _, fork in forks)
    if args.json:
        told = [line.as_json() | {"review_overdue": line.unit_id in overdue} for line in lines]
        say_json(told, indent=1)
        return int(bad)
    if not lines:
        say("no unit is enrolled: outrider centre enrol-ticket")
        return int(bad)
    table = Table("unit", *_COLUMNS)
    for line in lines:
        table.add_row(_name(line, overdue), *_cells(line))
    Screen().print(table)
    return int(bad)


def _name(line: UnitLine, overdue: frozenset[str]) -> Line | str:
    if line.revoked_at is not None:
        return styled(f"{line.unit_id} REVOKED", "red")
    if line.unit_id in overdue:
        return styled(f"{line.unit_id} REVIEW OVERDUE", "yellow")
    return line.unit_id


def _cells(line: UnitLine) -> tuple[Line | str, ...]:
    journals = line.journals
    last = max((journal.last_upload_at for journal in journals), default=None)
    newest = max(journals, key=lambda journal: journal.last_upload_at, default=None)
    gaps = ", ".join(f"{count} {cause}" for cause, count in line.gaps.items())
    return (
        f"{last:%d %b %H:%M}" if last else "",
        f"{_signed(newest.last_skew_s)} {newest.last_clock_quality}" if newest else "",
        f"{line.present:,}",
        _bad(line.missing),
        gaps,
        _bad(line.chain_breaks),
        f"{line.pictures_due:,}",
        _card(line),
        _bad(line.set_aside),
        f"{line.certificate_until:%d %b %Y}" if line.certificate_until else "none",
    )


def _signed(seconds: float) -> str:
    return ("+" if seconds >= 0 else "") + said_duration(seconds)


def _card(line: UnitLine) -> Line | str:
    kinds = Counter(fork.kind for fork in line.forks)
    if kinds[Kind.COPIED]:
        return styled("COPIED", "red")
    return f"put back {kinds[Kind.PUT_BACK]}x" if kinds else "not copied"


def _bad(count: int) -> Line | str:
    return styled(f"{count:,}", "red") if count else "0"
