"""The one hash chain: so hang a journal's rows together, a crew's trail, the audit trail.

Each link's hash covers what kind of chain it is, its number, the link before, and its own content;
so a link that is changed, moved or left out is found by whoever has the rest, without a key.
"""

import hashlib

DIGEST_BYTES = 32
GENESIS = bytes(DIGEST_BYTES)
"""What stands before the first link."""


def link_hash(chain: bytes, number: int, previous: bytes, content: bytes) -> bytes:
    """Return the SHA-256 of a link. chain: the label of its kind of chain, ending in a zero byte.

    previous: the hash of the link before, GENESIS for the first.
    """
    return hashlib.sha256(chain + number.to_bytes(8, "big") + previous + content).digest()
