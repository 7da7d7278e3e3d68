"""The crew's own entries reach the centre: each once, in a chain it can check, receipted."""

import json
import os
import random
import signal
import sqlite3
import threading
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.clock import SystemClock
from outrider.unit.hotlist.own_entries import CrewList
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.queue import entry_for
from outrider.unit.journal.salvage import salvage
from outrider.unit.journal.space import MIB
from outrider.unit.journal.store import Store
from outrider.unit.sync.own_entries import CrewTrail
from outrider.wire.crew_entry import CrewRecord
from outrider.wire.read_record import RecordKind, decode
from outrider.wire.sealing import Opener, Place, Sealer
from outrider.wire.signing import SigningIdentity
from tests.unit.journal.filled import CENTRE, fill, query, reads
from tests.unit.sync.centre import TestCentre, serve, status
from tests.unit.sync.test_dock import UNIT, settings_file

CLOCK = SystemClock()


def crew(folder: Path) -> CrewList:
    """Return the crew's list of the unit in the folder."""
    return CrewList(HotlistStore(folder / "lists"), CLOCK)


def settings(folder: Path, url: str) -> Path:
    """Write the settings of the unit, with its lists."""
    path = settings_file(folder, url)
    text = path.read_text() + f'[hotlist]\npath = "{folder / "lists"}"\n'
    path.write_text(text.replace("[unit]\n", f'[unit]\nstate_dir = "{folder}"\n'))
    return path


def open_store(folder: Path) -> Store:
    """Open the journal as a sync does."""
    (folder / "journal").mkdir(exist_ok=True)
    return Store(folder / "journal", Sealer(CENTRE.public), CLOCK.mono_ns, MIB, 3600)


def at_the_centre(centre: TestCentre) -> list[CrewRecord]:
    """Return the crew's entries at the centre in the order of their trail."""
    opener, found = Opener([CENTRE]), []
    for (journal_id, seq), row in centre.rows.items():
        if row.kind is RecordKind.CREW:
            key = opener.open_key(centre.keys[row.key_id], journal_id)
            record = decode(key.open_text(row.body, Place(journal_id, seq, row.kind)))
            assert isinstance(record, CrewRecord)
            found.append(record)
    return sorted(found, key=lambda record: record.sequence)


@pytest.fixture
def centre(tmp_path: Path) -> TestCentre:
    """A centre that knows the unit."""
    made = TestCentre(UNIT.public)
    UNIT.write(tmp_path / "signing.key")
    made.identity.public.write(tmp_path / "receipt.key")
    return made


def test_entries_go_first_and_are_marked_by_receipt_only(
    tmp_path: Path, centre: TestCentre, capsys: pytest.CaptureFixture[str]
) -> None:
    """Entries travel before reads; the trail counts them as synced after a receipt, not before."""
    fill(tmp_path / "journal", reads(0, 5))
    crew(tmp_path).add("AB12CDE", "PC1", "left scene", 7)
    crew(tmp_path).remove("AB12CDE", "PC1", "found")
    centre.misbehaviour = [status(500)] * 6
    with serve(centre) as url:
        toml = settings(tmp_path, url)
        assert main(["sync", "--json", "-c", str(toml)]) == 1
        assert len(crew(tmp_path).unsynced()) == 2
        assert centre.rows == {}
        capsys.readouterr()
        assert main(["sync", "--json", "-c", str(toml)]) == 0
        assert json.loads(capsys.readouterr().out)["crew_entries"] == 2
        assert main(["sync", "--json", "-c", str(toml)]) == 0
        assert json.loads(capsys.readouterr().out)["crew_entries"] == 0
    found = at_the_centre(centre)
    assert [record.event.action for record in found] == ["add", "remove"]
    assert [centre.rows[place].kind for place in list(centre.rows)[:2]] == [RecordKind.CREW] * 2
    assert crew(tmp_path).unsynced() == []


def test_the_centre_can_check_the_trail(tmp_path: Path, centre: TestCentre) -> None:
    """Each record is whole and follows the one before; a changed or missing one is found."""
    for number in range(3):
        crew(tmp_path).add(f"AB12CD{'EFG'[number]}", "PC1", "left scene", 7)
    with serve(centre) as url:
        assert main(["sync", "--json", "-c", str(settings(tmp_path, url))]) == 0
    found = at_the_centre(centre)
    assert all(record.is_whole() for record in found)
    assert found[0].follows(None)
    assert all(after.follows(before) for before, after in pairwise(found))
    assert not found[2].follows(found[0])
    assert not CrewRecord(1, found[1].event, found[0].previous, found[0].hash).is_whole()


