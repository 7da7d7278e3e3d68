"""What a backup is of: its files with their digests, and where the audit trail stood."""

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from outrider import durable
from outrider.centre.folder import CentreFault
from outrider.outside import OutsideError, json_value

FILE = "backup.json"
VERSION = 1
_MAX_BYTES = 64 * 1024 * 1024  # a year of days is 800 files, 100 KB


class BackupFault(CentreFault):
    """A backup cannot be taken or put back: what, where, and what to do."""


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("must name a file inside the backup")
    return name


_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class BackedUpFile:
    """A file by its path in the centre's folder."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: Annotated[str, AfterValidator(_inside)]
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: _Digest


@dataclass(frozen=True, slots=True)
class Manifest:
    """store: which kind. authority: SHA-256 of its certificate. audit_*: the trail's last row."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    made_at: Annotated[str, Field(max_length=40)]
    made_by: str
    store: Literal["sqlite", "postgresql"]
    authority: _Digest
    audit_rows: Annotated[int, Field(ge=0)]
    audit_hash: _Digest
    files: tuple[BackedUpFile, ...]
    version: Annotated[int, Field(ge=VERSION, le=VERSION)] = VERSION


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def files_of(root: Path) -> tuple[BackedUpFile, ...]:
    """Return all files below a folder. Raises OSError."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and path.name != FILE)
    return tuple(
        BackedUpFile(
            path.relative_to(root).as_posix(), path.stat().st_size, durable.sha256_of(path)
        )
        for path in paths
    )


def write(root: Path, manifest: Manifest) -> str:
    """Write the manifest, last of all; return its own SHA-256. Raises OSError."""
    data = _MANIFEST.dump_json(manifest, indent=1) + b"\n"
    durable.write(root / FILE, data)
    return hashlib.sha256(data).hexdigest()


def read(root: Path, digest: str | None) -> Manifest:
    """Return the manifest of a backup; digest: as `backup` printed it, where it is known.

    Raises BackupFault, OSError.
    """
    path = root / FILE
    if not path.is_file():
        raise BackupFault(f"{root}: no backup, or one that was cut off: it has no {FILE}")
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BackupFault(f"{path}: longer than {_MAX_BYTES} bytes")
    if digest is not None and hashlib.sha256(data).hexdigest() != digest:
        raise BackupFault(f"{path}: is not the backup of that digest: it was changed, or another")
    return _parsed(json_or_fault(data, path), path)


def json_or_fault(data: bytes, path: Path) -> Any:
    """Return a JSON value. Raises BackupFault."""
    try:
        return json_value(data)
    except OutsideError as error:
        raise BackupFault(f"{path}: {error}") from error


def _parsed(value: Any, path: Path) -> Manifest:
    try:
        return _MANIFEST.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BackupFault(f"{path}: {where}: {first['msg']}: made by another version?") from error


def check(root: Path, manifest: Manifest) -> None:
    """Hold every file of a backup against its digest. Raises BackupFault, OSError."""
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    for one in manifest.files:
        if one.name not in there:
            raise BackupFault(f"{root}: {one.name} is missing: take another backup")
        if durable.sha256_of(root / one.name) != one.sha256:
            raise BackupFault(f"{root}: {one.name} is not what was backed up: take another backup")
    stray = sorted(there - {one.name for one in manifest.files} - {FILE})
    if stray:
        raise BackupFault(f"{root}: {stray[0]} is no part of the backup: take it out")
