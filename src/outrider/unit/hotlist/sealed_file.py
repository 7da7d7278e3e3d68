"""A look-up file as it lies on the card: sealed, opened into memory alone.

libsodium's secretstream (XChaCha20-Poly1305) in chunks: none can be changed, moved, left out or cut
off unnoticed, and none moved to another list. The image is a whole SQLite file, which SQLite takes
from memory (`deserialize`). It is not given a memfd by its path: SQLite follows such a link to a
name that is not there, and makes a plain file of that name on the disk.
"""

from pathlib import Path

from nacl import bindings
from nacl.exceptions import CryptoError

from outrider import durable

_MAGIC = b"OHS1"
_CHUNK_BYTES = 1 << 20
_HEADER_BYTES = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_TAG_BYTES = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_MORE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL


class DamagedError(Exception):
    """A sealed file is not as it was written, or was sealed with another key or for elsewhere."""


def write(path: Path, image: bytes, key: bytes, place: str) -> None:
    """Write a new file, sealed and synced, under its final name. Raises OSError."""
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    with durable.new_file(path) as file:
        file.write(_MAGIC + header)
        for start in range(0, max(1, len(image)), _CHUNK_BYTES):
            tag = _LAST if start + _CHUNK_BYTES >= len(image) else _MORE
            chunk = image[start : start + _CHUNK_BYTES]
            file.write(
                bindings.crypto_secretstream_xchacha20poly1305_push(
                    state, chunk, _label(place), tag
                )
            )


def read(path: Path, key: bytes, place: str) -> bytearray:
    """Return what a file holds. Raises DamagedError, OSError."""
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    image, tag = bytearray(), _MORE
    with path.open("rb") as file:
        head = file.read(len(_MAGIC) + _HEADER_BYTES)
        if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _HEADER_BYTES:
            raise DamagedError(f"{path}: no sealed list")
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, head[len(_MAGIC) :], key)
        while sealed := file.read(_CHUNK_BYTES + _TAG_BYTES):
            if tag == _LAST or len(sealed) < _TAG_BYTES:
                raise DamagedError(f"{path}: something follows its end")
            try:
                chunk, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(
                    state, sealed, _label(place)
                )
            except (CryptoError, RuntimeError) as error:
                raise DamagedError(f"{path}: does not open: damaged, or another key") from error
            image += chunk
    if tag != _LAST:
        raise DamagedError(f"{path}: cut short")
    return image


def _label(place: str) -> bytes:
    return b"outrider list 1\0" + place.encode()
