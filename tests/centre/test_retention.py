"""Retention by command: calendar months, and never by a clock that rests on nothing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.centre.access.ages import months_before
from outrider.centre.retention import RetentionFault, expire
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.cli import main
from outrider.clock import ClockQuality, RecordedClock, UtcStamp
from tests.centre.store.makers import ARRIVED, journal, open_all, send

YEAR_LATER = datetime(ARRIVED.year + 1, ARRIVED.month, ARRIVED.day, 12, tzinfo=UTC)


class OneInstant(RecordedClock):
    """A clock that stands, and says what it rests on."""

    def __init__(self, at: datetime, quality: ClockQuality) -> None:
        self._stamp = UtcStamp(int(at.timestamp()) * 10**9, quality, 0.1)

    def mono_ns(self) -> int:
        return 0

    def stamp(self, mono_ns: int) -> UtcStamp:
        return self._stamp


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CentreStore]:
    with closing(open_store(f"sqlite:{tmp_path / 'store'}")) as found:
        unit = journal(3)
        send(found, unit, unit.rows)
        open_all(found)
        yield found


@given(st.datetimes(min_value=datetime(2001, 1, 1)), st.integers(1, 24))
def test_months_before_is_so_many_months_before(at: datetime, months: int) -> None:
    """The day stays, or is the last that the month has; the months differ by the number asked."""
    found = months_before(at, months)
    assert (at.year - found.year) * 12 + at.month - found.month == months
    assert found.day == at.day or (found.day < at.day and found.day >= 28)
    assert found.time() == at.time()


def test_reads_of_a_year_ago_go_and_those_of_today_stay(store: CentreStore) -> None:
    """A year after the day of the reads they go; on the day itself none does."""
    before, rows = expire(store, OneInstant(ARRIVED, ClockQuality.NTP), 12)
    assert (before.year, rows) == (ARRIVED.year - 1, 0)
    after_a_day_more = months_before(YEAR_LATER, -1)
    assert expire(store, OneInstant(after_a_day_more, ClockQuality.NTP), 12)[1] == 3


def test_a_clock_that_nobody_has_set_erases_nothing(store: CentreStore) -> None:
    """Years ahead by a clock at random, every read would go: refused, unless a person says so."""
    clock = OneInstant(YEAR_LATER.replace(year=2040), ClockQuality.FREE_RUNNING)
    with pytest.raises(RetentionFault, match="not synchronised"):
        expire(store, clock, 12)
    with store.snapshot() as rows:
        assert len(list(rows)) == 3
    assert expire(store, clock, 12, trust_clock=True)[1] == 3


def test_the_command_reads_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`centre expire` keeps as many months as centre.toml says."""
    centre = tmp_path / "centre"
    assert main(["centre", "init", str(centre), "--keys-here"]) == 0
    with (centre / "centre.toml").open("a") as file:
        file.write("[retention]\nmonths = 7\n")
    capsys.readouterr()
    assert main(["centre", "expire", "--dir", str(centre), "--trust-clock"]) == 0
    assert "0 rows" in (said := capsys.readouterr().out)
    assert "7 months" in said
