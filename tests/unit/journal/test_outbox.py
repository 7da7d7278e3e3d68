"""The outbox: what goes next, what a receipt settles, what may be erased, what goes again."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.clock import NS_PER_S, ClockQuality, SystemClock, UtcStamp
from outrider.records import Hit, OfficerAction, Read
from outrider.unit.journal import held, refused
from outrider.unit.journal import outbox as outboxes
from outrider.unit.journal.database import record_gaps, transaction
from outrider.unit.journal.epochs import LAST, append_line, epoch_of, read_epoch_log
from outrider.unit.journal.outbox import ORDINARY, URGENT, Outbox, Remaining, _within
from outrider.unit.journal.queue import entry_for
from outrider.unit.journal.schema import KEY_LOG, JournalError
from outrider.unit.journal.segments import Stream, path_of
from outrider.unit.journal.store import Store, read_key_log
from outrider.wire.batch import Gap
from outrider.wire.chain import SealedRow
from outrider.wire.hash_chain import GENESIS
from outrider.wire.holdings import MARK_BYTES, Claim
from outrider.wire.receipt import Receipt
from outrider.wire.sealing import Sealer
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE

HOUR_S = 3600
NOW = UtcStamp(makers.BASE_UTC_NS, ClockQuality.GPS, 0.001)
A_READ, A_HIT = makers.read(1, patch_bytes=30, overview_bytes=60), makers.hit(2)


def later(seconds: float) -> UtcStamp:
    """Return the instant so long after NOW."""
    return replace(NOW, utc_ns=NOW.utc_ns + round(seconds * NS_PER_S))


def write(directory: Path, records: Sequence[Read | Hit | OfficerAction]) -> None:
    """Write records in a start of its own, so in an epoch of its own."""
    directory.mkdir(exist_ok=True)
    store = Store(directory, Sealer(CENTRE.public), SystemClock().mono_ns, 2**20, 600.0)
    store.append(
        [
            entry_for(one, uuid.uuid4(), isinstance(one, Hit), makers.pictures_of(one))
            for one in records
        ]
    )
    store.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Rows 1 to 5 (a hit as 3, an action as 4) in one epoch, 6 and 7 in the next."""
    write(tmp_path / "j", [A_READ, A_READ, A_HIT, makers.action(2), A_READ])
    write(tmp_path / "j", [A_READ, A_READ])
    return tmp_path / "j"


@pytest.fixture
def outbox(journal: Path) -> Iterator[Outbox]:
    made = Outbox(journal)
    yield made
    made.close()


def seqs(rows: Sequence[SealedRow]) -> list[int]:
    return [row.seq for row in rows]


def receipt(count: int = 1) -> Receipt:
    return Receipt("unit-7", "rows", str(uuid.uuid4()), "00" * 32, count, 0, "now")


def every(outbox: Outbox) -> list[SealedRow]:
    """Return all rows that wait."""
    first = [*outbox.rows(URGENT, 99), *outbox.rows(ORDINARY, 99)]
    return [*first, *outbox.rows(ORDINARY, 99, seqs(first))]


def settle(outbox: Outbox, numbers: Sequence[int], at: UtcStamp = NOW) -> None:
    """Take a receipt for rows, and for the pictures of those."""
    rows = [row for row in every(outbox) if row.seq in numbers]
    outbox.rows_receipted(rows, receipt(len(rows)), at)
    for stream in Stream:
        found = [p for p, _ in outbox.pictures(stream, 99, 10**9) if p.seq in numbers]
        outbox.pictures_receipted(found, receipt(len(found)), at)


def test_what_remains_is_counted_by_its_kind(outbox: Outbox) -> None:
    """Hits and what officers did are urgent; reads alone are shown to the crew."""
    assert outbox.remaining() == Remaining(urgent=2, rows=7, pictures=12, reads=5)
    settle(outbox, [1, 3])
    assert outbox.remaining() == Remaining(urgent=1, rows=5, pictures=8, reads=4)


def test_the_oldest_rows_go_first_and_of_one_epoch_at_a_time(outbox: Outbox) -> None:
    """At most so many, without those that are left aside; a batch is of one epoch."""
    assert seqs(outbox.rows(URGENT, 9)) == [3, 4]
    assert seqs(outbox.rows(ORDINARY, 9)) == [1, 2, 5]
    assert seqs(outbox.rows(ORDINARY, 2)) == [1, 2]
    assert seqs(outbox.rows(ORDINARY, 1, leave=[1, 2])) == [5]
    assert seqs(outbox.rows(ORDINARY, 2, leave=[1])) == [2, 5]
    assert seqs(outbox.rows(ORDINARY, 9, leave=[1, 2, 5])) == [6, 7]
    assert seqs(outbox.of_one_epoch(every(outbox))) == [3, 4, 1, 2, 5]
    assert outbox.of_one_epoch([]) == []
    (last,) = outbox.of_one_epoch(every(outbox)[-1:])
    assert seqs(outbox.of_one_epoch([last, *every(outbox)])) == [7, 6, 7]
    assert [epoch_of(outbox.db, seq)[1] for seq in (1, 5, 6, 99)] == [5, 5, LAST, LAST]


