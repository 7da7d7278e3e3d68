"""Whatever is done in whatever order, the store is what a few dictionaries say it should be."""

import dataclasses
import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.rows import open_row
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import ConflictError, ReceivedUpload
from outrider.records import Role
from outrider.wire.chain import SealedRow, row_hash
from outrider.wire.read_record import RecordKind
from outrider.wire.upload import UploadKind
from tests.centre.store.conftest import empty
from tests.centre.store.makers import KEYS, journal, receipt, upload
from tests.unit.journal import makers

_ROWS = 24


def _unit(unit_id: str) -> UnitJournal:
    made = journal(unit_id=unit_id)
    for number in range(_ROWS):
        read = makers.read(number)
        read = dataclasses.replace(read, origin=dataclasses.replace(read.origin, unit_id=unit_id))
        hit = dataclasses.replace(makers.hit(number), read=read)
        made.add(*makers.pictured(hit if number % 7 == 3 else read))
    return made


UNITS = (_unit("unit-1"), _unit("unit-2"))
SEQS = st.sets(st.integers(1, _ROWS), max_size=9).map(sorted)
WHICH = st.integers(0, len(UNITS) - 1)


class StoreMachine(RuleBasedStateMachine):
    """Sends, opens and asks at random, and keeps account of it in sets."""

    new_store: ClassVar[Callable[[], CentreStore]]

    @initialize()
    def begin(self) -> None:
        self.store = type(self).new_store()
        self.came: dict[int, set[int]] = {0: set(), 1: set()}
        self.opened: dict[int, set[int]] = {0: set(), 1: set()}
        self.aside: dict[int, set[int]] = {0: set(), 1: set()}
        self.pictures: dict[int, set[tuple[int, Role]]] = {0: set(), 1: set()}
        self.uploads: list[tuple[ReceivedUpload, int, list[int], bytes]] = []
        self.seen: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @rule(which=WHICH, seqs=SEQS)
    def send(self, which: int, seqs: list[int]) -> None:
        unit, sent = UNITS[which], upload(UNITS[which].unit_id)
        given = self.store.take_rows(
            sent, unit.batch([unit.rows[seq - 1] for seq in seqs]), receipt
        )
        new = set(seqs) - self.came[which]
        assert given == receipt(len(new), len(seqs) - len(new))
        self.came[which] |= new
        self.seen.add(which)
        self.uploads.append((sent, which, seqs, given))

    @rule(choose=st.randoms(use_true_random=False))
    def send_again(self, choose: random.Random) -> None:
        if self.uploads:
            sent, which, seqs, given = choose.choice(self.uploads)
            batch = UNITS[which].batch([UNITS[which].rows[seq - 1] for seq in seqs])
            assert self.store.take_rows(sent, batch, receipt) == given

    @rule(which=WHICH, seqs=SEQS, wrong=st.integers(1, _ROWS))
    def send_forged(self, which: int, seqs: list[int], wrong: int) -> None:
        unit = UNITS[which]
        if wrong not in self.came[which]:
            return
        row = unit.rows[wrong - 1]
        body = row.body + b"!"
        digest = row_hash(
            unit.journal_id, wrong, row.kind, row.key_id, row.previous, row.pictures, body
        )
        forged = dataclasses.replace(row, body=body, hash=digest)
        rows = [unit.rows[s - 1] if s != wrong else forged for s in sorted({*seqs, wrong})]
        with pytest.raises(ConflictError):
            self.store.take_rows(upload(unit.unit_id), unit.batch(rows), receipt)

    @rule(which=WHICH, seqs=SEQS)
    def send_pictures(self, which: int, seqs: list[int]) -> None:
        unit, sent = UNITS[which], upload(UNITS[which].unit_id, UploadKind.PICTURES)
        bundle = unit.bundle([unit.rows[seq - 1] for seq in seqs])
        if not set(seqs) <= self.came[which]:
            with pytest.raises(ConflictError):
                self.store.take_pictures(sent, bundle, receipt)
            return
        new = {(p.seq, p.role) for p in bundle.pictures} - self.pictures[which]
        given = self.store.take_pictures(sent, bundle, receipt)
        assert given == receipt(len(new), len(bundle.pictures) - len(new))
        self.pictures[which] |= new

    @rule(limit=st.integers(0, 12), again=st.booleans())
    def open_some(self, limit: int, again: bool) -> None:
        found = [open_row(sealed, KEYS) for sealed in self.store.sealed(limit)]
        for _ in range(1 + again):
            self.store.opened(found)
        for opened in found:
            self.opened[_which(opened.sealed.unit_id)].add(opened.sealed.row.seq)

    @rule(which=WHICH, seq=st.integers(1, _ROWS))
    def set_aside(self, which: int, seq: int) -> None:
        if which in self.seen:
            self.store.set_aside(UNITS[which].journal_id, seq, "no key")
            if seq in self.came[which] - self.opened[which]:
                self.aside[which].add(seq)

    @rule()
    def retry(self) -> None:
        assert self.store.retry_set_aside() == sum(map(len, self.aside.values()))
        self.aside = {0: set(), 1: set()}

    @invariant()
    def waiting_is_right(self) -> None:
        if not hasattr(self, "store"):
            return
        expected = {
            (which, seq)
            for which in self.came
            for seq in self.came[which] - self.opened[which] - self.aside[which]
        }
        found = self.store.sealed(1000)
        assert [(_which(s.unit_id), s.row.seq) for s in found if _hit(s.row)] == [
            (_which(s.unit_id), s.row.seq) for s in found[: sum(_hit(s.row) for s in found)]
        ]
        assert len(found) == len(expected)
        assert {(_which(s.unit_id), s.row.seq) for s in found} == expected
        assert {s.row for s in found} == {UNITS[w].rows[s - 1] for w, s in expected}
        assert self.store.backlog().set_aside == sum(map(len, self.aside.values()))

    @invariant()
    def journals_are_right(self) -> None:
        if not hasattr(self, "store"):
            return
        states = {_which(state.unit_id): state for state in self.store.journals()}
        assert states.keys() == self.seen
        for which, state in states.items():
            came = self.came[which]
            assert {s for r in state.present for s in range(r.first, r.last + 1)} == came
            missing = {s for r in state.missing for s in range(r.first, r.last + 1)}
            assert missing == set(range(1, max(came, default=0) + 1)) - came
            assert state.chain_breaks == ()
            assert state.pictures_due == 2 * len(came) - len(self.pictures[which])

    @invariant()
    def what_is_opened_is_found(self) -> None:
        if not hasattr(self, "store"):
            return
        for which, unit in enumerate(UNITS):
            found = self.store.records(unit.journal_id, 1, _ROWS)
            assert [o.sealed.row for o in found] == [
                unit.rows[seq - 1] for seq in sorted(self.opened[which])
            ]
            for seq, role in itertools.islice(sorted(self.pictures[which]), 2):
                picture = self.store.picture(unit.journal_id, seq, role)
                assert picture is not None
                assert picture.data == unit.pictures[seq, role]


def _which(unit_id: str) -> int:
    return int(unit_id.removeprefix("unit-")) - 1


def _hit(row: SealedRow) -> bool:
    return row.kind is RecordKind.HIT


@pytest.fixture
def new_store(url: str, tmp_path: Path) -> Callable[[], CentreStore]:
    """Makes an empty store, as often as it is called."""
    numbers = itertools.count()

    def make() -> CentreStore:
        if url.startswith("sqlite:"):
            return open_store(f"sqlite:{tmp_path / str(next(numbers))}")
        empty(url)
        return open_store(url)

    return make


def test_store_is_as_the_model(new_store: Callable[[], CentreStore]) -> None:
    """No order of sending, resending, forging, opening and setting aside breaks the account."""

    class Machine(StoreMachine):
        pass

    Machine.new_store = staticmethod(new_store)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
