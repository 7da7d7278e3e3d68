"""Nothing is receipted that is sealed to a key which was never the centre's."""

import threading
from pathlib import Path

import pytest

from outrider.centre.authority.sealed_to import SealedTo
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.rotate import rotate
from outrider.cli import main
from outrider.clock import SystemClock
from outrider.records import Role
from outrider.unit.journal.outbox import Outbox
from outrider.unit.sync.dock import Dock, Manner
from outrider.wire import batch as batches
from outrider.wire.sealing import CentrePrivateKey
from tests.centre.intake.running import Running, enrolled, eventually, running
from tests.unit.journal import makers
from tests.unit.journal.filled import fill, reads

FOREIGN = CentrePrivateKey.generate()


def test_rows_that_nobody_can_open_stay_on_the_unit_and_hold_up_no_other(
    centre: Running, home: Path
) -> None:
    """Sealed to an unknown key a row is refused for that, by itself; the others arrive; shown."""
    unit = enrolled(centre, home, "foreign")
    journal = unit.settings.journal_dir
    fill(journal, reads(0, 5), centre=centre.opening_key)
    fill(journal, reads(5, 2), centre=FOREIGN)
    fill(journal, reads(7, 5), centre=centre.opening_key)
    summary = Dock(unit.settings, SystemClock()).once(Manner(give_up_after=3), threading.Event())
    assert summary.reads == 10
    assert summary.set_aside == summary.remaining.rows == 3  # and what the journal noted of itself
    assert summary.remaining.reads == 2
    (fault,) = summary.faults
    assert "never this centre's: nobody here could open it" in fault
    mine = [row for row in centre.store.sealed(1000) if row.unit_id == "foreign"]
    assert {row.key.centre_key_id for row in mine} == {centre.opening_key.public.key_id}
    outbox = Outbox(journal)
    assert outbox.remaining().reads == 2
    outbox.close()


def test_an_unknown_key_of_a_picture_refuses_its_row(centre: Running, home: Path) -> None:
    """A picture that nobody could open is found out with its row: 422 unknown-key, nothing kept."""
    unit = enrolled(centre, home, "pictured")
    journal, other = UnitJournal("pictured", centre.opening_key.public), FOREIGN.public
    foreign = UnitJournal("pictured", other, journal.journal_id)
    journal._picture_key = foreign._picture_key
    journal.keys = (journal.keys[0], foreign.keys[1])
    row = journal.add(makers.read(1), {Role.PATCH: b"a patch"})
    before = centre.contents()
    answer = unit.put(unit.name(), batches.encode(journal.batch([row])))
    assert (answer.status_code, answer.json()["error"]) == (422, "unknown-key")
    assert other.key_id in answer.json()["message"]
    assert centre.contents() == before


def test_what_is_sealed_to_an_older_key_is_taken_after_a_rotation(tmp_path: Path) -> None:
    """The key in force and all before it are known, to a running intake too, however often."""
    with running(tmp_path / "centre") as centre:
        old, keys = centre.opening_key, centre.folder.root / "opening"
        unit = enrolled(centre, tmp_path / "unit")
        new = rotate(centre.folder, keys)
        newest = rotate(centre.folder, keys)
        for public in (old.public, new, newest):
            journal = UnitJournal(unit.unit_id, public)
            row = journal.add(makers.read(1))
            assert unit.put(unit.name(), batches.encode(journal.batch([row]))).status_code == 200


def test_a_key_that_was_put_in_force_by_hand_is_noted(tmp_path: Path) -> None:
    """From a folder of before the list, and with the keys elsewhere: the intake notes it."""
    with running(tmp_path / "centre") as centre:
        folder, first = centre.folder, centre.opening_key.public
        for path in folder.sealed_to.glob("*"):
            path.unlink()
        centre.service._renew_files()
        folder.sealing_key.unlink()
        FOREIGN.public.write(folder.sealing_key)
        eventually(lambda: {first.key_id, FOREIGN.public.key_id} <= SealedTo(folder).ids())
        assert FOREIGN.public.key_id in centre.service._intake.uploads._sealed_to()


def test_the_opening_service_notes_older_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder made before the list has no older keys in it: who can open them says so."""
    root, keys = tmp_path / "centre", tmp_path / "keys"
    main(["centre", "init", str(root), "--opening-keys", str(keys)])
    old = CentrePrivateKey.generate()
    old.write(keys / f"sealing-{old.public.key_id}.key")
    assert main(["centre", "open", "--dir", str(root), "--keys", str(keys)]) == 0
    assert old.public.key_id in capsys.readouterr().err
    assert (root / "keys" / "sealed-to" / f"{old.public.key_id}.pub").exists()
