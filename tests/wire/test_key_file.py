"""A file that is no key is refused in plain words, whatever its bytes are."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.wire.key_file import KeyFileError, read_key, write_key

LABEL = "outrider-test-key"


@given(st.binary(max_size=200))
def test_no_bytes_are_read_as_a_key_or_refused_in_a_codecs_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Bytes that are no text, no base64 or another length: one family of error, in our words."""
    path = tmp_path_factory.mktemp("key") / "file.key"
    path.write_bytes(content)
    with pytest.raises(KeyFileError) as refused:
        read_key(path, LABEL)
    assert "codec" not in str(refused.value)
    assert LABEL in str(refused.value)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"!!!!", b"", "é".encode()])
def test_the_right_label_before_what_is_no_key_is_refused(tmp_path: Path, text: bytes) -> None:
    """The label alone does not make a key."""
    (tmp_path / "file.key").write_bytes(LABEL.encode() + b":" + text)
    with pytest.raises(KeyFileError, match="is needed"):
        read_key(tmp_path / "file.key", LABEL)


def test_a_file_of_another_kind_is_named_and_a_private_key_too(tmp_path: Path) -> None:
    """What it holds and what is needed; where it is a private key, to take it away from there."""
    path = tmp_path / "file.key"
    write_key(path, "other-public-key", bytes(32), 0o600)
    with pytest.raises(KeyFileError) as refused:
        read_key(path, LABEL)
    assert str(refused.value) == (
        f"{path}: holds 'other-public-key', a file of {LABEL!r} is needed"
    )
    write_key(tmp_path / "private", "my-private-key", bytes(32), 0o600)
    with pytest.raises(KeyFileError, match=r"a PRIVATE key: take it off"):
        read_key(tmp_path / "private", "my-public-key")


def test_no_more_of_a_file_is_read_than_a_key_takes(tmp_path: Path) -> None:
    """A device or a film in its place fills no memory."""
    path = tmp_path / "file.key"
    write_key(path, LABEL, bytes(32), 0o600)
    path.write_bytes(b" " * 4096 + path.read_bytes())
    with pytest.raises(KeyFileError, match="is needed"):
        read_key(path, LABEL)


def test_a_pipe_in_a_keys_place_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write into it."""
    os.mkfifo(tmp_path / "file.key")
    with pytest.raises(KeyFileError):
        read_key(tmp_path / "file.key", LABEL)


def test_a_key_comes_back(tmp_path: Path) -> None:
    """What was written is what is read."""
    write_key(tmp_path / "file.key", LABEL, bytes(range(32)), 0o600)
    assert read_key(tmp_path / "file.key", LABEL) == bytes(range(32))
    write_key(tmp_path / "public.key", LABEL, bytes(32), 0o644)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("file.key", "public.key")]
    assert modes == [0o600, 0o644]
