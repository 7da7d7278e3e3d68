"""Sync against a real server, well-behaved and hostile: nothing goes without a good receipt."""

import datetime
import random
import re
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.records import Hit, Read
from outrider.unit.certificates import TransportSettingsError, tls_context
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.segments import path_of
from outrider.unit.journal.verify import verify
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.session import Identity, Summary, SyncSession
from outrider.unit.sync.transport import (
    HttpsCentre,
    Patience,
)
from outrider.wire import batch, receipt
from outrider.wire.read_record import RecordKind, decode
from outrider.wire.sealing import Opener, Place
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import Body, UploadKind
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, query, reads
from tests.unit.sync import centre as acts
from tests.unit.sync.centre import Handler, TestCentre, serve

UNIT = SigningIdentity.generate()
ALL = set(range(1, 100))
PATIENCE = Patience(connect_s=2.0, silence_s=1.0, exchange_s=0.5)
RECORDS: list[Read | Hit] = [*reads(0, 25), makers.hit(25), *reads(26, 14)]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A sealed journal of 39 reads, a hit and its audit event, all to be sent."""
    fill(tmp_path / "journal", RECORDS)
    return tmp_path / "journal"


@pytest.fixture
def centre() -> TestCentre:
    """A centre that knows the unit."""
    return TestCentre(UNIT.public)


def sync(
    journal: Path,
    centre: TestCentre,
    url: str,
    tls: ssl.SSLContext | None = None,
    unit: SigningIdentity = UNIT,
    **options: object,
) -> Summary:
    """Run one session with short waits; it gives up after 12 failed tries in a row."""
    outbox = Outbox(journal)
    identity = Identity("unit-7", unit, centre.identity.public)
    settings: dict[str, object] = {"batch_rows": 10, "give_up_after": 12} | options
    try:
        with HttpsCentre(url, tls, PATIENCE) as way:
            session = SyncSession(
                outbox,
                way,
                identity,
                SystemClock(),
                Backoff(0.001, 0.01),
                **settings,  # type: ignore[arg-type]
            )
            return session.run(threading.Event())
    finally:
        outbox.close()


def assert_all_arrived(journal: Path, centre: TestCentre) -> None:
    """Every record is at the centre once, opens there, and its pictures are those that were put."""
    opener, found = Opener([CENTRE]), []
    for (journal_id, seq), row in centre.rows.items():
        key = opener.open_key(centre.keys[row.key_id], journal_id)
        record = decode(key.open_text(row.body, Place(journal_id, seq, row.kind)))
        if row.kind in (RecordKind.READ, RecordKind.HIT):
            found.append(record.hit_id if isinstance(record, Hit) else record.read_id)  # type: ignore[union-attr]
            for picture in row.pictures:
                sealed = centre.pictures[journal_id, seq, picture.role]
                picture_key = opener.open_key(centre.keys[picture.key_id], journal_id)
                data = picture_key.open(sealed, Place(journal_id, seq, 16 + picture.role))
                assert data.startswith(makers.JPEG_HEAD)
    expected = [r.hit_id if isinstance(r, Hit) else r.read_id for r in RECORDS]
    assert sorted(found) == sorted(expected)


def test_all_is_sent_hits_first(journal: Path, centre: TestCentre) -> None:
    """Rows and pictures arrive and open at the centre; the hit and its pictures go first."""
    hit_seq = query(journal, "SELECT seq FROM row WHERE kind = 2")[0][0]
    with serve(centre) as url:
        summary = sync(journal, centre, url)
    assert summary.done
    assert summary.faults == []
    assert (summary.reads, summary.hits, summary.pictures) == (39, 1, 80)
    assert centre.arrived[0] == hit_seq
    assert centre.uploads[:3] == [UploadKind.ROWS, UploadKind.PICTURES, UploadKind.ROWS]
    assert_all_arrived(journal, centre)
    assert verify(journal, Opener([CENTRE])).faults == []


def test_metered_sends_rows_and_pictures_of_hits_only(journal: Path, centre: TestCentre) -> None:
    """Over a metered link other reads' pictures wait for the dock."""
    with serve(centre) as url:
        summary = sync(journal, centre, url, metered=True)
        assert (summary.rows, summary.pictures) == (41, 2)
        assert summary.remaining.pictures == 78
        assert sync(journal, centre, url).done
    assert_all_arrived(journal, centre)


