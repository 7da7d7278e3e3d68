"""Each step of a docking from the settings: when there is work, by which way, and what follows."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from outrider.clock import ClockQuality, RecordedClock
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.hotlist.refresh import NotSetUpError
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.journal import JournalError, refused
from outrider.unit.journal.outbox import Outbox
from outrider.unit.ports import DockOutcome
from outrider.unit.settings import sections as config
from outrider.unit.settings.sections import Settings
from outrider.unit.sync import dock as docks
from outrider.unit.sync import lists
from outrider.unit.sync.cadence import SlotSession
from outrider.unit.sync.dock import BusyError, Dock, Manner
from outrider.unit.sync.link import CentreLink
from outrider.unit.sync.list_key import CentreKey
from outrider.unit.sync.reconcile import Compared
from outrider.unit.sync.refusals import of, said
from outrider.unit.sync.session import Identity, ListLine, Summary, SyncSession
from outrider.unit.sync.transport import Answer, HttpsCentre, _retry_after_s
from outrider.unit.sync.upkeep import Upkeep
from outrider.wire.enrolment import RenewalAnswer, key_text
from outrider.wire.signing import SigningIdentity
from tests.fault.processes import free_ports
from tests.unit.journal import makers
from tests.unit.journal.filled import fill, query, reads
from tests.unit.sync.authority import DAY, Authority, utc_now
from tests.unit.sync.centre import Handler, TestCentre, serve, status
from tests.unit.sync.enrolled_unit import EnrolledUnit, enrolled_unit
from tests.unit.sync.test_dock import settings_file

UNIT = SigningIdentity.generate()
AT_THE_DOCK = CentreLink("eth0", False, "NetworkManager")
ON_THE_ROAD = CentreLink("wwan0", True, "NetworkManager")


@pytest.fixture
def centre(tmp_path: Path) -> TestCentre:
    made = TestCentre(UNIT.public)
    UNIT.write(tmp_path / "signing.key")
    made.identity.public.write(tmp_path / "receipt.key")
    return made


@pytest.fixture
def url(centre: TestCentre) -> Iterator[str]:
    with serve(centre) as address:
        yield address


Make = Callable[..., Dock]


@pytest.fixture
def make(tmp_path: Path, url: str) -> Make:
    """Make the dock of a unit whose clock is sure, with what it has to send."""

    def build(keep_h: float = 24.0) -> Dock:
        fill(tmp_path / "journal", [*reads(0, 3), makers.hit(3)])
        settings = config.load(settings_file(tmp_path, url, keep_h))
        return Dock(settings, RecordedClock(int(utc_now().timestamp() * 1e9)))

    return build


def once(dock: Dock) -> Summary:
    return dock.once(Manner(metered=False, give_up_after=1), threading.Event())


# What follows a session.


def test_what_a_restored_centre_has_lost_is_sent_again(
    make: Make, centre: TestCentre, tmp_path: Path
) -> None:
    """It is asked at each docking; where it could not be reached it is not asked."""
    dock = make()
    assert once(dock).sent_again == 0
    lost = next(iter(centre.rows))
    del centre.rows[lost]
    fill(tmp_path / "journal", reads(9, 1))
    centre.misbehaviour = [status(500)]
    failed = once(Dock(dock._settings, dock._clock))
    assert (failed.gave_up, failed.sent_again) == (True, 0)
    again = once(Dock(dock._settings, dock._clock))
    assert again.sent_again == 3
    assert "the centre had lost what it had receipted: it is sent again" in again.notes
    assert lost in centre.rows
    assert again.done


@pytest.mark.parametrize(("keep_h", "erased"), [(0.0, 5), (24.0, 0)])
def test_what_the_centre_has_had_long_enough_goes(make: Make, keep_h: float, erased: int) -> None:
    """As long as the settings say; not by a clock that rests on nothing."""
    dock = make(keep_h)
    assert once(dock).erased_rows == erased


def test_a_clock_that_rests_on_nothing_erases_nothing(make: Make, tmp_path: Path) -> None:
    """It may be years off: no day is over by it."""
    dock = make(0.0)
    dock._clock = RecordedClock(0, quality=ClockQuality.FREE_RUNNING)
    assert once(dock).erased_rows == 0
    assert query(tmp_path / "journal", "SELECT count(*) FROM gap") == [(0,)]


def test_rows_that_the_centre_cannot_open_are_told(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay here, and somebody there has to look."""
    dock = make()
    found = Compared(unopened=True)
    monkeypatch.setattr(dock._reconciler, "run", lambda *_: found)
    summary = once(dock)
    assert summary.grave
    assert any("rows that it cannot open" in fault for fault in summary.faults)


