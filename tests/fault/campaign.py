"""The kill campaign over the whole way, with nothing of it played: four real programs, killed.

A unit's writer, `outrider sync --watch`, `outrider centre serve` (mutual TLS, enrolled by a real
ticket) and `outrider centre open --watch` run under load; each is killed with SIGKILL at random
instants, starting up included, and started again. With `--cut-every` the unit's disk is a logged
file system whose power is cut: what was not synced is lost, torn or reordered. All the while the
unit erases what the centre confirms. With `--histories-every` cards are put
back, copied into a second car, and the centre is restored from a copy (`histories.py`). In the end
everything that was told committed must be at the centre,
open, once, in order, with its pictures. Long run: `python -m tests.fault.campaign --kills 1000`.
"""

import argparse
import contextlib
import json
import math
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from outrider.bench.postgres_cluster import running
from outrider.clock import ClockQuality, UtcStamp
from outrider.unit.journal import held
from outrider.unit.journal.epochs import LAST
from outrider.unit.journal.outbox import Outbox
from tests.fault.account import told
from tests.fault.histories import Histories
from tests.fault.logged_disk import LoggedDisk
from tests.fault.places import UNIT, CentrePlace, UnitPlace
from tests.fault.processes import Program, abandoning, wait_listening
from tests.fault.way_account import WayAccount, sent_by, settle
from tests.fault.writer import Writer

_FAR_FUTURE = UtcStamp(2**61, ClockQuality.GPS, 0.0)
_LONGEST_S = {"writer": 1.5, "sync": 2.5, "centre serve": 3.0, "centre open": 3.0}
_SHARE_AT_WORK = 0.35
_AT_WORK_S = 20.0
_PAUSE_S = 0.02
_STUCK_S = 90.0


class Campaign:
    """Four programs, and the hand that kills them."""

    def __init__(
        self,
        centre: CentrePlace,
        unit: UnitPlace,
        disk: LoggedDisk | None,
        seed: int,
        histories_every: int,
    ) -> None:
        self._centre = centre
        self._unit = unit
        self._disk = disk
        self._rng = random.Random(seed)
        self.writer = Writer(unit)
        self.sync, self.serve, self.open = unit.sync(), centre.serve(), centre.open()
        self.account = WayAccount()
        self.histories = Histories(
            centre,
            unit,
            (self.writer, self.sync),
            (self.serve, self.open),
            self.account,
            histories_every,
            restores=centre.folder.load().store.url is None,
        )

    def run(self, kills: int, cut_every: int, end_s: float = math.inf) -> None:
        """Kill so many, at most until an instant; then let all that is left reach the centre."""
        victims: list[Writer | Program] = [self.writer, self.sync, self.serve, self.open]
        for victim in victims:
            victim.start()
            if victim is self.writer:  # it makes the journal that sync then finds
                self._until_committed()
        dies_s = {victim.name: self._death(victim.name) for victim in victims}
        while self.account.kills < kills and time.monotonic() < end_s:
            victim = min(victims, key=lambda one: dies_s[one.name])
            self.writer.listen(dies_s[victim.name])
            if self._rng.random() < _SHARE_AT_WORK:
                self._until_at_work()
            for other in victims:
                other.check()
            victim.kill()
            self.account.killed(victim.name)
            if cut_every and self.account.kills % cut_every == 0:
                self._cut_power(victim)
            victim.start()
            if self._rng.random() < 0.3:
                self._erase()
            dies_s[victim.name] = self._death(victim.name)
            self.histories.turn()
        self.histories.finish()
        self._drain()

    def _death(self, name: str) -> float:
        return time.monotonic() + self._rng.uniform(0, _LONGEST_S[name])

    def _until_committed(self) -> None:
        while b"C " not in self.writer.lines:
            self.writer.listen(time.monotonic() + 0.05)

    def _until_at_work(self) -> None:
        """Wait until a receipt comes, then a moment: many kills are to hit uploads on their way.

        A busy machine would else see programs killed mostly while they start.
        """
        with contextlib.suppress(sqlite3.OperationalError):
            sent, start_s = sent_by(self._unit.journal), time.monotonic()
            while sent_by(self._unit.journal) <= sent and time.monotonic() - start_s < _AT_WORK_S:
                self.writer.listen(time.monotonic() + 0.05)
        self.writer.listen(time.monotonic() + self._rng.uniform(0, 0.3))

    def _cut_power(self, dead: Writer | Program) -> None:
        """Cut the unit's power: all its programs die, and its disk is as it may be then."""
        assert self._disk is not None
        alive = [one for one in (self.writer, self.sync) if one is not dead]
        for one in alive:
            one.kill()
        self._disk.cut(self._rng)
        self.account.power_cuts += 1
        for one in alive:
            one.start()

    def _erase(self) -> None:
        """Erase what the centre confirms, and see that it has it; sync needs a good clock to."""
        if self.histories.holds_erasing:
            return
        with contextlib.suppress(sqlite3.OperationalError):  # in use for long: another time
            with contextlib.closing(Outbox(self._unit.journal)) as outbox:
                confirmed = self._confirmed(outbox)
                before = held.claims(outbox.db, 0, LAST, 10**6)
                outbox.expire(0.0, _FAR_FUTURE, confirmed)
                here = {seq for (seq,) in outbox.db.execute("SELECT seq FROM row")}
                journal_id = outbox.journal_id
            gone = [claim for claim in before if claim.seq not in here]
            with contextlib.closing(self._centre.store()) as store:
                kept = store.holdings(UNIT, journal_id, gone)
            self.account.deleted_before_receipt += len(gone) - len(kept.rows | kept.over)
            self.account.erased_on_unit += len(gone)

    def _confirmed(self, outbox: Outbox) -> set[int]:
        """Ask until the centre answers: it may have been killed just now."""
        start_s = time.monotonic()
        while time.monotonic() - start_s < _AT_WORK_S:
            found = self._unit.confirmed(outbox)
            if found is not None:
                return found
            self.writer.listen(time.monotonic() + 0.3)
        return set()

    def _drain(self) -> None:
        """Let what is left go its way, unharmed; then end all as systemd does.

        Twice, as two dockings: at the first a row may lack a picture whose fellow is still to be
        sent, which tells a unit nothing yet.
        """
        self.writer.kill()
        for _ in range(2):
            self._compare()
            self._wait_sent()
        for program in (self.sync, self.serve, self.open):
            program.end()

    def _wait_sent(self) -> None:
        pause, moved_s, left = threading.Event(), time.monotonic(), self._left()
        while any(left):
            before, left = left, self._left()
            moved_s = moved_s if left == before else time.monotonic()
            if time.monotonic() - moved_s > _STUCK_S:
                self.account.fault("what was left did not arrive, with nobody killed any more")
                break
            for program in (self.sync, self.serve, self.open):
                program.check()
            pause.wait(0.5)

    def _compare(self) -> None:
        """Hold the unit against the centre, as the next docking does: what it lacks goes again."""
        pause, start_s = threading.Event(), time.monotonic()
        while time.monotonic() - start_s < _STUCK_S:
            with contextlib.closing(Outbox(self._unit.journal)) as outbox:
                if self._unit.confirmed(outbox) is not None:
                    return
            self.serve.check()
            pause.wait(0.5)
        self.account.fault("the centre did not say what it holds")

    def _left(self) -> tuple[int, int, int]:
        """Return how many rows and pictures are to be sent, and how many rows to be opened."""
        with contextlib.closing(Outbox(self._unit.journal)) as outbox:
            left = outbox.remaining()
        with contextlib.closing(self._centre.store()) as store:
            return left.rows, left.pictures, store.backlog().waiting