Act = Callable[[Handler], bool]
HOSTILE: dict[str, tuple[Act, str]] = {
    "200 with an error inside": (
        acts.body_of_200(lambda h: b'{"error": "disk full"}'), "receipt is not good"
    ),
    "200 with a page": (acts.body_of_200(lambda h: b"<html>welcome"), "receipt is not good"),
    "200 with nothing": (acts.body_of_200(lambda h: b""), "receipt is not good"),
    "receipt signed by another": (
        acts.body_of_200(
            lambda h: receipt.encode(receipt.make(h.name, Body(h.body), 10, 0, "x"), UNIT)
        ),
        "signature",
    ),
    "receipt for another batch": (
        acts.body_of_200(lambda h: acts.good_receipt(h, upload="f" * 36)), "another upload"
    ),
    "receipt for another body": (
        acts.body_of_200(lambda h: acts.good_receipt(h, sha256="0" * 64)), "another body"
    ),
    "receipt for too few": (
        acts.body_of_200(lambda h: acts.good_receipt(h, stored=0)), "none counts"
    ),
    "401": (acts.status(401), "does not accept this unit"),
    "403": (acts.status(403), "does not accept this unit"),
    "404": (acts.status(404), "404"),
    "redirect": (acts.status(302, Location="http://localhost:1/"), "302"),
    "429": (acts.status(429, Retry_After="3600"), "429"),
    "500": (acts.status(500), "500: not today"),
    "503": (acts.status(503, Retry_After="soon"), "503"),
    "half a response": (acts.half_an_answer, "hung up without an answer"),
    "hangs up": (acts.hang_up, "hung up without an answer"),
    "stores and hangs up": (acts.stored_without_answer, "hung up without an answer"),
    "answer without end": (acts.endless_answer, "too long"),
    "slow drip": (acts.slow_drip, "too slow|in time"),
}  # fmt: skip


IN_VAIN = ("403", "404")  # what no second try mends


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_centre_is_survived(journal: Path, centre: TestCentre, name: str) -> None:
    """While the centre misbehaves nothing counts as sent, the fault is named, and sync resumes."""
    act, said = HOSTILE[name]
    centre.misbehaviour = [act] * 3
    with serve(centre) as url:
        failed = sync(journal, centre, url, give_up_after=2)
        assert failed.rows == 0
        assert query(journal, "SELECT count(*) FROM outbox") == [(41,)]
        assert any(re.search(said, fault) for fault in failed.faults)
        assert failed.tries_failed == (1 if name in IN_VAIN else 2)
        centre.misbehaviour.clear()
        summary = sync(journal, centre, url)
    assert summary.done
    assert_all_arrived(journal, centre)
    assert len(centre.rows) == 41


def test_chaos(journal: Path, centre: TestCentre) -> None:
    """Whatever mix of misbehaviours a session meets, all arrives once and in order of its kind."""
    rng = random.Random(5)
    quick = [act for name, (act, _) in HOSTILE.items() if name not in {"slow drip", *IN_VAIN}]
    centre.misbehaviour = [
        act for _ in range(12) for act in (*rng.sample(quick, 2), lambda handler: False)
    ]
    with serve(centre) as url:
        summary = sync(journal, centre, url)
    assert summary.done
    assert summary.tries_failed == 24
    assert_all_arrived(journal, centre)
    ordinary = [seq for seq in centre.arrived if seq != centre.arrived[0]]
    assert ordinary == sorted(ordinary)


def test_too_large_is_halved(journal: Path, centre: TestCentre) -> None:
    """On 413 less is sent at once, and all arrives."""
    centre.misbehaviour = [lambda h: False, lambda h: False, acts.status(413), acts.status(413)]
    with serve(centre) as url:
        summary = sync(journal, centre, url)
    assert summary.done
    assert summary.tries_failed == 0


def test_one_refused_row_does_not_hold_up_the_rest(journal: Path, centre: TestCentre) -> None:
    """A row that the centre will not have is found, named, kept, and all others arrive."""
    query(journal, "UPDATE row SET body = body || x'00' WHERE seq = 17")
    with serve(centre) as url:
        summary = sync(journal, centre, url)
    assert summary.set_aside >= 1
    assert any("a row is refused" in fault for fault in summary.faults)
    assert not any("17" in fault for fault in summary.faults)  # rows count silent hits, too
    assert query(journal, "SELECT seq FROM refused") == [(17,)]
    assert query(journal, "SELECT seq FROM outbox") == [(17,)]
    assert len(centre.rows) == 40