@pytest.mark.parametrize(
    ("metered", "slot", "kind", "tries"),
    [
        (False, False, SyncSession, 7),
        (True, False, SlotSession, 7),
        (True, True, SlotSession, 1),
    ],
)
def test_a_session_is_made_as_the_link_and_the_settings_say(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    metered: bool,
    slot: bool,
    kind: type[SyncSession],
    tries: int,
) -> None:
    """A slot is tried once, for the next is the next try; who asked hears how it goes."""
    made: list[tuple[str, dict[str, Any]]] = []
    dock = make()
    link = CentreLink("wwan0", metered, "a setting")
    for one in (SyncSession, SlotSession):
        real = one.__init__

        def init(self: Any, *parts: Any, _real: Any = real, **options: Any) -> None:
            made.append((type(self).__name__, options))
            _real(self, *parts, **options)

        monkeypatch.setattr(one, "__init__", init)
    told: list[Summary] = []
    summary = dock._send(link, Manner(give_up_after=7), threading.Event(), told.append, slot=slot)
    name, options = made[0]
    assert name == kind.__name__
    assert {k: options[k] for k in ("batch_rows", "metered", "give_up_after")} == {
        "batch_rows": dock._settings.sync.batch_rows,
        "metered": metered,
        "give_up_after": tries,
    }
    assert told
    assert (summary.link, summary.link_metered) == ("wwan0", metered)
    waiting = [note for note in summary.notes if "pictures wait for the dock" in note]
    assert bool(waiting) == metered


