"""Epochs: a fresh one at each start that nothing outside the card vouches for."""

import contextlib
import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.unit.journal import witness as witnesses
from outrider.unit.journal.epochs import epochs, read_epoch_log
from outrider.unit.journal.queue import entry_for
from outrider.unit.journal.schema import KEY_LOG, open_read_only
from outrider.unit.journal.store import Store
from outrider.unit.journal.witness import Mark, RuntimeWitness, Witness
from outrider.wire.epoch import Epoch
from outrider.wire.sealing import Sealer
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, query, reads


def start(directory: Path, first: int, count: int, witness: Witness | None = None) -> list[Epoch]:
    """Write so many reads in a start of its own; return the epochs that there are then."""
    directory.mkdir(exist_ok=True)
    store = Store(directory, Sealer(CENTRE.public), SystemClock().mono_ns, 2**20, 600.0, witness)
    if count:
        entries = [
            entry_for(read, read.read_id, False, makers.pictures_of(read))
            for read in reads(first, count)
        ]
        store.append(entries)
    store.close()
    db = open_read_only(directory)
    found = epochs(db)
    db.close()
    return found


def test_each_start_is_an_epoch(tmp_path: Path) -> None:
    """Each goes on from the last row of the one before; one without rows gives way to the next."""
    first = start(tmp_path / "j", 0, 3)
    start(tmp_path / "j", 0, 0)
    second = start(tmp_path / "j", 10, 2)
    assert second[0] == first[0]
    assert [epoch.first_seq for epoch in second] == [1, 4]
    after = second[1].after
    assert after is not None
    assert (after.epoch_id, after.seq) == (first[0].epoch_id, 3)
    assert read_epoch_log(tmp_path / "j" / KEY_LOG) == second


def test_a_witness_that_saw_the_last_row_lets_an_epoch_go_on(tmp_path: Path) -> None:
    """Within one start of the machine; also where it missed the last commit."""
    witness = RuntimeWitness(tmp_path / "run")
    start(tmp_path / "j", 0, 3, witness)
    seen = witness.recall()
    assert seen is not None
    start(tmp_path / "j", 10, 2, witness)
    assert len(start(tmp_path / "j", 20, 2, witness)) == 1
    witness.keep(seen)
    assert len(start(tmp_path / "j", 30, 1, witness)) == 1


@pytest.mark.parametrize("seq", [2, 3])
def test_a_row_of_the_same_number_and_another_hash_is_not_what_the_witness_saw(
    tmp_path: Path, seq: int
) -> None:
    """At the journal's end and before it: the number alone vouches for nothing."""
    witness = RuntimeWitness(tmp_path / "run")
    start(tmp_path / "j", 0, 3, witness)
    seen = witness.recall()
    assert seen is not None
    witness.keep(replace(seen, seq=seq, hash=bytes(32)))
    assert [epoch.first_seq for epoch in start(tmp_path / "j", 10, 1, witness)] == [1, 4]


def test_a_card_that_was_put_back_shares_no_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With rows that the witness saw gone, after another start of the machine, or none at all."""
    witness = RuntimeWitness(tmp_path / "run")
    start(tmp_path / "j", 0, 3, witness)
    shutil.copytree(tmp_path / "j", tmp_path / "image")
    start(tmp_path / "j", 10, 2, witness)
    shutil.copytree(tmp_path / "image", tmp_path / "back")
    back = start(tmp_path / "back", 20, 2, witness)
    assert [epoch.first_seq for epoch in back] == [1, 4]
    assert len(start(tmp_path / "j", 30, 1, RuntimeWitness(tmp_path / "other"))) == 2
    monkeypatch.setattr(witnesses, "_boot", lambda: "another")
    assert len(start(tmp_path / "back", 40, 1, witness)) == 3


def test_copies_of_an_empty_journal_share_no_epoch(tmp_path: Path) -> None:
    """A card image that was made after a first start, before any row: each car has its own."""
    start(tmp_path / "image", 0, 0)
    for car in ("a", "b"):
        shutil.copytree(tmp_path / "image", tmp_path / car)
    names = {start(tmp_path / car, 0, 1)[0].epoch_id for car in ("a", "b")}
    assert len(names) == 2


@pytest.mark.parametrize("gone", ["after_epoch", "after_seq", "after_hash"])
def test_an_epoch_of_whose_past_a_part_is_gone_follows_on_nothing(
    tmp_path: Path, gone: str
) -> None:
    """A damaged page costs what it held, and not the journal."""
    start(tmp_path / "j", 0, 3)
    second = start(tmp_path / "j", 10, 2)[1]
    query(tmp_path / "j", f"UPDATE epoch SET {gone} = NULL WHERE first_seq = 4")
    with contextlib.closing(open_read_only(tmp_path / "j")) as db:
        assert epochs(db)[1] == Epoch(second.epoch_id, 4, None)


def test_a_memory_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs a fresh epoch and no row, and a log on the same fault is short."""
    (tmp_path / "run").write_text("no folder")
    witness = RuntimeWitness(tmp_path / "run")
    for number in range(3):
        witness.keep(Mark(uuid.uuid4(), number, bytes(32)))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "cannot be written" in caplog.text


def test_what_the_witness_saw_is_for_the_unit_alone(tmp_path: Path) -> None:
    """Nobody else on the machine may look into its folder."""
    start(tmp_path / "j", 0, 1, RuntimeWitness(tmp_path / "run"))
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
