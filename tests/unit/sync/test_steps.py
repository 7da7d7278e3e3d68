"""Each step of a session, with a centre in this process: what is tried, kept, told, given up."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.unit.journal.outbox import Outbox, Remaining
from outrider.unit.journal.segments import Stream
from outrider.unit.reaching import Reason
from outrider.unit.sync import cadence
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.cadence import (
    PICTURES_EVERY,
    Cadence,
    PaddedCentre,
    SlotChooser,
    SlotSession,
)
from outrider.unit.sync.reconcile import Reconciler
from outrider.unit.sync.session import Identity, Summary, SyncSession
from outrider.unit.sync.transport import Answer, UnreachableError
from outrider.unit.sync.uploads import Chooser
from outrider.wire import padding, receipt
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import UploadKind, UploadName
from tests.unit.journal import makers
from tests.unit.journal.test_outbox import A_HIT, A_READ, write
from tests.unit.journal.test_outbox import receipt as an_answer
from tests.unit.sync.centre import Refusal, TestCentre

UNIT = SigningIdentity.generate()
CONFLICT = b'{"error": "conflict", "message": "row 4 is known with other content"}'


class Direct:
    """The way to a `TestCentre` without a network. script: what is answered instead, in order."""

    url = "https://centre.example:8443"

    def __init__(self, centre: TestCentre) -> None:
        self.centre = centre
        self.script: list[Answer | UnreachableError | None] = []
        self.tried: list[UploadName] = []
        self.sizes: list[tuple[str, int]] = []
        self.asked: list[str] = []

    def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        _, _, _, unit, kind, upload_id = path.split("/")
        self.sizes.append((kind, len(body)))
        instead = self.script.pop(0) if self.script else None
        if kind == "cover":
            if isinstance(instead, UnreachableError):
                raise instead
            return instead if isinstance(instead, Answer) else Answer(200, b"{}")
        name = UploadName(unit, UploadKind(kind), uuid.UUID(upload_id))
        self.tried.append(name)
        if isinstance(instead, UnreachableError):
            raise instead
        if instead is not None:
            return instead
        try:
            made = self.centre.take(name, padding.unpadded(body, headers), dict(headers))
        except Refusal as error:
            return Answer(error.status, b'{"error": "refused"}')
        return Answer(200, receipt.encode(made, self.centre.identity))

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.asked.append(path)
        instead = self.script.pop(0) if self.script else None
        if isinstance(instead, UnreachableError):
            raise instead
        return instead or Answer(200, self.centre.answer(body, dict(headers)))


class Waits(Backoff):
    """Waits for nothing; notes what it was asked."""

    def __init__(self) -> None:
        super().__init__(1.0, 60.0)
        self.asked: list[float] = []
        self.resets = 0
        self.stops: list[threading.Event] = []

    def wait(self, stop: threading.Event, asked_s: float = 0.0) -> None:
        self.asked.append(asked_s)
        self.stops.append(stop)

    def reset(self) -> None:
        self.resets += 1


class Made:
    """A session on a small journal: rows 1 to 5, a hit as 3, an action as 4."""

    def __init__(self, directory: Path) -> None:
        write(directory, [A_READ, A_READ, A_HIT, makers.action(2), A_READ])
        self.outbox = Outbox(directory)
        self.centre = TestCentre(UNIT.public)
        self.way = Direct(self.centre)
        self.waits = Waits()
        self.told: list[tuple[int, int]] = []

    @property
    def identity(self) -> Identity:
        return Identity("unit-7", UNIT, self.centre.identity.public)

    def session(self, kind: type[SyncSession] = SyncSession, **options: object) -> SyncSession:
        def progress(summary: Summary) -> None:
            self.told.append((summary.rows, summary.pictures))

        settings: dict[str, object] = {"give_up_after": 3, "progress": progress} | options
        return kind(
            *(self.outbox, self.way, self.identity, SystemClock(), self.waits),
            **settings,  # type: ignore[arg-type]
        )

    def run(self, **options: object) -> Summary:
        return self.session(**options).run(threading.Event())  # type: ignore[arg-type]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    one = Made(tmp_path / "j")
    yield one
    one.outbox.close()


def test_what_went_is_added_up_by_its_kind(made: Made) -> None:
    """Rows, hits, reads and pictures, each time that something was delivered."""
    summary = made.run()
    assert summary.done
    assert (summary.rows, summary.reads, summary.hits, summary.crew_entries) == (5, 3, 1, 0)
    assert (summary.pictures, summary.duplicates, summary.tries_failed) == (8, 0, 0)
    assert made.told == [(2, 0), (2, 2), (5, 2), (5, 5), (5, 8)]
    assert summary.bytes_sent == sum(size for _, size in made.way.sizes)
    assert [name.kind for name in made.way.tried[:3]] == [
        *(UploadKind.ROWS, UploadKind.PICTURES, UploadKind.ROWS)
    ]
    assert made.waits.asked == []
    assert not summary.gave_up
    assert 0.0 <= summary.took_s < 600.0


def test_what_the_centre_had_already_is_a_duplicate(made: Made) -> None:
    """A receipt that was lost on the way costs nothing but the way."""
    made.run()
    made.outbox.db.execute("INSERT INTO outbox VALUES (0, 3), (1, 5)")
    summary = made.run()
    assert (summary.rows, summary.duplicates, summary.done) == (2, 2, True)


def test_a_try_that_fails_is_made_again_under_the_same_name(made: Made) -> None:
    """The centre says when; a success makes the failures history."""
    made.way.script = [Answer(503, b"{}", 7.0), UnreachableError("no answer")]
    summary = made.run()
    assert summary.done
    assert len(set(made.way.tried[:3])) == 1
    assert made.waits.asked == [7.0, 0.0]
    assert (summary.tries_failed, summary.gave_up, summary.grave) == (2, False, False)
    assert len(summary.faults) == 2
    assert summary.lasting_faults() == ()
    assert made.waits.resets == len(made.told)


def test_so_many_failures_in_a_row_are_enough(made: Made) -> None:
    """A success between them counts anew; the last one is not waited after."""
    made.way.script = [Answer(503, b""), Answer(503, b""), None, *[Answer(503, b"")] * 3]
    summary = made.run()
    assert (summary.gave_up, summary.tries_failed, summary.done) == (True, 5, False)
    assert len(made.waits.asked) == 4
    assert summary.rows == 2
    assert summary.remaining == Remaining(urgent=0, rows=3, pictures=8, reads=3)
    assert summary.lasting_faults() == tuple(summary.faults)


def test_a_session_that_never_gives_up_goes_on(made: Made) -> None:
    """The watch has nobody to give up to."""
    made.way.script = [Answer(503, b""), Answer(401, b""), UnreachableError("no")] * 4
    summary = made.run(give_up_after=None)
    assert (summary.done, summary.tries_failed, summary.gave_up) == (True, 12, False)
    assert summary.grave, "that the unit was not accepted needs somebody"


def test_a_receipt_that_is_not_good_settles_nothing(made: Made) -> None:
    """The same upload goes again under its name, so that the centre gives its receipt of then."""
    made.way.script = [Answer(200, b"<html>"), Answer(200, b"{}")]
    assert made.run().done
    assert len(set(made.way.tried[:3])) == 1


@pytest.mark.parametrize(
    ("first", "tries", "grave"),
    [
        (UnreachableError(Reason("no such host", permanent=True)), 1, True),
        (UnreachableError(Reason("another's certificate", distrust=True)), 3, True),
        (UnreachableError(Reason("nobody is there", absent=True)), 2, False),
        (UnreachableError(Reason("a cut line")), 3, False),
        (Answer(403, b"{}"), 1, True),
        (Answer(404, b"{}"), 1, True),
        (Answer(401, b"{}"), 3, True),
        (Answer(200, b"<html>"), 3, True),
        (Answer(500, b""), 3, False),
    ],
)
def test_what_waiting_does_not_mend_is_not_waited_for(
    made: Made, first: Answer | UnreachableError, tries: int, grave: bool
) -> None:
    """Nobody there: twice, to be sure; a lasting reason: once; the rest as often as was set."""
    made.way.script = [first] * 9
    summary = made.run()
    assert (summary.tries_failed, summary.gave_up, summary.grave) == (tries, True, grave)
    assert len(made.waits.asked) == tries - 1
    assert made.outbox.remaining().rows == 5


def test_a_centre_that_has_answered_is_not_absent(made: Made) -> None:
    """A line that is cut in the middle is tried as often as any other failure."""
    absent = UnreachableError(Reason("nobody is there", absent=True))
    made.way.script = [None, absent, absent, absent]
    assert made.run().tries_failed == 3


def test_stop_is_heeded_between_uploads(made: Made) -> None:
    """What has been settled stays settled."""
    stop = threading.Event()
    session = made.session(progress=lambda _: stop.set())
    summary = session.run(stop)
    assert summary.rows == 2
    assert not summary.gave_up
    assert summary.remaining.rows == 3


def test_refused_rows_are_found_by_halving_and_the_rest_goes(made: Made) -> None:
    """One at a time at last; the one is set aside with the centre's words, without numbers."""
    no = Answer(422, b'{"error": "no", "message": "row 1 of 77 is not good"}')
    made.way.script = [None, None, no, no]
    summary = made.run()
    assert summary.set_aside == 1
    assert summary.rows == 4
    assert (summary.grave, summary.tries_failed) == (True, 0)
    (fault,) = summary.faults
    assert "a row is refused (422: row … of … is not good)" in fault
    assert made.outbox.remaining() == Remaining(urgent=0, rows=1, pictures=2, reads=1)
    asked = [size for kind, size in made.way.sizes if kind == "batches"]
    assert len(asked) == 5, "two urgent at once, then three, one, and the two that are left"
    again = made.run()
    assert (again.rows, again.set_aside) == (0, 0), "it waits for its time"


