"""NMEA written and read, and logs replayed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outrider.clock import NS_PER_S, RecordedClock
from outrider.drive.nmea_text import MONO_MARK, NmeaLog, checksum, epoch, sentence
from outrider.records import Fix, FixQuality, Level
from outrider.sources import SourceError
from outrider.unit.devices.gnss_fixed import FixedPosition
from outrider.unit.devices.gnss_nmea import NmeaPositions
from tests.unit.gnss.conftest import UTC_NS, fix_at

fixes = st.builds(
    Fix,
    mono_ns=st.just(0),
    utc_ns=st.integers(1_700_000_000_000, 1_900_000_000_000).map(lambda ms: ms * 1_000_000),
    latitude_deg=st.floats(-90, 90),
    longitude_deg=st.floats(-180, 180),
    speed_mps=st.floats(0, 90),
    heading_deg=st.floats(0, 359.9),
    quality=st.sampled_from((FixQuality.FIX_2D, FixQuality.FIX_3D)),
    error_m=st.floats(1, 100),
)


@given(fix=fixes)
def test_a_fix_written_as_nmea_is_read_back(fix: Fix) -> None:
    """Place to 2 cm, speed to 1 mm/s, time to the millisecond, whatever the fix."""
    (read,) = NmeaLog().fixes(epoch(fix).splitlines())
    assert read.utc_ns == fix.utc_ns
    assert read.latitude_deg == pytest.approx(fix.latitude_deg, abs=2e-7)
    assert read.longitude_deg == pytest.approx(fix.longitude_deg, abs=2e-7)
    assert read.speed_mps == pytest.approx(fix.speed_mps, abs=1e-3)
    assert read.heading_deg == pytest.approx(fix.heading_deg, abs=0.01)
    assert read.quality is fix.quality
    assert read.error_m == pytest.approx(fix.error_m, abs=0.1)


@given(lines=st.lists(st.text(max_size=90), max_size=8))
def test_no_text_makes_the_reader_fail(lines: list[str]) -> None:
    """Whatever stands in a log, it gives fixes or counts; it never raises."""
    log = NmeaLog()
    assert list(log.fixes(lines)) == []


@given(body=st.text(st.characters(codec="ascii", exclude_characters="$*\r\n"), max_size=80))
def test_whole_sentences_of_any_content_do_not_make_the_reader_fail(body: str) -> None:
    """A right checksum over nonsense is still only nonsense."""
    for start in ("GPRMC,", "GPGGA,", "GPGSA,", ""):
        list(NmeaLog().fixes([sentence(start + body)]))


KINDS = ("PQTMSN", "PASHR", "PUBX,00", "PMTK001", "PGRME", "GNRMC", "GPVTG", "GPZDA", "PSTM")


@given(
    kind=st.sampled_from(KINDS) | st.text(st.characters(codec="ascii"), max_size=8),
    fields=st.lists(st.sampled_from(["", "1", "A", "-1", "nan", "1e9", "123519.5", "x"])),
)
@example(kind="PQTMSN", fields=[])
@example(kind="PASHR", fields=["130533.620", "0.311"])
def test_no_sentence_of_any_maker_ends_the_run(kind: str, fields: list[str]) -> None:
    """`$PQTMSN*05` and a cut PASHR went through pynmeagps as exceptions that nobody caught."""
    body = ",".join([kind, *fields]).translate(dict.fromkeys(map(ord, "$*\r\n")))
    log = NmeaLog()
    list(log.fixes([f"${body}*{checksum(body):02X}"]))
    assert log.unreadable <= 1


def test_a_speed_that_cannot_be_is_unknown() -> None:
    """So with course and dilution: a receiver's nonsense is no number on a read."""
    text = epoch(fix_at(0)).replace("\r\n", "\n")
    body = re.sub(r"\d+\.\d+,\d+\.\d+,(\d{6}),", r"nan,999.0,\1,", text.splitlines()[0][1:-3])
    (fix,) = NmeaLog().fixes([sentence(body).strip()])
    assert (fix.speed_mps, fix.heading_deg, fix.error_m) == (None, None, None)


def test_the_checksum_is_the_standards() -> None:
    """A sentence of the standard's own example has the checksum printed there."""
    assert checksum("GPGLL,5057.970,N,00146.110,E,142451,A") == 0x27


def test_a_torn_sentence_is_counted_and_named() -> None:
    """A log with one damaged line gives its other fixes and says which line is damaged."""
    text = epoch(fix_at(0)) + epoch(fix_at(1))[:40] + "\r\n" + epoch(fix_at(2))
    log = NmeaLog()
    assert [fix.utc_ns for fix in log.fixes(text.splitlines())] == [UTC_NS, UTC_NS + 2 * NS_PER_S]
    assert log.unreadable == 1
    assert log.first_unreadable.startswith("line 4:")


