"""The kill campaign: a real process writes a journal and is killed at random instants.

Long run: `python -m tests.fault.kill --kills 1000`.
"""

import argparse
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from outrider.unit.settings.sections import JournalSettings
from outrider.wire.sealing import CentrePrivateKey
from tests.fault import load
from tests.fault.account import Account, settle, told

_PER_JOURNAL = 25


def campaign(folder: Path, kills: int, seed: int, longest_s: float = 0.4) -> Account:
    """Kill so many writers, each after a random while of load; return the account of all."""
    rng, total, centre = random.Random(seed), Account(), CentrePrivateKey.generate()
    first = 0
    for journal in range((kills + _PER_JOURNAL - 1) // _PER_JOURNAL):
        directory = folder / f"j{journal}" / "journal"
        directory.parent.mkdir()
        settings = load.settings(directory, centre)
        lines = b""
        for _ in range(min(_PER_JOURNAL, kills - journal * _PER_JOURNAL)):
            once_told = b"M " if rng.random() < 0.3 else b"C "
            lines += one_life(directory, settings, first, rng.uniform(0, longest_s), once_told)
            first += 100_000
            total.cuts += 1
        total.add(settle(directory, *told(lines), centre))
    return total


def one_life(
    directory: Path, settings: JournalSettings, first: int, life_s: float, once_told: bytes = b"C "
) -> bytes:
    """Let a child process write until it is killed; return what it told.

    Its life is counted from when it has told a line that begins so: its first commit, or, with
    `M `, its first record, while it may still be opening the journal.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            load.run(directory, settings, first, load.tell_to(writing))
        finally:
            os._exit(1)
    os.close(writing)
    lines = _listen(reading, child, life_s, once_told)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise AssertionError(f"the writer ended by itself: status {status}")
    return lines


def _listen(reading: int, child: int, life_s: float, once_told: bytes) -> bytes:
    lines = b""
    while once_told not in lines and (chunk := os.read(reading, 65536)):
        lines += chunk
    ready = select.poll()
    ready.register(reading, select.POLLIN)
    start_s = time.monotonic()
    while (left_s := life_s - (time.monotonic() - start_s)) > 0:
        if ready.poll(left_s * 1000):
            lines += os.read(reading, 65536)
    os.kill(child, signal.SIGKILL)
    while chunk := os.read(reading, 65536):
        lines += chunk
    return lines


def main() -> int:
    """Run the campaign and print its figures; exit 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the figures as JSON, on a line more")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account = campaign(Path(folder), args.kills, args.seed)
    print(f"SIGKILL: {account.line()}")
    if args.json:
        print(json.dumps(asdict(account)))
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
