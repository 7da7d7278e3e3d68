"""A file system in memory, served through FUSE, that logs every change and every sync in order.

The log is what a power cut is simulated from: `powercut.py` rebuilds the disk as it could stand at
any point of it. Run as a process: `python -m tests.fault.logged_fs MOUNT LOG [SEED]`; SEED is a
folder whose files are there, and on the disk, from the start.
"""

import errno
import itertools
import os
import pickle
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mfusepy  # type: ignore[import-untyped]

FileInfo = Any


@dataclass(slots=True)
class Node:
    """A file or folder: its number, mode and, for a file, its bytes."""

    number: int
    mode: int
    data: bytearray = field(default_factory=bytearray)


class LoggedFs(mfusepy.Operations):  # type: ignore[misc]
    """Holds the files as programs see them; log entries are (operation, arguments...)."""

    use_ns = True

    def __init__(self, log: Path) -> None:
        self._numbers = itertools.count(1)
        self._nodes = {"/": Node(0, stat.S_IFDIR | 0o755)}
        self._open: dict[int, Node] = {}
        self._log = log.open("wb")

    def seed(self, folder: Path) -> None:
        """Take in the files of a folder as what is on the disk already."""
        for path in sorted(folder.rglob("*")):
            name = f"/{path.relative_to(folder)}"
            if path.is_dir():
                self.mkdir(name, 0o700)
                continue
            handle = self.create(name, 0o600)
            self.write(name, path.read_bytes(), 0, handle)
            self.fsync(name, 0, handle)
            self.release(name, handle)
        self._note("syncall")

    def _note(self, *entry: object) -> None:
        pickle.dump(entry, self._log)

    def _node(self, path: str) -> Node:
        try:
            return self._nodes[path]
        except KeyError:
            raise mfusepy.FuseOSError(errno.ENOENT) from None

    def destroy(self, path: str) -> None:
        self._log.close()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        node = self._open[fh] if fh is not None else self._node(path)
        size = len(node.data)
        return {"st_mode": node.mode, "st_nlink": 1, "st_size": size, "st_ino": node.number + 1}

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 2**20, "f_bavail": 2**20}

    def readdir(self, path: str, fh: int) -> list[str]:
        base = path.rstrip("/") + "/"
        names = [p[len(base) :] for p in self._nodes if p.startswith(base) and p != "/"]
        return [".", "..", *(name for name in names if "/" not in name)]

    def mkdir(self, path: str, mode: int) -> int:
        self._nodes[path] = Node(next(self._numbers), stat.S_IFDIR | mode)
        self._note("mkdir", path)
        return 0

    def rmdir(self, path: str) -> int:
        del self._nodes[path]
        self._note("unlink", path)
        return 0

    def create(self, path: str, mode: int, fi: FileInfo = None) -> int:
        node = Node(next(self._numbers), stat.S_IFREG | mode)
        self._nodes[path] = node
        self._note("create", path, node.number)
        return self._handle(node)

    def open(self, path: str, flags: int) -> int:
        return self._handle(self._node(path))

    def _handle(self, node: Node) -> int:
        handle = next(self._numbers)
        self._open[handle] = node
        return handle

    def release(self, path: str, fh: int) -> int:
        self._open.pop(fh, None)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._open[fh].data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        node = self._open[fh]
        put(node.data, offset, data)
        self._note("write", node.number, offset, bytes(data))
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        node = self._open[fh] if fh is not None else self._node(path)
        cut(node.data, length)
        self._note("truncate", node.number, length)
        return 0

    def unlink(self, path: str) -> int:
        self._node(path)
        del self._nodes[path]
        self._note("unlink", path)
        return 0

    def rename(self, old: str, new: str) -> int:
        for path in [p for p in self._nodes if p == old or p.startswith(f"{old}/")]:
            self._nodes[new + path[len(old) :]] = self._nodes.pop(path)
        self._note("rename", old, new)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._note("fsync", self._open[fh].number)
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self._note("fsyncdir", path)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: object = None) -> int:
        return 0

    def access(self, path: str, amode: int) -> int:
        return 0

    def opendir(self, path: str) -> int:
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0


def put(data: bytearray, offset: int, new: bytes) -> None:
    """Write bytes at an offset, with zeros up to it where the file is shorter."""
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(new)] = new


def cut(data: bytearray, length: int) -> None:
    """Make a file that long, with zeros at its end where it was shorter."""
    del data[length:]
    data.extend(bytes(length - len(data)))


if __name__ == "__main__":
    served = LoggedFs(Path(sys.argv[2]))
    if len(sys.argv) > 3:
        served.seed(Path(sys.argv[3]))
    mfusepy.FUSE(served, sys.argv[1], foreground=True, nothreads=True)
    os._exit(0)