def test_what_is_sent_again_is_added_up(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a conflict sent again, and what the comparison did."""
    dock = make()
    monkeypatch.setattr(dock._reconciler, "run", lambda *_: Compared(again=3))
    ran: list[int] = []
    session: Any = SimpleNamespace(
        summary=Summary(sent_again=2, link="eth0"), run=lambda _: ran.append(1)
    )
    nothing: Any = None
    dock._compare(session, nothing, nothing, threading.Event())
    assert (session.summary.sent_again, ran) == (5, [1])


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(200, DockOutcome.DONE), (500, DockOutcome.FAILED), (422, DockOutcome.FAILED)],
)
def test_the_running_unit_hears_how_a_docking_by_hand_ended(
    make: Make,
    centre: TestCentre,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    outcome: DockOutcome,
) -> None:
    """It sounds it."""
    left: list[tuple[int, DockOutcome | None]] = []
    dock = make()
    monkeypatch.setattr(
        dock._state, "write", lambda state, docked: left.append((state.reads_left, docked))
    )
    centre.misbehaviour = [] if code == 200 else [status(code)] * 99
    summary = once(dock)
    assert summary.gave_up == (code == 500)
    assert left == [(0 if code == 200 else 3, outcome)]


# When there is work.


def test_on_the_road_there_is_work_when_a_slot_comes(make: Make) -> None:
    """Whatever there is to send; without a link there is none."""
    dock = make()
    assert dock._has_work(ON_THE_ROAD)
    assert not dock._has_work(CentreLink("", True, "no route"))
    dock._cadence.take()
    assert not dock._has_work(ON_THE_ROAD)


def test_at_the_dock_there_is_work_while_something_is_left(make: Make, tmp_path: Path) -> None:
    """Rows, then pictures; upkeep once an hour; what is refused waits for its time."""
    dock = make()
    assert dock._has_work(AT_THE_DOCK), "upkeep has not been done yet"
    dock._upkeep._done_s = time.monotonic()
    assert dock._has_work(AT_THE_DOCK)
    journal = tmp_path / "journal"
    query(journal, "DELETE FROM outbox")
    assert dock._has_work(AT_THE_DOCK), "pictures are left"
    now = dock._clock.stamp(dock._clock.mono_ns())
    outbox = Outbox(journal)
    refused.set_aside(outbox.db, [1, 2, 3, 4], now, pictures=True, status=422, why="no")
    outbox.close()
    assert not dock._has_work(AT_THE_DOCK)
    query(journal, "UPDATE picture SET state = 1 WHERE role = 1 AND seq > 1")
    query(journal, "DELETE FROM refused WHERE seq = 4")
    assert dock._has_work(AT_THE_DOCK), "refused ones that are half sent hide no other"
    query(journal, "UPDATE picture SET state = 1")
    assert not dock._has_work(AT_THE_DOCK)
    dock._upkeep._done_s = None
    assert dock._has_work(AT_THE_DOCK)
    assert not dock._has_work(CentreLink("", False, "no route"))


def test_a_unit_that_has_read_nothing_has_no_work(tmp_path: Path, make: Make) -> None:
    """A watch waits for its journal."""
    dock = make()
    dock._directory = tmp_path / "nothing"
    assert not dock._has_work(AT_THE_DOCK)
    assert not dock._has_work(ON_THE_ROAD)


# The way.


def test_the_way_is_looked_at_anew_after_ten_seconds_or_in_a_hurry(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told on the command line holds as it is."""
    looks: list[int] = []
    now_s = [100.0]
    dock = make()
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])

    def look(*_: object) -> CentreLink:
        looks.append(1)
        return AT_THE_DOCK

    monkeypatch.setattr(docks, "link_to", look)
    for now_s[0], looked in ((100.0, 1), (110.0, 1), (110.1, 2), (115.0, 2)):
        assert dock._way(Manner()) == AT_THE_DOCK
        assert len(looks) == looked
    dock.hurry()
    assert dock._way(Manner()) == AT_THE_DOCK
    assert len(looks) == 3
    for metered in (True, False):
        as_told = CentreLink("as told", metered, "the command line")
        assert dock._way(Manner(metered=metered)) == as_told
    assert len(looks) == 3


def test_one_sync_at_a_time_by_a_lock_beside_the_journal(make: Make, tmp_path: Path) -> None:
    """Under the name that the unit's other programs and its manual know."""
    with make()._outbox() as outbox:
        assert outbox._sealed_only, "what lies in clear is held back"
        assert (tmp_path / "journal" / "sync.lock").exists()


