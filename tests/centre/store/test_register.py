"""Units, tickets and certificates."""

import hashlib
from datetime import timedelta

import pytest

from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import Certificate, EnrolledUnit, EnrolmentRefused, StoreError
from outrider.clock import SystemClock
from outrider.wire.signing import SigningIdentity
from tests.centre.store.makers import ARRIVED

KEY, OTHER = (SigningIdentity.generate().public for _ in range(2))
TLS = hashlib.sha256(b"request").digest()
CODE, CODE_2 = (hashlib.sha256(code).digest() for code in (b"one", b"two"))
EXPIRES = ARRIVED + timedelta(days=1)


def test_a_ticket_is_used_once(store: CentreStore) -> None:
    """A code enrols one unit with one set of keys; who asks again with them has the same answer."""
    store.add_ticket("unit-7", CODE, EXPIRES)
    unit = EnrolledUnit("unit-7", KEY, ARRIVED)
    assert store.unit("unit-7") is None
    assert store.enrol("unit-7", CODE, KEY, TLS, ARRIVED) == unit
    assert store.enrol("unit-7", CODE, KEY, TLS, ARRIVED + timedelta(days=9)) == unit
    for key, tls in ((OTHER, TLS), (KEY, CODE)):
        with pytest.raises(EnrolmentRefused, match="other keys"):
            store.enrol("unit-7", CODE, key, tls, ARRIVED)
    assert store.units() == [unit]
    assert store.unit("unit-7") == unit


def test_wrong_codes_are_refused(store: CentreStore) -> None:
    """Unknown, of another unit, replaced by a newer one, or too old: no unit comes of it."""
    store.add_ticket("unit-7", CODE, EXPIRES)
    for unit_id, code, at, reason in (
        ("unit-7", CODE_2, ARRIVED, "no such code"),
        ("unit-8", CODE, ARRIVED, "no such code"),
        ("unit-7", CODE, EXPIRES, "good until"),
    ):
        with pytest.raises(EnrolmentRefused, match=reason):
            store.enrol(unit_id, code, KEY, TLS, at)
    store.add_ticket("unit-7", CODE_2, EXPIRES)
    with pytest.raises(EnrolmentRefused, match="no such code"):
        store.enrol("unit-7", CODE, KEY, TLS, ARRIVED)
    assert store.units() == []
    store.enrol("unit-7", CODE_2, KEY, TLS, ARRIVED)
    with pytest.raises(StoreError, match="used before"):
        store.add_ticket("unit-8", CODE_2, EXPIRES)


def test_revoking_and_enrolling_anew(store: CentreStore) -> None:
    """A revoked unit and its certificates stay revoked until it enrols with a new code."""
    store.add_ticket("unit-7", CODE, EXPIRES)
    store.enrol("unit-7", CODE, KEY, TLS, ARRIVED)
    now = SystemClock().stamp(SystemClock().mono_ns()).utc
    good = Certificate(2**159 + 1, "unit-7", now + timedelta(days=90))
    older = Certificate(2**63, "unit-7", now - timedelta(days=1))
    ended = Certificate(5, "unit-7", now - timedelta(days=60))
    for certificate in (good, older, ended):
        store.add_certificate(certificate)
    assert store.revoked_certificates() == []
    revoked = store.revoke("unit-7", "stolen", ARRIVED)
    assert (revoked.revoked_at, revoked.revoked_why) == (ARRIVED, "stolen")
    assert store.revoke("unit-7", "again", ARRIVED + timedelta(1)) == revoked
    assert {c.serial for c in store.revoked_certificates()} == {2**159 + 1, 2**63}
    assert [c.serial for c in store.certificates("unit-7")] == [2**159 + 1, 2**63, 5]
    assert {c.revoked_at for c in store.certificates("unit-7")} == {ARRIVED}
    assert store.certificates("unit-8") == []
    with pytest.raises(EnrolmentRefused, match="revoked since"):
        store.enrol("unit-7", CODE, KEY, TLS, ARRIVED)
    store.add_ticket("unit-7", CODE_2, EXPIRES)
    again = store.enrol("unit-7", CODE_2, OTHER, TLS, ARRIVED + timedelta(hours=1))
    assert (again.signing_key, again.revoked_at, again.revoked_why) == (OTHER, None, "")
    with pytest.raises(EnrolmentRefused, match="other keys"):
        store.enrol("unit-7", CODE, KEY, TLS, ARRIVED)
    assert len(store.revoked_certificates()) == 2


def test_revoking_a_unit_that_is_not_there(store: CentreStore) -> None:
    """A slip of the pen is told."""
    with pytest.raises(StoreError, match="unit-9: no such unit"):
        store.revoke("unit-9", "stolen", ARRIVED)


def test_what_is_stored_outlives_the_program(url: str) -> None:
    """Closed and opened again, a store holds what it held."""
    store = open_store(url)
    store.add_ticket("unit-7", CODE, EXPIRES)
    store.close()
    store = open_store(url)
    unit = store.enrol("unit-7", CODE, KEY, TLS, ARRIVED)
    store.close()
    store = open_store(url)
    assert store.units() == [unit]
    store.close()
