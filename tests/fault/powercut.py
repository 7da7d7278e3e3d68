"""Simulated power cuts: the journal under load on a logged file system, cut at random points.

See `powercut_disk.py` for what a cut leaves. From each disk so rebuilt the journal is opened, goes
on, and is held against what had been told durable.

Long run: `python -m tests.fault.powercut --cuts 500`.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path

from outrider.wire.sealing import CentrePrivateKey
from tests.fault import load
from tests.fault.account import Account, settle, told
from tests.fault.logged_disk import LoggedDisk
from tests.fault.logged_fs import put
from tests.fault.powercut_disk import Op, cut_log
from tests.unit.journal.filled import fill, reads


def record(folder: Path, centre: CentrePrivateKey, load_s: float) -> list[Op]:
    """Run the journal on the logged file system for a while; return the log."""
    disk = LoggedDisk(folder / "logged")
    try:
        disk.attach()
        _load_for(disk.mount, centre, load_s)
    finally:
        log = disk.detach()
    return log


def _load_for(mount: Path, centre: CentrePrivateKey, load_s: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            told_at = os.open(mount / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            journal = mount / "journal"
            load.run(journal, load.settings(journal, centre), 0, load.tell_to(told_at))
        finally:
            os._exit(1)
    threading.Event().wait(load_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def told_by(log: list[Op]) -> bytes:
    """Return what the load had told by the end of a log."""
    number = next((op[2] for op in log if op[0] == "create" and op[1] == "/told"), None)
    lines = bytearray()
    for op in log:
        if op[0] == "write" and op[1] == number:
            put(lines, op[2], op[3])
    return bytes(lines)


def cut_at(log: list[Op], rng: random.Random, folder: Path, centre: CentrePrivateKey) -> Account:
    """Cut the power somewhere in the log, start again, and hold what is found against the told."""
    before = cut_log(log, rng, folder)
    made, committed = told(told_by(before))
    more = reads(10_000_000, 3, patch_bytes=300, overview_bytes=900)
    fill(folder / "journal", more, centre=centre)
    later = {str(read.read_id) for read in more}
    account = settle(folder / "journal", made, committed | later, centre)
    account.cuts = 1
    return account


def campaign(folder: Path, cuts: int, seed: int, load_s: float) -> Account:
    """Record one load and cut it so many times; return the account of all cuts."""
    rng, total, centre = random.Random(seed), Account(), CentrePrivateKey.generate()
    log = record(folder, centre, load_s)
    for number in range(cuts):
        total.add(cut_at(log, rng, folder / f"cut{number}", centre))
    return total


def main() -> int:
    """Run the campaign and print its figures; exit 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--load-s", type=float, default=4.0, help="length of the load, s")
    parser.add_argument("--json", action="store_true", help="the figures as JSON, on a line more")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account = campaign(Path(folder), args.cuts, args.seed, args.load_s)
    print(f"power cuts: {account.line()}")
    if args.json:
        print(json.dumps(asdict(account)))
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
