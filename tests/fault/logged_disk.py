"""Mounting the logged file system, and taking its log when it is unmounted."""

import os
import pickle
import random
import subprocess
import sys
import threading
from pathlib import Path

from tests.fault.powercut_disk import Op, lose_power


class LoggedDisk:
    """A folder served by `logged_fs`, whose power can be cut.

    Whoever uses it must be dead before it is unmounted.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.mount = root / "mount"
        self.mount.mkdir()
        self._root = root
        self._seed: Path | None = None
        self._times = 0
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def _log(self) -> Path:
        return self._root / f"log{self._times}"

    def attach(self) -> None:
        """Mount it, with what the last cut left on it. Raises RuntimeError."""
        self._times += 1
        folders = [self.mount, self._log, *([self._seed] if self._seed else [])]
        command = [sys.executable, "-m", "tests.fault.logged_fs", *map(str, folders)]
        self._daemon = subprocess.Popen(command)
        pause, tries = threading.Event(), 0
        while not os.path.ismount(self.mount):
            if self._daemon.poll() is not None or tries > 400:
                raise RuntimeError("the file system did not start: fuse3, /dev/fuse are needed")
            tries += 1
            pause.wait(0.05)

    def detach(self) -> list[Op]:
        """Unmount it; return the log of all that was done to it."""
        if self._daemon is None:
            return []
        subprocess.run(["fusermount3", "-u", self.mount], check=True)
        self._daemon.wait(60)
        self._daemon = None
        entries: list[Op] = []
        with self._log.open("rb") as file:
            while file.peek(1):
                entries.append(pickle.load(file))
        return entries

    def cut(self, rng: random.Random) -> None:
        """Cut the power now: some of what was not synced is lost or torn; then mount it again."""
        log = self.detach()
        self._seed = self._root / f"disk{self._times}"
        lose_power(log, rng, self._seed)
        self._log.unlink()
        self.attach()
