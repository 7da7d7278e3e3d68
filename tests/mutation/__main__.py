"""Break the code in small ways and see which tests notice: `python -m tests.mutation ROOM ...`.

Needs pyproject's extra `mutation`. Not a part of CI: a room takes minutes. What survives and is
not explained in `explained.txt` is printed, and the exit status is then 1. See the README.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.mutation import mutants
from tests.mutation.judge import Judge, Limits, Verdict
from tests.mutation.mutants import Bound, Mutant
from tests.mutation.rooms import REPO, ROOMS

_SHARED_MEMORY = Path("/dev/shm")
_PYTEST = ("-q", "--no-header", "-p", "no:cacheprovider", "--capture=no", "--tb=short")


def main() -> int:
    """Judge the rooms that are named; print a table and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, metavar="N", help="try N mutants of each room")
    parser.add_argument("--seed", type=int, default=1, help="which N")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose name has it")
    parser.add_argument("--again", type=Path, help="results: try what was not killed there")
    parser.add_argument("--results", type=Path, help="a file to write each verdict to (JSON lines)")
    parser.add_argument(
        "--table", nargs="+", type=Path, help="only show results; the last one counts"
    )
    parser.add_argument("--tests", nargs="+", help="instead of the room's own")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--budget-s", type=float, default=Limits().budget_s, help="tests' time each"
    )
    args = parser.parse_args()
    explained = _explained()
    if args.table:
        verdicts = {one.name: one for path in args.table for one in _read(path)}
        return int(_show("all", None, list(verdicts.values()), explained))
    if not args.rooms or not set(args.rooms) <= set(ROOMS):
        parser.error(f"which rooms? One or more of {', '.join(ROOMS)}")
    os.chdir(REPO)
    if _SHARED_MEMORY.is_dir():
        tempfile.tempdir = str(_SHARED_MEMORY)  # no mutant waits for a disk
    left = [name for name in args.rooms if _judged(name, args, explained)]
    return int(bool(left))


def _judged(name: str, args: argparse.Namespace, explained: dict[str, str]) -> bool:
    """Judge one room; return whether something is left to do."""
    every = [one for path in ROOMS[name].files() for one in mutants.of_file(path)]
    chosen = _chosen(every, args)
    verdicts: list[Verdict] = []
    out = args.results.open("w", encoding="utf-8") if args.results else None

    def tell(verdict: Verdict) -> None:
        verdicts.append(verdict)
        if out is not None:
            print(json.dumps(asdict(verdict)), file=out, flush=True)

    judging = Judge(chosen, Limits(jobs=args.jobs, budget_s=args.budget_s), tell)
    start_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    status = pytest.main([*_PYTEST, *(args.tests or ROOMS[name].tests)], plugins=[judging])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if out is not None:
        out.close()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    unexplained = _show(name, len(every), verdicts, explained)
    print(
        f"  {time.monotonic() - start_s:.0f} s, {cpu_s:.0f} s of CPU, {_processor()}; "
        f"the tests once: {judging.measure_s:.0f} s; controls without a mutant: "
        f"{judging.controls}, failed: {len(judging.controls_failed)}"
    )
    for bad in (*judging.measured.not_passed, *judging.controls_failed):
        print("  left out, or unsure:", bad)
    return status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) or unexplained


def _chosen(every: list[Mutant | Bound], args: argparse.Namespace) -> list[Mutant | Bound]:
    chosen = [one for one in every if args.only in one.name]
    if args.again:
        left = {one.name for one in _read(args.again) if one.outcome != "killed"}
        chosen = [one for one in chosen if one.name in left]
    if args.sample is not None and args.sample < len(chosen):
        return random.Random(args.seed).sample(chosen, args.sample)  # cut short, still a sample
    return chosen


def _read(path: Path) -> list[Verdict]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Verdict(**json.loads(line)) for line in lines]


def _show(room: str, every: int | None, verdicts: list[Verdict], explained: dict[str, str]) -> bool:
    """Print a room's line, and what is to be looked at; return whether there is any."""
    counts = Counter(one.outcome for one in verdicts)
    open_ = [v for v in verdicts if v.outcome != "killed" and v.name not in explained]
    survived = [v for v in open_ if v.outcome == "survived"]
    print(
        f"{room}: {'some' if every is None else every} mutants, {len(verdicts)} tried: "
        f"{counts['killed']} killed, "
        f"{counts['survived'] - len(survived)} survived and explained, "
        f"{len(survived)} survived unexplained, {counts['no tests']} without a test, "
        f"{counts['timeout']} timed out, {counts['not made']} could not be made"
    )
    for one in open_:
        print(f"  {one.outcome}: {one.name} ({one.place}): {one.before} -> {one.after}"[:300])
    return any(one.outcome in ("survived", "no tests") for one in open_)


def _explained() -> dict[str, str]:
    """Return what is explained: the mutant's name, then why."""
    lines = Path(__file__).with_name("explained.txt").read_text("utf-8").splitlines()
    parted = (line.partition(" ") for line in lines if line.strip() and line[0] != "#")
    return {name: why.strip() for name, _, why in parted}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "an unknown processor")


if __name__ == "__main__":
    sys.exit(main())