def test_a_watch_audits_what_it_disclosed_as_it_goes(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every ten minutes, not only at its end: a power cut would take it along."""
    dock, stop, rounds, written = make(), threading.Event(), list[int](), list[int]()
    monkeypatch.setattr(docks, "_LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(docks, "_AUDIT_EVERY_S", -1.0)
    monkeypatch.setattr(dock._disclosures, "write", lambda: written.append(len(rounds)))

    def one_round(*_: object) -> None:
        rounds.append(1)
        if len(rounds) == 2:
            stop.set()

    monkeypatch.setattr(dock, "_round", one_round)
    dock.watch(Manner(), stop, lambda _: None)
    assert written == [1, 2, 2]


def test_a_watch_outlives_a_journal_that_cannot_be_used(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit may mend it, or has it just then: the watch waits, and looks again."""
    dock, stop, waits = make(), threading.Event(), list[int]()
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    errors: list[Exception] = [BusyError("at work"), JournalError("newer"), busy]
    monkeypatch.setattr(docks, "_LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(dock._backoff, "wait", lambda _: waits.append(len(errors)))

    def one_round(*_: object) -> None:
        if not errors:
            stop.set()
            return
        raise errors.pop(0)

    monkeypatch.setattr(dock, "_round", one_round)
    dock.watch(Manner(), stop, lambda _: None)
    assert waits == [1, 0]
    stop.clear()
    errors.append(sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(sqlite3.OperationalError, match="I/O"):
        dock.watch(Manner(), stop, lambda _: None)


# Over mutual TLS.


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_unit_that_has_read_nothing_is_told_of_its_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    """Where nobody could be asked, and by which link it was."""
    now = utc_now()
    unit = enrolled_unit(tmp_path, authority, now - 30 * DAY, now - DAY)
    settings = unit.settings(f"https://localhost:{free_ports(1)[0]}")
    dock = Dock(settings, RecordedClock(int(now.timestamp() * 1e9)))
    summary = dock._only_upkeep(ON_THE_ROAD, threading.Event())
    assert (summary.link, summary.link_metered, summary.grave) == ("wwan0", True, True)
    assert any("certificate expired" in fault for fault in summary.faults)


@pytest.mark.parametrize(
    ("answer", "locked"),
    [
        ((200, json.dumps({"answer": "ab" * 32}).encode()), ""),
        ((200, b"{}"), "is no list key"),
        ((403, b"{}"), "it refuses this unit"),
        ((500, b"{}"), "is not reached: it answers 500"),
    ],
)
def test_the_lists_key_comes_with_the_units_own_certificate(
    tmp_path: Path, authority: Authority, answer: tuple[int, bytes], locked: str
) -> None:
    """From the centre that the unit trusts, and it is held for a start without a link."""
    unit = enrolled_unit(tmp_path, authority)
    unit.centre.list_key = answer
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        key = CentreKey(unit.settings(url))
        if locked:
            with pytest.raises(LockedError, match=locked):
                key.answer(bytes(32))
        else:
            assert key.answer(bytes(32)) == b"\xab" * 32
    assert (tmp_path / "run" / "list-key.json").exists() == (not locked)


def test_a_revoked_centre_gives_no_key(tmp_path: Path, authority: Authority) -> None:
    """Though its certificate is the authority's."""
    unit = enrolled_unit(tmp_path, authority)
    unit.centre.list_key = 200, json.dumps({"answer": "ab" * 32}).encode()
    stolen, serial = authority.server(tmp_path)
    authority.revoke(serial)
    unit.files.revoked.write_text(authority.revoked())
    with serve(unit.centre, stolen) as url, pytest.raises(LockedError, match="revoked"):
        CentreKey(unit.settings(url)).answer(bytes(32))


def test_the_lists_are_opened_with_the_keys_that_were_given(make: Make) -> None:
    """A sealed list is a list of the crew's, too."""
    keys: Any = SimpleNamespace()
    made = Dock(make()._settings, RecordedClock(0), keys)
    assert made._lists.keys is keys


# What the centre says, and how it is reached.


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(403, b'{"error": "revoked", "message": "no"}'), "it trusts this unit no longer"),
        (Answer(401, b'{"error": "clock", "message": "no"}'), "clock is too far off"),
        (Answer(403, b'{"error": "other", "message": "not today"}'), "not today; ask its operator"),
        (Answer(503, b'{"message": "later"}'), "cannot take it now (503: later)"),
        (Answer(405, b"{}"), "takes nothing from units (405)"),
    ],
)
def test_a_refusal_says_what_to_do(answer: Answer, text: str) -> None:
    """By the centre's code where it is known, else by its words."""
    assert text in of(answer, "https://centre").text


def test_the_centres_own_words_are_told_as_they_are() -> None:
    """Its message; else what it sent, cut and made safe to print."""
    assert said(Answer(500, b'{"message": "full"}')) == "full"
    assert said(Answer(500, b'{"why": "full"}')) == "{'why': 'full'}"
    assert said(Answer(500, b'["full", 3]')) == "['full', 3]"
    assert said(Answer(500, b"<html>\x1b[31m")) == said(Answer(500, b"<html>\x1b[31m")).strip()
    assert "\x1b" not in said(Answer(500, b"<html>\x1b[31m"))
    assert len(said(Answer(500, b"x" * 999))) == 200


