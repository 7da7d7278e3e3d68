"""Revocations outlive a centre that is restored from a copy of before."""

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outrider.centre.authority.beside import Beside, BesideError
from outrider.centre.authority.revocations import Revocations
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import Certificate
from outrider.wire.signing import SigningIdentity
from tests.centre.intake.running import enrolled, running

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def enrol(store: CentreStore, unit_id: str, code: bytes = b"c") -> SigningIdentity:
    """Enrol a unit with a key of its own, and give it a certificate."""
    identity, digest = SigningIdentity.generate(), code * 32
    store.add_ticket(unit_id, digest, NOW + timedelta(days=1))
    store.enrol(unit_id, digest, identity.public, bytes(32), NOW)
    store.add_certificate(Certificate(ord(code), unit_id, NOW + timedelta(days=365)))
    return identity


def test_a_restored_register_forgets_no_revocation(tmp_path: Path) -> None:
    """What was revoked after the copy was made is revoked again, its certificates listed."""
    path, kept = tmp_path / "store", Revocations(Beside(tmp_path / "revocations"))
    store = open_store(f"sqlite:{path}")
    enrol(store, "unit-7")
    store.close()
    shutil.copytree(path, tmp_path / "copy")
    store = open_store(f"sqlite:{path}")
    store.add_certificate(Certificate(9, "unit-7", NOW + timedelta(days=365)))
    kept.note(store, store.revoke("unit-7", "stolen \u2013 4711", NOW))
    store.close()
    shutil.rmtree(path)
    shutil.copytree(tmp_path / "copy", path)
    store = open_store(f"sqlite:{path}")
    assert store.revoked_certificates() == []
    assert kept.compare(store) == ["unit-7"]
    unit = store.unit("unit-7")
    assert unit is not None
    assert (unit.revoked_at, unit.revoked_why) == (NOW, "stolen \u2013 4711")
    assert {c.serial for c in store.revoked_certificates()} == {ord("c"), 9}
    assert kept.compare(store) == []
    store.close()


def test_a_unit_that_was_enrolled_anew_stays_trusted(tmp_path: Path) -> None:
    """The file revokes a key, not a name; what the register alone has revoked is noted."""
    store, kept = (
        open_store(f"sqlite:{tmp_path / 'store'}"),
        Revocations(Beside(tmp_path / "revocations")),
    )
    enrol(store, "unit-7")
    kept.note(store, store.revoke("unit-7", "lost", NOW))
    enrol(store, "unit-7", b"d")
    enrol(store, "unit-8", b"e")
    store.revoke("unit-8", "sold", NOW)
    assert kept.compare(store) == []
    found = store.unit("unit-7")
    assert found is not None
    assert found.revoked_at is None
    assert [one.unit_id for one in kept.read()] == ["unit-7", "unit-8"]
    store.close()


def test_a_torn_line_is_left_out_a_damaged_file_is_not(tmp_path: Path) -> None:
    """What a cut tore takes nothing with it; a last line that says nothing is a fault."""
    store, kept = (
        open_store(f"sqlite:{tmp_path / 'store'}"),
        Revocations(Beside(tmp_path / "revocations")),
    )
    enrol(store, "unit-7")
    unit = store.revoke("unit-7", "lost", NOW)
    kept._beside.path.write_bytes(b'\n{"unit": "unit-')
    kept.note(store, unit)
    assert [one.unit_id for one in kept.read()] == ["unit-7"]
    kept._beside.path.write_bytes(b"\n[]\n")
    with pytest.raises(BesideError, match="line 2"):
        kept.read()
    store.close()


def test_a_line_that_the_disk_damaged_is_a_fault_wherever_it_stands(tmp_path: Path) -> None:
    """Any changed byte of any line is told, with what to do, and takes no other line with it."""
    beside, rng = Beside(tmp_path / "revocations"), random.Random(1)
    for number in range(3):
        beside.add({"unit": f"unit-{number}", "key": "ab" * 32})
    whole = beside.path.read_bytes()
    for place in rng.sample([n for n, byte in enumerate(whole) if byte != 10], 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        halved = damaged[place] == ord("\n")  # a torn line, and a damaged one
        beside.path.write_bytes(damaged)
        found, fault = beside.readable()
        assert len(found) == 2
        assert fault is not None
        line = 2 + 2 * (place // (len(whole) // 3)) + halved
        assert f"line {line}: " in str(fault)
        assert "revoke again" in str(fault)


@pytest.mark.parametrize("damage", [b'\n{"unit": "unit-', b'\n{"unit": "x", "certificates": 7}\n'])
def test_a_damaged_line_lets_no_other_unit_back_in(tmp_path: Path, damage: bytes) -> None:
    """A stolen unit is revoked again though the line after its own cannot be read; that is said."""
    register = open_store(f"sqlite:{tmp_path / 'store'}")
    noted = open_store(f"sqlite:{tmp_path / 'other'}")
    kept = Revocations(Beside(tmp_path / "revocations"))
    identity = enrol(noted, "unit-7")
    kept.note(noted, noted.revoke("unit-7", "stolen", NOW))
    with kept._beside.path.open("ab") as file:
        file.write(damage)
    register.add_ticket("unit-7", b"c" * 32, NOW + timedelta(days=1))
    register.enrol("unit-7", b"c" * 32, identity.public, bytes(32), NOW)
    with pytest.raises(BesideError, match=r"line [34]"):
        kept.compare(register)
    found = register.unit("unit-7")
    assert found is not None
    assert found.revoked_why == "stolen"
    register.close()
    noted.close()


def test_the_intake_revokes_again_at_its_start(tmp_path: Path) -> None:
    """The folder of before the revocation, put back: the unit is refused all the same."""
    root = tmp_path / "centre"
    with running(root) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        key = unit.identity.public
    shutil.copytree(root, tmp_path / "copy")
    with running(root) as centre:
        revoked = centre.store.revoke("unit-7", "stolen", NOW)
        Revocations(Beside(centre.folder.revocations)).note(centre.store, revoked)
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "copy", root)
    with running(root) as centre:
        found = centre.store.unit("unit-7")
        assert found is not None
        assert found.signing_key == key
        assert found.revoked_why == "stolen"
        assert len(centre.store.revoked_certificates()) == 1
