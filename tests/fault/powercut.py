"""Simulated power cuts: the journal under load on a logged file system, cut at random points.

What was not synced at the cut is kept, dropped or torn by sectors of 512 bytes at random, later
writes surviving earlier ones; names that were not synced survive as a prefix, as in a journalled
file system. Nothing is made durable by luck: a file's fsync does not save its name. From each
disk so rebuilt the journal is opened, goes on, and is held against what had been told durable.

Long run: `python -m tests.fault.powercut --cuts 500`.
"""

import argparse
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from outrider.wire.sealing import CentrePrivateKey
from tests.fault import load
from tests.fault.account import Account, settle, told
from tests.fault.logged_fs import cut, put
from tests.journal.filled import fill, reads

SECTOR = 512
Op = tuple  # type: ignore[type-arg]


@dataclass(slots=True)
class Disk:
    """What is certain to be on the disk, and what is still on its way."""

    data: dict[int, bytearray] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)  # path -> file number; -1: a folder
    writes: dict[int, list[Op]] = field(default_factory=dict)
    namings: list[Op] = field(default_factory=list)

    def take(self, op: Op) -> None:
        """Take in one entry of the log."""
        if op[0] in ("write", "truncate"):
            self.writes.setdefault(op[1], []).append(op)
        elif op[0] == "fsync":
            for write in self.writes.pop(op[1], []):
                self._write(write)
        elif op[0] == "fsyncdir":
            self._sync_names(op[1])
        else:
            self.namings.append(op)

    def _write(self, op: Op) -> None:
        data = self.data.setdefault(op[1], bytearray())
        if op[0] == "truncate":
            cut(data, op[2])
        else:
            put(data, op[2], op[3])

    def _sync_names(self, folder: str) -> None:
        """Make names of a folder durable; those before them go along, as a journal's do."""
        of_folder = [
            i
            for i, op in enumerate(self.namings)
            if _folder_of(op[-1 if op[0] == "rename" else 1]) == folder
        ]
        last = max(of_folder, default=-1)
        for op in self.namings[: last + 1]:
            self._name(op)
        del self.namings[: last + 1]

    def _name(self, op: Op) -> None:
        if op[0] == "create":
            self.names[op[1]] = op[2]
        elif op[0] == "mkdir":
            self.names[op[1]] = -1
        elif op[0] == "unlink":
            self.names.pop(op[1], None)
        else:
            for path in [p for p in self.names if p == op[1] or p.startswith(f"{op[1]}/")]:
                self.names[op[2] + path[len(op[1]) :]] = self.names.pop(path)

    def lose_power(self, rng: random.Random) -> None:
        """Decide, by chance, what of the rest had reached the disk."""
        for op in self.namings[: rng.randint(0, len(self.namings))]:
            self._name(op)
        survival = rng.choice((0.0, 0.5, 0.9, 1.0))
        for ops in self.writes.values():
            for op in ops:
                for part in _sectors(op):
                    if rng.random() < survival:
                        self._write(part)

    def save(self, folder: Path) -> None:
        """Write the disk out as real files."""
        for path, number in sorted(self.names.items()):
            target = folder / path.lstrip("/")
            if number < 0:
                target.mkdir(parents=True, exist_ok=True)
            elif target.parent.is_dir():
                target.write_bytes(self.data.get(number, b""))


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _sectors(op: Op) -> list[Op]:
    if op[0] == "truncate":
        return [op]
    _, number, offset, data = op
    bounds = [0, *range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
    return [("write", number, offset + start, data[start:end]) for start, end in pairwise(bounds)]


def record(folder: Path, centre: CentrePrivateKey, load_s: float) -> list[Op]:
    """Run the journal on the logged file system for a while; return the log."""
    mount, log = folder / "mount", folder / "log"
    mount.mkdir()
    daemon = subprocess.Popen([sys.executable, "-m", "tests.fault.logged_fs", mount, log])
    try:
        _wait_mounted(mount, daemon)
        _load_for(mount, centre, load_s)
    finally:
        subprocess.run(["fusermount3", "-u", mount], check=True)
        daemon.wait(30)
    entries: list[Op] = []
    with log.open("rb") as file:
        while file.peek(1):
            entries.append(pickle.load(file))
    return entries


def _wait_mounted(mount: Path, daemon: subprocess.Popen[bytes]) -> None:
    pause, tries = threading.Event(), 0
    while not os.path.ismount(mount):
        if daemon.poll() is not None or tries > 200:
            raise RuntimeError("the file system did not start: fuse3 and /dev/fuse are needed")
        tries += 1
        pause.wait(0.05)


def _load_for(mount: Path, centre: CentrePrivateKey, load_s: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            told_at = os.open(mount / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            load.run(mount / "journal", centre, 0, load.tell_to(told_at))
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
    before = log[: rng.randint(1, len(log))]
    disk = Disk()
    for op in before:
        disk.take(op)
    disk.lose_power(rng)
    folder.mkdir()
    disk.save(folder)
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