def test_no_bad_row_stands_before_a_good_one(journal: Path, centre: TestCentre) -> None:
    """Four rows that are refused in each session: all others arrive, at once, with no wait.

    What was refused is remembered: it is not tried in the next session, and is when its time comes.
    """
    bad = {3, 4, 17, 30}
    taken = centre._take_rows

    def take(found: batch.Batch) -> tuple[int, int]:
        if any(row.seq in bad for row in found.rows):
            raise acts.Refusal(409, "never")
        return taken(found)

    centre._take_rows = take  # type: ignore[method-assign]
    with serve(centre) as url:
        summary = sync(journal, centre, url, give_up_after=3)
        assert (summary.set_aside, summary.gave_up, summary.tries_failed) == (4, False, 0)
        assert len(centre.rows) == 37
        uploads = len(centre.uploads)
        assert not sync(journal, centre, url, give_up_after=3).faults
        assert len(centre.uploads) == uploads
        query(journal, "UPDATE refused SET at_utc_ns = at_utc_ns - 3600 * 1000000000")
        bad.clear()
        assert sync(journal, centre, url, give_up_after=3).done
    assert query(journal, "SELECT * FROM refused") == []
    assert_all_arrived(journal, centre)


def test_damaged_picture_does_not_hold_up_the_rest(journal: Path, centre: TestCentre) -> None:
    """A picture that has gone bad on the card is marked and counted; all others arrive."""
    segment, offset = query(journal, "SELECT segment, offset FROM picture WHERE seq = 3")[0]
    with path_of(journal, segment).open("r+b") as file:
        file.seek(offset + 5)
        file.write(b"\0\0\0\0")
    with serve(centre) as url:
        summary = sync(journal, centre, url)
    assert summary.done
    assert len(centre.pictures) == 79
    assert query(journal, "SELECT value FROM counter WHERE name = 'lost_pictures'") == [(1,)]


def test_badly_signed_is_refused_and_kept(journal: Path, centre: TestCentre) -> None:
    """A unit with another key gets nothing stored and loses nothing."""
    with serve(centre) as url:
        summary = sync(journal, centre, url, unit=SigningIdentity.generate(), give_up_after=1)
    assert centre.rows == {}
    assert summary.remaining.rows == 41
    assert any("signature" in fault for fault in summary.faults)


def test_stop_ends_a_session_at_once(journal: Path, centre: TestCentre) -> None:
    """A session that waits for a dead centre ends when it is told to."""
    stop = threading.Event()
    stop.set()
    outbox = Outbox(journal)
    identity = Identity("unit-7", UNIT, centre.identity.public)
    with HttpsCentre("http://localhost:9", None, PATIENCE) as way:
        summary = SyncSession(outbox, way, identity, SystemClock(), Backoff(60, 60)).run(stop)
    outbox.close()
    assert summary.remaining.rows == 41


def test_erased_only_after_receipt_and_time(journal: Path, centre: TestCentre) -> None:
    """What the centre has goes when it has been kept long enough, hits too; the rest never."""
    with serve(centre) as url:
        sync(journal, centre, url, metered=True)
    outbox = Outbox(journal)
    now = SystemClock().stamp(SystemClock().mono_ns())
    day_s = 86_400.0
    later = UtcStamp(now.utc_ns + int(2 * day_s * 1e9), ClockQuality.GPS, 0.0)
    assert outbox.expire(day_s, now, ALL) == 0
    # The hit and the audit event are whole at the centre; the reads' pictures are not yet.
    assert outbox.expire(day_s, later, ALL) == 2
    outbox.close()
    with serve(centre) as url:
        assert sync(journal, centre, url).done
    outbox = Outbox(journal)
    assert outbox.expire(day_s, later, ALL) == 39
    outbox.close()
    assert_all_arrived(journal, centre)
    fill(journal, reads(900, 2))
    report = verify(journal, Opener([CENTRE]))
    assert (report.faults, report.erased, report.rows) == ([], 41, 3)
    assert query(journal, "SELECT min(seq) FROM row") == [(42,)]


