"""A ticket is good once, also at a centre that is restored from a copy of before."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outrider.centre.authority.beside import Beside
from outrider.centre.authority.revocations import Revocations
from outrider.centre.authority.tickets import Tickets
from outrider.centre.store import open_store
from outrider.centre.store.records import EnrolmentRefused, TicketUse
from outrider.clock import SystemClock
from outrider.unit.enrolment.enrol import EnrolError, enrol
from outrider.unit.settings import sections as config
from outrider.wire.signing import SigningIdentity
from tests.centre.intake.running import Running, running

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
USE = TicketUse(NOW, bytes(32), bytes(32))


def machine(root: Path, name: str) -> config.Settings:
    """Return the settings of a machine that has not enrolled."""
    path = root / name / "outrider.toml"
    path.parent.mkdir()
    path.write_text(f'[unit]\nstate_dir = "{root / name / "state"}"\n')
    return config.load_file(path)


def moved(ticket: Path, centre: Running) -> Path:
    """Return a ticket as it would read had the centre come up at the same ports again."""
    path = ticket.with_name(f"{centre.service.ports.enrolment}-{ticket.name}")
    text = ticket.read_text()
    old = text.split('"enrol_url":"')[1].split('"')[0]
    path.write_text(text.replace(old, centre.enrol_url))
    return path


def test_a_used_ticket_stays_used_when_the_centre_is_restored(tmp_path: Path) -> None:
    """Put back to before the enrolment: the thief of the used ticket is refused all the same."""
    root = tmp_path / "centre"
    with running(root) as centre:
        first = shutil.move(centre.ticket("unit-7"), tmp_path / "first.ticket")
    shutil.copytree(root, tmp_path / "copy")
    with running(root) as centre:
        enrol(moved(Path(first), centre), machine(tmp_path, "unit"), SystemClock())
        assert centre.store.unit("unit-7") is not None
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "copy", root)
    with running(root) as centre:
        assert centre.store.unit("unit-7") is None
        with pytest.raises(EnrolError, match="unknown, used or expired"):
            enrol(moved(Path(first), centre), machine(tmp_path, "thief"), SystemClock())
        assert centre.store.unit("unit-7") is None


def test_a_void_ticket_stays_void_and_the_last_one_good(tmp_path: Path) -> None:
    """A ticket that a newer one replaced is no ticket again; one made since the restore is good."""
    path, kept = tmp_path / "store", Tickets(Beside(tmp_path / "kept"))
    store = open_store(f"sqlite:{path}")
    old, new, newest = (code * 32 for code in (b"a", b"b", b"c"))
    later = NOW + timedelta(days=1)
    kept.made("unit-7", old, NOW)
    store.add_ticket("unit-7", old, later)
    store.close()
    shutil.copytree(path, tmp_path / "copy")
    kept.made("unit-7", new, NOW)
    store = open_store(f"sqlite:{tmp_path / 'copy'}")
    assert kept.compare(store) == ["unit-7"]
    assert store.tickets() == []
    kept.made("unit-7", newest, NOW)
    store.add_ticket("unit-7", newest, later)
    assert kept.compare(store) == []
    key = SigningIdentity.generate().public
    with pytest.raises(EnrolmentRefused):
        store.enrol("unit-7", old, key, bytes(32), NOW)
    store.enrol("unit-7", newest, key, bytes(32), NOW)
    store.close()


def test_what_the_register_alone_knows_is_noted(tmp_path: Path) -> None:
    """Tickets of before the file, and one whose note a kill cut off, are noted at a start, once."""
    store, beside = open_store(f"sqlite:{tmp_path / 'store'}"), Beside(tmp_path / "kept")
    kept, key = Tickets(beside), SigningIdentity.generate().public
    for unit, code in (("unit-7", b"a"), ("unit-8", b"b")):
        store.add_ticket(unit, code * 32, NOW + timedelta(days=1))
    store.enrol("unit-8", b"b" * 32, key, bytes(32), NOW)
    assert kept.compare(store) == []
    lines = beside.lines()
    assert len(lines) == 2
    assert kept.compare(store) == []
    assert beside.lines() == lines
    other = open_store(f"sqlite:{tmp_path / 'other'}")
    other.add_ticket("unit-8", b"b" * 32, NOW + timedelta(days=1))
    assert kept.compare(other) == ["unit-8"]
    assert other.tickets() == store.tickets()[1:]
    store.close()
    other.close()


def test_tickets_and_revocations_stand_in_one_file(tmp_path: Path) -> None:
    """Each reads its own lines; the same use is noted once; nobody else may read the file."""
    beside = Beside(tmp_path / "kept", tmp_path)
    kept = Tickets(beside)
    kept.made("unit-7", b"a" * 32, NOW)
    for _ in range(2):
        kept.used("unit-7", b"a" * 32, USE)
    assert len(beside.lines()) == 2
    assert Revocations(beside).read() == []
    assert beside.path.stat().st_mode & 0o777 == 0o600


def test_nobody_enrols_whose_use_cannot_be_noted(tmp_path: Path) -> None:
    """A file that cannot be written: the unit is told to come again, and gets in once it can."""
    with running(tmp_path / "centre") as centre:
        ticket, unit = centre.ticket("unit-7"), machine(tmp_path, "unit")
        beside = centre.folder.revocations
        beside.unlink()
        beside.mkdir()
        with pytest.raises(EnrolError, match="503"):
            enrol(ticket, unit, SystemClock())
        beside.rmdir()
        enrol(ticket, unit, SystemClock())
        assert "used" in beside.read_text()
