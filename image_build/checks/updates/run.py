"""Updates of the test image in a virtual machine, reads being written all the time.

    image_build/checks/updates/run.sh IMAGE_DIR --keys DIR --work DIR
        [--only good,downgrade,broken,cuts] [--power-cuts 20] [--seed 1] [--resume]

Every row that the journal showed as committed must be there after each start, by its number and
hash; and each time the slot that is started must be a good one. Exit status: 0 so it was; 1 not.
"""

import argparse
import json
import math
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import boot_image
import card
import update_keys
import variants
from virtual_machine import Ended, Machine, ends_with_us
from volatile_disk import VolatileDisk

_TARGET = "qemu-amd64"
_COMMITTED = re.compile(r"^COMMITTED (\d+) ([0-9A-F]{16})\r?$", re.MULTILINE)
_HAD = re.compile(r"REPORT had row (\d+) ([0-9A-F]{16})")  # the kernel may end its line
_SLOT = re.compile(r"slot ([AB]) primary ([AB]) version (\S+)")
_BEGUN = re.compile(r"take_stick: \S+ is installed")
_WORDS = "outrider.test=updates loglevel=3"  # the kernel writes into others' lines


class CheckError(Exception):
    """What is not as it must be."""


@dataclass
class Account:
    """Every row that was told as committed, and how many of them the last start found again."""

    rows: dict[int, str] = field(default_factory=dict)
    found: int = 0

    def take(self, ended: Ended) -> None:
        """Compare what a start found on the disk, then note what it committed itself."""
        if "REPORT had-all" in ended.console:
            had = {int(number): digest for number, digest in _HAD.findall(ended.console)}
            lost = [n for n, digest in self.rows.items() if had.get(n) != digest]
            if lost:
                raise CheckError(f"{len(lost)} committed rows are gone, the first {lost[0]}")
            self.found = len(self.rows)
            self.rows |= had
        self.rows |= {int(number): digest for number, digest in _COMMITTED.findall(ended.told)}


@dataclass
class Check:
    """One card's life."""

    work: Path
    image: Path
    keys: update_keys.UpdateKeys
    bundles: variants.Bundles
    account: Account = field(default_factory=Account)
    found_first: int = 0  # of the rows, at the first start of the last life

    @property
    def card(self) -> Path:
        """The card's file."""
        return self.work / "card.img"

    def live(
        self, sticks: list[Path], cut: Callable[[str], bool] | None = None,
        rng: random.Random | None = None,
    ) -> list[Ended]:  # fmt: skip
        """Let the machine run until it is off or cut, every row accounted for."""
        folder = self.work / f"life-{len(list(self.work.glob('life-*'))):02}"
        folder.mkdir()
        disk = VolatileDisk(self.card, folder / "disk")
        machine = Machine(folder, self.card, disk.uri, words=_WORDS, sticks=sticks)
        machine.settle = disk.flush
        try:
            done = machine.run(cut)
            for number, ended in enumerate(done):
                self.account.take(ended)
                if number == 0:
                    self.found_first = self.account.found
            if done[-1].how == "cut" and rng is not None:
                waiting, kept = disk.cut(rng)
                print(
                    f"    cut: {kept} of {waiting} unflushed sectors reached the card", flush=True
                )
        finally:
            disk.close()
        return done

    def keep(self, name: str) -> None:
        """Keep the card as it is, and what it must hold."""
        card.copy(self.card, self.work / f"{name}.img")
        (self.work / f"{name}.json").write_text(json.dumps(self.account.rows), encoding="ascii")

    def put_back(self, name: str) -> None:
        """Take up a card that was kept."""
        card.copy(self.work / f"{name}.img", self.card)
        told = json.loads((self.work / f"{name}.json").read_text(encoding="ascii"))
        self.account.rows = {int(number): digest for number, digest in told.items()}


def slots(ended: Ended) -> list[tuple[str, str, str]]:
    """Return what a start said of itself: slot, primary, version, at its begin and end."""
    return [found for line in ended.reports for found in _SLOT.findall(line)]


def expect(found: object, wanted: object, what: str) -> None:
    """Compare. Errors: CheckError."""
    if found != wanted:
        raise CheckError(f"{what}: {found}, not {wanted}")


def first(check: Check) -> None:
    """A new card: its data partition is made, it comes up wholly, and refuses wrong bundles."""
    image = check.image / f"outrider-{_TARGET}.img"
    boot_image.larger_copy(image, check.card)
    stick = variants.stick(check.work / "wrong.img", "WRONG", list(check.bundles.wrong.values()))
    (ended,) = check.live([stick])
    expect(boot_image.faults(ended.console), [], "what came up")
    made = [line for line in ended.reports if line.startswith("data data-partition")]
    print("    " + "\n    ".join(line.removeprefix("data ") for line in made), flush=True)
    wrong(check, ended)
    check.keep("first")


