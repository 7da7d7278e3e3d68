"""`outrider centre expire`: let go of what may not be kept longer."""

import argparse
from contextlib import closing
from datetime import datetime
from pathlib import Path

from outrider import durable
from outrider.centre.access.ages import months_before
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFault, CentreFolder
from outrider.centre.store.centre_store import RetentionStore
from outrider.centre.store.records import AuditRow
from outrider.centre.store.trail import AuditStore
from outrider.centre.store_of import open_store_of
from outrider.clock import Clock, ClockQuality, SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.shown import say
from outrider.wire import erasure
from outrider.wire.erasure import Erasure
from outrider.wire.signing import SigningIdentity


class RetentionFault(CentreFault):
    """Nothing was erased: why, and what to do."""


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "expire",
        "erase what is older than retention.months, each night by a timer",
        "outrider centre expire --dir /srv/centre",
    )
    add_dir(parser)
    parser.add_argument(
        "--trust-clock", action="store_true", help="though the system does not call it synchronised"
    )
    parser.add_argument("--certificate", type=Path, help="a new file: what was erased, signed")
    finish(parser, _run, ValueError)


def _run(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    months = folder.load().retention.months
    with closing(open_store_of(folder)) as store:
        clock = SystemClock()
        before, rows = expire(store, clock, months, trust_clock=args.trust_clock)
        if args.certificate is not None:
            identity = SigningIdentity.read(folder.receipt_key)
            made = certificate(store, clock, before, months, rows, identity)
            durable.write_new(args.certificate, made)
    say(f"{rows:,} rows of before {before:%Y-%m-%d} erased: kept for {months} months")
    return 0


def certificate(
    store: AuditStore, clock: Clock, before: datetime, months: int, rows: int,
    identity: SigningIdentity,
) -> bytes:  # fmt: skip
    """Return the signed certificate of what `expire` has erased. Raises StoreError."""
    last = last_row(store)
    number, digest = (last.number, last.hash.hex()) if last is not None else (0, "")
    at = clock.stamp(clock.mono_ns()).iso_ms()
    done = Erasure(at, before.isoformat(), months, rows, (), number, digest)
    return erasure.encode(done, identity)


def last_row(store: AuditStore) -> AuditRow | None:
    """Return the trail's last row, found without reading it all. Raises StoreError."""
    low, step = 0, 1
    while store.audit(low + step - 1, 1):
        low, step = low + step, step * 2
    while step > 1:
        step //= 2
        if store.audit(low + step - 1, 1):
            low += step
    rows = store.audit(low - 1, 1) if low else []
    return rows[0] if rows else None


def expire(
    store: RetentionStore, clock: Clock, months: int, *, trust_clock: bool = False
) -> tuple[datetime, int]:
    """Erase what is older; return from before when, and how many rows.

    Raises RetentionFault where the time of day rests on nothing: a clock that is years ahead would
    erase everything; StoreError.
    """
    now = clock.stamp(clock.mono_ns())
    if now.quality is ClockQuality.FREE_RUNNING and not trust_clock:
        raise RetentionFault(
            f"nothing erased: this machine's clock ({now.iso_ms()}) is not synchronised; "
            "start its time service, or give --trust-clock if the time is right"
        )
    before = months_before(now.utc, months)
    return before, store.expire(before)
