"""Kill the writer at a chosen write: what was not synced is lost, as on a power cut."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Killed(BaseException):
    """The process is dead: nothing it does from here on has an effect."""


class Death:
    """Counts the writer's steps, and dies at one of them.

    Steps: rename, fsync, unlink, mkdir, copy, tree removal. Dying in fsync leaves a prefix of the
    file; dying before a folder's fsync may undo the renames in it. A dead process cleans nothing
    up: every later step raises too.
    """

    def __init__(self, at_step: int | None, kept_share: float, lose_renames: bool) -> None:
        self._at = at_step
        self._kept = kept_share
        self._lose = lose_renames
        self.steps = 0
        self.dead = False
        self._pending: list[tuple[Path, Path, Path | None]] = []

    def _step(self) -> bool:
        """Count a step, and return whether to die in it."""
        if self.dead:
            raise Killed
        self.steps += 1
        return self.steps == self._at

    def _die(self) -> None:
        self.dead = True
        if self._lose:
            for source, target, before in reversed(self._pending):
                _replace(target, source)
                if before is not None:
                    _replace(before, target)
            self._pending.clear()
        raise Killed

    def replace(self, source: Any, target: Any, **_: Any) -> None:
        source, target = Path(source), Path(target)
        if self._step():
            self._die()
        before: Path | None = None
        if target.exists():
            before = target.with_name(f".{target.name}.before-{self.steps}")
            os.link(target, before)
        _replace(source, target)
        self._pending.append((source, target, before))

    def fsync(self, descriptor: int) -> None:
        dies = self._step()
        status = os.fstat(descriptor)
        if dies:
            if stat.S_ISREG(status.st_mode):
                path = Path(f"/proc/self/fd/{descriptor}").resolve()
                os.truncate(path, int(status.st_size * self._kept))
            self._die()
        if stat.S_ISDIR(status.st_mode):
            self._forget_pending()

    def _forget_pending(self) -> None:
        for _, _, before in self._pending:
            if before is not None:
                _unlink(before)
        self._pending.clear()

    def wrap(self, real: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            if self._step():
                self._die()
            return real(*args, **kwargs)

        return step


_replace = os.replace
_unlink = os.unlink


@contextmanager
def dying(death: Death) -> Iterator[Death]:
    """Run a writer under a death; being killed ends the block quietly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", death.replace)
        patch.setattr(os, "fsync", death.fsync)
        for module, name in ((os, "unlink"), (os, "mkdir"), (shutil, "copyfile")):
            patch.setattr(module, name, death.wrap(getattr(module, name)))
        try:
            yield death
        except Killed:
            pass
        finally:
            death.dead = False
            death._forget_pending()
