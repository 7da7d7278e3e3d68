"""`outrider centre expire`: let go of what may not be kept longer."""

import argparse
from contextlib import closing
from datetime import datetime

from outrider.centre.access.ages import months_before
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFault, CentreFolder
from outrider.centre.store.ports import RetentionStore
from outrider.centre.store_of import open_store_of
from outrider.clock import Clock, ClockQuality, SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.shown import say


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
    finish(parser, _run)


def _run(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    months = folder.load().retention.months
    with closing(open_store_of(folder)) as store:
        before, rows = expire(store, SystemClock(), months, trust_clock=args.trust_clock)
    say(f"{rows:,} rows of before {before:%Y-%m-%d} erased: kept for {months} months")
    return 0


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
