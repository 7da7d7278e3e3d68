"""The service on a real store: batches, keys that come later, two at once, killed, failing."""

import itertools
import os
import random
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.folder import CentreFolder
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.rotate import rotate
from outrider.centre.opening.service import Opening
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import OpenedRecord, SealedRecord, StoreError
from outrider.records import Read
from outrider.wire.audit import AuditKind
from outrider.wire.sealing import CentrePrivateKey, CentrePublicKey, SealingError
from tests.centre.hostile_rows import hostile_texts
from tests.centre.opening.makers import some_reads
from tests.centre.store.makers import send
from tests.unit.journal import makers

OLD, NEW = CentrePrivateKey.generate(), CentrePrivateKey.generate()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CentreStore]:
    store = open_store(f"sqlite:{tmp_path / 'store'}")
    yield store
    store.close()


def key_folder(tmp_path: Path, *keys: CentrePrivateKey) -> KeyFolder:
    folder = tmp_path / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    for key in keys:
        key.write(folder / f"sealing-{key.public.key_id}.key")
    return KeyFolder(folder)


def sent(store: CentreStore, centre: CentrePrivateKey, count: int, first: int = 0) -> UnitJournal:
    """Send so many reads and an officer's correction; return the unit's journal."""
    unit = UnitJournal("unit-7", centre.public)
    for read in some_reads(count, first):
        unit.add(*makers.pictured(read))
    unit.add(makers.action(first + 1))
    send(store, unit, unit.rows)
    return unit


def found(store: CentreStore, unit: UnitJournal) -> list[uuid.UUID]:
    """Return the identifiers of a journal's opened reads, in order."""
    opened = store.records(unit.journal_id, 1, 10**6)
    return [one.record.read_id for one in opened if isinstance(one.record, Read)]


def alterations(store: CentreStore) -> int:
    """Return how many alterations the trail holds."""
    return sum(row.event.kind is AuditKind.ALTERATION for row in store.audit(0, 10_000))


def test_all_that_waits_is_opened_once(store: CentreStore, tmp_path: Path) -> None:
    """Rows come out in order, whatever the batch; a second run finds nothing to do."""
    unit = sent(store, OLD, 25)
    opening = Opening(store, key_folder(tmp_path, OLD), batch_rows=10)
    opening.run(threading.Event())
    assert (opening.tally.opened, opening.tally.set_aside) == (26, 0)
    assert found(store, unit) == [read.read_id for read in some_reads(25)]
    opening.run(threading.Event())
    assert opening.tally.opened == 26
    assert store.backlog().waiting == 0
    assert alterations(store) == 1


def test_a_set_stop_ends_it_between_batches(store: CentreStore, tmp_path: Path) -> None:
    """Stop is heard after each batch, and what was opened by then stays opened."""
    sent(store, OLD, 25)
    stop = threading.Event()
    Opening(store, key_folder(tmp_path, OLD), batch_rows=10).run(stop, stop.set)
    assert store.backlog().waiting == 16


def test_rows_for_a_missing_key_wait_aside_and_open_when_it_is_added(
    store: CentreStore, tmp_path: Path
) -> None:
    """What needs a key that is not here is set aside by name; the key, once added, is used."""
    unit = sent(store, OLD, 5)
    keys = key_folder(tmp_path, NEW)
    opening = Opening(store, keys)
    opening.run(threading.Event())
    assert store.backlog().set_aside == 6
    assert OLD.public.key_id in store.rows_set_aside(10)[0].why
    key_folder(tmp_path, OLD)
    stop = threading.Event()
    opening.watch(stop, until_settled(store, stop))
    assert len(found(store, unit)) == 5


def test_old_and_new_rows_open_after_a_rotation(store: CentreStore, tmp_path: Path) -> None:
    """A new key is made beside the old; what was sealed before and after it opens."""
    centre, keys = CentreFolder(tmp_path / "centre"), key_folder(tmp_path, OLD)
    centre.sealing_key.parent.mkdir(parents=True)
    OLD.public.write(centre.sealing_key)
    before = sent(store, OLD, 3)
    new = rotate(centre, tmp_path / "keys")
    assert new == CentrePublicKey.read(centre.sealing_key) != OLD.public
    after = UnitJournal("unit-8", new)
    for number in range(3):
        after.add(makers.action(number))
    send(store, after, after.rows)
    opening = Opening(store, keys)
    opening.run(threading.Event())
    assert opening.tally.set_aside == 0
    assert len(found(store, before)) == 3
    assert len(store.records(after.journal_id, 1, 9)) == 3


