"""Key files: one line of text, `LABEL:BASE64`, so that no key is taken for another kind of key."""

import base64
import binascii
from pathlib import Path

from outrider import durable
from outrider.outside import unwaiting

KEY_BYTES = 32
_MOST_CHARS = 4096


class KeyFileError(Exception):
    """A key cannot be read: which file, what is wrong, and what to do."""


def read_key(path: Path, label: str) -> bytes:
    """Return the 32 bytes of a key of the kind that label names. Raises KeyFileError."""
    try:
        with open(path, encoding="ascii", errors="replace", opener=unwaiting) as file:
            found, _, text = file.read(_MOST_CHARS).strip().partition(":")
    except OSError as error:
        raise KeyFileError(f"{path}: cannot read a key: {error.strerror}") from error
    raw = _decoded(text)
    if found != label or len(raw) != KEY_BYTES:
        private = "-private-" in found and "-public-" in label
        hint = " (a PRIVATE key: take it off this machine)" if private else ""
        raise KeyFileError(f"{path}: holds {found[:40]!r}{hint}, a file of {label!r} is needed")
    return raw


def _decoded(text: str) -> bytes:
    """Return what base64 holds; nothing where it is none."""
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return b""


def write_key(path: Path, label: str, raw: bytes, mode: int) -> None:
    """Write a key to a new file, whole and on the disk when this returns, or not at all.

    Raises FileExistsError where there is one already, OSError.
    """
    text = f"{label}:{base64.b64encode(raw).decode('ascii')}\n"
    durable.write_new(path, text.encode("ascii"), mode)
