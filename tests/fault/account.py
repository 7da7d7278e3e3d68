"""Holding what was told against what is found: made, committed, found, lost, duplicated."""

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from outrider.records import Hit, Read
from outrider.unit.journal.reader import JournalReader
from outrider.unit.journal.verify import verify
from outrider.wire.sealing import CentrePrivateKey, Opener


@dataclass(slots=True)
class Account:
    """The figures of a campaign. lost: committed and not found; unsound: faults of verify."""

    cuts: int = 0
    made: int = 0
    committed: int = 0
    found: int = 0
    lost: int = 0
    duplicated: int = 0
    without_pictures: int = 0
    unsound: int = 0

    def add(self, other: "Account") -> None:
        """Add another account to this one."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or damaged."""
        return self.lost == self.duplicated == self.without_pictures == self.unsound == 0

    def line(self) -> str:
        """Return the figures in a line."""
        return ", ".join(f"{each.name} {getattr(self, each.name)}" for each in fields(self))


def told(lines: bytes) -> tuple[set[str], set[str]]:
    """Return the identifiers told as made and as committed; a torn last line does not count."""
    whole = lines.split(b"\n")[:-1]
    made = {line[2:].decode() for line in whole if line.startswith(b"M ")}
    return made, {line[2:].decode() for line in whole if line.startswith(b"C ")}


def settle(
    directory: Path, made: set[str], committed: set[str], centre: CentrePrivateKey
) -> Account:
    """Open a journal with the centre's key and count what of the told is there."""
    found: Counter[str] = Counter()
    bare = 0
    with JournalReader(directory, Opener([centre])) as reader:
        for one in reader.rows():
            if isinstance(one.record, Read):
                found[str(one.record.read_id)] += 1
            elif isinstance(one.record, Hit):
                found[str(one.record.hit_id)] += 1
            bare += bool(one.missing)
    report = verify(directory, Opener([centre]))
    return Account(
        made=len(made),
        committed=len(committed),
        found=len(found),
        lost=len(committed - set(found)),
        duplicated=sum(count - 1 for count in found.values()),
        without_pictures=bare,
        unsound=report.fault_count + report.lost,
    )
