"""Cards that are put back or copied, and a centre that was restored: nothing is lost or doubled."""

import contextlib
import re
import shutil
import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.centre.authority.histories import Kind, forks
from outrider.centre.authority.sealed_to import note
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.service import Opening
from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.records import Read
from outrider.unit.journal import epochs
from outrider.unit.journal.epochs import epoch_of
from outrider.unit.journal.outbox import Outbox
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.reconcile import Reconciler
from outrider.unit.sync.session import Identity, Summary
from outrider.unit.sync.transport import HttpsCentre
from outrider.wire import holdings
from outrider.wire.read_record import decode
from outrider.wire.sealing import CentrePrivateKey, Opener, Place
from outrider.wire.signing import VerifyingKey
from outrider.wire.upload import DIGEST_HEADER, SENT_HEADER, SIGNATURE_HEADER, content_digest
from tests.centre.intake.running import Running, Unit, enrolled
from tests.unit.journal.filled import fill, query, reads

FAR = UtcStamp(2**61, ClockQuality.GPS, 0.0)


def dock(unit: Unit) -> Summary:
    return Dock(unit.settings, SystemClock()).once(
        Manner(metered=False, give_up_after=3), threading.Event()
    )


def put(unit: Unit, first: int, count: int) -> set[uuid.UUID]:
    """Journal so many reads in a start of its own; return their names."""
    made = reads(first, count, patch_bytes=40, overview_bytes=80)
    fill(unit.settings.journal_dir, made, centre=unit.centre.opening_key)
    return {read.read_id for read in made}


def at_the_centre(centre: Running, unit_id: str) -> Counter[uuid.UUID]:
    """Return the reads of a unit that the centre can open, by name."""
    opener, found = Opener([centre.opening_key]), Counter[uuid.UUID]()
    for sealed in centre.store.sealed(10_000):
        if sealed.unit_id != unit_id:
            continue
        key = opener.open_key(sealed.key, sealed.journal_id)
        place = Place(sealed.journal_id, sealed.row.seq, sealed.row.kind)
        record = decode(key.open_text(sealed.row.body, place))
        if isinstance(record, Read):
            found[record.read_id] += 1
    return found


def assert_once(centre: Running, unit_id: str, names: set[uuid.UUID]) -> None:
    assert at_the_centre(centre, unit_id) == Counter(names)
    for state in centre.store.journals(unit_id):
        assert (state.missing, state.chain_breaks, state.pictures_due) == ((), (), 0)


def test_a_card_that_is_put_back_loses_nothing(centre: Running, home: Path, tmp_path: Path) -> None:
    """New rows under numbers that were used before are kept beside the old ones."""
    unit = enrolled(centre, home, "put-back")
    names = put(unit, 0, 20)
    dock(unit)
    shutil.copytree(unit.settings.journal_dir, tmp_path / "image")
    names |= put(unit, 100, 26)
    assert dock(unit).done
    shutil.rmtree(unit.settings.journal_dir)
    shutil.copytree(tmp_path / "image", unit.settings.journal_dir)
    names |= put(unit, 200, 30)
    summary = dock(unit)
    assert (summary.done, summary.set_aside, summary.faults) == (True, 0, [])
    assert_once(centre, "put-back", names)
    (fork,) = forks(centre.store.journals("put-back"))
    assert (fork.kind, fork.seq) == (Kind.PUT_BACK, 22)  # 20 reads, collection and disclosure


