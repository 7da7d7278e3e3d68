"""Puts a backup back: checked by digest, written beside, and put in place in one step."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from outrider import durable
from outrider.centre.backup import manifest as manifests
from outrider.centre.backup.manifest import BackupFault, Manifest
from outrider.centre.checkpoints import restored as restores
from outrider.centre.checkpoints.restored import Restored
from outrider.centre.folder import CentreFolder
from outrider.centre.store import open_store
from outrider.centre.store.sqlite.backend import in_use
from outrider.clock import Clock
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.signing import SigningIdentity


@dataclass(frozen=True, slots=True)
class Asked:
    """Who restores, why; replace: though a centre is there (it is set aside)."""

    by: str
    why: str
    replace: bool = False
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """What was put back, and where what was there before stands now."""

    manifest: Manifest
    before: Path | None


def restore(backup: Path, folder: CentreFolder, asked: Asked, clock: Clock) -> Put:
    """Restore a centre's folder. Whatever goes wrong, what was there before is there still.

    Raises BackupFault, KeyFileError, StoreError, OSError.
    """
    if folder.holds(backup):
        raise BackupFault(f"{backup}: lies in the folder that is restored: move it elsewhere first")
    made = manifests.read(backup, asked.digest)
    manifests.check(backup, made)
    there = folder.root.exists() and any(folder.root.iterdir())
    if there and not asked.replace:
        raise BackupFault(_there_already(folder, made))
    with _unused(folder):
        part = folder.root.with_name(f".{folder.root.name}.restoring")
        shutil.rmtree(part, ignore_errors=True)
        try:
            _fill(backup, part, made)
            _tell(CentreFolder(part), made, asked, clock)
            return Put(made, _put_in_place(part, folder.root, there, clock))
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


def _there_already(folder: CentreFolder, made: Manifest) -> str:
    newest = max((path.stat().st_mtime_ns for path in folder.root.rglob("*")), default=0)
    return (
        f"{folder.root}: is not empty (last written {_day(newest)}); the backup is of "
        f"{made.made_at[:16]}: what came after that would be missing. --replace sets what is there "
        "aside, under another name, and restores"
    )


def _day(mtime_ns: int) -> str:
    return f"{datetime.fromtimestamp(mtime_ns / 1e9, UTC):%Y-%m-%dT%H:%M}"


@contextmanager
def _unused(folder: CentreFolder) -> Iterator[None]:
    """Hold the store of the centre that is replaced, so that nobody opens it meanwhile."""
    if not folder.store.is_dir():
        yield
        return
    busy = BackupFault(
        f"{folder.root}: the centre is in use: stop its services (serve, open, answer, ...) first"
    )
    with durable.only_one(in_use(folder.store), busy):
        yield


def _fill(backup: Path, part: Path, made: Manifest) -> None:
    """Copy every file, and hold each against its digest once more where it lies now."""
    for one in made.files:
        target = part / one.name
        durable.make_folder(target.parent)
        shutil.copyfile(backup / one.name, target)
        os.chmod(target, _mode(one.name, (backup / one.name).stat().st_mode))
        durable.sync_file(target)
        if durable.sha256_of(target) != one.sha256:
            raise BackupFault(
                f"{one.name}: was not written as it is in the backup: is the disk well?"
            )
    for path in (part, *part.rglob("*")):
        if path.is_dir():
            durable.sync_folder(path)


def _mode(name: str, found: int) -> int:
    """Return who may read a file: not what a stick without owners, or a copy, made of it."""
    public = name.endswith((".pub", ".pem", ".toml", ".json")) and not name.endswith("-key.pem")
    return found & 0o644 if public else 0o600


def _tell(folder: CentreFolder, made: Manifest, asked: Asked, clock: Clock) -> None:
    """Sign what the restore costs, and write it into the trail that goes on."""
    now = clock.stamp(clock.mono_ns())
    gone = Restored(made.audit_rows, now.iso_ms(), made.made_at, asked.by, asked.why)
    if made.store == "sqlite":
        restores.note(folder.checkpoints, gone, SigningIdentity.read(folder.receipt_key))
        held = "the digest of" if asked.digest else "no digest, but the word of"
        subject = f"the centre's folder, by {held} the backup of {made.made_at}"
        event = new_event(AuditKind.ALTERATION, now, asked.by, subject, asked.why)
        with closing(open_store(f"sqlite:{folder.store.resolve()}", clock)) as store:
            store.append_audit([event])


def _put_in_place(part: Path, root: Path, there: bool, clock: Clock) -> Path | None:
    before = None
    if there:
        at = clock.stamp(clock.mono_ns()).utc
        before = root.with_name(f"{root.name}.before-{at:%Y%m%dT%H%M%SZ}")
        durable.move(root, before)
    elif root.exists():
        root.rmdir()
    try:
        durable.move(part, root)
    except OSError:
        if before is not None:
            durable.move(before, root)
        raise
    return before
