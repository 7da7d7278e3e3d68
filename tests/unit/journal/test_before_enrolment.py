"""What was read before the unit had a centre: sealed and named once it has, and lost in no case."""

import contextlib
import dataclasses
import errno
import itertools
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outrider.clock import SystemClock
from outrider.records import Hit, Read, Role
from outrider.unit.journal import SealedJournal
from outrider.unit.journal import reseal as resealing
from outrider.unit.journal.outbox import ORDINARY, URGENT, Outbox
from outrider.unit.journal.reader import JournalReader
from outrider.unit.journal.reseal import Resealed, reseal, reseal_folder
from outrider.unit.journal.schema import open_database
from outrider.unit.journal.segments import Stream
from outrider.unit.journal.store import Store, WriterLock
from outrider.unit.journal.verify import find_key, read_rows, verify
from outrider.wire.enrolment import NOBODY
from outrider.wire.read_record import decode
from outrider.wire.sealing import CentrePublicKey, Opener, Place, Sealer
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, query, reads, settings_for
from tests.unit.journal.test_stolen_card import TELLTALE, everything

SEALER = Sealer(CentrePublicKey(CENTRE.public.raw))


def nobodys(record: Read | Hit) -> Read | Hit:
    """Return a record as a unit makes it that is not enrolled."""
    if isinstance(record, Hit):
        made = nobodys(record.read)
        assert isinstance(made, Read)
        return dataclasses.replace(record, read=made)
    return dataclasses.replace(record, origin=dataclasses.replace(record.origin, unit_id=NOBODY))


def write(directory: Path, records: list[Read | Hit], unit_id: str, *, sealed: bool) -> None:
    """Write records as `run` does, from a recording."""
    changes: dict[str, object] = {} if sealed else {"centre_public_key": None}
    settings = settings_for(directory, CENTRE, **changes)
    journal = SealedJournal(directory, settings, SystemClock(), live=False, unit_id=unit_id)
    journal.start(threading.Event())
    for record in records:
        if isinstance(record, Hit):
            journal.put_hit(*makers.pictured(record))
        else:
            journal.put_read(*makers.pictured(record))
    journal.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of 20 reads and a hit, in clear and as nobody's, with its collection event."""
    before = [*map(nobodys, reads(0, 20)), nobodys(makers.hit(20))]
    write(tmp_path / "journal", before, NOBODY, sealed=False)
    return tmp_path / "journal"


def names(directory: Path) -> Counter[str]:
    """Return whose the reads are that are to be sent, opened with the centre's key."""
    outbox, opener, found = Outbox(directory), Opener([CENTRE]), Counter[str]()
    db = open_database(directory)
    for row in (*outbox.rows(URGENT, 1000), *outbox.rows(ORDINARY, 1000)):
        sealed_key = find_key(db, row.key_id)
        assert sealed_key is not None
        key = opener.open_key(sealed_key, outbox.journal_id)
        record = decode(key.open_text(row.body, Place(outbox.journal_id, row.seq, row.kind)))
        read = record.read if isinstance(record, Hit) else record
        if isinstance(read, Read):
            found[read.origin.unit_id] += 1
    db.close()
    outbox.close()
    return found


def test_reads_of_before_enrolment_are_sealed_and_named_at_the_next_start(journal: Path) -> None:
    """After the first start with a key nothing lies in clear, all is the unit's, all opens."""
    assert b"JFIF" in everything(journal)
    write(journal, [makers.read(21)], "unit-7", sealed=True)
    found = everything(journal)
    assert [mark for mark in TELLTALE if mark in found] == []
    assert names(journal) == Counter({"unit-7": 22})
    report = verify(journal, Opener([CENTRE]))
    assert (report.faults, report.lost, report.pictures) == ([], 0, 44)
    # As before: the hit's pictures go first, in a stream of their own.
    assert query(journal, "SELECT count(*) FROM picture JOIN segment ON number = segment "
                 "WHERE stream = 0") == [(2,)]  # fmt: skip


def test_the_status_says_clear_only_while_something_lies_in_clear(journal: Path) -> None:
    """The keys of what has been sealed since stay in the journal; they are no cause for alarm."""
    with JournalReader(journal) as reader:
        assert reader.status().in_clear
    assert reseal_folder(journal, SEALER, "unit-7", SystemClock()) == Resealed(22)
    with JournalReader(journal) as reader:
        assert not reader.status().in_clear


