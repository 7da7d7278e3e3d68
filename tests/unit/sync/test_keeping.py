"""What a unit keeps of the centre: its checkpoint, the lists' key, its word on erasures."""

import json
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.records import Level, Part
from outrider.unit.certificates import TransportSettingsError
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.journal.reader import JournalReader
from outrider.unit.journal.store import Store
from outrider.unit.reaching import Reason
from outrider.unit.settings.sections import Settings
from outrider.unit.sync import list_key
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.checkpoints import FILE, Carried
from outrider.unit.sync.disclosure import Disclosures
from outrider.unit.sync.list_key import CentreKey
from outrider.unit.sync.session import Identity, Summary
from outrider.unit.sync.state import SyncStateFile, SyncWatch, state_of
from outrider.unit.sync.transport import Answer, HttpsCentre, UnreachableError
from outrider.wire import checkpoint as checkpoints
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.canonical import WireError
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.sealing import Opener, Sealer
from outrider.wire.signing import SigningIdentity
from tests.unit.journal.filled import CENTRE

SIGNS = SigningIdentity.generate()
AT = "2026-11-21T07:00:00.000Z"


class Shown:
    """A centre that answers a checkpoint, and notes what it was shown."""

    def __init__(self) -> None:
        self.answer = Answer(404, b"")
        self.shown: list[tuple[str, bytes]] = []

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.shown.append((path, body))
        return self.answer

    def offer(self, number: int, digest: str, by: SigningIdentity = SIGNS) -> bytes:
        data = checkpoints.encode(Checkpoint(number, digest * 64, AT), by)
        self.answer = Answer(200, data)
        return data


@pytest.fixture
def centre() -> Shown:
    return Shown()


def exchange(folder: Path, centre: Shown) -> Summary:
    summary = Summary()
    Carried(folder, "unit-7", SIGNS.public).exchange(centre, summary)  # type: ignore[arg-type]
    return summary


def test_the_newest_checkpoint_is_carried_and_shown(tmp_path: Path, centre: Shown) -> None:
    """Nothing is held of a centre that has none; a newer one takes the old one's place."""
    for nothing in (Answer(404, b"{}"), Answer(200, b"")):
        centre.answer = nothing
        assert exchange(tmp_path, centre).faults == []
        assert not (tmp_path / FILE).exists()
    first = centre.offer(5, "a")
    exchange(tmp_path, centre)
    second = centre.offer(9, "b")
    exchange(tmp_path, centre)
    assert (tmp_path / FILE).read_bytes() == second
    centre.offer(9, "b")
    assert exchange(tmp_path, centre).faults == []
    path = checkpoints.path_of("unit-7")
    assert centre.shown == [(path, held) for held in (b"", b"", b"", first, second)]


@pytest.mark.parametrize(("number", "digest"), [(9, "c"), (8, "b"), (1, "a")])
def test_a_trail_that_contradicts_what_was_shown_is_told_and_the_proof_kept(
    tmp_path: Path, centre: Shown, number: int, digest: str
) -> None:
    """Another hash of the same number, or an earlier number: somebody must hear of it."""
    held = centre.offer(9, "b")
    exchange(tmp_path, centre)
    centre.offer(number, digest)
    summary = exchange(tmp_path, centre)
    assert summary.grave
    assert "contradicts what it showed this unit" in summary.faults[0]
    assert (tmp_path / FILE).read_bytes() == held


def test_what_is_not_the_centres_is_not_carried(tmp_path: Path, centre: Shown) -> None:
    """An answer by another key is refused; one held from another centre is none."""
    other = SigningIdentity.generate()
    centre.offer(5, "a", by=other)
    with pytest.raises(WireError):
        exchange(tmp_path, centre)
    assert not (tmp_path / FILE).exists()
    (tmp_path / FILE).write_bytes(checkpoints.encode(Checkpoint(99, "f" * 64, AT), other))
    mine = centre.offer(5, "a")
    assert exchange(tmp_path, centre).faults == []
    assert centre.shown[-1][1] == b""
    assert (tmp_path / FILE).read_bytes() == mine


