"""Boot a built test image in QEMU and tell from its console what came up.

    .venv/bin/python image_build/boot_image.py [--out DIR] [--limit-s 900]

The card is copied first, and its data partition is made at this first start. The image's own report
switches the machine off at its end. Exit status: 0 every unit is up and none failed; 1 otherwise.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import card
from virtual_machine import Machine, ends_with_us

_UP = {
    "outrider.service", "outrider-data.service", "outrider-hotlist-update.timer", "gpsd.socket",
    "chrony.service", "nftables.service", "systemd-journald.service",
}  # fmt: skip
_REPORT = re.compile(r"REPORT (.*?)\r?$", re.MULTILINE)
_ROOM = 1 << 30  # for data, behind what the image brings


def faults(console: str) -> list[str]:
    """Return what is not as it should be in a console's report."""
    told = _REPORT.findall(console)
    up = {line.split()[1] for line in told if line.startswith("unit ") and line.endswith(" active")}
    found = [f"{unit} is not up" for unit in sorted(_UP - up)]
    found += [line for line in told if line.startswith(("failed ", "cycle "))]
    if "done" not in told:
        found.append("the report has no end: the machine did not come up wholly")
    return found


def larger_copy(image: Path, out: Path, room: int = _ROOM) -> Path:
    """Copy an image as onto a card that is larger than it; return the copy."""
    card.copy(image, out)
    with out.open("r+b") as file:
        file.truncate(image.stat().st_size + room)
    return out


def main() -> int:
    """Boot, print the report, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("image"))
    parser.add_argument("--limit-s", type=float, default=900)
    args = parser.parse_args()
    ends_with_us()
    with tempfile.TemporaryDirectory(prefix="boot-", dir=args.out) as name:
        copied = larger_copy(args.out / "outrider-qemu-amd64.img", Path(name) / "card.img")
        machine = Machine(Path(name), copied, str(copied), limit_s=args.limit_s)
        machine.words = "outrider.test=selftest"
        try:
            ended = machine.run()[-1]
        except TimeoutError as error:
            print(error, file=sys.stderr)
            return 1
        (args.out / "outrider-qemu-amd64.console.txt").write_text(ended.console, encoding="utf-8")
    print("\n".join(ended.reports))
    wrong = faults(ended.console)
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
