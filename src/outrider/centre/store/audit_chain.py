"""The hash chain of the centre's audit trail.

Kept apart from any database, so that an export can be verified by whoever holds nothing else.
"""

from outrider.wire import canonical
from outrider.wire.audit import AuditEvent
from outrider.wire.hash_chain import link_hash

_CHAIN = b"outrider centre audit 1\0"


def audit_hash(number: int, event: AuditEvent, previous: bytes) -> bytes:
    """Return the hash of a row of the trail; number counts from 1, without gaps.

    previous: the hash of the row before, GENESIS for the first.
    """
    return link_hash(_CHAIN, number, previous, canonical.dumps(event))