def test_a_void_report_is_no_fix() -> None:
    """A receiver that has lost its fix gives none, though its clock goes on."""
    assert list(NmeaLog().fixes(epoch(fix_at(0, quality=FixQuality.NONE)).splitlines())) == []


def written(folder: Path, text: str) -> Path:
    path = folder / "track.nmea"
    path.write_text(text, encoding="ascii")
    return path


def test_a_log_is_replayed_against_the_recordings_clock(tmp_path: Path) -> None:
    """Instants of the recording meet the log by UTC; the same instant gives the same position."""
    path = written(tmp_path, epoch(fix_at(0, 53.0)) + epoch(fix_at(1, 53.001)))
    clock = RecordedClock(UTC_NS - 10 * NS_PER_S)
    positions = NmeaPositions(path, clock, utc_at_zero_ns=UTC_NS - 10 * NS_PER_S)
    half = positions.at(10 * NS_PER_S + NS_PER_S // 2)
    assert half.latitude_deg == pytest.approx(53.0005, abs=1e-6)
    assert positions.latest() is None
    clock.advance_to(10 * NS_PER_S)
    latest = positions.latest()
    assert latest is not None
    assert latest.mono_ns == 10 * NS_PER_S


def test_without_a_time_the_log_starts_when_the_run_does(tmp_path: Path) -> None:
    """Its first fix is laid on the instant of start, whatever its date."""
    import threading

    clock = RecordedClock(0)
    clock.advance_to(500 * NS_PER_S)
    positions = NmeaPositions(written(tmp_path, epoch(fix_at(0, 53.0))), clock)
    positions.start(threading.Event())
    assert positions.at(500 * NS_PER_S).latitude_deg == pytest.approx(53.0)


def test_a_recorders_marks_go_before_utc(tmp_path: Path) -> None:
    """A marked fix keeps the instant that was recorded, though the time of day stepped."""
    stepped = replace(fix_at(1, 53.001), utc_ns=UTC_NS - 3600 * NS_PER_S)
    text = f"{MONO_MARK}0\n{epoch(fix_at(0, 53.0))}{MONO_MARK}{NS_PER_S}\n{epoch(stepped)}"
    positions = NmeaPositions(written(tmp_path, text), RecordedClock(0), utc_at_zero_ns=0)
    assert positions.at(NS_PER_S // 2).latitude_deg == pytest.approx(53.0005, abs=1e-6)


@pytest.mark.parametrize("text", ["", "not a log\n", epoch(fix_at(0, quality=FixQuality.NONE))])
def test_a_log_without_a_fix_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the file and says what is needed."""
    with pytest.raises(SourceError, match=r"track\.nmea: holds no fix: an NMEA log with"):
        NmeaPositions(written(tmp_path, text), RecordedClock(0))


def test_a_log_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(SourceError, match=r"absent\.nmea: cannot be read"):
        NmeaPositions(tmp_path / "absent.nmea", RecordedClock(0))


def test_a_damaged_log_is_a_warning(tmp_path: Path) -> None:
    """Health counts the damage and names the first."""
    text = epoch(fix_at(0)) + "$GPRMC,damaged*00\r\n"
    health = NmeaPositions(written(tmp_path, text), RecordedClock(0), 0).health()
    assert health.level is Level.WARNING
    assert health.counts["unreadable"] == 1
    assert "line 4" in health.detail


def test_a_surveyed_mount_is_always_there() -> None:
    """A fixed position has no age, no speed, and says that it was surveyed."""
    position = FixedPosition(53.48, -2.24, RecordedClock(0)).at(123)
    assert (position.latitude_deg, position.longitude_deg) == (53.48, -2.24)
    assert position.quality is FixQuality.SURVEYED
    assert position.age_s == 0.0


@pytest.mark.parametrize("year_s", [-843_955_200, 619_315_200 + 86_400 * 20])
def test_a_log_of_a_rolled_over_receiver_gives_places_and_no_time(
    tmp_path: Path, year_s: int
) -> None:
    """Dates of 1999 or 2046: the places are laid on the recording, its own time is kept."""
    wrong_ns = UTC_NS + year_s * NS_PER_S
    text = "".join(
        epoch(fix_at(second, 53.0 + second, utc_ns=wrong_ns + second * NS_PER_S))
        for second in (0, 1)
    )
    clock = RecordedClock(UTC_NS)
    positions = NmeaPositions(written(tmp_path, text), clock, utc_at_zero_ns=UTC_NS)
    assert positions.at(NS_PER_S // 2).latitude_deg == pytest.approx(53.5)
    assert positions.first.utc_ns == UTC_NS
    health = positions.health()
    assert health.level is Level.WARNING
    assert "cannot be: the receiver's weeks have rolled over" in health.detail