@pytest.mark.parametrize(
    ("header", "asked_s"),
    [("7", 7.0), ("-5", 0.0), ("99999", 3600.0), ("inf", 0.0), ("nan", 0.0), ("tomorrow", 0.0)],
)
def test_a_centre_may_ask_for_a_wait_of_an_hour_at_most(header: str, asked_s: float) -> None:
    """What is no number of seconds asks for nothing."""
    assert _retry_after_s(httpx.Response(503, headers={"Retry-After": header})) == asked_s


def test_what_the_centre_asks_for_is_heard_and_no_proxy_is(
    url: str, centre: TestCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment sends no upload past somebody else."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_ports(1)[0]}")
    heard: list[str] = []

    def act(handler: Handler) -> bool:
        heard.append(handler.headers["Accept-Encoding"])
        return status(503, Retry_After="7")(handler)

    centre.misbehaviour = [act]
    with HttpsCentre(url, None) as way:
        assert way._client.timeout == httpx.Timeout(30.0, connect=4.0)
        answer = way.put("/v1/units/u/batches/00000000-0000-0000-0000-000000000001", b"", {})
    assert (answer.status, answer.retry_after_s) == (503, 7.0)
    assert heard == ["identity"], "what is not packed cannot unpack to too much"


# Upkeep.


@pytest.fixture
def unit(tmp_path: Path, authority: Authority) -> EnrolledUnit:
    now = utc_now()
    return enrolled_unit(tmp_path, authority, now - 30 * DAY, now + 10 * DAY)


def upkeep_of(settings: Settings) -> Upkeep:
    identity = Identity("unit-7", UNIT, UNIT.public)
    return Upkeep(settings, identity, RecordedClock(int(utc_now().timestamp() * 1e9)))


def test_a_certificate_that_is_over_needs_somebody(
    tmp_path: Path, authority: Authority, unit: EnrolledUnit
) -> None:
    """Waiting does not mend it; one that still holds is not told."""
    summary = Summary()
    upkeep_of(unit.settings("https://localhost:1")).say_if_expired(summary)
    assert (summary.grave, summary.faults) == (False, [])
    (tmp_path / "late").mkdir()
    now = utc_now()
    late = enrolled_unit(tmp_path / "late", authority, now - 30 * DAY, now - DAY)
    upkeep_of(late.settings("https://localhost:1")).say_if_expired(summary)
    assert summary.grave
    assert "`outrider enrol --again` with a new ticket" in summary.faults[0]


@pytest.mark.parametrize("missing", ["client_certificate", "client_key", "ca_certificate"])
def test_without_one_of_its_files_nothing_is_renewed(unit: EnrolledUnit, missing: str) -> None:
    """A unit whose certificates somebody else keeps: the centre is not asked for one."""
    settings = unit.settings("https://localhost:1")
    sync = settings.sync.model_copy(update={missing: None})
    asked: list[str] = []
    centre: Any = SimpleNamespace(post=lambda path, *_: asked.append(path))
    upkeep_of(settings.model_copy(update={"sync": sync}))._renew(centre, Summary())
    assert asked == []


@pytest.mark.parametrize(("code", "taken"), [(200, True), (201, True), (202, False)])
def test_a_renewal_is_an_answer_of_200_or_201(unit: EnrolledUnit, code: int, taken: bool) -> None:
    """Anything else is told in the centre's words."""
    pem = unit.files.certificate.read_text()
    answer = RenewalAnswer(certificate=pem, revoked=pem)
    centre: Any = SimpleNamespace(post=lambda *_: Answer(code, answer.encode()))
    upkeep = upkeep_of(unit.settings("https://localhost:1"))
    if taken:
        assert upkeep._ask(centre, pem) == answer
        return
    with pytest.raises(ValueError, match="the centre answers 202: "):
        upkeep._ask(centre, pem)


