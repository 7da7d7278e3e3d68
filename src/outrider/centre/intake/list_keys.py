"""What a unit without a key of its own board opens its sealed hotlists with.

The centre keeps one secret; a unit gets the keyed hash of its own name and its challenge, and so
never what another unit's lists are sealed with. A revoked unit gets nothing.
"""

import hashlib
import hmac
import secrets
from pathlib import Path

from outrider.wire.key_file import KEY_BYTES, read_key, write_key
from outrider.wire.list_key import answer_text

_LABEL = "outrider-centre-lists-private-1"


class ListKeySecret:
    """The centre's secret, made where there is none. Raises KeyFileError, OSError."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            write_key(path, _LABEL, secrets.token_bytes(KEY_BYTES), 0o600)
        self._raw = read_key(path, _LABEL)

    def answer(self, unit_id: str, challenge: str) -> bytes:
        """Return the answer to a unit's challenge (hex), as it travels."""
        said = f"outrider lists 1\0{unit_id}\0{challenge}".encode()
        return answer_text(hmac.new(self._raw, said, hashlib.sha256).digest())
