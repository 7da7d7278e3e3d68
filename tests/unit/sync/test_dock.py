"""`outrider sync` from its settings, with the trail that it leaves."""

import json
import threading
import time
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.clock import SystemClock
from outrider.unit.journal import JournalError, SealedJournal
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.verify import verify
from outrider.unit.settings import sections as config
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import Summary
from outrider.wire.read_record import RecordKind, decode
from outrider.wire.sealing import Opener, Place
from outrider.wire.signing import SigningIdentity
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, reads, settings_for
from tests.unit.sync.centre import TestCentre, serve, status

UNIT = SigningIdentity.generate()


@pytest.fixture
def centre(tmp_path: Path) -> TestCentre:
    """A centre that knows the unit; its receipt key and the unit's own are in files."""
    made = TestCentre(UNIT.public)
    UNIT.write(tmp_path / "signing.key")
    made.identity.public.write(tmp_path / "receipt.key")
    return made


def settings_file(folder: Path, url: str, keep_h: float = 24.0) -> Path:
    """Write the settings of a unit whose journal is in the folder."""
    centre_key = settings_for(folder / "journal").centre_public_key
    path = folder / "outrider.toml"
    path.write_text(
        f"""
[unit]
id = "unit-7"
[journal]
directory = "{folder / "journal"}"
centre_public_key = "{centre_key}"
[sync]
url = "{url}"
signing_key = "{folder / "signing.key"}"
receipt_key = "{folder / "receipt.key"}"
keep_acknowledged_h = {keep_h}
longest_wait_s = 1
"""
    )
    return path


def audits(centre: TestCentre) -> list[str]:
    """Return the audit events at the centre, opened with its private key."""
    opener, found = Opener([CENTRE]), []
    for (journal_id, seq), row in centre.rows.items():
        if row.kind is RecordKind.AUDIT:
            key = opener.open_key(centre.keys[row.key_id], journal_id)
            event = decode(key.open_text(row.body, Place(journal_id, seq, row.kind)))
            found.append(f"{event.kind}: {event.subject}")  # type: ignore[union-attr]
    return found


def test_sync_once(tmp_path: Path, centre: TestCentre, capsys: pytest.CaptureFixture[str]) -> None:
    """At the dock all is sent; the next time the centre learns of that disclosure, and no more."""
    fill(tmp_path / "journal", [*reads(0, 20), makers.hit(20)])
    with serve(centre) as url:
        settings = settings_file(tmp_path, url)
        assert main(["sync", "--once", "--json", "-c", str(settings)]) == 0
        summary = json.loads(capsys.readouterr().out)
        assert (summary["reads"], summary["reads_left"], summary["done"]) == (20, 0, True)
        assert len(centre.pictures) == 42
        assert main(["sync", "-c", str(settings)]) == 0
        assert "DONE" in capsys.readouterr().out
        assert main(["sync", "--json", "-c", str(settings)]) == 0
        assert json.loads(capsys.readouterr().out)["reads"] == 0
    told = [text for text in audits(centre) if text.startswith("disclosure")]
    assert told == ["disclosure: 20 reads, 1 hits, 42 pictures"]
    assert verify(tmp_path / "journal", Opener([CENTRE])).faults == []


def test_erasure_is_audited(tmp_path: Path, centre: TestCentre) -> None:
    """With nothing to be kept, rows go after their receipt, and the centre learns of it."""
    fill(tmp_path / "journal", reads(0, 10))
    with serve(centre) as url:
        settings = settings_file(tmp_path, url, keep_h=0)
        assert main(["sync", "--json", "-c", str(settings)]) == 0
        assert main(["sync", "--json", "-c", str(settings)]) == 0
    kinds = [text.partition(":")[0] for text in audits(centre)]
    free_running = "erasure" not in kinds
    clock = SystemClock()
    assert free_running == (clock.stamp(clock.mono_ns()).quality.value == "free-running")