def test_a_refusal_of_this_session_holds_whatever_becomes_of_the_clock(made: Made) -> None:
    """Else a clock that is set in between would send it round and round."""
    session = made.session()
    made.way.script = [Answer(422, b"{}")] * 2
    refusing = made.outbox.db
    stop = threading.Event()

    def forget(_: Summary) -> None:
        refusing.execute("DELETE FROM refused")

    session._progress = forget
    summary = session.run(stop)
    assert summary.set_aside == 1
    assert made.outbox.remaining().rows == 1


def test_a_limit_grows_again_but_never_beyond_what_was_too_large(made: Made) -> None:
    """Halved for any refusal; a 413 is remembered for the session."""
    for status, kept in ((422, 8), (413, 1)):
        session = made.session(batch_rows=8)
        made.way.script = [Answer(status, b"{}")]
        made.outbox.db.execute("INSERT OR IGNORE INTO outbox VALUES (0, 3), (0, 4), (1, 1), (1, 2)")
        session.run(threading.Event())
        assert session._chooser.limit == kept


def test_a_conflict_moves_a_row_to_an_epoch_of_its_own_once(made: Made) -> None:
    """And all after it; a second conflict of it sets it aside."""
    made.way.script = [Answer(409, CONFLICT)] * 2
    summary = made.run(batch_rows=1)
    assert (summary.rehomed, summary.set_aside) == (3, 1)
    assert summary.notes == ["rows go under a new epoch, for the card was put back or copied"]
    assert summary.rows == 4
    assert made.outbox.remaining().rows == 1