def test_a_batch_has_the_keys_and_the_losses_of_its_rows_and_no_more(outbox: Outbox) -> None:
    """Keys of rows and pictures; gaps of this epoch, cut to it; what was erased is no loss."""
    losses = [(2, 2, "damaged"), (5, 6, "skipped"), (1, 1, "erased"), (7, 9, "damaged")]
    for first, last, cause in losses:
        outbox.db.execute("INSERT INTO gap VALUES (?, ?, ?, ?)", (first, last, b"h" * 32, cause))
    rows = outbox.rows(ORDINARY, 9)
    batch = outbox.batch("unit-7", rows)
    keys = {row.key_id for row in rows} | {p.key_id for row in rows for p in row.pictures}
    assert {key.key_id for key in batch.keys} == keys
    assert len(batch.keys) == 3, "the hit's pictures have a key of their own, not in this batch"
    assert (batch.unit_id, batch.rows, batch.epoch.first_seq) == ("unit-7", tuple(rows), 1)
    assert batch.gaps == (Gap(2, 2, b"h" * 32, "damaged"), Gap(5, 5, GENESIS, "skipped"))
    second = outbox.batch("unit-7", outbox.rows(ORDINARY, 9, leave=seqs(rows)))
    assert second.gaps == (Gap(6, 6, b"h" * 32, "skipped"), Gap(7, 9, b"h" * 32, "damaged"))
    assert outbox.batch("unit-7", []).epoch == second.epoch


@given(st.lists(st.integers(1, 50), min_size=4, max_size=4).map(sorted), st.permutations(range(4)))
def test_a_gap_is_cut_to_its_epoch(points: list[int], order: list[int]) -> None:
    """Its hash goes on only from its own last row; a part before that follows on nothing."""
    (a, b), (first, last) = (
        sorted(points[i] for i in order[:2]),
        sorted(points[i] for i in order[2:]),
    )
    if b < first or a > last:
        return  # no gap of this epoch
    gap = _within(Gap(a, b, b"h" * 32, "skipped"), first, last)
    assert set(range(gap.first_seq, gap.last_seq + 1)) == {
        seq for seq in range(a, b + 1) if first <= seq <= last
    }
    assert gap.last_hash == (b"h" * 32 if b <= last else GENESIS)
    assert gap.cause == "skipped"


def test_pictures_go_when_their_row_is_at_the_centre(outbox: Outbox) -> None:
    """So many, of so many bytes, at least one; not those that are left aside."""
    assert outbox.pictures(Stream.PATCHES, 9, 10**9) == []
    outbox.rows_receipted([r for r in every(outbox) if r.seq in (1, 2, 5)], receipt(3), NOW)
    found = outbox.pictures(Stream.PATCHES, 9, 10**9)
    assert [picture.seq for picture, _ in found] == [1, 2, 5]
    assert all(len(data) == picture.length for picture, data in found)
    assert [p.seq for p, _ in outbox.pictures(Stream.PATCHES, 2, 10**9)] == [1, 2]
    assert [p.seq for p, _ in outbox.pictures(Stream.PATCHES, 9, 1)] == [1]
    two = found[0][0].length + found[1][0].length
    assert [p.seq for p, _ in outbox.pictures(Stream.PATCHES, 9, two)] == [1, 2]
    assert [p.seq for p, _ in outbox.pictures(Stream.PATCHES, 9, 10**9, leave=[1, 5])] == [2]
    outbox.pictures_receipted([found[1][0]], receipt(), NOW)
    assert [p.seq for p, _ in outbox.pictures(Stream.PATCHES, 9, 10**9)] == [1, 5]