def wrong(check: Check, ended: Ended) -> None:
    """Each bundle that must be refused was; the slot that runs is still the chosen one."""
    told = [line for line in ended.reports if line.startswith("wrong ")]
    print("    " + "\n    ".join(told), flush=True)
    names = {line.split()[1] for line in told if line.split()[2].startswith("refused")}
    expect(names, set(check.bundles.wrong), "refused")
    expect(slots(ended)[-1][:2], ("A", "A"), "slot and primary after them")


def good(check: Check) -> None:
    """A good update: installed, tried, kept."""
    check.put_back("first")
    _taken(check, check.bundles.good, "B")
    check.keep("good")


def downgrade(check: Check) -> None:
    """An older image, which is signed as one that a newer may be replaced by."""
    check.put_back("good")
    _taken(check, check.bundles.downgrade, "A")


def _taken(check: Check, bundle: Path, slot: str) -> None:
    stick = variants.stick(check.work / "stick.img", "OUTRIDER", [bundle])
    done = check.live([stick])
    expect([ended.how for ended in done], ["tryboot", "off"], "starts")
    wanted = (slot, slot, variants.version_of(bundle))
    expect(slots(done[-1])[-1], wanted, "slot, primary and version")


def broken(check: Check) -> None:
    """An update that is not as well as what it replaces: tried, and the old one returns."""
    check.put_back("first")
    stick = variants.stick(check.work / "stick.img", "OUTRIDER", [check.bundles.broken])
    done = check.live([stick])
    expect([ended.how for ended in done], ["tryboot", "reboot", "off"], "starts")
    expect(slots(done[1])[0][:2], ("B", "A"), "slot and primary on trial")
    expect(slots(done[-1])[-1][:2], ("A", "A"), "slot and primary afterwards")


def cuts(check: Check, moments_s: list[float], rng: random.Random) -> None:
    """The power goes at a moment from the begin of an install to its judgement.

    The next start finds the rows, and installs the same update again: it is cut next. After the
    last cut nothing is in the way, and the update ends well.
    """
    stick = variants.stick(check.work / "cuts.img", "OUTRIDER", [check.bundles.good])
    check.put_back("first")
    before = ""
    for number, after_s in enumerate([*moments_s, math.inf], 1):
        switch = Switch(after_s)
        done = check.live([stick], switch.goes, rng)
        slot, primary, version = slots(done[0])[0]
        expect(slot, primary, f"{before}: what is started by itself")
        if before:
            rows = check.found_first
            print(
                f"    {before}: slot {slot} ({version}) starts, {rows} rows all there", flush=True
            )
        before = f"cut {number}: {after_s:.0f} s after the begin, {switch.place(done)}"
        if done[-1].how != "cut":  # the update was over before
            wanted = ("B", "B", variants.version_of(check.bundles.good))
            expect(slots(done[-1])[-1], wanted, "slot, primary and version in the end")
            print(f"    installed, tried and kept: {' '.join(wanted)}", flush=True)
            before = ""
            if after_s < math.inf:
                check.put_back("first")


@dataclass
class Switch:
    """The power switch: off so long after the install began."""

    after_s: float
    begun_s: float | None = None

    def goes(self, console: str) -> bool:
        """Return whether the power goes now."""
        if self.begun_s is None and _BEGUN.search(console):
            self.begun_s = monotonic()
        return self.begun_s is not None and monotonic() - self.begun_s >= self.after_s

    def place(self, done: list[Ended]) -> str:
        """Return where it struck."""
        if done[-1].how != "cut":
            return "not reached: the update was over"
        return "while installing" if len(done) == 1 else "on trial"


def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", default="good,downgrade,broken,cuts")
    parser.add_argument("--power-cuts", type=int, default=5)
    parser.add_argument("--span-s", type=float, default=240.0, help="of the cuts, s (240)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="with the cards of an earlier run")
    args = parser.parse_args()
    ends_with_us()
    began = monotonic()
    args.work.mkdir(parents=True, exist_ok=True)
    made = args.work / "bundles"
    keys = update_keys.there(args.keys)
    if args.resume:
        bundles = variants.found(args.image, _TARGET, made)
    else:
        made.mkdir()
        bundles = variants.make(args.image, _TARGET, keys, made)
    check = Check(args.work, args.image, keys, bundles)
    rng = random.Random(args.seed)
    moments_s = [rng.uniform(0, args.span_s) for _ in range(args.power_cuts)]
    parts: dict[str, Callable[[Check], None]] = {
        "first": first, "good": good, "downgrade": downgrade, "broken": broken,
        "cuts": lambda one: cuts(one, moments_s, rng),
    }  # fmt: skip
    for name in (
        *(() if args.resume else ("first",)),
        *(part for part in args.only.split(",") if part != "first"),
    ):
        print(f"[{monotonic() - began:6.0f} s] {name}", flush=True)
        try:
            parts[name](check)
        except (CheckError, TimeoutError) as error:
            print(f"FAILED: {name}: {error}", file=sys.stderr)
            return 1
        print(
            f"[{monotonic() - began:6.0f} s] {name}: {check.account.found} rows found again",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
