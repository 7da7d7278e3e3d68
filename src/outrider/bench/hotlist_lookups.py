"""Build a list of a size, look marks up in it, and count who is matched that should not be."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from time import perf_counter_ns, process_time, thread_time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outrider.bench.hotlist_marks import Marks
from outrider.clock import RecordedClock
from outrider.records import NO_POSITION, CharacterGuess, MatchClass, PlateText
from outrider.shown import say_json
from outrider.unit.hotlist.build import build
from outrider.unit.hotlist.lookup import LookupFile
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.schema import ListHeader
from outrider.unit.hotlist.store import HotlistStore
from outrider.vrm import LOOK_ALIKES, Family
from outrider.wire.hotlist_entry import to_row

DAY = date(2026, 11, 21)
NOW_NS = 1_795_262_400_000_000_000
WILDCARDS = 200
DOUBTFUL_SHARES = (0.01, 0.03, 0.10)
_LIST_SEED, _ROAD_SEED = 1, 2
_TIMED = 20_000


def measure_size(folder: Path, entries: int, marks: int) -> dict[str, Any]:
    """Return every figure for a list of so many entries, built in the folder."""
    result: dict[str, Any] = {"entries": entries}
    store = HotlistStore(folder)
    generations = store.list("bench")
    started, cpu_s = perf_counter_ns(), process_time()
    with generations.lock():
        rows = enumerate(Marks(_LIST_SEED, DAY).entries(entries, WILDCARDS), start=1)
        built = build(
            ListHeader("bench", "1", NOW_NS),
            ((number, to_row(entry)) for number, entry in rows),
        )
        generation = generations.commit(built, "bench")
    took_s = (perf_counter_ns() - started) / 1e9
    result["draw + build, s"] = f"{took_s:.1f} (CPU {process_time() - cpu_s:.1f})"
    result["file MB"] = round(generation.size_bytes / 1e6, 1)
    result |= _in_fresh_process("cold", folder)
    result |= _in_fresh_process("open", folder)
    result |= _timings(store)
    result["shares"] = _shares(store, marks)
    return result


def _in_fresh_process(what: str, path: Path) -> dict[str, Any]:
    """Run a measurement where neither memory nor page cache of this process plays a part."""
    command = [sys.executable, "-m", "outrider.bench.hotlist_lookups", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _cold(folder: Path) -> dict[str, Any]:
    """Time unsealing a file that is not in the page cache, and a first look-up."""
    marks = Marks(_ROAD_SEED, DAY)
    times: list[int] = []
    generations = HotlistStore(folder).list("bench")
    generation = generations.candidates()[0]
    path = generations.file_of(generation)
    for _ in range(3):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
        mark = marks.one()
        started = perf_counter_ns()
        with generations.open(generation) as file:
            file.entry_ids(mark)
        times.append(perf_counter_ns() - started)
    return {"cold unseal + first look-up, ms p50": round(float(np.median(times)) / 1e6)}


def _open(folder: Path) -> dict[str, Any]:
    """Open, verify and warm a store as the unit does at start, and look marks up."""
    before_mb = _resident_mb()
    started = perf_counter_ns()
    matcher = HotlistMatcher(HotlistStore(folder), RecordedClock(NOW_NS))
    took_s = (perf_counter_ns() - started) / 1e9
    marks = Marks(_ROAD_SEED, DAY)
    for _ in range(_TIMED):
        matcher.match(marks.read(marks.one(), 0.03), NO_POSITION, NOW_NS)
    after_mb = _resident_mb()
    matcher.close()
    return {
        "start: verify + open + warm, s": round(took_s, 2),
        "memory of the matcher, MB": round(after_mb - before_mb, 1),
    }


def _timings(store: HotlistStore) -> dict[str, Any]:
    road = Marks(_ROAD_SEED, DAY)
    marks = [road.one() for _ in range(_TIMED)]
    listed = [entry.vrm for entry in Marks(_LIST_SEED, DAY).entries(_TIMED, 0)]
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))

    def whole(text: PlateText) -> object:
        return matcher.match(text, NO_POSITION, NOW_NS)

    generations = store.list("bench")
    with generations.open(generations.candidates()[0]) as file:
        file.warm()
        result = _told("exact, us", _timed(file.entry_ids, marks))
        result |= _told("wildcard probes, us", _timed(lambda m: _wild(file, m), marks))
    doubtful = [_doubtful_everywhere(mark) for mark in marks]
    result |= _told("match, no doubt, us", _timed(whole, [road.read(m, 0.0) for m in marks]))
    result |= _told(
        "match, one doubt in 33, us", _timed(whole, [road.read(m, 0.03) for m in marks])
    )
    result |= _told("match, all in doubt, us", _timed(whole, doubtful))
    result |= _told("match, no grammar, us", _timed(whole, [_no_grammar(m) for m in marks[:4000]]))
    result |= _told("match, listed, us", _timed(whole, [road.read(m, 0.0) for m in listed]))
    matcher.close()
    return result


def _wild(file: LookupFile, mark: str) -> object:
    return [file.entry_ids(key) for key in file.wildcard_keys(mark)]


def _doubtful_everywhere(mark: str) -> PlateText:
    guesses = tuple(
        CharacterGuess(
            char, 0.6, tuple((other, 0.2) for other in sorted(LOOK_ALIKES.get(char, ())))
        )
        for char in mark
    )
    return PlateText(mark, mark, Family.CURRENT, 0.6, guesses)


def _no_grammar(mark: str) -> PlateText:
    text = mark[:-1] + "7" + mark[-1:]
    guesses = tuple(CharacterGuess(char, 0.99) for char in text)
    return PlateText(text[:9], text[:9], Family.UNKNOWN, 0.9, guesses[:9])


def _timed(call: Callable[[Any], object], inputs: Iterable[Any]) -> NDArray[np.int64]:
    """Return wall and CPU time of each call, n x 2, ns; the CPU's is without other programs."""
    times: list[tuple[int, int]] = []
    for one in inputs:
        cpu, wall = thread_time_ns(), perf_counter_ns()
        call(one)
        times.append((perf_counter_ns() - wall, thread_time_ns() - cpu))
    return np.array(times)


def _told(name: str, times_ns: NDArray[np.int64]) -> dict[str, Any]:
    p50, p99 = np.percentile(times_ns, (50, 99), axis=0) / 1e3
    return {f"{name}: p50 / p99": f"{p50[0]:.1f} / {p99[0]:.1f} (CPU {p50[1]:.1f} / {p99[1]:.1f})"}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _shares(store: HotlistStore, count: int) -> dict[str, dict[str, float]]:
    """Return, by share of doubtful characters, the share of unlisted marks in each class.

    A mark is unlisted if it is not among the listed marks; one that fits a listed wildcard is
    listed by it, and counted apart.
    """
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    result: dict[str, dict[str, float]] = {}
    for share in DOUBTFUL_SHARES:
        road = Marks(_ROAD_SEED, DAY)
        found: Counter[MatchClass] = Counter()
        tried = 0
        while tried < count:
            matches = matcher.match(road.read(road.one(), share), NO_POSITION, NOW_NS)
            classes = {match.match_class for match in matches}
            if MatchClass.EXACT in classes:
                continue  # it is listed
            tried += 1
            found.update(classes)
        result[f"{share:.0%}"] = {kind.value: found[kind] / tried for kind in MatchClass}
    matcher.close()
    return result


if __name__ == "__main__":
    measure = {"cold": _cold, "open": _open}[sys.argv[1]]
    say_json(measure(Path(sys.argv[2])))
