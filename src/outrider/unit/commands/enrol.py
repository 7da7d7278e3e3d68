"""`outrider enrol`: join a centre with a ticket; show what the unit is enrolled as."""

import argparse
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import UseError, finish
from outrider.command_line.values import existing_file, named
from outrider.console import Screen
from outrider.shown import complain, say, say_json
from outrider.tables import Table
from outrider.unit.certificates import CertificateError, Life, life_of, same_certificate
from outrider.unit.enrolment.enrol import EnrolError, Enrolled, already, enrol, read_ticket
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.reseal import Resealed, reseal_folder
from outrider.unit.journal.schema import JournalError, has_journal
from outrider.unit.settings import enrolled
from outrider.unit.settings import sections as config
from outrider.unit.settings.enrolled import Enrolment, IdentityFiles
from outrider.wire.enrolment import Ticket
from outrider.wire.key_file import KeyFileError
from outrider.wire.sealing import CentrePublicKey, SealingError
from outrider.wire.signing import SigningIdentity, VerifyingKey

_PROTECTION = (
    "The unit's two private keys are files that their owner and root can read. They are not in a "
    "secure element: whoever has root on the running unit, or an unencrypted card in hand, can "
    "send as this unit until the centre revokes it. They open nothing that the unit has read."
)
_ERRORS = (
    EnrolError,
    enrolled.EnrolmentFileError,
    CertificateError,
    KeyFileError,
    SealingError,
    JournalError,
)


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "enrol",
        "join a centre with its one-time ticket",
        "outrider enrol --ticket /media/stick/unit-7.ticket\n  outrider enrol --status",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--ticket", type=_ticket, metavar="FILE", help="from `outrider centre enrol-ticket`"
    )
    what.add_argument("--status", action="store_true", help="what the unit is enrolled as")
    parser.add_argument(
        "--again", action="store_true", help="though it is enrolled: new keys, old ones dropped"
    )
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    add_json(parser)
    finish(parser, _run, *_ERRORS)


def _ticket(text: str) -> Path:
    """Return the path of a ticket; one that is gone may have been used: see `_refuse_missing`."""
    path = named(text)
    return existing_file(text) if path.exists() else path


def _run(args: argparse.Namespace) -> int:
    """Enrol, or show. Exit 0: the unit is enrolled; 1: it is not, and why."""
    settings = config.load_file(args.config)
    if args.status:
        return _status(settings.unit.state_dir, args.json)
    if not args.ticket.exists():
        _refuse_missing(args.ticket, settings.unit.state_dir)
    if args.again:
        _check_unsent(args.config, read_ticket(args.ticket))
    done = enrol(args.ticket, settings, SystemClock(), again=args.again)
    _tell(done, settings.unit.state_dir, args.json)
    _seal_earlier(args.config, done.enrolment.unit_id)
    return 0


def _refuse_missing(ticket: Path, state_dir: Path) -> None:
    """Say why a ticket is not there: where the unit is enrolled, it was used and erased."""
    in_force = enrolled.read(state_dir)
    if in_force is None:
        raise UseError(f"--ticket {ticket}: does not exist: is the name right?")
    raise EnrolError(f"{ticket} is not there (a used ticket is erased), and {already(in_force)}")


def _check_unsent(config_file: Path | None, ticket: Ticket) -> None:
    """Refuse to leave a centre, or a name, that sealed rows are still to be sent in.

    Another centre has not the key that opens them, and takes no read that another unit signed.
    """
    settings = config.load(config_file)
    in_force = enrolled.read(settings.unit.state_dir)
    if in_force is None or not has_journal(settings.journal_dir):
        return
    authority = in_force.files(settings.unit.state_dir).ca_certificate.read_bytes()
    same_centre = same_certificate(authority, ticket.ca_certificate.encode())
    if same_centre and ticket.unit_id == in_force.unit_id:
        return
    with closing(Outbox(settings.journal_dir, sealed_only=True)) as outbox:
        left, in_clear = outbox.remaining(), outbox.held_back()
    if left.rows > in_clear or (left.pictures and not in_clear):
        raise EnrolError(
            f"what was read as {in_force.unit_id} for {in_force.url} is still to be sent, and "
            "nobody else can open it: run `outrider sync` first; if that centre is gone for ever, "
            f"stop the unit and keep the journal apart: mv {settings.journal_dir} ELSEWHERE"
        )


def _tell(done: Enrolled, state_dir: Path, as_json: bool) -> None:
    if done.ticket_left:
        complain(
            f"the used ticket could not be erased ({done.ticket_left}): destroy it; its code is "
            "of no more use"
        )
    elif not as_json:
        say("the ticket's file has been erased")
    if not as_json:
        verb = "was enrolled with this ticket already" if done.already else "is enrolled"
        say(f"the unit {verb}; restart `outrider run` and `outrider sync` to use it")
    _show(done.enrolment, state_dir, as_json)


def _seal_earlier(config_file: Path | None, unit_id: str) -> None:
    """Seal for the centre what was read before; what cannot be now, the unit or the sync does."""
    settings = config.load(config_file)
    try:
        sealer = choose_sealer(settings.journal, live=False)
        done = reseal_folder(settings.journal_dir, sealer, unit_id, SystemClock())
    except sqlite3.Error as error:
        done = Resealed(0, 1, f"the journal cannot be used now ({error}): start the unit")
    if done.rows:
        complain(f"{done.rows} rows kept in clear before are sealed for the centre")
    if done.waiting:
        complain(f"rows of before lie in clear and wait: {done.why}")


def _status(state_dir: Path, as_json: bool) -> int:
    enrolment = enrolled.read(state_dir)
    if enrolment is not None:
        _show(enrolment, state_dir, as_json)
        return 0
    if as_json:
        say_json({"enrolled": False})
    else:
        say(f"not enrolled ({state_dir}): outrider enrol --ticket FILE")
    return 1


def _show(enrolment: Enrolment, state_dir: Path, as_json: bool) -> None:
    clock = SystemClock()
    now = clock.stamp(clock.mono_ns()).utc
    facts = _facts(enrolment, enrolment.files(state_dir), now)
    if as_json:
        say_json({"enrolled": True} | facts | {"protection": _PROTECTION}, indent=1)
        return
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), str(value))
    console = Screen()
    console.print(table)
    console.print(_PROTECTION)


def _facts(enrolment: Enrolment, files: IdentityFiles, now: datetime) -> dict[str, str]:
    life = life_of(files.certificate.read_bytes())
    return {
        "unit": enrolment.unit_id,
        "centre": enrolment.url,
        "enrolled_at": enrolment.at.isoformat(timespec="seconds"),
        "certificate_until": life.ends.isoformat(timespec="seconds"),
        "certificate_state": _state_of(life, now),
        "signing_key": SigningIdentity.read(files.signing_key).public.key_id,
        "receipt_key": VerifyingKey.read(files.receipt_key).key_id,
        "sealing_key": CentrePublicKey.read(files.sealing_key).key_id,
        "hotlist_root": "there" if files.hotlist_root.exists() else "none: the centre had none",
        "files": str(files.folder),
    }


def _state_of(life: Life, now: datetime) -> str:
    if now >= life.ends:
        return "EXPIRED: ask the centre for a ticket and run this with --again"
    if now < life.begins:
        return "not yet valid: is the clock right?"
    days = (life.ends - now).days
    return f"{days} days left" + (", renewed at the next sync" if life.is_renewal_due(now) else "")