def test_what_was_disclosed_and_erased_is_audited_once(tmp_path: Path) -> None:
    """How many of what, to whom and why; sessions are added up; nothing is written of nothing."""
    opened = 0

    def open_store() -> Store:
        nonlocal opened
        opened += 1
        return Store(tmp_path / "j", Sealer(CENTRE.public), SystemClock().mono_ns, 2**20, 600.0)

    (tmp_path / "j").mkdir()
    identity = Identity("unit-7", SIGNS, SIGNS.public)
    owed = Disclosures(identity, SystemClock(), open_store)
    owed.write()
    assert opened == 0
    owed.add(Summary(reads=3, hits=1, pictures=8))
    owed.add(Summary(reads=2, pictures=4, crew_entries=2))
    owed.add(Summary(erased_rows=7))
    owed.write()
    owed.write()
    assert opened == 1
    owed.add(Summary(hits=1))
    owed.write()
    with JournalReader(tmp_path / "j", Opener([CENTRE])) as reader:
        found = [one.record for one in reader.rows()]
    assert [
        (one.kind, one.actor, one.subject, one.justification, one.recipient)
        for one in found
        if isinstance(one, AuditEvent)
    ] == [
        (
            *(AuditKind.DISCLOSURE, "unit unit-7"),
            "5 reads, 1 hits, 12 pictures, 2 crew entries",
            *("delivery to the centre", f"centre {SIGNS.public.key_id}"),
        ),
        (
            *(AuditKind.ERASURE, "unit unit-7", "7 rows that the centre has"),
            *("kept long enough", ""),
        ),
        (
            *(AuditKind.DISCLOSURE, "unit unit-7", "0 reads, 1 hits, 0 pictures"),
            *("delivery to the centre", f"centre {SIGNS.public.key_id}"),
        ),
    ]


@pytest.mark.parametrize("what", ["reads", "hits", "pictures", "crew_entries"])
def test_one_thing_alone_is_a_disclosure(tmp_path: Path, what: str) -> None:
    """Whichever it is that went."""

    def open_store() -> Store:
        return Store(tmp_path, Sealer(CENTRE.public), SystemClock().mono_ns, 2**20, 600.0)

    owed = Disclosures(Identity("unit-7", SIGNS, SIGNS.public), SystemClock(), open_store)
    owed.add(Summary(**{what: 1}))  # type: ignore[arg-type]
    owed.write()
    with JournalReader(tmp_path, Opener([CENTRE])) as reader:
        (told,) = reader.rows()
    assert isinstance(told.record, AuditEvent)
    assert told.record.kind is AuditKind.DISCLOSURE
    assert f"1 {what.replace('_', ' ')}" in told.record.subject


# The lists' key from the centre.

CHALLENGE, OTHER = b"c" * 32, b"d" * 32


class Asking:
    """Answers in the centre's place, or fails as it is told to; counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fails: Exception | None = None
        self.asked = 0
        monkeypatch.setattr(CentreKey, "_ask", lambda _, challenge: self._ask(challenge))

    def _ask(self, challenge: bytes) -> bytes:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return b"answer to " + challenge


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Asking:
    return Asking(monkeypatch)


def key_of(folder: Path | None, grace_h: float = 1.0) -> CentreKey:
    """Return the key as a process has it that has just started."""
    settings = Settings.model_validate({"hotlist": {"key_grace_h": grace_h}})
    unit = settings.unit.model_copy(update={"runtime_dir": folder})
    return CentreKey(settings.model_copy(update={"unit": unit}))


def test_an_answer_outlives_a_restart_without_a_link_for_its_grace(
    tmp_path: Path, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory, for this start of the machine and this challenge; not a second longer."""
    answer = key_of(tmp_path).answer(CHALLENGE)
    assert answer == b"answer to " + CHALLENGE
    asking.fails = UnreachableError("no link")
    assert key_of(tmp_path).answer(CHALLENGE) == answer
    with pytest.raises(LockedError, match="is not reached: no link"):
        key_of(tmp_path).answer(OTHER)
    asking.fails = None
    key_of(tmp_path).answer(CHALLENGE)
    asking.fails = UnreachableError("no link")
    now_ns = json.loads((tmp_path / list_key.FILE).read_text())["mono_ns"]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns + 3600 * 10**9)
    assert key_of(tmp_path).answer(CHALLENGE) == answer
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns + 3600 * 10**9 + 1)
    with pytest.raises(LockedError):
        key_of(tmp_path).answer(CHALLENGE)
    assert not (tmp_path / list_key.FILE).exists(), "what is over does not lie about"


