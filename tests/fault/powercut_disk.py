"""A disk as a power cut leaves it: what was synced is there, the rest as chance has it.

What was not synced at the cut is kept, dropped or torn by sectors of 512 bytes at random, later
writes surviving earlier ones; names that were not synced survive as a prefix, as in a journalled
file system. Nothing is made durable by luck: a file's fsync does not save its name.
"""

import random
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.fault.logged_fs import cut, put

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
        elif op[0] == "syncall":
            for naming in self.namings:
                self._name(naming)
            self.namings.clear()
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


def lose_power(log: list[Op], rng: random.Random, folder: Path) -> None:
    """Make a folder as the disk stands when the power goes at the end of a log."""
    disk = Disk()
    for op in log:
        disk.take(op)
    disk.lose_power(rng)
    folder.mkdir()
    disk.save(folder)


def cut_log(log: list[Op], rng: random.Random, folder: Path) -> list[Op]:
    """Cut the power somewhere in a log; return the log up to there."""
    before = log[: rng.randint(1, len(log))]
    lose_power(before, rng, folder)
    return before
