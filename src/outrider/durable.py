"""Writes that a power cut cannot halve: what each call returned from is on the disk."""

import errno
import fcntl
import hashlib
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 20


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the disk say at which file it came: a full disk does not say it itself."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def sync_file(path: Path) -> None:
    """Put a file's bytes on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Put a folder's names on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Give a synced file its final name, in one step that is on the disk when this returns."""
    os.replace(source, target)
    sync_folder(target.parent)


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file as a whole: after a cut it is as before or as given, never between.

    mode: who may read it, as far as the umask allows; wider only for what is public.
    """
    with new_file(path, mode) as file:
        file.write(data)


@contextmanager
def new_file(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Give a file to write, which takes its final name, synced, when the block ends well."""
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with naming(path), os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    move(temporary, path)


@contextmanager
def whole_file(path: Path, mode: int = 0o600) -> Iterator[Callable[[bytes], object]]:
    """Give what writes to a file that gets its name only when all is on the disk.

    Where the block or the disk fails, a file that was there is as it was. Raises OSError.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with naming(path), os.fdopen(handle, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        move(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file that is not there yet, whole or not at all; never over another.

    Raises FileExistsError naming the file, OSError.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with naming(path), os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _name_new(part, path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _name_new(part: Path, path: Path) -> None:
    taken = FileExistsError(errno.EEXIST, "is there already and is never overwritten", str(path))
    try:
        os.link(part, path)  # unlike a rename, never replaces a file
    except FileExistsError:
        raise taken from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        if path.exists():  # a memory stick (FAT) has no links
            raise taken from None
        os.rename(part, path)


def replace_quickly(path: Path, data: bytes) -> None:
    """Replace a file whole, for its owner alone, not waiting for the disk: news, no records."""
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with naming(path), os.fdopen(handle, "wb") as file:
        file.write(data)
    temporary.replace(path)


def make_folder(path: Path) -> None:
    """Make a folder and those above it where they are missing, for their owner alone.

    Raises OSError, of the kind that it was, in words that say what to do.
    """
    try:
        for one in reversed((path, *path.parents)):
            if not one.exists():
                one.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        why = f"the folder cannot be made ({error.strerror}): {name_another(path)}"
        raise OSError(error.errno, why, str(path)) from error
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"is no folder: {name_another(path)}", str(path))


def name_another(folder: Path) -> str:
    """Return what to do where a folder cannot be used, or written to."""
    return f"name another place, or let user {_user()} write in {_nearest(folder)}"


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _nearest(folder: Path) -> Path:
    """Return the folder that is there, at or above one."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))


def remove(path: Path) -> None:
    """Remove a file if it is there."""
    path.unlink(missing_ok=True)


@contextmanager
def only_one(lock: Path, busy: Exception) -> Iterator[None]:
    """Hold a lock file while the block runs. Raises busy where another process holds it."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, which also brings it into the page cache."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
