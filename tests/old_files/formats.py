"""The formats that outlive a program: how a file of each is made, read, and told from another.

`make` writes what today's program writes; `read` is what today's program finds in a file, whenever
it was written; `form` is what the format is made of, without any content: where it differs from
that of the newest kept set, the format has changed.
"""

import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from outrider.centre.folder import CentreSettings
from outrider.centre.hotlists.master import MasterList
from outrider.centre.store import open_store
from outrider.clock import SystemClock, UtcStamp
from outrider.records import NO_POSITION, ComponentHealth, Hit, Level, OfficerAction, Part, Read
from outrider.settings_file import as_toml, parse_as
from outrider.unit.health import write_status
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.own_entries import CrewList
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.journal.reader import JournalReader
from outrider.unit.settings import enrolled
from outrider.unit.settings.sections import Settings
from outrider.unit.settings.sections import parse as parse_settings
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, CrewRecord, trail_hash
from outrider.wire.hotlist_package import PackageReader, index_from_bytes
from outrider.wire.read_record import Record, decode, encode
from outrider.wire.sealing import CentrePrivateKey, Opener
from tests.centre.store.makers import EXPOSED, journal, open_all, send, send_pictures
from tests.unit.hotlist.centre import Centre
from tests.unit.hotlist.makers import NOW_NS, clock, put, text, voi
from tests.unit.journal import makers
from tests.unit.journal.filled import fill

LISTED, WILD = "AB12CDE", "XY9?XYZ"  # made up, as every mark here
_SETTINGS_LEFT_OUT = ("state_dir", "runtime_dir", "models_dir")  # this machine's, not the format's


class Format(NamedTuple):
    """A format: what it is in words, and the three that the module tells of."""

    what: str
    make: Callable[[Path], None]
    read: Callable[[Path], Any]
    form: Callable[[Path], Any]