def test_a_list_of_the_revoked_that_is_not_given_is_told(unit: EnrolledUnit) -> None:
    """What is kept stays in force."""
    asked: list[tuple[str, int]] = []

    def get(path: str, max_bytes: int) -> Answer:
        asked.append((path, max_bytes))
        return Answer(500, b'{"message": "later"}')

    centre: Any = SimpleNamespace(get=get)
    before = unit.files.revoked.read_bytes()
    with pytest.raises(ValueError, match="the centre answers 500: later"):
        upkeep_of(unit.settings("https://localhost:1"))._fetch_list(centre, Summary())
    assert unit.files.revoked.read_bytes() == before
    assert asked == [("/v1/revoked", 2**20)], "a list of a megabyte at most"


def test_a_renewal_without_a_sealing_key_changes_none(unit: EnrolledUnit) -> None:
    """The one that the unit has stays in use; nor is one kept that belongs nowhere."""
    settings = unit.settings("https://localhost:1")
    before, summary = unit.files.sealing_key.read_bytes(), Summary()
    upkeep_of(settings)._keep_sealing_key("", summary)
    journal = settings.journal.model_copy(update={"centre_public_key": None})
    nowhere = settings.model_copy(update={"journal": journal})
    upkeep_of(nowhere)._keep_sealing_key(key_text(bytes(32)), summary)
    assert (unit.files.sealing_key.read_bytes(), summary.notes) == (before, [])


# The lists.


def test_a_list_that_cannot_be_read_is_told_with_its_reason() -> None:
    """The others are told with their age to a tenth of an hour."""
    clock = RecordedClock(int(1.44 * 3600e9))

    def in_force(name: str) -> Any:
        if name == "broken":
            raise GenerationError("its file is damaged")
        return SimpleNamespace(published_utc_ns=0, revision="7")

    store: Any = SimpleNamespace(
        names=lambda: ("broken", "stolen"),
        list=lambda name: SimpleNamespace(in_force=lambda: in_force(name)),
    )
    assert lists._lines(store, clock, {}) == (
        ListLine("broken", "?", 0.0, "its file is damaged"),
        ListLine("stolen", "7", 1.4, "not updated"),
    )


def test_a_list_that_was_refused_is_a_fault(
    unit: EnrolledUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The docking tells it; the others are in force."""
    refused_one = SimpleNamespace(name="stolen", fault="stolen: its digest is wrong")
    fine = SimpleNamespace(name="other", fault="")
    monkeypatch.setattr(lists, "refresh", lambda *_: [refused_one, fine])
    settings = unit.settings("https://localhost:1")
    found = lists.bring_lists(settings, HotlistStore(settings.hotlist_dir), RecordedClock(0))
    assert found.faults == ("stolen: its digest is wrong",)


def test_lists_of_a_unit_that_knows_no_centre_for_them_are_told(
    unit: EnrolledUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in force, and why nothing newer came: that is no fault."""

    def not_set_up(*_: object) -> None:
        raise NotSetUpError("no update_url")

    line = ListLine("stolen", "1", 0.0, "not updated")
    monkeypatch.setattr(lists, "refresh", not_set_up)
    monkeypatch.setattr(lists, "_lines", lambda *_: (line,))
    settings = unit.settings("https://localhost:1")
    found = lists.bring_lists(settings, HotlistStore(settings.hotlist_dir), RecordedClock(0))
    assert (found.lines, found.faults) == ((line,), ())
    assert found.notes == ("hotlists not updated: no update_url",)


def test_a_fault_of_this_machine_is_not_the_centres_absence(
    unit: EnrolledUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists that cannot be written here are told as that."""

    def full(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(lists, "refresh", full)
    settings = unit.settings("https://localhost:1")
    found = lists.bring_lists(settings, HotlistStore(settings.hotlist_dir), RecordedClock(0))
    assert (found.unreached, found.faults) == (
        False,
        ("hotlists not updated, those in force stay: no room",),
    )
