"""Key files: one line of text, `LABEL:BASE64`, so that no key is taken for another kind of key."""

import base64
import binascii
from pathlib import Path

from outrider import durable
from outrider.outside import unwaiting

KEY_BYTES = 32


class KeyFileError(Exception):
    """A key cannot be read: which file, what is wrong, and what to do."""


def read_key(path: Path, label: str) -> bytes:
    """Return the 32 bytes of a key of the kind that label names. Raises KeyFileError."""
    try:
        with open(path, encoding="ascii", opener=unwaiting) as file:
            found, _, text = file.read().strip().partition(":")
        raw = base64.b64decode(text, validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise KeyFileError(f"{path}: cannot read a key: {error}") from error
    if found != label or len(raw) != KEY_BYTES:
        private = "-private-" in found and "-public-" in label
        hint = " (a PRIVATE key: take it off this machine)" if private else ""
        raise KeyFileError(f"{path}: holds {found[:40]!r}{hint}, a file of {label!r} is needed")
    return raw


def write_key(path: Path, label: str, raw: bytes, mode: int) -> None:
    """Write a key to a new file, whole and on the disk when this returns, or not at all.

    Raises FileExistsError where there is one already, OSError.
    """
    text = f"{label}:{base64.b64encode(raw).decode('ascii')}\n"
    durable.write_new(path, text.encode("ascii"), mode)
