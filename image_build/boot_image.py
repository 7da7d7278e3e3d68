"""Boot a built test image in QEMU and tell from its console what came up.

    .venv/bin/python image_build/boot_image.py [--out DIR] [--limit-s 900]

The kernel is started directly with the root hash of the manifest. The image's own report switches
the machine off at its end. Exit status: 0 every unit is up and none failed; 1 otherwise.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

_UP = {
    "outrider.service", "outrider-hotlist-update.timer", "gpsd.socket", "chrony.service",
    "nftables.service", "systemd-journald.service",
}  # fmt: skip
_REPORT = re.compile(r"REPORT (.*?)\r?$", re.MULTILINE)


def command(out: Path, stem: str) -> list[str]:
    """Return QEMU's command for a built image: no KVM needed, no network, a watchdog."""
    manifest = json.loads((out / f"{stem}.manifest.json").read_text(encoding="utf-8"))
    verity = manifest["verity"]
    words = (
        f"console=ttyS0 panic=-1 outrider.hash={verity['root_hash']}"
        f" outrider.offset={verity['hash_offset']} systemd.show_status=no"
    )
    return [
        "qemu-system-x86_64", "-M", "q35,hpet=off", "-cpu", "Nehalem,-cx16", "-m", "1024",
        "-accel", "tcg,thread=single", "-nographic", "-no-reboot", "-nic", "none",
        "-device", "i6300esb", "-kernel", str(out / f"{stem}.vmlinuz"),
        "-initrd", str(out / f"{stem}.initrd"), "-append", words,
        "-drive", f"file={out / f'{stem}.img'},if=virtio,format=raw,readonly=on",
    ]  # fmt: skip


def boot(out: Path, stem: str, limit_s: float) -> str:
    """Run the machine to its end; return its console. Errors: TimeoutExpired."""
    with (out / f"{stem}.console.txt").open("wb") as console:
        subprocess.run(
            command(out, stem), check=True, timeout=limit_s,
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return (out / f"{stem}.console.txt").read_text(encoding="utf-8", errors="replace")


def faults(console: str) -> list[str]:
    """Return what is not as it should be in a console's report."""
    told = _REPORT.findall(console)
    up = {line.split()[1] for line in told if line.startswith("unit ") and line.endswith(" active")}
    found = [f"{unit} is not up" for unit in sorted(_UP - up)]
    found += [line for line in told if line.startswith("failed ")]
    if "done" not in told:
        found.append("the report has no end: the machine did not come up wholly")
    return found


def main() -> int:
    """Boot, print the report, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("image"))
    parser.add_argument("--limit-s", type=float, default=900)
    args = parser.parse_args()
    stem = "outrider-qemu-amd64"
    try:
        console = boot(args.out, stem, args.limit_s)
    except subprocess.TimeoutExpired:
        print(f"not off after {args.limit_s:.0f} s: {args.out}/{stem}.console.txt", file=sys.stderr)
        return 1
    print("\n".join(_REPORT.findall(console)))
    wrong = faults(console)
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
