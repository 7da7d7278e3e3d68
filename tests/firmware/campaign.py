"""The long fault campaign on the alarm unit, with a fixed seed.

    python tests/firmware/campaign.py --bytes 1000000 --alerts 10000 --restarts 200

Prints a table and ends with status 1 where a promise was broken. The tests run the same in small.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from outrider.unit.rehearsal import simulator
from tests.firmware.faulty_line import FaultyLine
from tests.firmware.fuzz import ElfFuzz, HostFuzz
from tests.firmware.restarts import Restarts

Part = tuple[str, list[str]]


def sanitised(count_b: int, seed: int) -> Part:
    """The firmware's logic built for this machine with AddressSanitizer and UBSan."""
    bench = simulator.find().simulator.with_name("alarm-bench")
    done = subprocess.run(
        [str(bench), str(seed), str(count_b)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip(), [] if done.returncode == 0 else [done.stderr.strip()]


def elf(count_b: int, seed: int) -> Part:
    """The ELF in the simulator."""
    outcome = ElfFuzz(simulator.find(), seed).run(count_b)
    return f"{outcome.sent_b} bytes, {outcome.bursts} bursts", outcome.failures()


def host(count_b: int, seed: int) -> Part:
    """The host's parser."""
    outcome = HostFuzz(seed).run(count_b)
    return f"{outcome.sent_b} bytes, {outcome.bursts} bursts", outcome.failures()


def faulty_line(alerts: int, seed: int) -> Part:
    """Alerts while 10 % of frames each are dropped, duplicated, delayed, corrupted, both ways."""
    outcome = FaultyLine(simulator.find(), alerts, 0.1, seed).run()
    faults = ", ".join(f"{name} {count}" for name, count in outcome.faults.items())
    said = (
        f"{len(outcome.raised)} alerts, {len(outcome.sounded)} sounded,"
        f" {len(outcome.recorded)} recorded; {outcome.frames} frames: {faults};"
        f" {outcome.sessions} sessions; {outcome.simulated_s:.0f} s simulated"
    )
    return said, outcome.failures()


def restarts(count: int, seed: int) -> Part:
    """Kill and restart either side."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = Restarts(simulator.find(), Path(folder), count, seed).run()
    return str(outcome), outcome.failures()


def main() -> int:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=0)
    parser.add_argument("--alerts", type=int, default=0)
    parser.add_argument("--restarts", type=int, default=0)
    parser.add_argument("--seed", type=int, default=20261121)
    args = parser.parse_args()
    parts: list[tuple[Callable[[int, int], Part], int]] = [
        (sanitised, args.bytes),
        (elf, args.bytes),
        (host, args.bytes),
        (faulty_line, args.alerts),
        (restarts, args.restarts),
    ]
    broken = False
    for part, amount in parts:
        if amount:
            began_s = time.monotonic()
            said, failures = part(amount, args.seed)
            broken = broken or bool(failures)
            verdict = "; ".join(failures) or "held"
            print(f"{part.__name__:12} {verdict:6} {said} ({time.monotonic() - began_s:.0f} s)")
            sys.stdout.flush()
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
