#!/usr/bin/python3
"""Which slot the firmware starts: RAUC's custom boot-loader backend for a Raspberry Pi's tryboot.

    boot_choice.py get-primary | set-primary SLOT | get-state SLOT | set-state SLOT good|bad

The choice is `autoboot.txt` on the partition "bootsel". The file is one sector and is written over
in place, so that a power cut leaves the old choice or the new one; [tryboot] names the other slot,
which the firmware starts once when asked to. What RAUC holds of the slots stands in its comments.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

SECTOR = 512
PARTITION = {"A": 2, "B": 3}
_DEVICE = "/dev/disk/by-partlabel/bootsel"
_PLACE = Path("/run/outrider-bootsel")
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


def read(file: Path) -> Choice:
    """Return what a file says. Errors: ChoiceError, OSError."""
    text = file.read_bytes().decode("ascii", errors="replace")
    found = _ALL.search(text)
    slots = {number: slot for slot, number in PARTITION.items()}
    if found is None or int(found[1]) not in slots:
        raise ChoiceError(f"{file.name} names no slot that there is: {text.strip()[:100]!r}")
    return Choice(slots[int(found[1])], frozenset(_BAD.findall(text)))


def write(file: Path, choice: Choice) -> None:
    """Write over the file's one sector; on return it is on the card. Errors: OSError."""
    handle = os.open(file, os.O_WRONLY)  # not truncated: no moment without a choice
    try:
        os.pwrite(handle, choice.text(), 0)
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def mounted(way: str) -> Iterator[Path]:
    """Give the file, its partition mounted meanwhile."""
    if given := os.environ.get("OUTRIDER_AUTOBOOT"):  # for tests
        yield Path(given)
        return
    _PLACE.mkdir(mode=0o700, exist_ok=True)
    options = f"{way},noatime,nodev,nosuid,noexec"
    subprocess.run(["mount", "-t", "vfat", "-o", options, _DEVICE, _PLACE], check=True)
    try:
        yield _PLACE / "autoboot.txt"
    finally:
        subprocess.run(["umount", _PLACE], check=True)


def main(words: list[str]) -> int:
    """Answer RAUC, or do what it asks."""
    match words:
        case ["get-primary"]:
            with mounted("ro") as file:
                print(read(file).primary)
        case ["get-state", ("A" | "B") as slot]:
            with mounted("ro") as file:
                print("bad" if slot in read(file).bad else "good")
        case ["set-primary", ("A" | "B") as slot]:
            with mounted("rw") as file:
                now = read(file)
                write(file, Choice(slot, now.bad - {slot}))
        case ["set-state", ("A" | "B") as slot, ("good" | "bad") as state]:
            with mounted("rw") as file:
                now = read(file)
                bad = now.bad | {slot} if state == "bad" else now.bad - {slot}
                if bad != now.bad:
                    write(file, replace(now, bad=bad))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ChoiceError, OSError, subprocess.CalledProcessError) as error:
        print(f"boot_choice: {error}", file=sys.stderr)
        sys.exit(1)
