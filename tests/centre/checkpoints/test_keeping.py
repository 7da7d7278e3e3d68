"""Checkpoints by themselves: each day, out of the building, and back to prove the trail."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from outrider.centre.checkpoints.keeping import CheckpointFault, CheckpointKeeper
from outrider.centre.checkpoints.overseer import Overseer, OverseerFault
from outrider.centre.folder import CentreFolder
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store_of import open_store_of
from outrider.cli import main
from outrider.clock import NS_PER_S, ClockQuality, SystemClock, UtcStamp
from outrider.wire import checkpoint as checkpoints
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey

NOW = SystemClock().stamp(SystemClock().mono_ns())


class Days:
    """A clock that is put on by whole days."""

    def __init__(self) -> None:
        self.day = 0.0

    def mono_ns(self) -> int:
        return 0

    def stamp(self, mono_ns: int) -> UtcStamp:
        return UtcStamp(NOW.utc_ns + int(self.day * 86400) * NS_PER_S, ClockQuality.NTP, 0.1)

    def observe(self, utc_ns: int, mono_ns: int, quality: ClockQuality, error_s: float) -> None:
        """Learn nothing."""


class Place:
    """A centre's folder with a trail, and the keeper that its intake would have."""

    def __init__(self, root: Path, overseer: Overseer | None = None) -> None:
        self.folder = CentreFolder(root)
        self.words = ("--dir", str(root))
        self.clock = Days()
        self.overseer = overseer

    def keeper(self, store: CentreStore) -> CheckpointKeeper:
        identity = SigningIdentity.read(self.folder.receipt_key)
        return CheckpointKeeper(self.folder.checkpoints, store, identity, self.clock, self.overseer)

    def happen(self, count: int) -> None:
        """Add events to the trail."""
        with closing(open_store_of(self.folder)) as store:
            at = self.clock.stamp(0)
            kind = AuditKind.COLLECTION
            store.append_audit([new_event(kind, at, "centre", f"{n}") for n in range(count)])

    def keep(self) -> None:
        with closing(open_store_of(self.folder)) as store:
            self.keeper(store).keep()

    def meet(self, shown: bytes = b"", unit: str = "unit-7") -> bytes:
        with closing(open_store_of(self.folder)) as store:
            return self.keeper(store).meet(unit, shown)

    def made(self) -> list[int]:
        return sorted(int(path.stem) for path in (self.folder.checkpoints / "made").glob("*"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    root = tmp_path / "centre"
    assert main(["centre", "init", str(root), "--opening-keys", str(tmp_path / "keys")]) == 0
    made = Place(root)
    made.happen(5)
    return made


def test_one_is_made_each_day_on_which_something_happened(place: Place) -> None:
    """At once for a new trail, then when a day is over; none for a day on which nothing was."""
    place.keep()
    place.happen(2)
    place.clock.day = 0.9
    place.keep()
    assert place.made() == [5]
    place.clock.day = 1.1
    place.keep()
    place.clock.day = 2.2
    place.keep()
    assert place.made() == [5, 7]
    place.happen(1)
    place.clock.day = 3.3
    place.keep()
    assert place.made() == [5, 7, 8]


def test_verification_insists_on_one_from_outside(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one nothing is proven, exit 1; with the one that a unit brings back it is."""
    verify = ["centre", "audit", "verify", *place.words]
    assert main(verify) == 1
    assert "NOT PROVEN" in capsys.readouterr().out
    carried = place.meet()
    assert main(verify) == 1
    place.meet(carried)
    assert main(verify) == 0
    assert "proven from outside up to row 5" in capsys.readouterr().out


def test_a_checkpoint_proves_nothing_of_rows_that_it_does_not_reach(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beyond the trail's end, or behind the last checkpoint, nothing is sound: exit 1."""
    verify = ["centre", "audit", "verify", *place.words]
    place.meet(place.meet())
    place.happen(3)
    for since in (6, 8, 999):  # the checkpoint is of row 5
        assert main([*verify, "--since", str(since)]) == 1
        assert "NOT PROVEN" in capsys.readouterr().out
    assert main([*verify, "--since", "5"]) == 0


@pytest.mark.parametrize("text", ["{}", '{"at":1}', "no", "[]", ""])
def test_a_row_of_the_trail_that_cannot_be_read_is_named(
    place: Place, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Nonsense in a row is a break of the trail, told with its number; no internal fault."""
    place.meet(place.meet())
    _rewrite(place, lambda event: text.encode())
    assert main(["centre", "audit", "verify", *place.words]) == 1
    assert "BROKEN: row 3 of the audit trail" in capsys.readouterr().out


def test_a_row_of_the_trail_that_says_more_than_was_written_is_named(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that the event has not, which no hash covers, is a change all the same."""
    place.meet(place.meet())
    _rewrite(place, lambda event: event.replace(b'{"actor"', b'{"aa":1,"actor"'))
    assert main(["centre", "audit", "verify", *place.words]) == 1
    assert "BROKEN: row 3 of the audit trail" in capsys.readouterr().out


def _rewrite(place: Place, change: Callable[[bytes], bytes]) -> None:
    """Change the third row of the trail, as whoever can write the file can."""
    with closing(sqlite3.connect(place.folder.store / "intake.sqlite3")) as db, db:
        db.execute("DROP TRIGGER audit_is_not_changed")
        (event,) = db.execute("SELECT event FROM audit WHERE number = 3").fetchone()
        db.execute("UPDATE audit SET event = ? WHERE number = 3", (change(bytes(event)),))


@pytest.mark.parametrize("harm", ["emptied", "cut", "written anew", "set back"])
def test_a_trail_that_was_harmed_is_found_when_a_unit_docks(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: str
) -> None:
    """Each is sound as a chain; the unit's checkpoint shows it to all, and none is signed."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder.root, copy)
    place.happen(3)
    carried = place.meet()
    assert checkpoints.decode(carried, _key(place)).number == 8
    if harm == "set back":
        shutil.rmtree(place.folder.root)
        copy.rename(place.folder.root)
    else:
        _harm(place, harm)
    place.happen(1)
    offered = place.meet(carried)
    with pytest.raises(CheckpointFault, match="row 8, which unit unit-7 was shown"):
        place.keep()
    place.clock.day = 5
    with pytest.raises(CheckpointFault):
        place.keep()
    assert not offered or checkpoints.decode(offered, _key(place)).number <= 8
    capsys.readouterr()
    assert main(["centre", "audit", "verify", *place.words]) == 1
    assert "BROKEN" in capsys.readouterr().out
    assert main(["centre", "status", *place.words]) == 1
    assert "tell whoever oversees the centre" in capsys.readouterr().out


def _key(place: Place) -> VerifyingKey:
    return SigningIdentity.read(place.folder.receipt_key).public


def _harm(place: Place, how: str) -> None:
    """Change the trail as somebody can who may write the folder."""
    with closing(sqlite3.connect(place.folder.store / "intake.sqlite3")) as db, db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM audit WHERE number > ?", (0 if how != "cut" else 4,))
    if how == "written anew":
        place.happen(9)


def test_only_this_centres_checkpoints_are_taken(place: Place) -> None:
    """A unit cannot raise an alarm with something that the centre never signed."""
    forged = checkpoints.encode(
        checkpoints.Checkpoint(99, "0" * 64, NOW.iso_ms()), SigningIdentity.generate()
    )
    with pytest.raises(WireError):
        place.meet(forged)
    with pytest.raises(WireError):
        place.meet(b"{}")
    place.keep()


def test_an_older_one_does_not_take_a_newer_ones_place(place: Place) -> None:
    """What a unit brought once stays, whatever it shows later."""
    first = place.meet()
    place.happen(1)
    place.clock.day = 1.5
    place.keep()
    newer = place.meet(first)
    place.meet(newer)
    place.meet(first)
    assert (place.folder.checkpoints / "brought" / "unit-7.json").read_bytes() == newer


def test_the_overseers_file_gets_each_and_what_failed_is_offered_again(place: Place) -> None:
    """A file on a disk that is away is a fault; when it is back it gets every one, once."""
    file = place.folder.root.parent / "away" / "overseer.ndjson"
    place.overseer = Overseer(file)
    with pytest.raises(OverseerFault, match="overseer_file"):
        place.keep()
    place.happen(1)
    place.clock.day = 1.5
    with pytest.raises(OverseerFault):
        place.keep()
    file.parent.mkdir()
    place.keep()
    place.keep()
    numbers = [checkpoints.decode(line, _key(place)).number for line in file.read_bytes().split()]
    assert numbers == [5, 6]
    settings = place.folder.settings
    text = f'{settings.read_text()}[audit]\noverseer_file = "{file}"\n'
    settings.write_text(text)
    assert main(["centre", "audit", "verify", *place.words]) == 0


class _Handler(BaseHTTPRequestHandler):
    statuses: list[int]
    came: list[bytes]

    def do_POST(self) -> None:
        self.came.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.statuses.pop(0) if self.statuses else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """An overseer's address that fails the first time."""
    _Handler.statuses, _Handler.came = [503], []
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_overseers_address_gets_each_until_it_takes_it(place: Place, address: str) -> None:
    """A refusal or silence is a fault, and the same checkpoint is offered again."""
    place.overseer = Overseer(url=address)
    with pytest.raises(OverseerFault, match="503"):
        place.keep()
    place.keep()
    place.keep()
    assert len(_Handler.came) == 2
    assert {checkpoints.decode(one, _key(place)).number for one in _Handler.came} == {5}
    with pytest.raises(OverseerFault, match="nobody takes it"):
        Overseer(url="http://127.0.0.1:1/").take(b"{}")


def test_a_days_age_is_by_the_checkpoints_own_time(place: Place) -> None:
    """A clock that jumps back makes one at once, rather than none for years."""
    place.clock.day = 400
    place.keep()
    place.happen(1)
    place.clock.day = 0
    place.keep()
    assert place.made() == [5, 6]
    newest = (place.folder.checkpoints / "made" / f"{6:012d}.json").read_bytes()
    at = datetime.fromisoformat(checkpoints.decode(newest, _key(place)).at)
    assert abs(at - NOW.utc) < timedelta(seconds=1)