def test_sync_that_fails_says_so(
    tmp_path: Path, centre: TestCentre, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a centre that refuses, the exit status is 1 and the reason is shown."""
    fill(tmp_path / "journal", reads(0, 3))
    centre.misbehaviour = [status(403)] * 50
    with serve(centre) as url:
        assert main(["sync", "-c", str(settings_file(tmp_path, url))]) == 1
    out = capsys.readouterr().out
    assert "NOT ALL SENT" in out
    assert "does not accept this unit" in " ".join(out.split())


def test_sync_that_is_not_set_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without enrolment the exit status is 2 and the message says what is missing."""
    (tmp_path / "empty.toml").write_text("")
    assert main(["sync", "-c", str(tmp_path / "empty.toml")]) == 2
    assert "enrol" in capsys.readouterr().err


def test_watch_sends_a_hit_within_seconds(tmp_path: Path, centre: TestCentre) -> None:
    """On the road a hit is at the centre with the next slot, its pictures within six."""
    directory, stop = tmp_path / "journal", threading.Event()
    journal = SealedJournal(directory, settings_for(directory), SystemClock(), live=True)
    journal.start(threading.Event())
    fill_done = threading.Event()
    summaries: list[Summary] = []

    def report(summary: Summary) -> None:
        summaries.append(summary)
        if summary.pictures:
            fill_done.set()

    with serve(centre) as url:
        journal.put_read(*makers.pictured(makers.read(1)))
        path = settings_file(tmp_path, url)
        path.write_text(path.read_text() + "metered_every_s = 0.5\n")
        dock = Dock(config.load(path), SystemClock())
        wait_for_journal(directory)
        watcher = threading.Thread(target=dock.watch, args=(Manner(metered=True), stop, report))
        watcher.start()
        start_s = time.monotonic()
        journal.put_hit(*makers.pictured(makers.hit(2)))
        assert fill_done.wait(20)
        took_s = time.monotonic() - start_s
        stop.set()
        watcher.join()
    journal.close()
    assert took_s < 20
    assert len(centre.pictures) == 2
    assert verify(directory, Opener([CENTRE])).faults == []


def wait_for_journal(directory: Path) -> None:
    """Wait until the writer has made its database."""
    pause = threading.Event()
    for _ in range(200):
        if (directory / "journal.sqlite3-wal").exists():
            return
        pause.wait(0.05)
    raise AssertionError("no journal after 10 s")


def test_two_syncs_at_once_are_refused(tmp_path: Path, centre: TestCentre) -> None:
    """A second sync on one journal is refused and told why."""
    fill(tmp_path / "journal", reads(0, 1))
    dock = Dock(config.load(settings_file(tmp_path, "http://localhost:9")), SystemClock())
    with dock._outbox(), pytest.raises(JournalError, match="another `outrider sync`"):
        dock.once(Manner(), threading.Event())
    with pytest.raises(JournalError, match="holds no journal"):
        Outbox(tmp_path / "nothing")


def test_watch_waits_for_a_journal_and_for_whoever_docks_by_hand(
    tmp_path: Path, centre: TestCentre
) -> None:
    """A new unit has no journal yet, a technician docks it: the service waits, then sends."""
    stop, sent = threading.Event(), threading.Event()
    fill(tmp_path / "elsewhere", reads(0, 3))
    with serve(centre) as url:
        settings = settings_file(tmp_path, url)
        dock = Dock(config.load(settings), SystemClock())
        by_hand = Dock(config.load(settings), SystemClock())
        watcher = threading.Thread(
            target=dock.watch, args=(Manner(metered=False), stop, lambda _: sent.set())
        )
        watcher.start()
        assert not sent.wait(1.5)
        (tmp_path / "elsewhere" / "sync.lock").touch()
        (tmp_path / "elsewhere").rename(tmp_path / "journal")
        with by_hand._outbox():
            assert not sent.wait(2.5)
            assert watcher.is_alive()
        assert sent.wait(30)
        stop.set()
        watcher.join()
    assert len(centre.rows) >= 3