def test_each_move_to_another_epoch_is_added_up(made: Made) -> None:
    """Of the hit with all after it, then of the next."""
    made.way.script = [Answer(409, CONFLICT), None, Answer(409, CONFLICT)]
    assert made.run(batch_rows=1).rehomed == 3 + 2


def test_another_refusal_moves_nothing(made: Made) -> None:
    """Only a conflict says that the centre has another row of that number."""
    made.way.script = [Answer(409, b'{"error": "other"}')]
    summary = made.run(batch_rows=1)
    assert (summary.rehomed, summary.set_aside) == (0, 1)


def test_pictures_whose_rows_the_centre_lacks_take_them_along_once(made: Made) -> None:
    """It was restored from a copy: the row goes again, then its pictures; no second time."""
    made.way.script = [None, Answer(409, CONFLICT)]
    summary = made.run()
    assert summary.sent_again == 1
    assert (summary.done, summary.set_aside, summary.duplicates) == (True, 0, 1)
    made.outbox.db.execute("UPDATE picture SET state = 0 WHERE seq = 3")
    made.way.script = [Answer(409, CONFLICT), None, Answer(409, CONFLICT), Answer(409, CONFLICT)]
    summary = made.run()
    assert (summary.sent_again, summary.set_aside) == (1, 1)
    assert "a picture is refused (409" in summary.faults[0]


