"""Generations of one list on the disk: commit, choose, fall back, roll back, prune.

A generation is a sealed look-up file and, written after it, a manifest with its digest; without a
whole manifest there is no generation. The pointer `current` names the one in force. Each is moved
into place by one rename, so that a cut at any byte leaves the old state or the new one.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from outrider import durable
from outrider.unit.hotlist import sealed_file
from outrider.unit.hotlist.build import Built
from outrider.unit.hotlist.keys import ListKeys
from outrider.unit.hotlist.lookup import LookupFile

KEPT = 3
_MANIFEST = ".json"
_SEALED = ".sealed"
_POINTER = "current"


class GenerationError(Exception):
    """What was asked of the generations cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a list, as its manifest says.

    content_mark: names what the list says, by the lists' key; a plain digest of a short list would
    let anybody try out what is on it.
    """

    number: int
    revision: str
    published_utc_ns: int
    entries: int
    content_mark: str
    file_sha256: str
    size_bytes: int
    source: str

    @property
    def name(self) -> str:
        """Name, by which it is rolled back to."""
        return f"{self.number:06d}"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which generation is in force; held_off: the revision that a roll-back turned away from."""

    name: str
    held_off: str = ""


class Generations:
    """The folder of one list."""

    def __init__(self, folder: Path, keys: ListKeys | None = None) -> None:
        """Take a folder; keys: of the store that it belongs to (by default its own)."""
        self.folder = folder
        self.keys = keys or ListKeys(folder.parent)

    @property
    def pointer_file(self) -> Path:
        """The file whose change tells that another generation is in force."""
        return self.folder / _POINTER

    def file_of(self, generation: Generation) -> Path:
        """Return the sealed look-up file of a generation."""
        return self.folder / f"{generation.name}{_SEALED}"

    def open(self, generation: Generation) -> LookupFile:
        """Unseal a generation into memory and return it, open.

        Raises DamagedError, LockedError, LookupFileError, OSError.
        """
        path = self.file_of(generation)
        image = sealed_file.read(path, self.keys.key(), self.folder.name)
        return LookupFile(image, str(path))

    def all(self) -> list[Generation]:
        """Return every generation that has a whole manifest and its file, oldest first."""
        found = (self._manifest(path) for path in sorted(self.folder.glob(f"[0-9]*{_MANIFEST}")))
        return [generation for generation in found if generation is not None]

    def pointer(self) -> Pointer | None:
        """Return what the pointer says; None where it is missing or damaged."""
        try:
            data = json.loads(self.pointer_file.read_text(encoding="utf-8"))
            return Pointer(str(data["name"]), str(data["held_off"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def candidates(self) -> list[Generation]:
        """Return the generations to try, the one in force first, then the newest."""
        pointer = self.pointer()
        newest_first = self.all()[::-1]
        return sorted(newest_first, key=lambda g: pointer is None or g.name != pointer.name)

    def in_force(self) -> Generation | None:
        """Return the generation in force, by its manifest alone; None where there is none."""
        return next(iter(self.candidates()), None)

    def is_sound(self, generation: Generation) -> bool:
        """Return whether the file is what its manifest says, to the bit; reads all of it."""
        path = self.file_of(generation)
        try:
            whole = path.stat().st_size == generation.size_bytes
            return whole and durable.sha256_of(path) == generation.file_sha256
        except OSError:
            return False

    def commit(self, built: Built, source: str) -> Generation:
        """Seal a built file, put it in force, drop what is older than is kept. Hold the lock.

        Raises LockedError, OSError.
        """
        number = max((g.number for g in self.all()), default=0) + 1
        path = self.folder / f"{number:06d}{_SEALED}"
        sealed_file.write(path, built.image, self.keys.key(), self.folder.name)
        generation = Generation(
            number=number,
            revision=built.header.revision,
            published_utc_ns=built.header.published_utc_ns,
            entries=built.entries,
            content_mark=self.keys.mark_of(built.content_sha256),
            file_sha256=durable.sha256_of(path),
            size_bytes=path.stat().st_size,
            source=source,
        )
        manifest = json.dumps(asdict(generation), indent=1).encode()
        durable.write(self.folder / f"{generation.name}{_MANIFEST}", manifest)
        self._point(Pointer(generation.name))
        self._prune(generation)
        return generation

    def roll_back(self, name: str | None = None) -> Generation:
        """Put an earlier generation in force: the named one, or the one before. Hold the lock.

        Raises GenerationError where it is not there or not sound; nothing changes then.
        """
        now = self.in_force()
        chosen = self._target(now, name)
        if not self.is_sound(chosen):
            raise GenerationError(f"{self.file_of(chosen)} is damaged; roll back to another")
        turned_from = now.revision if now is not None and now.number > chosen.number else ""
        self._point(Pointer(chosen.name, held_off=turned_from))
        return chosen

    def _target(self, now: Generation | None, name: str | None) -> Generation:
        known = self.all()
        if name is None:
            earlier = [g for g in known if now is not None and g.number < now.number]
            if not earlier:
                raise GenerationError(f"{self.folder.name}: no earlier generation is kept")
            return earlier[-1]
        for generation in known:
            if name in (generation.name, str(generation.number)):
                return generation
        names = ", ".join(g.name for g in known) or "none"
        raise GenerationError(f"{self.folder.name}: no generation {name}; kept: {names}")

    def _point(self, pointer: Pointer) -> None:
        durable.write(self.pointer_file, json.dumps(asdict(pointer)).encode())

    def _prune(self, in_force: Generation) -> None:
        known = self.all()
        kept = {g.name for g in known[-KEPT:]} | {in_force.name}
        for generation in known:
            if generation.name not in kept:
                durable.remove(self.folder / f"{generation.name}{_MANIFEST}")
                durable.remove(self.file_of(generation))
        for orphan in (*self.folder.glob(f"[0-9]*{_SEALED}"), *self.folder.glob(".*.new")):
            if orphan.stem not in kept:
                durable.remove(orphan)
        self._drop_clear()

    def _drop_clear(self) -> None:
        """Remove what an earlier version kept in clear; its lists come again, sealed."""
        for path in self.folder.glob("[0-9]*.db"):
            durable.remove(path)
        shutil.rmtree(self.folder / "building", ignore_errors=True)

    def _manifest(self, path: Path) -> Generation | None:
        try:
            generation = Generation(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        whole = generation.name == path.stem and self.file_of(generation).exists()
        return generation if whole else None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other writer of this list out. Raises GenerationError where one is at work."""
        durable.make_folder(self.folder)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise GenerationError(f"{self.folder.name}: another import is at work") from error
        finally:
            os.close(descriptor)
