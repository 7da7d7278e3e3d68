"""Files that an earlier program wrote are read by today's, each set as it was written.

Where one of these fails, do not write the kept files anew: a unit's card and a centre's disk hold
such files, and nobody writes those anew. See "An old file" in CONTRIBUTING.
"""

import itertools
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from outrider import durable
from outrider.centre.hotlists.master import MasterList
from outrider.centre.hotlists.repository import RepositoryFault
from outrider.cli import main
from outrider.records import NO_POSITION, Level
from outrider.unit.hotlist import sealed_file
from outrider.unit.hotlist.generations import Generations
from outrider.unit.hotlist.lookup import LookupFile, LookupFileError
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.wire import hotlist_columns, hotlist_entry
from outrider.wire.hotlist_columns import COLUMNS
from tests.old_files.formats import FORMATS, LISTED
from tests.unit.hotlist.centre import Centre
from tests.unit.hotlist.makers import NOW_NS, clock, put, text, voi

HERE = Path(__file__).parent
KEPT = sorted(HERE.glob("set_*/*.zip"))
NEWEST = {path.stem: path for path in KEPT}  # of each format, the last set that has it
_AGAIN = (
    "{what} of {path} is not read any more as it was written. Units and centres hold such files: "
    "read the old form beside the new one, or bring it up when it is opened (CONTRIBUTING, 'An old "
    "file'). Never write the kept file anew."
)
_CHANGED = (
    "the form of {what} is another than in {path}, the newest kept. Where it was meant: see that "
    "older files are still read, note the version in CHANGES.md, and keep a file of the new "
    "form beside the old ones: python -m tests.old_files.make {next} {name}"
)


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_of_every_kept_set_is_read_as_it_was_written(path: Path, tmp_path: Path) -> None:
    """Lists answer, journals open, records decode, stores find: what they did on their day."""
    one = FORMATS[path.stem]
    wanted = json.loads((HERE / "read.json").read_text(encoding="utf-8"))[path.stem]
    try:
        found = one.read(unpacked(path, tmp_path))
    except Exception as error:  # noqa: BLE001 - whatever it is, this is what to do
        pytest.fail(f"{_AGAIN.format(what=one.what, path=path)}\n{error!r}")
    assert json.loads(json.dumps(found)) == wanted, _AGAIN.format(what=one.what, path=path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_form_that_changes_is_kept_beside_the_old_ones(name: str, tmp_path: Path) -> None:
    """Tables, fields, versions: what today's program writes is what the newest set holds."""
    one, path = FORMATS[name], NEWEST[name]
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    one.make(tmp_path / "new")
    old = one.form(unpacked(path, tmp_path / "old"))
    number = int(path.parent.name.removeprefix("set_")) + 1
    said = _CHANGED.format(what=one.what, path=path, next=number, name=name)
    assert one.form(tmp_path / "new") == old, said


def test_the_columns_of_an_entry_have_a_version() -> None:
    """A field more is a version more: else files of units and centres lack it without a word."""
    assert COLUMNS[hotlist_columns.newest()] == hotlist_entry.FIELDS, (
        "VehicleOfInterest has other fields than the newest version in wire/hotlist_columns.py: "
        "add a version there, never edit one, and do what CONTRIBUTING says of such a column"
    )
    versions = [COLUMNS[number] for number in sorted(COLUMNS)]
    for before, after in itertools.pairwise(versions):
        assert after[: len(before)] == before, "what a version adds comes last"


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's columns are those of version 2, of which version 1 lacked the last two."""
    fields = hotlist_entry.FIELDS
    monkeypatch.setattr(hotlist_columns, "COLUMNS", {1: fields[:-2], 2: fields})


@pytest.fixture
def older(tmp_path: Path, next_version: None) -> Path:
    """A list as version 1 would have written it: an image, and a master list."""
    store = HotlistStore(tmp_path / "store")
    generation = put(store.list("stolen"), [voi(LISTED)])
    with store.list("stolen").open(generation) as file:
        (tmp_path / "list.db").write_bytes(_without_last_two(file.connection))
    Centre(tmp_path / "centre").publish([voi(LISTED)])
    (path,) = (tmp_path / "centre" / "masters").rglob("stolen.db")
    path.rename(tmp_path / "stolen.db")
    with closing(sqlite3.connect(tmp_path / "stolen.db")) as db:
        _drop_last_two(db, "incoming")
        _drop_last_two(db, "entry")
        db.commit()
    return tmp_path


def _without_last_two(db: sqlite3.Connection) -> bytes:
    with closing(sqlite3.connect(":memory:")) as other:
        db.backup(other)
        _drop_last_two(other, "entry")
        return other.serialize()


def _drop_last_two(db: sqlite3.Connection, table: str) -> None:
    for name in hotlist_entry.FIELDS[-2:]:
        db.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    db.execute("PRAGMA user_version = 1")


def test_a_list_of_before_a_column_came_is_answered_from(older: Path) -> None:
    """A column more in the program, and a listed mark stays listed on a card that lacks it."""
    with LookupFile((older / "list.db").read_bytes(), "list") as file:
        (number,) = file.entry_ids(LISTED)
        entry = file.entry(number)
        assert (entry.vrm, entry.armed_area, entry.armed_hours) == (LISTED, "", "")
        assert [row[0] for _, row in file.rows()] == [LISTED]


def test_a_master_list_of_before_a_column_came_goes_on(older: Path) -> None:
    """It gets the column with its default, keeps its numbers, and takes a list of today in."""
    for _ in range(2):  # the second time it is as today's
        with closing(MasterList(older / "stolen.db")) as master:
            ((number, row),) = master.snapshot()
            assert (number, row[0], len(row)) == (1, LISTED, len(hotlist_entry.FIELDS))
            with master.change():
                assert master.replace_by([hotlist_entry.to_row(voi(LISTED))]) == 0


@pytest.mark.parametrize("wrong", ["newer", "a column less", "a column more"])
def test_a_list_of_another_form_is_a_fault_and_never_not_listed(
    wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The unit is in fault with the remedy; `hotlist check` says that it does not know, with 1."""
    store = HotlistStore(tmp_path / "hotlists")
    generations = store.list("stolen")
    put(generations, [voi(LISTED)])
    with generations.open(generations.all()[0]) as file, closing(_copy(file)) as db:
        _spoil(db, wrong)
        image = db.serialize()
    _put_image(generations, image)
    matcher = HotlistMatcher(store, clock())
    assert list(matcher.match(text(LISTED), NO_POSITION, NOW_NS)) == []
    health = matcher.health()
    matcher.close()
    assert health.level is Level.FAULT
    assert "import the list again" in health.detail
    assert main(["hotlist", "check", LISTED, "--store", str(store.root)]) == 1
    said = capsys.readouterr().out
    assert f"{LISTED}: NOT KNOWN" in said
    assert "not listed" not in said


def test_a_master_list_of_another_form_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """No list is published from what cannot be read as it is."""
    Centre(tmp_path / "centre").publish([voi(LISTED)])
    (path,) = (tmp_path / "centre" / "masters").rglob("stolen.db")
    with closing(sqlite3.connect(path)) as db:
        _spoil(db, "newer")
        db.commit()
    with pytest.raises(RepositoryFault, match=r"newer outrider.*bring outrider up to date"):
        MasterList(path)


def test_a_list_that_does_not_open_is_brought_again_at_the_same_revision(tmp_path: Path) -> None:
    """The centre has nothing newer, and yet the unit gets what it cannot read any more."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish([voi(LISTED)])
    centre.client(store).update()
    generations = store.list("stolen")
    with generations.open(generations.all()[0]) as file, closing(_copy(file)) as db:
        _spoil(db, "newer")
        _put_image(generations, db.serialize())
    (done,) = centre.client(store).update()
    assert done.generation is not None
    assert done.generation.revision == "1"
    with pytest.raises(LookupFileError):
        generations.open(generations.all()[-2])
    generations.open(generations.all()[-1]).close()
    (again,) = centre.client(store).update()
    assert again.generation is None


def _copy(file: LookupFile) -> sqlite3.Connection:
    other = sqlite3.connect(":memory:")
    file.connection.backup(other)
    return other


def _spoil(db: sqlite3.Connection, wrong: str) -> None:
    if wrong == "newer":
        db.execute(f"PRAGMA user_version = {hotlist_columns.newest() + 1}")
    elif wrong == "a column less":
        db.execute("ALTER TABLE entry DROP COLUMN armed_hours")
    else:
        db.execute("ALTER TABLE entry ADD COLUMN more TEXT NOT NULL DEFAULT ''")


def _put_image(generations: Generations, image: bytes) -> None:
    """Seal an image as the only generation, as a program of that form would."""
    (generation,) = generations.all()
    path = generations.file_of(generation)
    path.unlink()
    sealed_file.write(path, image, generations.keys.key(), generations.folder.name)
    manifest = path.with_suffix(".json")
    told = json.loads(manifest.read_text())
    told |= {"file_sha256": durable.sha256_of(path), "size_bytes": path.stat().st_size}
    manifest.write_text(json.dumps(told))
