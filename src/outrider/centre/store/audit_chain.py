"""The hash chain of the centre's audit trail: each row's hash covers it and the row before.

Kept apart from any database, so that an export can be verified by whoever holds nothing else.
"""

import hashlib

from outrider.wire import canonical
from outrider.wire.audit import AuditEvent

GENESIS = bytes(32)
_LABEL = b"outrider centre audit 1\0"


def audit_hash(number: int, event: AuditEvent, previous: bytes) -> bytes:
    """Return the SHA-256 of a row of the trail; number counts from 1, without gaps.

    previous: the hash of the row before, GENESIS for the first.
    """
    return hashlib.sha256(
        _LABEL + number.to_bytes(8, "big") + previous + canonical.dumps(event)
    ).digest()