def test_what_was_receipted_a_moment_ago_is_kept_though_confirmed(
    journal: Path, centre: TestCentre
) -> None:
    """That the centre confirms a row makes none of its time here shorter."""
    day_s = 86_400.0
    with serve(centre) as url:
        assert sync(journal, centre, url).done
        query(journal, "UPDATE receipt SET at_utc_ns = at_utc_ns - ?", int(2 * day_s * 1e9))
        fill(journal, reads(900, 2))
        assert sync(journal, centre, url).done
    outbox = Outbox(journal)
    assert outbox.expire(day_s, SystemClock().stamp(SystemClock().mono_ns()), ALL) == 41
    outbox.close()
    assert query(journal, "SELECT min(seq) FROM row") == [(42,)]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The centre's own certificate authority."""
    return trustme.CA()


def server_tls(authority: trustme.CA, *names: str, **options: object) -> ssl.SSLContext:
    """Return TLS for a server that asks for a client certificate of its authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)  # type: ignore[arg-type]
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def client_tls(authority: trustme.CA, tmp_path: Path) -> ssl.SSLContext:
    """TLS of an enrolled unit, from its files."""
    issued = authority.issue_cert("unit-7")
    ca, certificate, key = tmp_path / "ca.pem", tmp_path / "unit.pem", tmp_path / "unit.key"
    authority.cert_pem.write_to_path(str(ca))
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    return tls_context(ca, certificate, key)


def test_mutual_tls(
    journal: Path, centre: TestCentre, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """With both certificates good, all is sent over HTTPS."""
    with serve(centre, server_tls(authority, "localhost")) as url:
        assert sync(journal, centre, url, client_tls).done


@pytest.mark.parametrize("fault", ["wrong name", "expired", "another authority"])
def test_bad_server_certificates_are_named(
    journal: Path,
    centre: TestCentre,
    authority: trustme.CA,
    client_tls: ssl.SSLContext,
    fault: str,
) -> None:
    """A wrong name, expired, foreign: nothing is sent, it is said, and a good one resumes."""
    tls = {
        "wrong name": lambda: server_tls(authority, "elsewhere.example"),
        "expired": lambda: server_tls(
            authority, "localhost", not_after=datetime.datetime(2020, 1, 1)
        ),
        "another authority": lambda: server_tls(trustme.CA(), "localhost"),
    }[fault]()
    with serve(centre, tls) as url:
        summary = sync(journal, centre, url, client_tls, give_up_after=1)
    assert centre.rows == {}
    assert summary.remaining.rows == 41
    assert "this unit refuses the certificate of https://localhost" in summary.faults[0]
    assert query(journal, "SELECT count(*) FROM row") == [(41,)]
    with serve(centre, server_tls(authority, "localhost")) as url:
        assert sync(journal, centre, url, client_tls).done
    assert_all_arrived(journal, centre)


def test_unit_without_certificate_is_not_let_in(
    journal: Path, centre: TestCentre, authority: trustme.CA
) -> None:
    """Without its certificate a unit gets no word in."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with serve(centre, server_tls(authority, "localhost")) as url:
        summary = sync(journal, centre, url, context, give_up_after=1)
    assert centre.rows == {}
    assert summary.tries_failed == 1


def test_plain_http_is_for_this_machine_only() -> None:
    """Reads do not cross a network in plain HTTP, sealed or not."""
    with pytest.raises(TransportSettingsError, match="https is needed"):
        HttpsCentre("http://centre.example", None)
    with pytest.raises(TransportSettingsError, match="enrol"):
        tls_context(None, None, None)


def test_waits_double_up_to_the_cap_with_chance() -> None:
    """Waits grow, are shortened by chance, heed the centre, and never pass the cap."""
    backoff = Backoff(1.0, 60.0, random.Random(1))
    waits = [backoff.next_s() for _ in range(12)]
    assert all(0.5 * min(60, 2**n) <= wait <= min(60, 2**n) for n, wait in enumerate(waits))
    assert len(set(waits)) == 12
    assert backoff.next_s(asked_s=1e9) == 60.0
    backoff.reset()
    assert backoff.next_s() <= 1.0
    assert backoff.next_s(asked_s=30.0) == 30.0
