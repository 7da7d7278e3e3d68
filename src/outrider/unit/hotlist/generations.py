"""Generations of one list on the disk: commit, choose, fall back, roll back, prune.

A generation is a look-up file and, written after it, a manifest with its digest; without a whole
manifest there is no generation. The pointer `current` names the one in force. Each is moved into
place by one rename, so that a cut at any byte leaves the old state or the new one.
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
from outrider.unit.hotlist.build import Built

KEPT = 3
_MANIFEST = ".json"
_POINTER = "current"


class GenerationError(Exception):
    """What was asked of the generations cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a list, as its manifest says."""

    number: int
    revision: str
    published_utc_ns: int
    entries: int
    content_sha256: str
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

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pointer_file(self) -> Path:
        """The file whose change tells that another generation is in force."""
        return self.folder / _POINTER

    def file_of(self, generation: Generation) -> Path:
        """Return the look-up file of a generation."""
        return self.folder / f"{generation.name}.db"

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

    def building_place(self) -> Path:
        """Return an empty folder to build in, cleared of what a cut left. Hold the lock."""
        place = self.folder / "building"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def commit(self, built: Built, source: str) -> Generation:
        """Put a built file in force and drop what is older than is kept. Hold the lock."""
        number = max((g.number for g in self.all()), default=0) + 1
        generation = Generation(
            number=number,
            revision=built.header.revision,
            published_utc_ns=built.header.published_utc_ns,
            entries=built.entries,
            content_sha256=built.content_sha256,
            file_sha256=built.file_sha256,
            size_bytes=built.path.stat().st_size,
            source=source,
        )
        durable.move(built.path, self.file_of(generation))
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
        for orphan in self.folder.glob("[0-9]*.db"):
            if orphan.stem not in kept:
                durable.remove(orphan)
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
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise GenerationError(f"{self.folder.name}: another import is at work") from error
        finally:
            os.close(descriptor)
