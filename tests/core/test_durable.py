"""Files are whole or not there, and a new one never stands over another."""

import errno
import os
from pathlib import Path

import pytest

from outrider import durable
from outrider.centre.hotlists.keys import make_key as make_list_key
from outrider.wire.key_file import write_key


def _fail_at(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "cut here")

    monkeypatch.setattr(f"outrider.durable.os.{call}", fail)


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_a_cut_leaves_no_half_key_whoever_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Keys of each kind get their name only once all of them is on the disk."""
    _fail_at(monkeypatch, call)
    with pytest.raises(OSError, match="cut here"):
        write_key(tmp_path / "a.key", "label", bytes(32), 0o600)
    with pytest.raises(OSError, match="cut here"):
        make_list_key(tmp_path / "b.key", None)
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    """What stood there stands there still, and the message names it."""
    path = tmp_path / "key"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="key"):
        durable.write_new(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_without_links_takes_new_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory stick (FAT) knows no links: the file is renamed, and still never replaces one."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("outrider.durable.os.link", refuse)
    durable.write_new(tmp_path / "key", b"one")
    with pytest.raises(FileExistsError):
        durable.write_new(tmp_path / "key", b"two")
    assert (tmp_path / "key").read_bytes() == b"one"


def _write_half(path: Path) -> None:
    with durable.whole_file(path) as write:
        write(b"ne")
        raise ValueError("half")


def test_a_file_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    """An export that fails half-way changes nothing."""
    path = tmp_path / "export"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="half"):
        _write_half(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["export"]


@pytest.mark.parametrize("how", ["write", "write_new", "whole_file", "replace_quickly"])
def test_a_full_disk_is_named_with_the_file(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`No space left on device` alone tells nobody which disk, of several, is full."""
    path = tmp_path / "kept"

    monkeypatch.setattr("outrider.durable.os.fdopen", _full_file)
    with pytest.raises(OSError, match="kept"):
        _write(how, path)


def _write(how: str, path: Path) -> None:
    if how == "whole_file":
        with durable.whole_file(path) as write:
            write(b"x")
    else:
        getattr(durable, how)(path, b"x")


class _Full:
    def __enter__(self) -> "_Full":
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def write(self, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _full_file(handle: int, mode: str) -> _Full:
    os.close(handle)
    return _Full()
