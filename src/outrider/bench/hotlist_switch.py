"""A delta from a real centre over HTTP, taken in by another process, under constant look-ups."""

import csv
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import Root

from outrider.bench.hotlist_lookups import DAY, NOW_NS, WILDCARDS
from outrider.bench.hotlist_marks import Marks
from outrider.centre.hotlists.publish import Publisher
from outrider.centre.hotlists.repository import ONLINE_ROLES, HotlistRepository
from outrider.clock import SystemClock
from outrider.hotlist_import.list_file import ListFile
from outrider.records import NO_POSITION, VehicleOfInterest
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.wire.hotlist_entry import FIELDS, to_row

_CHURN = 0.01
_SEED, _NEW_SEED = 3, 4
_PROBES = 5000


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _centre(folder: Path) -> Publisher:
    repository = HotlistRepository(folder / "served", SystemClock())
    roots = [CryptoSigner.generate_ed25519() for _ in range(2)]
    online = {role: CryptoSigner.generate_ed25519() for role in ONLINE_ROLES}
    keys: dict[str, list[Key]] = {role: [signer.public_key] for role, signer in online.items()}
    keys[Root.type] = [signer.public_key for signer in roots]
    repository.stage_root(keys, threshold=2)
    for signer in roots:
        repository.sign_root(signer)
    return Publisher(folder / "masters", repository, online)


def _write(path: Path, entries: list[VehicleOfInterest]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows(to_row(entry) for entry in entries)


def measure_switch(folder: Path, size: int, look_ups: int) -> dict[str, Any]:
    """Publish a list, then 1 % of churn; take the delta in while look-ups run through it."""
    publisher = _centre(folder)
    entries = list(Marks(_SEED, DAY).entries(size, WILDCARDS))
    churn = int(size * _CHURN)
    fresh = list(Marks(_NEW_SEED, DAY).entries(churn, 0))
    listed = folder / "list.csv"
    store = HotlistStore(folder / "unit")
    with _served(folder / "served") as url:
        _write(listed, entries)
        snapshot = publisher.publish("bench", ListFile(listed, NOW_NS)).packages[0]
        update = [sys.executable, "-m", "outrider.cli", "hotlist", "update", "--url", url]
        update += [
            "--root",
            str(folder / "served/metadata/1.root.json"),
            "--store",
            str(store.root),
        ]
        full_s = _seconds(update)
        _write(listed, [*entries[churn:], *fresh])
        delta = publisher.publish("bench", ListFile(listed, NOW_NS)).packages[1]
        kept = [entry.vrm for entry in entries[-_PROBES:]]
        result = _through_the_switch(store, update, kept, fresh[-1].vrm, look_ups)
    return {
        "entries": f"{size:,}",
        "snapshot MB": round(snapshot.ref.size_bytes / 1e6, 2),
        "delta MB": round(delta.ref.size_bytes / 1e6, 3),
        "snapshot fetched and in force, s": round(full_s, 1),
        **result,
    }


def _seconds(command: list[str]) -> float:
    started = perf_counter_ns()
    subprocess.run(command, check=True, capture_output=True)
    return (perf_counter_ns() - started) / 1e9


def _through_the_switch(
    store: HotlistStore, update: list[str], kept: list[str], new: str, look_ups: int
) -> dict[str, Any]:
    stop = threading.Event()
    matcher = HotlistMatcher(store, SystemClock())
    matcher.start(stop)
    road = Marks(_SEED, DAY)
    texts = [road.read(vrm, 0.0) for vrm in kept]
    news = road.read(new, 0.0)
    started = perf_counter_ns()
    process = subprocess.Popen(update, stdout=subprocess.DEVNULL)
    missed = done = before = 0
    live_s: float | None = None
    while done < look_ups or live_s is None:
        text = texts[done % len(texts)]
        missed += not matcher.match(text, NO_POSITION, NOW_NS)
        done += 1
        if live_s is None and done % 200 == 0 and matcher.match(news, NO_POSITION, NOW_NS):
            live_s = (perf_counter_ns() - started) / 1e9
            before = done
        if live_s is None and process.poll() not in (None, 0):
            raise RuntimeError("the update failed")
    stop.set()
    process.wait()
    failures = matcher.health().counts["failures"]
    matcher.close()
    return {
        "delta fetched, applied and live, s": round(live_s, 2),
        "look-ups": f"{done:,} ({before:,} before the switch)",
        "errors": failures,
        "missed entries": missed,
    }