@contextlib.contextmanager
def set_up(root: Path, store: str, cuts: bool) -> Iterator[tuple[CentrePlace, UnitPlace]]:
    """Make a centre and a unit enrolled with it; the unit's journal on a disk that can be cut."""
    with contextlib.ExitStack() as stack:
        url = None
        if store == "postgresql":
            cluster = stack.enter_context(running())
            url = cluster.url(cluster.new_database())
        centre = CentrePlace.make(root, url)
        serving = centre.serve()
        stack.enter_context(abandoning(serving))
        serving.start()
        wait_listening(serving, centre.enrol_port)
        journal = (root / "disk" / "mount" if cuts else root) / "journal"
        unit = UnitPlace.make(root, centre, journal)
        serving.end()
        yield centre, unit


def campaign(
    root: Path,
    kills: int,
    seed: int,
    store: str,
    cut_every: int,
    minutes: float = math.inf,
    histories_every: int = 0,
) -> WayAccount:
    """Run a campaign; return its account."""
    end_s = time.monotonic() + 60 * minutes
    with set_up(root, store, cuts=cut_every > 0) as (centre, unit):
        disk = LoggedDisk(root / "disk") if cut_every else None
        if disk is not None:
            disk.attach()
        run = Campaign(centre, unit, disk, seed, histories_every)
        try:
            with abandoning(run.sync, run.serve, run.open, run.writer, run.histories):
                run.run(kills, cut_every, end_s)
            with contextlib.closing(centre.store()) as looked:
                lines = told(run.writer.lines + run.histories.lines)
                settle(run.account, looked, unit.journal, lines, centre.private_keys())
        finally:
            if disk is not None:
                disk.detach()
    return run.account


def at_once(args: argparse.Namespace) -> WayAccount:
    """Run several campaigns beside each other, each with a unit and a centre; sum their figures."""
    kills = args.kills // args.jobs
    command = [sys.executable, "-m", "tests.fault.campaign", "--json", "--kills", str(kills)]
    command += ["--store", args.store, "--cut-every", str(args.cut_every)]
    command += ["--histories-every", str(args.histories_every)]
    command += ["--minutes", str(args.minutes)]
    running_now = [
        subprocess.Popen([*command, "--seed", str(args.seed + job)], stdout=subprocess.PIPE)
        for job in range(args.jobs)
    ]
    total = WayAccount()
    for job in running_now:
        printed, _ = job.communicate()
        if job.returncode not in (0, 1) or not printed:
            total.fault(f"a campaign ended by itself: {job.returncode}")
            continue
        total.add(json.loads(printed.splitlines()[-1]))
        print(printed.splitlines()[0].decode(), flush=True)
    return total


def main() -> int:
    """Run the campaign and print its figures; exit 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument(
        "--cut-every", type=int, default=0, help="kills between power cuts of the unit (none)"
    )
    parser.add_argument(
        "--histories-every",
        type=int,
        default=0,
        help="kills between cards put back, cards in two cars, and centres restored (none)",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="units, each with a centre, beside each other (1)"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="kill no longer than this (no limit)"
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON, on a line more")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and leave no process behind
    if args.jobs > 1:
        account = at_once(args)
    else:
        with tempfile.TemporaryDirectory() as folder:
            account = campaign(
                Path(folder),
                args.kills,
                args.seed,
                args.store,
                args.cut_every,
                args.minutes,
                args.histories_every,
            )
    print(f"SIGKILL of unit, sync, centre and opening, {args.store}: {account.line()}")
    for reason in account.reasons[:20]:
        print(f"  {reason}")
    if args.json:
        print(json.dumps(asdict(account)))
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