def test_another_start_of_the_machine_has_nothing(
    tmp_path: Path, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card with the machine's memory beside it is not what the grace is for."""
    key_of(tmp_path).answer(CHALLENGE)
    asking.fails = UnreachableError("no link")
    monkeypatch.setattr(list_key, "boot_id", lambda: "another")
    with pytest.raises(LockedError):
        key_of(tmp_path).answer(CHALLENGE)


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError(Reason("another's certificate", distrust=True)),
        WireError("it refuses this unit (403)"),
        TransportSettingsError("enrol it"),
        OSError("no such file"),
    ],
)
def test_only_a_missing_link_lets_the_held_answer_count(
    tmp_path: Path, asking: Asking, error: Exception
) -> None:
    """A centre that is there and is not ours, or does not want the unit, ends it."""
    key_of(tmp_path).answer(CHALLENGE)
    asking.fails = error
    with pytest.raises(LockedError, match="the centre has their key"):
        key_of(tmp_path).answer(CHALLENGE)


def test_a_centre_that_failed_is_not_asked_at_each_look(
    tmp_path: Path, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matching looks once a second: for five seconds the same answer does."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    asking.fails = UnreachableError("no link")
    key = key_of(tmp_path)
    for now[0] in (100.0, 104.9):
        with pytest.raises(LockedError, match="no link"):
            key.answer(CHALLENGE)
    assert asking.asked == 1
    now[0] = 105.0
    asking.fails = None
    assert key.answer(CHALLENGE)
    assert asking.asked == 2


@pytest.mark.parametrize(("folder", "grace_h"), [(True, 0.0), (False, 1.0)])
def test_without_grace_or_memory_nothing_is_held(
    tmp_path: Path, asking: Asking, folder: bool, grace_h: float
) -> None:
    """The next start asks again."""
    place = tmp_path if folder else None
    key_of(place, grace_h).answer(CHALLENGE)
    assert list(tmp_path.iterdir()) == []
    asking.fails = UnreachableError("no link")
    with pytest.raises(LockedError):
        key_of(place, grace_h).answer(CHALLENGE)


def test_a_held_answer_that_is_damaged_is_none(tmp_path: Path, asking: Asking) -> None:
    """Cut short or of another form: it is asked for again."""
    asking.fails = UnreachableError("no link")
    for text in ("{", "[]", '{"mono_ns": "x"}', '{"mono_ns": 1, "boot": "b", "challenge": "c"}'):
        (tmp_path / list_key.FILE).write_text(text)
        with pytest.raises(LockedError):
            key_of(tmp_path).answer(CHALLENGE)


# The way, and how it is told.


def test_a_sync_that_is_silent_for_a_day_is_told(tmp_path: Path) -> None:
    """With the reads that are left; before that all is well."""
    now = SystemClock().stamp(SystemClock().mono_ns())
    SyncStateFile(tmp_path).write(state_of(Summary(), now), None)
    path = tmp_path / "sync.json"
    fields = json.loads(path.read_text())
    for age_s, level, said in (
        (86_000, Level.OK, "last at the centre "),
        (86_500, Level.WARNING, "silent since "),
    ):
        mono_ns = time.monotonic_ns() - age_s * 10**9
        path.write_text(json.dumps(fields | {"mono_ns": mono_ns, "reads_left": 3}))
        health = SyncWatch(tmp_path).health()
        assert (health.name, health.level, health.counts) == (Part.SYNC, level, {"reads_left": 3})
        assert health.detail == said + now.iso_ms()


@pytest.mark.parametrize("url", ["http://centre.example", "http://192.0.2.7:8443", "http://[::2]"])
def test_reads_cross_no_network_in_plain_http(url: str) -> None:
    """Sealed or not; to this machine itself they may."""
    with pytest.raises(TransportSettingsError, match="https is needed"):
        HttpsCentre(url, None)
    for here in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"):
        HttpsCentre(here, None).__exit__()


def test_waits_grow_twofold_from_the_first_to_the_longest() -> None:
    """Each between half and the whole, whatever came before a success."""
    backoff = Backoff(1.0, 100.0, random.Random(7))
    for _ in range(2):
        for whole in (1, 2, 4, 8, 16, 32, 64, 100, 100):
            assert whole / 2 <= backoff.next_s() <= whole
        backoff.reset()
    assert Backoff(1.0, 100.0).next_s(asked_s=50.0) == 50.0
    stop = threading.Event()
    stop.set()
    Backoff(100.0, 100.0).wait(stop)
