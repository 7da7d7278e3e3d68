"""Count the instructions of each stage on the processors of a Pi 4 and a Pi 5; fail if they grow.

Counts are of QEMU's plugin and repeat to a few in a million, however busy the machine is: they say
what a change costs on a Pi without a Pi. They are not time: see README.md.

Usage: python count_instructions.py QEMU PLUGIN ROOT SITE INPUTS.npz [--write]
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.json"
REPO = HERE.parents[2]
CPUS = {"cortex-a72": "Pi 4", "cortex-a76": "Pi 5"}
STAGES = ("detector_640x480", "detector_1024x768", "reader", "straightener", "frames")
MOST_GROWTH = 1.03
_TOTAL = re.compile(r"total insns: (\d+)")


class CountError(Exception):
    """A stage could not be counted: which, and what it said."""


class Counter:
    """Runs a stage under qemu-user and reads what the plugin counted."""

    def __init__(self, qemu: str, plugin: str, root: str, site: str, inputs: str) -> None:
        self._command = [qemu, "-plugin", f"{plugin},inline=on", "-d", "plugin", "-L", root]
        self._python = f"{root}/usr/bin/python3.11"
        self._site, self._inputs = site, inputs

    def one(self, cpu: str, stage: str) -> int:
        """Return the instructions of doing a stage once: half of what three have beyond one."""
        return (self._total(cpu, stage, 3) - self._total(cpu, stage, 1)) // 2

    def _total(self, cpu: str, stage: str, times: int) -> int:
        program = [self._python, str(HERE / "count_stage.py"), stage, str(times), self._inputs]
        done = subprocess.run(
            [*self._command, *program],
            # The same hash seed and one arena: what is counted must not depend on chance.
            env={
                "PATH": os.environ["PATH"], "QEMU_CPU": cpu, "PYTHONHASHSEED": "0",
                "PYTHONPATH": f"{self._site}:{REPO / 'src'}", "PYTHONDONTWRITEBYTECODE": "1",
                "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = _TOTAL.search(done.stdout + done.stderr)
        if done.returncode or found is None:
            raise CountError(f"{stage} on {cpu}: exit {done.returncode}: {done.stderr[-2000:]}")
        return int(found[1])


def count(counter: Counter, frames: int) -> dict[str, dict[str, float]]:
    """Return millions of instructions by processor and stage, `frame` for a whole frame."""
    wanted = [(cpu, stage) for cpu in CPUS for stage in STAGES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda one: counter.one(*one), wanted))
    counted: dict[str, dict[str, float]] = {cpu: {} for cpu in CPUS}
    for (cpu, stage), instructions in zip(wanted, found, strict=True):
        shown, share = ("frame", frames) if stage == "frames" else (stage, 1)
        counted[cpu][shown] = round(instructions / share / 1e6, 2)
    return counted


def grown(
    kept: dict[str, dict[str, float]], counted: dict[str, dict[str, float]]
) -> list[tuple[str, str]]:
    """Return processor and stage of whatever grew by more than 3 %, or is not in both."""
    return [
        (cpu, stage)
        for cpu in CPUS
        for stage in sorted(kept.get(cpu, {}).keys() | counted[cpu].keys())
        if counted[cpu].get(stage, float("inf")) > MOST_GROWTH * kept.get(cpu, {}).get(stage, 0)
    ]


def main(words: list[str]) -> int:
    """Print the table; return 1 where something grew."""
    write = words[-1] == "--write"
    paths = words[:-1] if write else words
    counted = count(Counter(*paths), len(np.load(paths[-1])["frames"]))
    if write:
        KEPT.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    too_many = grown(kept, counted)
    print(f"{'millions of instructions':<26}{'stage':<20}{'now':>9}{'kept':>9}{'ratio':>8}")
    for cpu, stages in counted.items():
        for stage, now in stages.items():
            before = kept.get(cpu, {}).get(stage)
            ratio = f"{now / before:8.3f}" if before else "     new"
            mark = "  more than 3 % up" if (cpu, stage) in too_many else ""
            name = f"{cpu} ({CPUS[cpu]})"
            print(f"{name:<26}{stage:<20}{now:>9.2f}{before or 0:>9.2f}{ratio}{mark}")
    if too_many:
        print("It grew: mend it, or say why and keep the new counts with --write.", file=sys.stderr)
    return 1 if too_many else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CountError as error:
        sys.exit(f"count_instructions.py: {error}")
