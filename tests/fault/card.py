"""A unit's card, and the search of all of it: files, free blocks, and the system's log.

As root the card is a file system of its own in a file, which is searched as it lies on the disk:
what was deleted, what SQLite left in free pages, and temporary files that never had a name are in
it. Without root, or where nothing may be mounted, every file is searched.
"""

import base64
import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_CARD_MB = 64
_BLOCK_BYTES = 4096
_JOURNALD = Path("/lib/systemd/systemd-journald")
_SAMPLE = 24


@dataclass
class Card:
    """Where a unit keeps its things. folder: mounted; image: the card as bytes, if there is one."""

    folder: Path
    image: Path | None = None
    beside: list[Path] = field(default_factory=list)

    def sources(self) -> Iterator[Path]:
        """Yield all that is to be searched."""
        if self.image is not None:
            yield self.image
        for root in (self.folder, *self.beside):
            yield from (path for path in sorted(root.rglob("*")) if path.is_file())


@contextlib.contextmanager
def card(root: Path) -> Iterator[Card]:
    """Give an empty card."""
    folder, image = root / "card", root / "card.img"
    folder.mkdir()
    if not _mounted(image, folder):
        yield Card(folder)
        return
    try:
        yield Card(folder, image)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


def _mounted(image: Path, folder: Path) -> bool:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return False
    with image.open("wb") as file:
        file.truncate(_CARD_MB * 2**20)
    made = subprocess.run(["mkfs.ext4", "-q", str(image)], check=False, capture_output=True)
    command = ["mount", "-o", "loop,nodiscard", str(image), str(folder)]
    return not made.returncode and not subprocess.run(command, capture_output=True).returncode


@contextlib.contextmanager
def system_log(name: str, fallback: Path) -> Iterator[tuple[socket.socket | None, Path]]:
    """Run a journald of its own; give a line to it, and the folder that it writes to.

    Without root or systemd: no line, and a folder to capture in what would have gone there.
    """
    line_path = Path(f"/run/systemd/journal.{name}/stdout")
    machine = Path("/etc/machine-id")
    if os.geteuid() != 0 or not _JOURNALD.exists() or not machine.exists():
        yield None, fallback
        return
    kept = Path("/var/log/journal") / f"{machine.read_text().strip()}.{name}"
    own = {k: v for k, v in os.environ.items() if k not in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY")}
    service = subprocess.Popen([str(_JOURNALD), name], stderr=subprocess.DEVNULL, env=own)
    pause = threading.Event()
    try:
        for _ in range(200):
            if line_path.exists() and kept.is_dir():
                break
            pause.wait(0.05)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(str(line_path))
            # What systemd says of a service whose output it connects: see sd_journal_stream_fd(3).
            line.sendall(b"outrider\n\n6\n0\n0\n0\n0\n")
            yield line, kept
    finally:
        service.terminate()
        service.wait()
        shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(line_path.parent, ignore_errors=True)


def environment_of(line: socket.socket | None) -> dict[str, str]:
    """Return what systemd tells a service whose output goes to its log."""
    if line is None:
        return {}
    found = os.fstat(line.fileno())
    return {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}


def forms_of(text: str) -> set[bytes]:
    """Return how a text could lie on a disk: encodings, hexadecimal, each phase of base64."""
    found = set[bytes]()
    for said in (text, text.lower()):
        plain = said.encode()
        found |= {plain, said.encode("utf-16-le"), said.encode("utf-16-be")}
        found |= {plain.hex().encode(), plain.hex().upper().encode()}
        for phase in range(3):
            whole = base64.b64encode(b"\0" * phase + plain)
            found.add(whole[(0, 2, 3)[phase] : len(whole) - (4 if (phase + len(plain)) % 3 else 0)])
    return {form for form in found if len(form) >= 5}


def forms_of_degrees(degrees: float) -> set[bytes]:
    """Return how a coordinate could: decimals, degrees and minutes, floats of either order."""
    size = abs(degrees)
    minutes = f"{int(size):02d}{(size - int(size)) * 60:08.5f}"[:8]
    texts = {f"{size:.5f}", f"{size:.7f}"[:8], minutes}
    forms = set[bytes].union(*(forms_of(text) for text in texts))
    return forms | {struct.pack(order, degrees) for order in ("<d", ">d")}


@dataclass(frozen=True)
class Searched:
    """What a search came to."""

    bytes_searched: int
    forms: int
    found: tuple[str, ...]


def _written(path: Path) -> tuple[int, bytes]:
    """Return a file's size, and its bytes without the blocks that hold nothing but zeros."""
    nothing, kept, size = bytes(_BLOCK_BYTES), bytearray(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            size += len(block)
            if block != nothing[: len(block)]:
                kept += block
    return size, bytes(kept)


def search(sources: Iterator[Path], needles: dict[str, set[bytes]]) -> Searched:
    """Look for every form of every needle in every source."""
    total, found = 0, list[str]()
    for path in sources:
        size, data = _written(path)
        total += size
        for name, forms in needles.items():
            for form in forms:
                if (at := data.find(form)) >= 0:
                    near = data[max(0, at - _SAMPLE) : at + len(form) + _SAMPLE]
                    found.append(f"{path.name}: {name}: {near!r}")
    return Searched(total, sum(map(len, needles.values())), tuple(found))
