"""Write an image onto a removable disk, and prove by reading back that it is there.

Runs on any Linux with Python 3.10 and util-linux; nothing else is needed.

    image_build/flash list
    sudo image_build/flash write outrider-pi5.img.xz /dev/sdb
    sudo image_build/flash verify outrider-pi5.img.xz /dev/sdb

A disk that is not removable, or is in use, is refused. The image is checked against the
`IMAGE.sha256` beside it before a byte is written. Exit status: 0 done, 1 failed, 2 wrong use.
"""

import argparse
import contextlib
import fcntl
import gzip
import hashlib
import json
import lzma
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

CHUNK_BYTES = 4 << 20
_BLKFLSBUF = 0x1261  # linux/fs.h: let go of what is cached of a block device
_OPENERS = {".gz": gzip.open, ".xz": lzma.open}


class FlashError(Exception):
    """Something is in the way: what, where, and what to do."""


class WrongUse(FlashError):
    """The call itself names what cannot be flashed."""


@dataclass(frozen=True)
class Disk:
    """A whole disk as the kernel tells it."""

    path: str
    size_bytes: int
    model: str
    transport: str
    removable: bool
    read_only: bool
    uses: tuple[str, ...]

    @property
    def said(self) -> str:
        """One line that a technician knows the disk by."""
        kind = " ".join(filter(None, (self.transport, self.model))) or "no model told"
        return f"{self.path}  {human(self.size_bytes)}  {kind}"

    def refusal(self, test_loop: bool) -> str | None:
        """Why it may not be written to, and what to do; None where it may."""
        loop = test_loop and self.path.startswith("/dev/loop")
        if not (self.removable or loop):
            return (
                "it is not removable: a card reader or a USB disk is needed "
                "(`image_build/flash list`)"
            )
        if self.read_only:
            return "it is write protected: move the card's lock and put it in again"
        if self.uses:
            return f"it is in use ({', '.join(self.uses)}): unmount it first"
        return None