def test_the_crew_is_told_nothing_that_tells_hits() -> None:
    """Neither rows nor pictures nor bytes, for a silent hit is one more of each."""
    summary = Summary(rows=9, reads=7, hits=2, pictures=18, bytes_sent=999, took_s=1.5)
    summary.remaining = Remaining(urgent=1, rows=4, pictures=6, reads=3)
    shown = summary.as_json()
    assert not {"rows", "hits", "pictures", "bytes_sent", "duplicates", "set_aside"} & set(shown)
    assert (shown["reads"], shown["reads_left"], shown["done"]) == (7, 3, False)
    assert {"took_s", "faults", "gave_up", "link", "lists"} <= set(shown)


def test_faults_are_told_once_and_not_without_end() -> None:
    """Twenty are enough for anybody."""
    summary = Summary()
    for number in range(40):
        summary.fault(f"fault {number % 30}")
    assert summary.faults == [f"fault {number}" for number in range(20)]
    assert not summary.grave
    summary.fault("grave", grave=True)
    summary.fault("not grave")
    assert summary.grave


@pytest.mark.parametrize("left", [Remaining(0, 1, 0), Remaining(0, 0, 1)])
def test_a_row_or_a_picture_that_is_left_is_not_done(left: Remaining) -> None:
    """Then what failed in passing lasts."""
    summary = Summary(remaining=left)
    summary.fault("once", passing=True)
    assert not summary.done
    assert summary.lasting_faults() == ("once",)


# Comparing what both hold.


def compare(
    made: Made, summary: Summary, reconciler: Reconciler | None = None
) -> tuple[set[int], int]:
    reconciler = reconciler or Reconciler(made.identity, SystemClock())
    found = reconciler.run(made.outbox, made.way, summary, threading.Event())  # type: ignore[arg-type]
    return found.confirmed, found.again


def test_only_what_the_centre_says_it_holds_is_confirmed(made: Made) -> None:
    """What it lacks goes again, with its pictures; what it holds without pictures sends those."""
    made.run()
    assert compare(made, Summary()) == ({1, 2, 3, 4, 5}, 0)
    assert made.way.asked == ["/v1/units/unit-7/holdings"]
    journal = made.outbox.journal_id
    del made.centre.rows[journal, 2]
    for place in [p for p in made.centre.pictures if p[1] in (2, 5)]:
        del made.centre.pictures[place]
    assert compare(made, Summary()) == ({1, 3, 4, 5}, 1 + 2 + 2)
    assert made.outbox.remaining() == Remaining(urgent=0, rows=1, pictures=4, reads=1)


@pytest.mark.parametrize(
    "answer",
    [Answer(500, b""), Answer(200, b"{}"), UnreachableError("a cut line")],
)
def test_what_cannot_be_asked_confirms_nothing(
    made: Made, answer: Answer | UnreachableError
) -> None:
    """It is a fault, and it is asked again as soon as may be."""
    made.run()
    made.way.script = [answer]
    summary, reconciler = Summary(), Reconciler(made.identity, SystemClock())
    assert compare(made, summary, reconciler) == (set(), 0)
    assert "did not say what it holds" in summary.faults[0]
    assert summary.passing == summary.faults
    assert reconciler.is_due("")