def test_no_rotation_without_the_private_half_of_the_present_key(tmp_path: Path) -> None:
    """Rotating in the wrong folder would leave rows that nobody can open: refused."""
    centre = CentreFolder(tmp_path / "centre")
    centre.sealing_key.parent.mkdir(parents=True)
    OLD.public.write(centre.sealing_key)
    key_folder(tmp_path, NEW)
    with pytest.raises(SealingError, match=OLD.public.key_id):
        rotate(centre, tmp_path / "keys")
    assert CentrePublicKey.read(centre.sealing_key) == OLD.public
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_keys_that_others_can_read_and_no_keys_are_refused(tmp_path: Path) -> None:
    """A folder without keys, or with one that is not private any more, opens nothing."""
    with pytest.raises(SealingError, match="no private key"):
        key_folder(tmp_path).load()
    folder = key_folder(tmp_path, OLD)
    folder.load()
    next((tmp_path / "keys").iterdir()).chmod(0o640)
    with pytest.raises(SealingError, match="chmod 600"):
        folder.load()


def test_a_bad_row_holds_up_no_good_one(store: CentreStore, tmp_path: Path) -> None:
    """Rows of another unit's reads among good ones: set aside, each with its reason."""
    unit = UnitJournal("unit-8", OLD.public)  # the reads say unit-7
    for read in some_reads(3):
        unit.add(*makers.pictured(read))
    send(store, unit, unit.rows)
    good = sent(store, OLD, 3, first=10)
    opening = Opening(store, key_folder(tmp_path, OLD), batch_rows=2)
    opening.run(threading.Event())
    assert (opening.tally.opened, opening.tally.set_aside) == (4, 3)
    assert {aside.unit_id for aside in store.rows_set_aside(10)} == {"unit-8"}
    assert len(found(store, good)) == 3
    assert opening.retry() == 3
    opening.run(threading.Event())
    assert store.backlog().set_aside == 3