def test_a_damaged_picture_is_counted_and_stands_in_nobodys_way(outbox: Outbox) -> None:
    """It is left out once and for all; what is behind it goes."""
    outbox.rows_receipted(every(outbox), receipt(7), NOW)
    (first, _), *_ = outbox.pictures(Stream.OVERVIEWS, 9, 10**9)
    path = path_of(outbox.directory, first.segment)
    with path.open("r+b") as file:
        file.seek(first.offset)
        file.write(b"\0\0\0\0")
    for _ in range(2):
        found = outbox.pictures(Stream.OVERVIEWS, 9, 10**9)
        assert [picture.seq for picture, _ in found] == [2, 5, 6, 7]
        lost = outbox.db.execute("SELECT value FROM counter WHERE name = 'lost_pictures'")
        assert lost.fetchall() == [(1,)]


def test_a_card_that_gives_no_picture_for_a_while_loses_none(outbox: Outbox) -> None:
    """What cannot be read now waits for the next time; it is not damaged, and what can be goes."""
    outbox.rows_receipted(every(outbox), receipt(7), NOW)
    whole = outbox.pictures(Stream.OVERVIEWS, 9, 10**9)
    away = path_of(outbox.directory, whole[0][0].segment)
    away.rename(away.with_suffix(".away"))
    before = [p.seq for p, _ in outbox.pictures(Stream.OVERVIEWS, 1, 10**9)]
    assert before == [p.seq for p, _ in whole if p.segment != whole[0][0].segment][:1]
    away.with_suffix(".away").rename(away)
    with closing(Outbox(outbox.directory)) as again:
        assert again.pictures(Stream.OVERVIEWS, 9, 10**9) == whole
    assert outbox.db.execute("SELECT * FROM counter WHERE name = 'lost_pictures'").fetchall() == []


def test_pictures_that_are_left_aside_stand_before_no_other(outbox: Outbox) -> None:
    """A hit's two pictures lie in one stream: leaving its row aside leaves both, and only those."""
    outbox.rows_receipted(every(outbox), receipt(7), NOW)
    hits = outbox.pictures(Stream.HITS, 9, 10**9)
    assert [p.seq for p, _ in hits] == [3, 3]
    outbox.db.execute("UPDATE picture SET segment = ? WHERE seq = 5", (hits[0][0].segment,))
    found = outbox.pictures(Stream.HITS, 1, 10**9, leave=[3])
    assert found == []  # those of row 5 are not where its row says now, and are damaged
    assert outbox.db.execute("SELECT value FROM counter WHERE name = 'lost_pictures'").fetchall()


def test_a_receipt_settles_what_it_is_for_and_nothing_else(outbox: Outbox) -> None:
    """The rows leave the outbox, their refusals are forgotten; those of pictures stay."""
    for pictures in (False, True):
        refused.set_aside(outbox.db, [1, 2], NOW, pictures=pictures, status=422, why="no")
    outbox.rows_receipted([row for row in every(outbox) if row.seq == 1], receipt(), NOW)
    assert sorted(seqs(every(outbox))) == [2, 3, 4, 5, 6, 7]
    waits = refused.waiting(outbox.db, later(1))
    assert (set(waits.rows), set(waits.pictures)) == ({2}, {1, 2})
    (patch, _), *_ = outbox.pictures(Stream.PATCHES, 9, 10**9)
    outbox.pictures_receipted([patch], receipt(), NOW)
    waits = refused.waiting(outbox.db, later(1))
    assert (set(waits.rows), set(waits.pictures)) == ({2}, {2})
    assert outbox.db.execute("SELECT count(*) FROM receipt").fetchone() == (2,)


def test_nothing_is_erasable_before_its_receipt_is_old_enough(outbox: Outbox) -> None:
    """Up to the newest number that there was at a receipt of at least so long ago."""
    assert outbox.erasable(0, NOW) == 0
    outbox.rows_receipted([], receipt(), NOW)
    assert outbox.erasable(HOUR_S, later(HOUR_S - 1)) == 0
    assert outbox.erasable(HOUR_S, later(HOUR_S)) == 7


@settings(max_examples=12)
@given(
    receipted=st.sets(st.integers(1, 7)),
    confirmed=st.sets(st.integers(1, 9)),
    old_enough=st.booleans(),
)
def test_only_what_is_receipted_and_confirmed_is_erased(
    tmp_path_factory: pytest.TempPathFactory,
    receipted: set[int],
    confirmed: set[int],
    old_enough: bool,
) -> None:
    """Whatever the centre says: no row goes that has no receipt, or that it has not confirmed."""
    directory = tmp_path_factory.mktemp("expire") / "j"
    write(directory, [A_READ, A_READ, A_HIT, makers.action(2), A_READ, A_READ, A_READ])
    outbox = Outbox(directory)
    settle(outbox, sorted(receipted))
    now = later(HOUR_S if old_enough else HOUR_S - 1)
    gone = outbox.expire(HOUR_S, now, confirmed)
    left = {seq for (seq,) in outbox.db.execute("SELECT seq FROM row")}
    assert set(range(1, 8)) - left == (receipted & confirmed if old_enough else set())
    assert gone == 7 - len(left)
    gaps = outbox.db.execute("SELECT first_seq, last_seq FROM gap WHERE cause = 'erased'")
    assert {s for a, b in gaps for s in range(a, b + 1)} == set(range(1, 8)) - left
    outbox.close()