def test_what_a_running_unit_still_writes_in_clear_is_held_back(journal: Path) -> None:
    """While `run` goes on as before, nothing in clear is sent; the reason says what to do."""
    lock = WriterLock(journal)
    done = reseal_folder(journal, SEALER, "unit-7", SystemClock())
    lock.release()
    assert (done.rows, done.waiting) == (0, 22)
    assert done.why == "`outrider run` still writes them: restart it"
    outbox = Outbox(journal, sealed_only=True)
    assert (outbox.rows(URGENT, 9), outbox.rows(ORDINARY, 9), outbox.held_back()) == ([], [], 22)
    outbox.close()
    with contextlib.closing(Outbox(journal)) as plain:
        assert plain.held_back() == 0, "a unit that seals nothing holds nothing back"
    assert reseal_folder(journal, SEALER, "unit-7", SystemClock()).rows == 22
    assert names(journal) == Counter({"unit-7": 21})


def sealing_store(directory: Path) -> Store:
    return Store(directory, SEALER, SystemClock().mono_ns, 2**20, 600.0)


def test_what_follows_sealing_is_written_as_ever(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are wiped one by one only while what lay in clear goes."""
    with contextlib.closing(sealing_store(journal)) as store:
        real, wiped = store.rewrite, list[tuple[int]]()

        def rewrite(*args: Any) -> None:
            wiped.append(store.db.execute("PRAGMA secure_delete").fetchone())
            real(*args)

        monkeypatch.setattr(store, "rewrite", rewrite)
        reseal(store, "unit-7", SystemClock())
        assert (wiped, store.db.execute("PRAGMA secure_delete").fetchone()) == ([(1,)], (2,))


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EIO, errno.EMFILE])
def test_a_picture_that_the_card_has_lost_holds_no_row_in_clear(
    journal: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The rows are sealed without it; what may pass is an error, and all stays as it was."""

    def fails(directory: Path, picture: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(resealing, "read_sealed", fails)
    if code == errno.EMFILE:
        with pytest.raises(OSError, match=os.strerror(code)):
            reseal_folder(journal, SEALER, "unit-7", SystemClock())
        assert names(journal) == Counter({NOBODY: 21})
        return
    assert reseal_folder(journal, SEALER, "unit-7", SystemClock()) == Resealed(22)
    assert verify(journal, Opener([CENTRE])).pictures == 0


def test_a_card_that_takes_no_sealed_picture_changes_nothing(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are as they were, and the file that failed is not written again."""

    def full(handle: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "full")

    with contextlib.closing(sealing_store(journal)) as store:
        store.segments.append(Stream.PATCHES, 99, Role.PATCH, b"open")
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="full"):
            reseal(store, "unit-7", SystemClock())
        monkeypatch.undo()
        assert store.segments.open_segments() == []
        assert reseal(store, "unit-7", SystemClock()) == Resealed(22)


def reseal_and_die(directory: Path, at_step: int) -> None:
    """Seal in a process of its own, which is killed at a step: a sync, or a file's removal."""
    child = os.fork()
    if child == 0:
        steps = itertools.count(1)

        def deadly(real: Callable[..., None]) -> Callable[..., None]:
            def step(*args: object, **options: object) -> None:
                if next(steps) == at_step:
                    os.kill(os.getpid(), signal.SIGKILL)
                real(*args, **options)

            return step

        for name in ("fsync", "fdatasync", "unlink"):
            setattr(os, name, deadly(getattr(os, name)))
        reseal_folder(directory, SEALER, "unit-7", SystemClock())
        os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.parametrize("at", range(1, 11))
def test_killed_while_sealing_it_goes_on_and_doubles_nothing(journal: Path, at: int) -> None:
    """Killed at any step, the next try ends with each read there once, and all of them open."""
    reseal_and_die(journal, at)
    reseal_folder(journal, SEALER, "unit-7", SystemClock())
    assert names(journal) == Counter({"unit-7": 21})
    assert verify(journal, Opener([CENTRE])).faults == []


def test_a_hash_chain_leads_over_the_rows_that_were_sealed(journal: Path) -> None:
    """The numbers that were given up are one gap, and the next row follows on its last hash."""
    reseal_folder(journal, SEALER, "unit-7", SystemClock())
    gaps = query(journal, "SELECT first_seq, last_seq, cause FROM gap")
    assert gaps == [(1, 22, "resealed")]
    db = open_database(journal)
    first = next(read_rows(db))
    db.close()
    assert (first.seq, first.previous) == (
        23, query(journal, "SELECT last_hash FROM gap")[0][0]
    )  # fmt: skip