def test_conflicting_rows_are_moved_and_hold_nothing_up(
    centre: Running, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that was taken for the old one writes into its epoch: refused, moved, all arrive."""
    unit = enrolled(centre, home, "conflict")
    names = put(unit, 0, 20)
    dock(unit)
    shutil.copytree(unit.settings.journal_dir, tmp_path / "image")
    monkeypatch.setattr(epochs, "begin", lambda db, log, now: now)  # as if it were vouched for
    names |= put(unit, 100, 4)
    assert dock(unit).done
    shutil.rmtree(unit.settings.journal_dir)
    shutil.copytree(tmp_path / "image", unit.settings.journal_dir)
    names |= put(unit, 200, 44)
    summary = dock(unit)
    assert summary.done
    assert summary.rehomed >= 44
    # Nothing that the crew sees holds a row's number: rows count silent hits, too.
    told = [text.replace("1.root.json", "a root") for text in (*summary.notes, *summary.faults)]
    assert not [text for text in told if re.search(r"\d", text)]
    assert summary.set_aside == 0
    assert_once(centre, "conflict", names)


def test_a_card_in_two_cars_loses_nothing(centre: Running, home: Path, tmp_path: Path) -> None:
    """Two copies of one card write and dock in turn; all rows of both are there, once."""
    unit = enrolled(centre, home, "twins")
    names = put(unit, 0, 10)
    other = Unit("twins", tmp_path / "other" / "outrider.toml", centre)
    shutil.copytree(home, tmp_path / "other")
    text = unit.settings_file.read_text(encoding="utf-8")
    other.settings_file.write_text(text.replace(str(home), str(tmp_path / "other")))
    for turn in range(3):
        names |= put(unit, 100 + 10 * turn, 5)
        names |= put(other, 200 + 10 * turn, 5)
        assert dock(unit).done
        assert dock(other).done
    assert_once(centre, "twins", names)
    assert {fork.kind for fork in forks(centre.store.journals("twins"))} == {Kind.COPIED}


@contextlib.contextmanager
def intake_file(centre: Running) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(centre.folder.store / "intake.sqlite3", isolation_level=None)
    yield db
    db.close()


def restore(centre: Running, unit: Unit, last_seq: int) -> None:
    """Let the centre know no more of a unit's journal than an old copy did."""
    outbox = Outbox(unit.settings.journal_dir)
    epoch, _ = epoch_of(outbox.db, last_seq)
    outbox.close()
    with intake_file(centre) as db:
        (number,) = db.execute(
            "SELECT number FROM journal WHERE epoch = ?", (epoch.epoch_id.bytes,)
        ).fetchone()
        for table in ("waiting", "due"):
            db.execute(f"DELETE FROM {table} WHERE journal = ? AND seq > ?", (number, last_seq))
        db.execute("UPDATE present SET last_seq = ? WHERE journal = ?", (last_seq, number))
        db.execute("UPDATE present SET last_hash = (SELECT hash FROM waiting WHERE journal = ?1 "
                   "AND seq = ?2) WHERE journal = ?1", (number, last_seq))  # fmt: skip
    for day in (centre.folder.store / "pictures").glob("*/day.sqlite3"):
        db = sqlite3.connect(day, isolation_level=None)
        db.execute("DELETE FROM picture WHERE journal = ? AND seq > ?", (number, last_seq))
        db.close()


def test_what_a_restored_centre_lacks_is_sent_again(centre: Running, home: Path) -> None:
    """What was receipted and is there no more goes again at the next docking, pictures too."""
    unit = enrolled(centre, home, "restored")
    names = put(unit, 0, 60)
    assert dock(unit).done
    restore(centre, unit, 41)
    assert len(at_the_centre(centre, "restored")) == 41
    summary = dock(unit)
    assert summary.done
    assert summary.sent_again >= 19 * 3
    assert_once(centre, "restored", names)


def test_pictures_whose_rows_a_centre_has_lost_bring_them_along(
    centre: Running, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused for want of their rows, they wait for no comparison: the rows go again at once."""
    unit = enrolled(centre, home, "pending")
    names = put(unit, 0, 30)
    Dock(unit.settings, SystemClock()).once(Manner(metered=True), threading.Event())
    restore(centre, unit, 12)
    monkeypatch.setattr(Reconciler, "is_due", lambda self, link: False)
    summary = dock(unit)
    assert (summary.done, summary.set_aside) == (True, 0)
    assert at_the_centre(centre, "pending") == Counter(names)


def test_pictures_that_cannot_come_are_not_asked_for(centre: Running, home: Path) -> None:
    """A row whose overview was dropped here is never whole there; its patch does not go again."""
    unit = enrolled(centre, home, "dropped")
    put(unit, 0, 6)
    query(unit.settings.journal_dir, "UPDATE picture SET state = 2 WHERE seq < 4 AND role = 2")
    assert dock(unit).done
    summary = dock(unit)
    assert (summary.sent_again, summary.pictures) == (0, 0)


def test_a_copy_that_another_unit_sends_first_costs_no_row(
    centre: Running, unit: Unit, tmp_path: Path
) -> None:
    """Its rows are set aside; the unit's own, which come after, are opened, each once."""
    other = enrolled(centre, tmp_path / "other", "copier")
    names = put(unit, 100, 10)
    shutil.copytree(unit.settings.journal_dir, other.settings.journal_dir)
    opening = Opening(centre.store, KeyFolder(centre.folder.root / "opening"))
    for one in (other, unit):
        dock(one)
        opening.run(threading.Event())
    with centre.store.snapshot() as opened:
        found = Counter(
            one.record.read_id
            for one in opened
            if isinstance(one.record, Read) and one.sealed.unit_id == unit.unit_id
        )
    assert {name: found[name] for name in names} == dict.fromkeys(names, 1)


def test_rows_that_the_centre_cannot_open_stay_here(centre: Running, home: Path) -> None:
    """Sealed to a key whose private half is not there: never confirmed, sent once, and said."""
    unit, lost = enrolled(centre, home, "sealed-elsewhere"), CentrePrivateKey.generate()
    note(centre.folder, [lost.public])
    fill(unit.settings.journal_dir, reads(0, 5), centre=lost)
    assert dock(unit).done
    Opening(centre.store, KeyFolder(centre.folder.root / "opening")).run(threading.Event())
    with contextlib.closing(Outbox(unit.settings.journal_dir)) as outbox:
        with HttpsCentre(centre.url, unit.tls()) as way:
            reconciler = Reconciler(identity_of(unit), SystemClock())
            found = reconciler.run(outbox, way, Summary(), threading.Event())
        assert (found.confirmed, found.again, found.unopened) == (set(), 0, True)
        assert outbox.expire(0.0, FAR, found.confirmed) == 0
    summary = dock(unit)
    assert summary.grave
    assert "cannot open" in summary.faults[0]


def identity_of(unit: Unit) -> Identity:
    key = VerifyingKey.read(unit.files.receipt_key)
    return Identity(unit.unit_id, unit.identity, key)


def test_nothing_is_erased_that_the_centre_does_not_confirm(centre: Running, home: Path) -> None:
    """Rows of which the centre has lost the content stay here, whatever their receipts say."""
    unit = enrolled(centre, home, "kept")
    put(unit, 0, 30)
    assert dock(unit).done
    restore(centre, unit, 12)
    outbox, clock = Outbox(unit.settings.journal_dir), SystemClock()
    with contextlib.closing(outbox), HttpsCentre(centre.url, unit.tls()) as way:
        summary = Summary()
        reconciler = Reconciler(identity_of(unit), clock)
        found = reconciler.run(outbox, way, summary, threading.Event())
        assert summary.faults == []
        assert found.confirmed == set(range(1, 13))
        assert outbox.expire(0.0, FAR, found.confirmed) == 12
        assert outbox.expire(0.0, FAR, set()) == 0
    assert query(unit.settings.journal_dir, "SELECT min(seq) FROM row") == [(13,)]


def test_questions_are_judged_as_uploads_are(centre: Running, unit: Unit) -> None:
    """Unsigned, of another unit, garbled: refused; what is signed is answered, and signed."""
    sent = unit.headers(unit.name(), b"")[SENT_HEADER]
    asked = holdings.Question(unit.unit_id, sent, uuid.uuid4(), (holdings.Claim(1, bytes(16)),))
    body = holdings.encode_question(asked)

    def ask(body: bytes, purpose: str = holdings.PURPOSE, path: str = unit.unit_id) -> int:
        headers = {
            DIGEST_HEADER: content_digest(body),
            SENT_HEADER: sent,
            SIGNATURE_HEADER: unit.identity.sign(purpose, body),
        }
        with unit.client() as client:
            answer = client.post(holdings.path(path), content=body, headers=headers)
        if answer.status_code == 200:
            key = centre.receipt_key
            assert holdings.decode_answer(answer.content, body, asked, key) == holdings.Holdings()
        return answer.status_code

    assert ask(body) == 200
    assert ask(body, purpose="upload") == 401
    assert ask(body, path="unit-8") == 403
    assert ask(body[:-1]) == 422
    assert ask(body.replace(b'"version":2', b'"version":9')) == 422
