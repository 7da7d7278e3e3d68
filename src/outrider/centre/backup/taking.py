"""Takes a backup of a centre's folder, as it stood at one instant, while the centre serves."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from outrider import __version__, durable
from outrider.centre.backup import manifest as manifests
from outrider.centre.backup.manifest import BackupFault, Manifest
from outrider.centre.folder import CentreFolder
from outrider.centre.store.sqlite.copying import Copied, copy_store
from outrider.centre.store_of import open_store_of
from outrider.clock import Clock
from outrider.wire.hash_chain import GENESIS

_OPENING = "opening"
_LOCKS = ("lock", ".lock")


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup: where it is, its digest, and what must be known of it."""

    path: Path
    digest: str
    manifest: Manifest
    beside: tuple[str, ...]
    """What is not in it, each with what to do."""


def take(folder: CentreFolder, to: Path, clock: Clock) -> Taken:
    """Back a centre up into a new folder; it has its name only when it is whole.

    Raises BackupFault, ConfigError, StoreError, OSError.
    """
    settings = folder.load()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BackupFault(f"{to}: is there already: name a new folder for each backup")
    if folder.holds(to) or not to.parent.is_dir():
        raise BackupFault(f"{to}: name a new folder in one that is there, outside the centre's")
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        made = _filled(folder, part, settings.store.url is None, clock)
        digest = manifests.write(part, made)
        _sync(part)
        if to.exists():
            to.rmdir()
        durable.move(part, to)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Taken(to, digest, made, _beside(folder, to, settings.store.url))


def _filled(folder: CentreFolder, part: Path, embedded: bool, clock: Clock) -> Manifest:
    """Copy the files first, so that no checkpoint speaks of rows that the store's copy lacks."""
    durable.make_folder(part)
    for path in sorted(folder.root.rglob("*")):
        if path.is_file() and _belongs(path.relative_to(folder.root)):
            target = part / path.relative_to(folder.root)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy_file(path, target)
    store = Copied(0, GENESIS.hex())
    if embedded:
        with closing(open_store_of(folder)):  # made where nothing has come yet
            store = copy_store(folder.store, part / "store")
    now = clock.stamp(clock.mono_ns())
    return Manifest(
        made_at=now.iso_ms(),
        made_by=f"outrider {__version__}",
        store="sqlite" if embedded else "postgresql",
        authority=durable.sha256_of(folder.ca_certificate),
        audit_rows=store.audit_rows,
        audit_hash=store.audit_hash,
        files=manifests.files_of(part),
    )


def _belongs(name: Path) -> bool:
    """Whether a file is part of a backup: not the store, no lock, no key that opens reads."""
    if name.parts[0] in ("store", _OPENING) or name.name.startswith("."):
        return False
    return not name.name.endswith(_LOCKS) and not name.match("sealing-*.key")


def _copy_file(path: Path, target: Path) -> None:
    durable.write(target, path.read_bytes(), path.stat().st_mode & 0o777)


def _sync(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_dir():
            durable.sync_folder(path)
        else:
            durable.sync_file(path)


def _beside(folder: CentreFolder, to: Path, url: str | None) -> tuple[str, ...]:
    revocations = folder.load().certificates.revocations or folder.revocations
    said = [
        "the private keys that open sealed reads (sealing-*.key): keep a copy of them elsewhere; "
        "without one no sealed read is ever opened again",
        f"{revocations}, the revocations: back that file up by itself, and never put an older one "
        "back",
    ]
    if url is not None:
        said.append(
            "the rows and pictures, which are in PostgreSQL: right after this, run  "
            f"pg_dump --format=custom --schema=outrider --file={to}.dump '{_without_password(url)}'"
        )
    return tuple(said)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}"))