def test_the_pictures_of_what_is_erased_leave_the_card(journal: Path) -> None:
    """A segment that no row names any more goes, unless it may still be written."""
    outbox = Outbox(journal)
    before = sorted(path.name for path in (journal / "segments").iterdir())
    settle(outbox, range(1, 8))
    outbox.expire(HOUR_S, later(HOUR_S), range(1, 8))
    left = sorted(path.name for path in (journal / "segments").iterdir())
    newest = "SELECT max(number) FROM segment GROUP BY stream"
    assert left == sorted(f"{n:08d}.seg" for (n,) in outbox.db.execute(newest))
    assert len(left) == 3 < len(before)
    outbox.close()


def test_a_card_that_gives_no_picture_is_said_once(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However many there are; a journal that is none has nothing to send, and says so."""

    def fails(directory: Path, picture: object) -> None:
        raise OSError(5, "input/output error")

    outbox.rows_receipted(every(outbox), receipt(7), NOW)
    monkeypatch.setattr(outboxes, "read_sealed", fails)
    assert outbox.pictures(Stream.PATCHES, 99, 10**9) == []
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    with pytest.raises(JournalError, match="holds no journal; nothing to send"):
        Outbox(outbox.directory / "nothing")


def test_receipts_are_kept_as_long_as_they_are_for_something(journal: Path) -> None:
    """Those of before the newest one that is old enough go, with what they were for."""
    outbox = Outbox(journal)
    settle(outbox, [1, 2], NOW)
    write(journal, [A_READ])
    outbox.rows_receipted([], receipt(), later(1))
    outbox.expire(HOUR_S, later(HOUR_S), [1, 2])
    assert outbox.db.execute("SELECT DISTINCT last_seq FROM receipt ORDER BY 1").fetchall() == [
        (7,),
        (8,),
    ]
    outbox.expire(HOUR_S, later(HOUR_S + 1), [])
    assert outbox.db.execute("SELECT last_seq FROM receipt").fetchall() == [(8,)]
    outbox.close()


def test_claims_are_what_was_receipted_and_is_still_here(outbox: Outbox) -> None:
    """In order, of a span, so many at a time, by the first 16 bytes of their hashes."""
    settle(outbox, [1, 3, 5, 6])
    found = held.claims(outbox.db, 0, LAST, 9)
    assert [claim.seq for claim in found] == [1, 3, 5, 6]
    (digest,) = outbox.db.execute("SELECT hash FROM row WHERE seq = 3").fetchone()
    assert found[1] == Claim(3, digest[:MARK_BYTES])
    assert [claim.seq for claim in held.claims(outbox.db, 1, 5, 9)] == [3, 5]
    assert [claim.seq for claim in held.claims(outbox.db, 0, LAST, 2)] == [1, 3]


def test_what_the_centre_lacks_goes_again(outbox: Outbox) -> None:
    """Rows with their pictures, each in its own line; pictures alone where all had been there."""
    settle(outbox, range(1, 8))
    refused.set_aside(outbox.db, [3, 5], NOW, pictures=False, status=422, why="no")
    assert held.send_again(outbox.db, [1, 3, 77], [5]) == 2 + 2 + 2 + 2
    assert (seqs(outbox.rows(URGENT, 9)), seqs(outbox.rows(ORDINARY, 9))) == ([3], [1])
    assert outbox.remaining() == Remaining(urgent=1, rows=2, pictures=6, reads=1)
    assert refused.waiting(outbox.db, later(1)) == refused.NOTHING
    assert held.send_again(outbox.db, [1], []) == 0, "what goes already goes once"


def test_pictures_that_are_still_on_their_way_are_not_sent_again(outbox: Outbox) -> None:
    """That the centre has not all of a row's pictures says nothing while one is still to go."""
    outbox.rows_receipted(every(outbox), receipt(7), NOW)
    (patch, _), *_ = outbox.pictures(Stream.PATCHES, 9, 10**9)
    outbox.pictures_receipted([patch], receipt(), NOW)
    assert held.send_again(outbox.db, [], [patch.seq]) == 0
    assert outbox.remaining().pictures == 11


def test_pictures_of_rows_whose_time_is_over_are_expected_no_more(outbox: Outbox) -> None:
    """Those rows alone; what had been receipted stays so."""
    settle(outbox, [1])
    held.let_go(outbox.db, [1, 2])
    states = outbox.db.execute("SELECT seq, state FROM picture WHERE seq < 4 ORDER BY seq")
    assert states.fetchall() == [(1, 1)] * 2 + [(2, 2)] * 2 + [(3, 0)] * 2


@pytest.mark.parametrize("seq", [1, 3])
def test_a_row_that_conflicts_moves_with_all_after_it_to_a_fresh_epoch(
    journal: Path, seq: int
) -> None:
    """To its epoch's end and no further; what is before it stays as it was."""
    outbox = Outbox(journal)
    settle(outbox, range(1, 8))
    before, _ = epoch_of(outbox.db, 1)
    assert held.rehome(outbox.db, journal, seq) == 6 - seq
    assert sorted(seqs(every(outbox))) == list(range(seq, 6))
    assert seqs(outbox.rows(URGENT, 9)) == [3, 4]
    moved, last = epoch_of(outbox.db, seq)
    assert (moved.first_seq, last) == (seq, 5)
    assert moved in read_epoch_log(journal / KEY_LOG), "beside the database, for a salvage"
    assert moved.epoch_id != before.epoch_id
    if seq == 1:
        assert moved.after == before.after
    else:
        (digest,) = outbox.db.execute("SELECT hash FROM row WHERE seq = 2").fetchone()
        assert moved.after is not None
        assert (moved.after.epoch_id, moved.after.seq, moved.after.hash) == (
            *(before.epoch_id, 2),
            digest,
        )
        assert epoch_of(outbox.db, 2) == (before, 2)
    outbox.close()


@pytest.mark.parametrize(
    ("tries", "hours"), [(1, 0.25), (2, 0.5), (3, 1), (7, 16), (8, 24), (99, 24)]
)
def test_what_is_refused_waits_longer_each_time(outbox: Outbox, tries: int, hours: float) -> None:
    """15 minutes, then twice as long after each try, up to a day; of rows and pictures apart."""
    for _ in range(tries):
        refused.set_aside(outbox.db, [1, 1], NOW, pictures=False, status=422, why="no" * 200)
    refused.set_aside(outbox.db, [2], NOW, pictures=True, status=409, why="no")
    at_first = refused.waiting(outbox.db, NOW)
    assert (set(at_first.rows), set(at_first.pictures)) == ({1}, {2})
    assert refused.waiting(outbox.db, later(hours * HOUR_S - 1)).rows == {1}
    assert refused.waiting(outbox.db, later(hours * HOUR_S)).rows == set()
    kept = outbox.db.execute("SELECT status, length(why), tries FROM refused WHERE seq = 1")
    assert kept.fetchall() == [(422, 200, tries)]


def test_a_refusal_of_the_future_holds_nothing_back(outbox: Outbox) -> None:
    """It was noted by a clock that was wrong."""
    refused.set_aside(outbox.db, [1], later(1), pictures=False, status=422, why="no")
    assert refused.waiting(outbox.db, NOW) == refused.NOTHING


@given(order=st.permutations(range(1, 6)), gone=st.sets(st.integers(1, 5)))
@settings(max_examples=15)
def test_gaps_grow_together_in_whatever_order_rows_go(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], gone: set[int]
) -> None:
    """One gap for each run of numbers, with the hash of its last row; another cause apart."""
    directory = tmp_path_factory.mktemp("gaps") / "j"
    write(directory, [A_READ] * 6)
    outbox = Outbox(directory)
    hashes = dict(outbox.db.execute("SELECT seq, hash FROM row"))
    with transaction(outbox.db):
        record_gaps(outbox.db, [6], "damaged")
        for seq in order:
            if seq in gone:
                record_gaps(outbox.db, [seq], "erased")
    expected: list[tuple[int, int, bytes]] = []
    for seq in sorted(gone):
        if expected and expected[-1][1] == seq - 1:
            expected[-1] = (expected[-1][0], seq, hashes[seq])
        else:
            expected.append((seq, seq, hashes[seq]))
    found = outbox.db.execute("SELECT first_seq, last_seq, last_hash FROM gap WHERE cause='erased'")
    assert found.fetchall() == expected
    outbox.close()


def test_a_log_line_leaves_no_file_open(tmp_path: Path) -> None:
    """A unit that writes for months does not run out of files."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        append_line(tmp_path / "log", {"number": number})
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert read_key_log(tmp_path / "no log") == (None, [])
