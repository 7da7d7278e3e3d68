#!/usr/bin/python3
"""Which slot the firmware starts: RAUC's custom boot-loader backend for a Raspberry Pi's tryboot.

    boot_choice.py get-primary | set-primary SLOT | get-state SLOT | set-state SLOT good|bad

The choice is `autoboot.txt` on the partition "bootsel". The file is one sector, which is all
that is ever written there: the partition is not mounted, for that would write more. So a power
cut leaves the old choice or the new one. [tryboot] names the other slot, which the firmware
starts once when asked to. What RAUC holds of the slots stands in the file's comments.
"""

import os
import re
import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path

SECTOR = 512
PARTITION = {"A": 2, "B": 3}
_DEVICE = Path(os.environ.get("OUTRIDER_BOOTSEL", "/dev/disk/by-partlabel/bootsel"))  # for tests
_NAME = b"AUTOBOOTTXT"
_ENTRY = 32
_ALL = re.compile(r"\[all\][^\[]*?^boot_partition=(\d+)$", re.MULTILINE)
_BAD = re.compile(r"^# ([AB]) is bad$", re.MULTILINE)


class ChoiceError(Exception):
    """The choice cannot be read or written: what is wrong."""


@dataclass(frozen=True)
class Choice:
    """The slot that is started, and the slots that RAUC holds for bad."""

    primary: str
    bad: frozenset[str] = frozenset()

    def text(self) -> bytes:
        """Return the file: one sector, always."""
        other = "B" if self.primary == "A" else "A"
        lines = ["[all]", "tryboot_a_b=1", f"boot_partition={PARTITION[self.primary]}",
                 "[tryboot]", f"boot_partition={PARTITION[other]}",
                 *(f"# {slot} is bad" for slot in sorted(self.bad))]  # fmt: skip
        return "\n".join(lines).encode().ljust(SECTOR - 1, b"\n") + b"\n"


def place_of(device: int) -> int:
    """Return where the file's sector is, in bytes from the begin of a FAT12 or FAT16 file system.

    Errors: ChoiceError where it is another file system, or has not the file at its top.
    """
    head = os.pread(device, SECTOR, 0)
    if len(head) != SECTOR or head[510:] != b"\x55\xaa":
        raise ChoiceError("bootsel holds no file system that the firmware reads")
    sector, cluster, reserved, fats, entries, _, _, fat_sectors = struct.unpack_from(
        "<HBHBHHBH", head, 11
    )
    if sector != SECTOR or not (cluster and entries and fat_sectors):
        raise ChoiceError("bootsel is no FAT16 with sectors of 512 bytes")
    root = (reserved + fats * fat_sectors) * SECTOR
    data = root + entries * _ENTRY
    for at in range(root, data, _ENTRY):
        entry = os.pread(device, _ENTRY, at)
        first, size = struct.unpack_from("<HI", entry, 26)
        if entry.startswith(_NAME) and size == SECTOR and first >= 2:
            return data + (first - 2) * cluster * SECTOR
    raise ChoiceError("bootsel has no autoboot.txt of one sector")


def read(device: int) -> Choice:
    """Return what the file says. Errors: ChoiceError, OSError."""
    text = os.pread(device, SECTOR, place_of(device)).decode("ascii", errors="replace")
    found = _ALL.search(text)
    slots = {number: slot for slot, number in PARTITION.items()}
    if found is None or int(found[1]) not in slots:
        raise ChoiceError(f"autoboot.txt names no slot that there is: {text.strip()[:100]!r}")
    return Choice(slots[int(found[1])], frozenset(_BAD.findall(text)))


def write(device: int, choice: Choice) -> None:
    """Write over the file's one sector; on return it is on the card. Errors: OSError."""
    os.pwrite(device, choice.text(), place_of(device))
    os.fsync(device)


def answer(words: list[str], device: int) -> str | None:
    """Answer RAUC, or do what it asks; None for what nobody asks."""
    now = read(device)
    match words:
        case ["get-primary"]:
            return now.primary
        case ["get-state", ("A" | "B") as slot]:
            return "bad" if slot in now.bad else "good"
        case ["set-primary", ("A" | "B") as slot]:
            write(device, Choice(slot, now.bad - {slot}))
            return ""
        case ["set-state", ("A" | "B") as slot, ("good" | "bad") as state]:
            bad = now.bad | {slot} if state == "bad" else now.bad - {slot}
            if bad != now.bad:
                write(device, replace(now, bad=bad))
            return ""
    return None


def main(words: list[str]) -> int:
    """Open the partition and answer."""
    way = os.O_RDWR if words[:1] in (["set-primary"], ["set-state"]) else os.O_RDONLY
    device = os.open(_DEVICE, way | os.O_CLOEXEC)
    try:
        said = answer(words, device)
    finally:
        os.close(device)
    print(__doc__ if said is None else said, end="\n" if said else "")
    return 2 if said is None else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ChoiceError, OSError) as error:
        print(f"boot_choice: {error}", file=sys.stderr)
        sys.exit(1)
