"""Renewal and revocation: what is due is done over the real TLS, what fails is said and no more."""

import threading
from pathlib import Path

import pytest

from outrider.clock import RecordedClock
from outrider.unit.certificates import life_of, revocation_list
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import Summary
from outrider.wire.sealing import CentrePrivateKey
from tests.unit.journal.filled import fill, reads
from tests.unit.sync.authority import DAY, Authority, utc_now
from tests.unit.sync.centre import serve
from tests.unit.sync.enrolled_unit import EnrolledUnit, enrolled_unit


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The centre's authority."""
    return Authority()


def sync(unit: EnrolledUnit, authority: Authority) -> Summary:
    """Dock once over mutual TLS, with a clock that is sure of itself."""
    fill(unit.folder / "journal", reads(0, 2))
    tls, _ = authority.server(unit.folder)
    with serve(unit.centre, tls) as url:
        clock = RecordedClock(int(utc_now().timestamp() * 1e9))
        dock = Dock(unit.settings(url), clock)
        return dock.once(Manner(give_up_after=1), threading.Event())


def test_certificate_is_renewed_in_its_last_third_only(
    tmp_path: Path, authority: Authority
) -> None:
    """With half of its life left it stays; with a quarter left the next one is there and in use."""
    now = utc_now()
    (tmp_path / "half").mkdir()
    young = enrolled_unit(tmp_path / "half", authority, now - 10 * DAY, now + 10 * DAY)
    before = young.files.certificate.read_bytes()
    assert sync(young, authority).renewed_until == ""
    assert young.files.certificate.read_bytes() == before
    (tmp_path / "quarter").mkdir()
    old = enrolled_unit(tmp_path / "quarter", authority, now - 30 * DAY, now + 10 * DAY)
    summary = sync(old, authority)
    assert summary.faults == []
    assert summary.done
    assert life_of(old.files.certificate.read_bytes()).ends > now + 300 * DAY
    assert summary.renewed_until.startswith(str((now + 365 * DAY).date()))
    assert sync(old, authority).done


@pytest.mark.parametrize("what", ["certificate", "forged list", "older list"])
def test_bad_renewal_is_a_fault_and_changes_nothing(
    tmp_path: Path, authority: Authority, what: str
) -> None:
    """A certificate of another authority, a forged or older list: said; the sync is done."""
    now = utc_now()
    unit = enrolled_unit(tmp_path, authority, now - 30 * DAY, now + 10 * DAY)
    registrar = unit.centre.registrar
    assert registrar is not None
    before = unit.files.certificate.read_bytes(), unit.files.revoked.read_bytes()
    foreign = Authority("another authority")
    if what == "certificate":
        registrar.changes = {"certificate": foreign.pem}
    elif what == "forged list":
        registrar.changes = {"revoked": foreign.revoked()}
    else:
        unit.files.revoked.write_text(authority.revoked(issued=now))
        before = before[0], unit.files.revoked.read_bytes()
    summary = sync(unit, authority)
    assert summary.done
    assert any("not renewed" in fault or "not fetched" in fault for fault in summary.faults)
    if what == "certificate":
        assert unit.files.certificate.read_bytes() == before[0]
    else:
        assert unit.files.revoked.read_bytes() == before[1]


def test_new_sealing_key_comes_with_the_renewal(tmp_path: Path, authority: Authority) -> None:
    """The centre's next sealing key replaces the old one for what is journalled from then on."""
    now = utc_now()
    unit = enrolled_unit(tmp_path, authority, now - 30 * DAY, now + 10 * DAY)
    assert unit.centre.registrar is not None
    unit.centre.registrar.sealing = CentrePrivateKey.generate()
    summary = sync(unit, authority)
    assert any("next start" in note for note in summary.notes)
    sealer = choose_sealer(unit.settings("https://localhost:1").journal, live=True)
    assert sealer.centre_key_id == unit.centre.registrar.sealing.public.key_id


def test_list_is_fetched_and_a_revoked_centre_refused_from_then_on(
    tmp_path: Path, authority: Authority
) -> None:
    """With a revoked certificate nothing is sent and it is said; with a good one all goes on."""
    unit = enrolled_unit(tmp_path, authority)
    fill(tmp_path / "journal", reads(0, 3))
    stolen, serial = authority.server(tmp_path)
    authority.revoke(serial)
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        dock = Dock(unit.settings(url), RecordedClock(int(utc_now().timestamp() * 1e9)))
        assert dock.once(Manner(give_up_after=1), threading.Event()).done
    kept = revocation_list(unit.files.revoked.read_bytes(), authority.pem.encode())
    assert kept.serials == {serial}
    fill(tmp_path / "journal", reads(100, 3))
    arrived = len(unit.centre.rows)
    with serve(unit.centre, stolen) as url:
        dock = Dock(unit.settings(url), RecordedClock(int(utc_now().timestamp() * 1e9)))
        summary = dock.once(Manner(give_up_after=2), threading.Event())
    assert summary.remaining.rows > 0
    assert len(unit.centre.rows) == arrived
    assert "revoked" in summary.faults[0]
    assert summary.grave
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        dock = Dock(unit.settings(url), RecordedClock(int(utc_now().timestamp() * 1e9)))
        assert dock.once(Manner(), threading.Event()).done


def test_lapsed_list_still_refuses_and_does_not_cut_off(
    tmp_path: Path, authority: Authority
) -> None:
    """Past its date a list still refuses what it names, and keeps no other centre away."""
    unit = enrolled_unit(tmp_path, authority)
    fill(tmp_path / "journal", reads(0, 3))
    stolen, serial = authority.server(tmp_path)
    authority.revoke(serial)
    unit.files.revoked.write_text(authority.revoked(next_update=utc_now() - DAY))
    with serve(unit.centre, stolen) as url:
        dock = Dock(unit.settings(url), RecordedClock(int(utc_now().timestamp() * 1e9)))
        summary = dock.once(Manner(give_up_after=1), threading.Event())
        assert "revoked" in summary.faults[0]
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        dock = Dock(unit.settings(url), RecordedClock(int(utc_now().timestamp() * 1e9)))
        assert dock.once(Manner(give_up_after=1), threading.Event()).done
