"""Whether the disk has room, is fast enough, and is not worn out."""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from outrider.unit.commissioning.finding import Finding, judged, not_tried

_MB = 1_000_000
_WRITTEN = 16 * _MB
_LEAST_MB_S = 5.0
_COMMITS = 12
_SLOWEST_COMMIT_S = 0.25
_LIFE = Path("/sys/block/mmcblk0/device/life_time")
_WORN = 0x0A  # JEDEC eMMC 5.1, EXT_CSD 268 and 269: in tenths of its life; 0x0B is beyond it


def check_storage(folder: Path, least_free_mb: int) -> Iterator[Finding]:
    """Yield room, speed and wear of the disk that holds a folder. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    space = os.statvfs(folder)
    free_mb = space.f_bavail * space.f_frsize / _MB
    yield judged(
        "disk room",
        free_mb > 2 * least_free_mb,
        f"{free_mb:,.0f} MB free",
        "use a larger card; a shift keeps about 600 MB, and days may pass between docks",
    )
    yield _speed(folder)
    yield check_wear(_LIFE)


def _speed(folder: Path) -> Finding:
    path = folder / ".selftest"
    block = os.urandom(_MB)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        began_s = time.monotonic()
        for _ in range(_WRITTEN // _MB):
            os.write(handle, block)
        os.fsync(handle)
        rate_mb_s = _WRITTEN / _MB / (time.monotonic() - began_s)
        commits = [_commit_s(handle, block[:4096]) for _ in range(_COMMITS)]
    finally:
        os.close(handle)
        path.unlink()
    commit_s = statistics.median(commits)
    return judged(
        "disk speed",
        rate_mb_s >= _LEAST_MB_S and commit_s <= _SLOWEST_COMMIT_S,
        f"{rate_mb_s:.0f} MB/s, a commit {commit_s * 1000:.0f} ms",
        "use a card of class A2 or an SSD: this one is too slow, or failing",
    )


def _commit_s(handle: int, block: bytes) -> float:
    began_s = time.monotonic()
    os.write(handle, block)
    os.fsync(handle)
    return time.monotonic() - began_s


def check_wear(life: Path) -> Finding:
    """Read what the card says of its own life, where it says anything (SD cards do not)."""
    try:
        worst = max(int(word, 16) for word in life.read_text("ascii").split())
    except (OSError, ValueError):
        return not_tried("disk wear", "this disk does not tell its wear")
    return judged(
        "disk wear",
        worst < _WORN,
        f"{min(worst, 11) * 10} % of its life used",
        "replace it now: it is at the end of its life",
    )