def test_two_openers_at_once_open_each_row_once(store: CentreStore, tmp_path: Path) -> None:
    """Two services race over the same rows: every read once, every audit event once."""
    units = [sent(store, OLD, 20, first=100 * number) for number in range(4)]
    keys = key_folder(tmp_path, OLD)
    other = open_store(f"sqlite:{tmp_path / 'store'}")
    racers = [Opening(one, keys, batch_rows=7) for one in (store, other)]
    threads = [threading.Thread(target=racer.run, args=(threading.Event(),)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    for number, unit in enumerate(units):
        assert found(store, unit) == [read.read_id for read in some_reads(20, 100 * number)]
    assert alterations(store) == 4


def test_killed_anywhere_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A service killed again and again at random instants opens all in the end, each row once."""
    url, rng = f"sqlite:{tmp_path / 'store'}", random.Random(4)
    store = open_store(url)
    units = [sent(store, OLD, 25, first=100 * number) for number in range(4)]
    store.close()
    keys, kills = key_folder(tmp_path, OLD), 0
    while _one_life(url, keys, rng.randint(1, 4), rng.uniform(0, 0.01)):
        kills += 1
    assert kills > 2
    store = open_store(url)
    for number, unit in enumerate(units):
        assert found(store, unit) == [read.read_id for read in some_reads(25, 100 * number)]
    assert alterations(store) == 4
    store.close()


def _one_life(url: str, keys: KeyFolder, batches: int, more_s: float) -> bool:
    """Let a service open so many batches and a moment more; return whether it had to be killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            opening = Opening(open_store(url), keys, batch_rows=5)
            opening.run(threading.Event(), lambda: _tell(writing))
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    while batches > 0 and (told := os.read(reading, 1)):
        batches -= len(told)
    threading.Event().wait(more_s)
    os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _tell(handle: int) -> None:
    os.write(handle, b".")


def until_settled(store: CentreStore, stop: threading.Event) -> Callable[[], None]:
    """Return a beat that stops a watching service when nothing waits, or after 40 beats."""
    beats = itertools.count()

    def beat() -> None:
        backlog = store.backlog()
        if backlog.waiting == backlog.set_aside == 0 or next(beats) > 40:
            stop.set()

    return beat


class FailingStore:
    """A real store whose calls fail so many times first."""

    def __init__(self, store: CentreStore, failures: dict[str, int]) -> None:
        self._store = store
        self._failures = failures

    def __getattr__(self, name: str) -> Any:
        if self._failures.get(name, 0) > 0:
            self._failures[name] -= 1
            raise StoreError(f"cannot {name}: the disk says no")
        return getattr(self._store, name)


def test_a_store_that_fails_is_asked_again(
    store: CentreStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watching service counts the store's errors, waits, and goes on by itself."""
    monkeypatch.setattr("outrider.centre.opening.service._LOOK_AGAIN_S", 0.01)
    unit = sent(store, OLD, 5)
    failing: Any = FailingStore(store, {"sealed": 2, "opened": 1})
    opening, stop = Opening(failing, key_folder(tmp_path, OLD)), threading.Event()
    opening.watch(stop, until_settled(store, stop))
    assert opening.tally.store_errors == 3
    assert len(found(store, unit)) == 5


def test_a_spoilt_key_does_not_end_a_running_service(
    store: CentreStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is no key, dropped into the folder, is said; the keys read before go on."""
    monkeypatch.setattr("outrider.centre.opening.service._LOOK_AGAIN_S", 0.01)
    opening, stop = Opening(store, key_folder(tmp_path, OLD)), threading.Event()
    (tmp_path / "keys" / "zz.key").write_text("nonsense")
    (tmp_path / "keys" / "zz.key").chmod(0o600)
    unit = sent(store, OLD, 2)
    opening.watch(stop, until_settled(store, stop))
    assert "zz.key" in opening.fault
    assert len(found(store, unit)) == 2


def test_no_content_of_a_row_ends_the_service_or_holds_up_another(
    store: CentreStore, tmp_path: Path
) -> None:
    """A number of 5,000 digits in one row stopped the service for all units, for good."""
    liar = UnitJournal("unit-9", OLD.public)
    for kind, text in itertools.islice(hostile_texts(random.Random(11)), 300):
        liar.add_text(kind, text)
    send(store, liar, liar.rows)
    honest = sent(store, OLD, 5)
    opening, stop = Opening(store, key_folder(tmp_path, OLD)), threading.Event()
    opening.watch(stop, until_settled(store, stop))
    assert store.backlog().waiting == 0
    assert len(found(store, honest)) == 5
    assert opening.tally.set_aside > 200
    assert (opening.tally.unforeseen, opening.tally.store_errors) == (0, 0)


def test_a_row_that_no_store_takes_is_set_aside_alone(
    store: CentreStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever moving a row raises is that row's fault; the others of its batch are moved."""
    unit = sent(store, OLD, 6)
    real = store.opened

    def opened(records: Sequence[OpenedRecord]) -> None:
        if any(one.sealed.row.seq == 3 for one in records):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        real(records)

    monkeypatch.setattr(store, "opened", opened)
    opening = Opening(store, key_folder(tmp_path, OLD))
    opening.run(threading.Event())
    assert (opening.tally.opened, opening.tally.set_aside) == (6, 1)
    (aside,) = store.rows_set_aside(10)
    assert aside.why == "cannot be kept: OverflowError"
    assert len(found(store, unit)) == 5


def test_a_fault_that_nobody_foresaw_does_not_end_a_watching_service(
    store: CentreStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted and said, and the service goes on by itself."""
    monkeypatch.setattr("outrider.centre.opening.service._LOOK_AGAIN_S", 0.01)
    unit = sent(store, OLD, 2)
    real, failures = store.sealed, iter([ZeroDivisionError()])

    def sealed(limit: int) -> list[SealedRecord]:
        for error in failures:
            raise error
        return real(limit)

    monkeypatch.setattr(store, "sealed", sealed)
    opening, stop = Opening(store, key_folder(tmp_path, OLD)), threading.Event()
    opening.watch(stop, until_settled(store, stop))
    assert opening.tally.unforeseen == 1
    assert len(found(store, unit)) == 2


def test_thousands_of_rows_that_do_not_open_cost_a_commit_and_a_few_lines_a_batch(
    store: CentreStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A lying unit's rows are set aside together: no commit, and no line of the log, for each."""
    unit = UnitJournal("unit-7", OLD.public)
    texts = hostile_texts(random.Random(5))
    send(store, unit, [unit.add_text(*next(texts)) for _ in range(300)])
    calls: list[int] = []
    real = store.set_all_aside

    def counted(rows: Sequence[tuple[uuid.UUID, int, str]]) -> None:
        calls.append(len(rows))
        real(rows)

    monkeypatch.setattr(store, "set_all_aside", counted)
    opening = Opening(store, key_folder(tmp_path, OLD), batch_rows=150)
    opening.run(threading.Event())
    assert len(calls) == 2
    assert sum(calls) == opening.tally.set_aside == store.backlog().set_aside > 200
    assert len([one for one in caplog.records if "set aside" in one.getMessage()]) <= 2 * 4
    assert f"{calls[0] - 3} rows more" in caplog.text