def _tables(path: Path) -> dict[str, Any]:
    """Return the tables of a SQLite file as they are declared, with its version."""
    with closing(sqlite3.connect(path)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        declared = db.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY 1")
        return {"version": version, **{name: " ".join(sql.split()) for name, sql in declared}}


def _keys(data: Any) -> Any:
    """Return JSON without its values: the names of its fields, at every depth."""
    if isinstance(data, dict):
        return {name: _keys(value) for name, value in sorted(data.items())}
    return [_keys(data[0])] if isinstance(data, list) and data else type(data).__name__


# --- the unit's lists, sealed on its card, with the crew's own trail


def _make_lists(folder: Path) -> None:
    store = HotlistStore(folder)
    put(store.list("stolen"), [voi(LISTED), voi(WILD)], revision="7")
    CrewList(store, clock()).add("CD34EFG", "PC 1", "seen twice", 100)


def _read_lists(folder: Path) -> dict[str, Any]:
    store = HotlistStore(folder)
    matcher = HotlistMatcher(store, clock())
    try:
        found = {
            mark: [match.entry.vrm for match in matcher.match(text(mark), NO_POSITION, NOW_NS)]
            for mark in (LISTED, "XY91XYZ", "CD34EFG", "ZZ99ZZZ")
        }
        assert matcher.faults == ()
        return {**found, "revision": matcher.revision, "crew": CrewList(store, clock()).verify()}
    finally:
        matcher.close()


def _form_of_lists(folder: Path) -> dict[str, Any]:
    store = HotlistStore(folder)
    generations = store.list("stolen")
    (generation,) = generations.all()
    with generations.open(generation) as file:
        declared = file.connection.execute("SELECT name, sql FROM sqlite_master ORDER BY 1")
        tables = {name: " ".join((sql or "").split()) for name, sql in declared}
    manifest = json.loads((folder / "stolen" / "000001.json").read_text())
    return {"tables": tables, "manifest": _keys(manifest), "crew": _tables(folder / "crew.sqlite")}


# --- the centre's master lists, and the packages that units fetch


def _make_masters(folder: Path) -> None:
    centre = Centre(folder / "centre")
    centre.publish([voi(LISTED), voi(WILD)])
    centre.publish([voi(LISTED), voi("CD34EFG")])
    for path in (folder / "centre" / "masters").rglob("stolen.db"):
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path.rename(folder / "stolen.db")
    targets = folder / "centre" / "served" / "targets"
    for path in sorted(path for path in targets.rglob("*") if path.is_file()):
        path.rename(folder / path.name.partition(".")[2])  # without the digest before its name
    shutil.rmtree(folder / "centre")


def _read_masters(folder: Path) -> dict[str, Any]:
    with closing(MasterList(folder / "stolen.db")) as master:
        listed = [row[0] for _, row in master.snapshot()]
        state = master.state()
        assert master.digest() == state.content_sha256, "the digest that units hold it to"
    index = index_from_bytes((folder / "index.json").read_bytes())
    packages = {}
    for path in sorted(folder.glob("*.ndjson.zst")):
        with path.open("rb") as file:
            packages[path.name] = [(number, row and row[0]) for number, row in _changes(file)]
    return {"marks": listed, "revision": state.revision, "index": list(index), **packages}


def _changes(file: Any) -> list[tuple[int, Any]]:
    return list(PackageReader(file).changes())


def _form_of_masters(folder: Path) -> dict[str, Any]:
    index = json.loads((folder / "index.json").read_bytes())
    return {"tables": _tables(folder / "stolen.db"), "index": _keys(index)}


# --- the unit's journal, sealed to a centre: rows, pictures, keys


def _make_journal(folder: Path) -> None:
    centre = CentrePrivateKey.generate()
    records: list[Read | Hit] = [makers.read(1, patch_bytes=60, overview_bytes=90), _hit()]
    fill(folder / "journal", records, centre=centre)
    centre.write(folder / "centre.key")
    with closing(sqlite3.connect(folder / "journal" / "journal.sqlite3")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _hit() -> Hit:
    hit = makers.hit(2)
    seen = makers.read(2, patch_bytes=60, overview_bytes=90)
    return Hit(hit.hit_id, seen, hit.match)


def _read_journal(folder: Path) -> list[Any]:
    opener = Opener([CentrePrivateKey.read(folder / "centre.key")])
    with JournalReader(folder / "journal", opener) as reader:
        return [
            (encode(one.record).decode(), len(one.pictures), one.missing)
            for one in reader.rows()
            if isinstance(one.record, Read | Hit)
        ]


def _form_of_journal(folder: Path) -> dict[str, Any]:
    return _tables(folder / "journal" / "journal.sqlite3")


# --- records as they stand in rows: reads, hits with their entries, answers, events, crew entries


def _records() -> list[Record]:
    at = UtcStamp(NOW_NS, makers.action(1).at.quality, 0.01)
    event = AuditEvent(uuid.UUID(int=1), AuditKind.DISCLOSURE, at, "unit unit-7", "rows", "x", "y")
    added = CrewEvent("add", 1, LISTED, "PC 1", "seen twice", NOW_NS, "2026-12-30")
    crew = CrewRecord(1, added, FIRST_HASH, trail_hash(1, FIRST_HASH, added.text()))
    return [makers.read(1), makers.hit(2), makers.action(2), event, crew]


def _make_records(folder: Path) -> None:
    lines = b"".join(encode(record) + b"\n" for record in _records())
    (folder / "records.jsonl").write_bytes(lines)


def _read_records(folder: Path) -> list[Any]:
    found = [decode(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]
    said: list[Any] = [type(record).__name__ for record in found]
    for record in found:
        if isinstance(record, Hit):
            entry = record.match.entry
            said.append((record.read.text.vrm, entry.vrm, entry.response.value, entry.reason))
        if isinstance(record, OfficerAction):
            said.append((record.kind.value, record.note))
    return said


def _form_of_records(folder: Path) -> list[Any]:
    lines = (folder / "records.jsonl").read_text().splitlines()
    return [_keys(json.loads(line)) for line in lines]


# --- the centre's embedded store


def _make_store(folder: Path) -> None:
    unit = journal(2)
    unit.add(*makers.pictured(_hit()))
    unit.add(makers.action(2))
    with closing(open_store(f"sqlite:{folder / 'store'}")) as store:
        send(store, unit, unit.rows)
        send_pictures(store, unit, unit.rows)
        open_all(store)
    for path in folder.rglob("*.sqlite3"):
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("VACUUM")


def _read_store(folder: Path) -> list[Any]:
    with closing(open_store(f"sqlite:{folder / 'store'}")) as store:
        said: list[Any] = [store.backlog().waiting]
        for record in (makers.read(0), makers.read(1)):
            said += [one.text.decode() for one in store.find(record.read_id)]
        return said + [one.text.decode() for one in store.find(_hit().hit_id)]


def _form_of_store(folder: Path) -> dict[str, Any]:
    files = sorted(folder.rglob("*.sqlite3"))
    return {str(path.relative_to(folder)): _tables(path) for path in files}


# --- settings and small states


def _make_settings(folder: Path) -> None:
    unit = [
        line
        for line in as_toml(Settings()).splitlines()
        if line.partition(" ")[0] not in _SETTINGS_LEFT_OUT
    ]
    (folder / "outrider.toml").write_text("\n".join(unit) + "\n")
    (folder / "centre.toml").write_text(as_toml(CentreSettings()))
    identity = enrolled.make("unit-7", "https://centre:8443", Path("ab" * 8), b"\1" * 32, EXPOSED)
    enrolled.write(folder, identity)
    camera = ComponentHealth(Part.CAMERA, Level.OK, "frames come in", {"frames": 3})
    write_status(folder / "status.json", SystemClock(), [camera])


def _read_settings(folder: Path) -> list[Any]:
    unit = parse_settings((folder / "outrider.toml").read_text(), "outrider.toml")
    centre = parse_as(CentreSettings, (folder / "centre.toml").read_text(), "centre.toml")
    identity = enrolled.read(folder)
    assert identity is not None
    return [unit.journal.commit_within_s, centre.server.port, identity.unit_id, identity.url]


def _form_of_settings(folder: Path) -> dict[str, Any]:
    return {name: _keys(json.loads((folder / name).read_text())) for name in ("enrolment.json",)}


FORMATS = {
    "lists": Format("a unit's sealed lists", _make_lists, _read_lists, _form_of_lists),
    "masters": Format("master lists and packages", _make_masters, _read_masters, _form_of_masters),
    "journal": Format("a unit's journal", _make_journal, _read_journal, _form_of_journal),
    "records": Format("records in rows", _make_records, _read_records, _form_of_records),
    "store": Format("the centre's SQLite store", _make_store, _read_store, _form_of_store),
    "settings": Format("settings, enrolment", _make_settings, _read_settings, _form_of_settings),
}