def test_it_is_compared_at_each_new_link_and_once_an_hour(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at each session of a watch that stands at the dock."""
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    reconciler = Reconciler(made.identity, SystemClock())
    assert reconciler.is_due("")
    compare(made, Summary(link="eth0"), reconciler)
    assert not reconciler.is_due("eth0")
    assert reconciler.is_due("wlan0")
    now_s += 3600.0
    assert not reconciler.is_due("eth0")
    now_s += 0.1
    assert reconciler.is_due("eth0")


def test_a_question_that_is_stopped_confirms_no_more(made: Made) -> None:
    """The unit stops: nothing more is asked."""
    made.run()
    stop = threading.Event()
    stop.set()
    reconciler = Reconciler(made.identity, SystemClock())
    found = reconciler.run(made.outbox, made.way, Summary(), stop)  # type: ignore[arg-type]
    assert found.confirmed == set()


# Over a metered link.


def test_slots_come_by_the_clock_and_missed_ones_are_not_made_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every 60 s from the first; every sixth carries pictures; after a pause the beat is kept."""
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    beat = Cadence(60.0)
    assert beat.is_due()
    carried = [beat.take()]
    assert not beat.is_due()
    now_s = 159.9
    assert not beat.is_due()
    now_s = 160.0
    assert beat.is_due()
    carried.append(beat.take())
    now_s = 399.0
    assert beat.is_due()
    carried.append(beat.take())
    assert not beat.is_due()
    now_s = 400.0
    assert beat.is_due()
    carried += [beat.take() for _ in range(9)]
    assert [n for n, pictures in enumerate(carried, 1) if pictures] == [PICTURES_EVERY, 12]


def slots(made: Made) -> SlotSession:
    session = made.session(SlotSession, metered=True)
    assert isinstance(session, SlotSession)
    return session


def test_an_hour_of_slots_costs_what_the_settings_say() -> None:
    """Less than 10 MB at 10 s: a contract for data is made by it."""
    an_hour = 360 * (cadence.ROWS_BYTES + cadence.PICTURES_BYTES / PICTURES_EVERY)
    assert 8e6 < an_hour < 10e6


def test_every_slot_sends_as_much_whatever_there_is(made: Made) -> None:
    """Rows at their size, pictures at theirs; what is empty is a cover of the same size."""
    rows, pictures = 16 * 2**10, 48 * 2**10
    first = slots(made).run_slot(threading.Event(), pictures=True)
    assert (first.rows, first.pictures) == (5, 2)
    slots(made).run_slot(threading.Event(), pictures=True)
    slots(made).run_slot(threading.Event(), pictures=False)
    kinds = ["batches", "pictures", "cover", "cover", "cover"]
    assert made.way.sizes == list(zip(kinds, (rows, pictures, rows, pictures, rows), strict=True))
    assert made.outbox.remaining() == Remaining(0, 0, 6)


def test_a_slot_that_fails_leaves_its_centre_as_it_was(made: Made) -> None:
    """What failed waits for the next slot, which sends it whole."""
    session = slots(made)
    session._give_up_after = 1
    made.way.script = [UnreachableError("a cut line")]
    summary = session.run_slot(threading.Event(), pictures=False)
    assert (summary.tries_failed, summary.rows) == (1, 0)
    assert session._centre is made.way
    assert slots(made).run_slot(threading.Event(), pictures=False).rows == 5


def test_a_session_by_hand_ends_on_a_round_number_of_exchanges(made: Made) -> None:
    """Eight, or sixteen: how many were needed does not show."""
    summary = slots(made).run_all(threading.Event())
    assert (summary.rows, summary.pictures) == (5, 2)
    assert len(made.way.sizes) == 16
    assert {size for _, size in made.way.sizes} == {cadence.ROWS_BYTES, cadence.PICTURES_BYTES}


def test_what_does_not_fit_into_a_slot_waits_for_the_dock(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in nobody's way: the smaller ones go, as many as fit."""
    chooser = slots(made)._slots()
    one = len(chooser.of_rows(chooser.outbox.rows(0, 1)).body)
    upload = chooser.rows(one)
    assert upload is not None
    assert upload.count == 1
    assert len(upload.body) <= one
    assert chooser.rows(10) is None
    assert chooser._too_large == {1, 2, 3, 4, 5}
    assert chooser.pictures(10) is None, "no row of a hit is there yet"
    made.run()
    made.outbox.db.execute("UPDATE picture SET state = 0 WHERE seq = 3")
    fresh = slots(made)._slots()
    patch, _ = fresh.outbox.pictures(Stream.HITS, 9, 10**9)
    only = len(fresh.of_pictures([patch]).body)
    upload = fresh.pictures(only)
    assert upload is not None
    assert (upload.count, upload.seqs) == (1, (3,))
    assert fresh.pictures(10) is None
    assert fresh._too_large == {3}


def test_a_slot_takes_64_rows_however_small(tmp_path: Path) -> None:
    """What a slot carries is bounded in the journal's rows, too."""
    write(tmp_path / "j", [makers.read(1, patch_bytes=1, overview_bytes=1)] * 66)
    with contextlib.closing(Outbox(tmp_path / "j")) as outbox:
        upload = SlotChooser(Chooser(outbox, "unit-7", True, 500)).rows(10**9)
    assert upload is not None
    assert upload.count == 64


def test_a_cover_that_fails_waits_as_any_other(made: Made) -> None:
    """Cut short by a stop."""
    made.run()
    made.way.script = [UnreachableError("a cut line")]
    stop = threading.Event()
    summary = slots(made).run_slot(stop, pictures=False)
    assert (summary.tries_failed, made.waits.stops[-1]) == (1, stop)


def test_a_slot_takes_no_more_rows_than_the_settings_say(made: Made) -> None:
    """Hits and what officers did first, then the oldest reads: three in all."""
    session = made.session(SlotSession, metered=True, batch_rows=3)
    assert isinstance(session, SlotSession)
    upload = session._slots().rows(cadence.ROWS_BYTES)
    assert upload is not None
    assert upload.seqs == (1, 3, 4)


def test_as_many_pictures_go_in_a_slot_as_fit(tmp_path: Path) -> None:
    """One less at a time, until the whole of the bundle is small enough."""
    write(tmp_path / "j", [A_HIT, makers.hit(4)])
    with contextlib.closing(Outbox(tmp_path / "j")) as outbox:
        outbox.rows_receipted(outbox.rows(0, 9), an_answer(), SystemClock().stamp(0))
        chooser = SlotChooser(Chooser(outbox, "unit-7", True, 9))
        found = outbox.pictures(Stream.HITS, 9, 10**9)
        assert len(found) == 4
        three = len(chooser.of_pictures(found[:3]).body)
        for size, count in ((three, 3), (three - 1, 2)):
            upload = chooser.pictures(size)
            assert upload is not None
            assert upload.count == count


def test_a_padded_way_is_the_same_way(made: Made) -> None:
    """Its address is told in faults."""
    padded = PaddedCentre(made.way, 1000)
    assert padded.url == made.way.url


# Waiting.


def test_a_wait_ends_with_its_time_and_with_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at every half second; a hurry ends the wait, or the next one, and begins anew."""
    now_s, waited = 100.0, []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal now_s
            assert timeout is not None
            waited.append(timeout)
            now_s += timeout
            return False

    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    backoff = Backoff(1.0, 60.0)
    backoff.wait(Stop(), 1.2)
    assert waited == pytest.approx([0.5, 0.5, 0.2])
    for _ in range(8):
        backoff.next_s()
    backoff.hurry()
    backoff.wait(Stop(), 30.0)
    assert len(waited) == 3
    assert backoff.next_s() <= 1.0
    backoff.wait(Stop(), 5.0)
    assert sum(waited[3:]) == pytest.approx(5.0)


Check = Callable[[], object]


def test_a_wire_error_is_not_swallowed_by_the_centre_of_these_tests(made: Made) -> None:
    """A question that is signed by another is not answered."""
    with pytest.raises((WireError, KeyError)):
        made.way.post("/v1/units/unit-7/holdings", b"{}", {})