def test_offered_again_is_not_written_again(tmp_path: Path) -> None:
    """However often an entry is offered, by whatever process, the journal has it once."""
    crew(tmp_path).add("AB12CDE", "PC1", "left scene", 7)
    waiting = crew(tmp_path).unsynced()
    with closing(open_store(tmp_path)) as one, closing(open_store(tmp_path)) as other:
        entries = [entry_for(row, row.record_id, False) for row in waiting]
        assert [one.append_crew(entries), other.append_crew(entries)] == [1, 0]
    assert query(tmp_path / "journal", "SELECT count(*) FROM row WHERE kind = 5") == [(1,)]


def test_killed_at_random_each_entry_is_in_the_journal_once(tmp_path: Path) -> None:
    """SIGKILL between trail and journal, again and again: every entry is there once, in order."""
    rng, pause = random.Random(3), threading.Event()
    for number in range(12):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for more in range(4):
                    crew(tmp_path).add(f"AB{number + 10}CD{'EFGH'[more]}", "PC1", "why", 7)
                    CrewTrail(HotlistStore(tmp_path / "lists"), CLOCK).to_journal(
                        tmp_path / "journal", lambda: open_store(tmp_path)
                    )
                code = 0
            finally:
                os._exit(code)
        pause.wait(rng.uniform(0.02, 0.5))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    trail = CrewTrail(HotlistStore(tmp_path / "lists"), CLOCK)
    trail.to_journal(tmp_path / "journal", lambda: open_store(tmp_path))
    made = [str(row.record_id) for row in crew(tmp_path).unsynced()]
    rows = query(tmp_path / "journal", "SELECT record_id FROM crew_row ORDER BY seq")
    assert made
    assert [record_id for (record_id,) in rows] == made
    assert query(tmp_path / "journal", "SELECT count(*) FROM row WHERE kind = 5") == [(len(made),)]


def test_receipt_is_not_forgotten_when_killed_before_the_trail_is_told(tmp_path: Path) -> None:
    """The journal keeps the receipt: the next round tells the trail."""
    crew(tmp_path).add("AB12CDE", "PC1", "left scene", 7)
    crew(tmp_path).add("AB12CDF", "PC1", "left scene", 7)
    trail = CrewTrail(HotlistStore(tmp_path / "lists"), CLOCK)
    trail.to_journal(tmp_path / "journal", lambda: open_store(tmp_path))
    with closing(Outbox(tmp_path / "journal")) as outbox:
        assert trail.settle(outbox) == 0
    query(tmp_path / "journal", "UPDATE crew_row SET receipted = 1 WHERE seq = 1")
    with closing(Outbox(tmp_path / "journal")) as outbox:
        assert trail.settle(outbox) == 1
    assert [row.event.vrm for row in crew(tmp_path).unsynced()] == ["AB12CDF"]


def test_salvage_neither_loses_nor_doubles_entries(tmp_path: Path) -> None:
    """After a damaged journal is salvaged, an entry that is still there is not written again."""
    crew(tmp_path).add("AB12CDE", "PC1", "left scene", 7)
    crew(tmp_path).add("AB12CDF", "PC1", "left scene", 7)
    trail = CrewTrail(HotlistStore(tmp_path / "lists"), CLOCK)
    trail.to_journal(tmp_path / "journal", lambda: open_store(tmp_path))
    query(tmp_path / "journal", "UPDATE row SET body = x'00' WHERE seq = 2")
    assert salvage(tmp_path / "journal") == 1
    assert trail.to_journal(tmp_path / "journal", lambda: open_store(tmp_path)) == 1
    rows = query(tmp_path / "journal", "SELECT count(*), count(DISTINCT seq) FROM crew_row")
    assert rows == [(2, 2)]
    kinds = query(tmp_path / "journal", "SELECT count(*) FROM row WHERE kind = 5")
    assert kinds == [(2,)]


def test_journal_that_two_processes_make_at_once_is_one(tmp_path: Path) -> None:
    """The unit and a sync may meet a new or old journal at the same instant."""
    for turn in range(10):
        folder = tmp_path / str(turn)
        folder.mkdir()
        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    open_store(folder).close()
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
        db = sqlite3.connect(folder / "journal" / "journal.sqlite3")
        assert db.execute("SELECT count(*) FROM meta").fetchone() == (1,)
        db.close()


def test_another_units_key_gets_no_entry_marked(tmp_path: Path, centre: TestCentre) -> None:
    """A centre that does not accept the unit leaves the trail unsynced."""
    crew(tmp_path).add("AB12CDE", "PC1", "left scene", 7)
    centre.unit = SigningIdentity.generate().public
    with serve(centre) as url:
        assert main(["sync", "--json", "-c", str(settings(tmp_path, url))]) == 1
    assert len(crew(tmp_path).unsynced()) == 1
