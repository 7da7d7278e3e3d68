"""With the whole card in hand, nothing that was read can be opened; with the centre's key, all."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.records import Hit, Read
from outrider.unit.journal import JournalError, SealedJournal
from outrider.unit.journal.queue import entry_for
from outrider.unit.journal.reader import JournalReader
from outrider.unit.journal.store import Store
from outrider.unit.journal.verify import verify
from outrider.wire.sealing import CentrePrivateKey, Opener, Sealer, SealingError
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, query, reads, settings_for

RECORDS: list[Read | Hit] = [*reads(0, 30), makers.hit(30), *reads(31, 10)]
TELLTALE = (
    *(read.text.vrm.encode() for read in reads(0, 41)),
    makers.JPEG_HEAD,
    b"\xff\xd8\xff",
    b"JFIF",
    b"stolen vehicle",
    b"rendered",
    b'"vrm"',
    *(read.read_id.bytes for read in reads(0, 41)),
    *(str(read.read_id).encode() for read in reads(0, 41)),
)


def everything(directory: Path) -> bytes:
    """Return all bytes under a folder, names included."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return b"".join(path.name.encode() + path.read_bytes() for path in files)


@pytest.fixture
def stolen(tmp_path: Path) -> Path:
    """A journal taken while its unit runs: database, WAL and open segments as they stand."""
    directory, committed = tmp_path / "journal", threading.Semaphore(0)
    journal = SealedJournal(
        directory,
        settings_for(directory),
        SystemClock(),
        live=True,
        on_commit=lambda batch: committed.release(len(batch)),
    )
    journal.start(threading.Event())
    for record in RECORDS:
        if isinstance(record, Hit):
            journal.put_hit(*makers.pictured(record))
        else:
            journal.put_read(*makers.pictured(record))
    assert all(committed.acquire(timeout=10) for _ in RECORDS)
    shutil.copytree(directory, tmp_path / "stolen")
    journal.close()
    return tmp_path / "stolen"


def test_no_mark_and_no_picture_in_the_raw_bytes(stolen: Path) -> None:
    """Neither marks, nor pictures, nor reasons, nor identifiers are anywhere in the files."""
    raw = everything(stolen)
    assert len(raw) > 300_000
    found = [text for text in TELLTALE if text in raw]
    # Three bytes turn up by chance in noise of this size: about one in 50 such journals.
    assert [text for text in found if len(text) > 3] == []
    assert raw.count(b"\xff\xd8\xff") < 3


def test_the_search_would_find_them(tmp_path: Path) -> None:
    """The same search on a journal kept in clear finds pictures: it can fail."""
    directory = tmp_path / "clear"
    fill(directory, RECORDS, sealing="none")
    raw = everything(directory)
    assert makers.JPEG_HEAD in raw
    assert raw.count(b"\xff\xd8\xff") >= 82


def test_equal_marks_do_not_look_equal(tmp_path: Path) -> None:
    """Two passes of one car leave no bytes in common that a thief could count."""
    directory = tmp_path / "journal"
    fill(directory, [makers.read(1), makers.read(1)])
    (first,), (second,) = query(directory, "SELECT body FROM row WHERE kind = 1")
    windows = {first[i : i + 8] for i in range(len(first) - 8)}
    assert not any(second[i : i + 8] in windows for i in range(len(second) - 8))


def test_no_key_on_the_card_opens_it(stolen: Path) -> None:
    """Without the centre's private key the reader gets nothing, and says whose key it is for."""
    with JournalReader(stolen) as reader:
        opened = list(reader.rows())
    assert all(one.record is None for one in opened)
    assert CENTRE.public.key_id in opened[0].why_not
    with JournalReader(stolen, Opener([CentrePrivateKey.generate()])) as reader:
        assert all(one.record is None for one in reader.rows())
        with pytest.raises(SealingError):
            reader.pictures(1)


def test_with_the_centres_key_all_opens(stolen: Path) -> None:
    """The centre gets every read and hit back, equal to what was put, pictures included."""
    with JournalReader(stolen, Opener([CENTRE])) as reader:
        opened = [(one.record, one.pictures) for one in reader.rows() if one.row.kind <= 2]
    assert len(opened) == len(RECORDS)
    for record in RECORDS:
        assert makers.pictured(record) in opened


def test_key_rotation(tmp_path: Path) -> None:
    """After a change of the centre's key, each row opens with its own key and not the other."""
    directory, new = tmp_path / "journal", CentrePrivateKey.generate()
    fill(directory, reads(0, 5))
    fill(directory, reads(5, 5), centre=new)

    def opened(*keys: CentrePrivateKey) -> set[int]:
        with JournalReader(directory, Opener(keys)) as reader:
            return {one.row.seq for one in reader.rows() if one.record is not None}

    assert opened(CENTRE) == set(range(1, 7))
    assert opened(new) == set(range(7, 13))
    assert opened(CENTRE, new) == set(range(1, 13))
    assert verify(directory, Opener([CENTRE, new])).faults == []
    assert verify(directory, Opener([new])).fault_count > 0


def test_data_keys_change_with_time(tmp_path: Path) -> None:
    """A running unit gives its keys up after their lifetime: rows and segments take new ones."""
    directory = tmp_path / "journal"
    directory.mkdir()
    store = Store(directory, Sealer(CENTRE.public), time.monotonic_ns, 2**20, key_lifetime_s=0.0)
    for read in reads(0, 3):
        store.append([entry_for(read, read.read_id, False, makers.pictures_of(read))])
    store.close()
    assert query(directory, "SELECT count(DISTINCT key_id) FROM row") == [(3,)]
    assert query(directory, "SELECT count(DISTINCT key_id) FROM segment") == [(6,)]
    assert verify(directory, Opener([CENTRE])).faults == []


def test_files_are_the_owners_alone(stolen: Path) -> None:
    """No file or folder of the journal can be read by another user of the machine."""
    for path in (stolen, *stolen.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_private_key_on_the_unit_is_refused(tmp_path: Path) -> None:
    """A technician who copies the private key to the unit is stopped and told."""
    CENTRE.write(tmp_path / "key")
    settings = settings_for(tmp_path / "journal", centre_public_key=tmp_path / "key")
    with pytest.raises(JournalError, match="PRIVATE"):
        SealedJournal(tmp_path / "journal", settings, SystemClock(), live=True)