def human(size: float) -> str:
    """Return a size as a person says it."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def disks() -> list[Disk]:
    """Return every whole disk that the kernel knows, loop devices too."""
    columns = "PATH,SIZE,TYPE,RM,HOTPLUG,RO,MOUNTPOINT,MODEL,TRAN,FSTYPE"
    command = ["lsblk", "--json", "--bytes", "--output", columns]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout)["blockdevices"]
    return [_disk(device) for device in found if device["type"] in ("disk", "loop")]


def _disk(told: dict[str, Any]) -> Disk:
    return Disk(
        path=told["path"],
        size_bytes=int(told["size"]),
        model=(told["model"] or "").strip(),
        transport=told["tran"] or "",
        removable=bool(told["rm"] or told["tran"] == "usb" or _is_card(told)),
        read_only=bool(told["ro"]),
        uses=tuple(_uses(told)),
    )


def _is_card(told: dict[str, Any]) -> bool:
    """Whether it lies in a built-in card reader, which is not said to be removable itself."""
    return bool(told["hotplug"]) and told["path"].startswith("/dev/mmcblk")


def _uses(told: dict[str, Any]) -> Iterator[str]:
    if told.get("mountpoint"):
        yield f"{told['path']} on {told['mountpoint']}"
    for child in told.get("children", ()):
        if child["type"] not in ("part", "loop"):
            yield f"{child['path']} is {child['type']}"
        yield from _uses(child)


def target(name: str, test_loop: bool) -> Disk:
    """Return the disk to write to. Raises WrongUse."""
    path = os.path.realpath(name)
    disk = next((d for d in disks() if d.path == path), None)
    if disk is None:
        what = "a partition or no disk" if os.path.exists(path) else "not there"
        raise WrongUse(f"{name}: {what}; name a whole disk: `image_build/flash list`")
    why = disk.refusal(test_loop)
    if why is not None:
        raise WrongUse(f"{name}: {why}")
    return disk


@contextlib.contextmanager
def opened(image: Path) -> Iterator[BinaryIO]:
    """Open an image, unpacked. Raises WrongUse."""
    if not image.is_file():
        raise WrongUse(f"{image}: no such image")
    opener: Any = _OPENERS.get(image.suffix, open)
    if image.suffix == ".zst":
        with _zstd(image) as stream:
            yield stream
        return
    with opener(image, "rb") as stream:
        yield stream


@contextlib.contextmanager
def _zstd(image: Path) -> Iterator[BinaryIO]:
    if shutil.which("zstd") is None:
        raise FlashError(f"{image}: the program zstd is needed: apt-get install zstd")
    command = ["zstd", "--decompress", "--stdout", "--quiet", str(image)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout  # type: ignore[misc]
        if process.stdout.read(1) == b"" and process.wait() != 0:
            raise FlashError(f"{image}: it cannot be unpacked: fetch it again")


def check_sum(image: Path) -> None:
    """Compare the image with the sum beside it. Raises FlashError."""
    beside = image.with_name(f"{image.name}.sha256")
    if not beside.exists():
        print(f"no {beside.name} beside the image: it is not checked first", file=sys.stderr)
        return
    wanted = beside.read_text("ascii", errors="replace").split()[:1]
    digest = hashlib.sha256()
    with image.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    if wanted != [digest.hexdigest()]:
        raise FlashError(f"{image}: is not what {beside.name} says: fetch both again")


class Progress:
    """A bar on a terminal; a line each tenth elsewhere. The end of a packed image is not known."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._tenth = -1

    def at(self, done: int) -> None:
        """Show how far it is."""
        if self._total is None:
            tenth, text = done // (256 << 20), human(done)
        else:
            share = min(1.0, done / max(1, self._total))
            tenth, text = int(share * 10), f"{share:4.0%} of {human(self._total)}"
        if sys.stderr.isatty():
            width = 30 if self._total is None else int(30 * min(1.0, done / max(1, self._total)))
            print(f"\r{self._what} [{'#' * width:<30}] {text}  ", end="", file=sys.stderr)
        elif tenth != self._tenth:
            print(f"{self._what} {text}", file=sys.stderr)
        self._tenth = tenth

    def end(self) -> None:
        """Leave the bar's line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)


def _plain_size(image: Path) -> int | None:
    return None if image.suffix in (*_OPENERS, ".zst") else image.stat().st_size


def write(image: Path, disk: Disk) -> None:
    """Write the image. Raises FlashError, OSError."""
    size = _plain_size(image)
    if size is not None and size > disk.size_bytes:
        raise WrongUse(f"{disk.path}: holds {human(disk.size_bytes)}, the image {human(size)}")
    progress, done = Progress("writing  ", size), 0
    # O_EXCL: the kernel refuses a disk that is mounted or otherwise claimed.
    handle = os.open(disk.path, os.O_WRONLY | os.O_EXCL)
    try:
        with opened(image) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                if done + len(chunk) > disk.size_bytes:
                    raise WrongUse(f"{disk.path}: is too small for the image; use a larger card")
                _write_all(handle, chunk)
                done += len(chunk)
                progress.at(done)
        if done == 0:
            raise WrongUse(f"{image}: is empty")
        os.fsync(handle)
    finally:
        progress.end()
        os.close(handle)


def _write_all(handle: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(handle, view) :]


def verify(image: Path, disk: Disk) -> None:
    """Read the disk back and compare. Raises FlashError, naming the first byte that differs."""
    progress, done = Progress("verifying", _plain_size(image)), 0
    handle = os.open(disk.path, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, _BLKFLSBUF, 0)  # from the card, not from memory
        with opened(image) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                _compare(chunk, _read_all(handle, len(chunk)), done, disk.path)
                done += len(chunk)
                progress.at(done)
    finally:
        progress.end()
        os.close(handle)


def _read_all(handle: int, size: int) -> bytes:
    parts, left = [], size
    while left and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _compare(wanted: bytes, found: bytes, at: int, path: str) -> None:
    if wanted == found:
        return
    pairs = enumerate(zip(wanted, found, strict=False))
    differs = next((n for n, (a, b) in pairs if a != b), min(len(wanted), len(found)))
    raise FlashError(
        f"{path}: byte {at + differs:,} is not what was written: the card or its reader is bad. "
        "Try another card"
    )


def _confirm(disk: Disk) -> None:
    print(f"All on {disk.said} will be lost.", file=sys.stderr)
    print(f"Type {disk.path} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != disk.path:
        raise WrongUse("nothing was written")


def _list() -> None:
    found = [d for d in disks() if d.removable and d.size_bytes]
    for disk in found:
        why = disk.refusal(test_loop=False)
        print(disk.said + (f"  NOT NOW: {why}" if why else ""))
    if not found:
        print("no removable disk: put the card into the reader, wait a moment, and list again")


def main() -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="image_build/flash",
        description="Write an image onto a card and read it back.",
        epilog="example:\n  sudo image_build/flash write outrider-pi5.img.xz /dev/sdb",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="the removable disks")
    for name, purpose in (("write", "write and read back"), ("verify", "read back only")):
        action = actions.add_parser(name, help=purpose)
        action.add_argument("image", type=Path, help="an .img, .img.xz, .img.gz or .img.zst")
        action.add_argument("device", help="the whole disk, such as /dev/sdb")
        action.add_argument("--yes", action="store_true", help="do not ask")
        action.add_argument("--loop", action="store_true", help="take a loop device: for tests")
    args = parser.parse_args()
    try:
        if args.action == "list":
            _list()
            return 0
        disk = target(args.device, args.loop)
        with opened(args.image):
            check_sum(args.image)
        if args.action == "write":
            if not args.yes:
                _confirm(disk)
            write(args.image, disk)
        verify(args.image, disk)
    except WrongUse as error:
        print(f"flash: {error}", file=sys.stderr)
        return 2
    except (FlashError, OSError, lzma.LZMAError, EOFError) as error:
        print(f"flash: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"flash: lsblk failed: {error.stderr}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nflash: interrupted: the card holds half an image; write it again", file=sys.stderr)
        return 130
    print(f"{disk.path} holds {args.image.name}, byte for byte: it can be taken out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
