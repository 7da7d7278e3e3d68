"""Asking the centre for the key of a unit's sealed hotlists: a challenge, and its answer.

`GET /v1/units/UNIT/list-key/CHALLENGE` (64 hexadecimal digits) over mutual TLS; the answer is
`{"answer": 64 hexadecimal digits}`, always the same for the same unit and challenge.
"""

import json
import re

from outrider.wire.canonical import WireError, loads

MAX_BYTES = 1024
CHALLENGE = re.compile(r"[0-9a-f]{64}")


def path_of(unit_id: str, challenge: bytes) -> str:
    """Return the path of a challenge of 32 bytes."""
    return f"/v1/units/{unit_id}/list-key/{challenge.hex()}"


def answer_text(answer: bytes) -> bytes:
    """Return an answer as it travels."""
    return json.dumps({"answer": answer.hex()}).encode()


def answer_from(data: bytes) -> bytes:
    """Return the 32 bytes of an answer. Raises WireError."""
    found = loads(data, MAX_BYTES).get("answer")
    if not isinstance(found, str) or not CHALLENGE.fullmatch(found):
        raise WireError("the centre's answer is no list key")
    return bytes.fromhex(found)
