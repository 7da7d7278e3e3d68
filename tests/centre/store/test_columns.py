"""What stands in columns: pictures there and back, where a record is filed, what is storable."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.centre.opening.rows import open_row
from outrider.centre.store.columns import (
    DAY_US,
    OPENED,
    WEEK_US,
    filed_us,
    from_us,
    opened_record,
    opened_row,
    pack_pictures,
    storable,
    to_us,
    unpack_pictures,
    week_of,
)
from outrider.centre.store.records import SealedRecord
from outrider.clock import ClockQuality
from outrider.records import FixQuality, Position, Role
from outrider.wire.chain import SealedPicture
from outrider.wire.read_record import Record
from tests.centre.store.makers import ARRIVED, CENTRE, KEYS, journal
from tests.unit.journal import makers

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
PICTURES = st.builds(
    SealedPicture,
    st.sampled_from(Role),
    st.integers(0, 2**63 - 1),
    st.integers(1, 2**32 - 1),
    st.binary(min_size=32, max_size=32),
)


@given(INSTANTS)
def test_instants_there_and_back(at: datetime) -> None:
    """A datetime comes back equal, and lies in its week, which begins on a Monday."""
    assert from_us(to_us(at)) == at
    first = week_of(to_us(at))
    assert first <= to_us(at) < first + WEEK_US
    assert from_us(first).weekday() == 0
    assert from_us(first).time() == datetime.min.time()


@given(st.lists(PICTURES, max_size=2))
def test_pictures_there_and_back(pictures: list[SealedPicture]) -> None:
    """What a row names of its pictures comes back equal."""
    assert unpack_pictures(pack_pictures(pictures)) == tuple(pictures)


def opened_of(record: Record):  # type: ignore[no-untyped-def]
    """Return a record sealed and opened."""
    unit = journal()
    row = unit.add(*makers.pictured(record))
    return open_row(
        SealedRecord("unit-7", unit.journal_id, row, unit.keys[0], ARRIVED, unit.journal_id), KEYS
    )


@pytest.mark.parametrize("record", [makers.read(1), makers.hit(1), makers.action(1)])
def test_opened_there_and_back(record: Record) -> None:
    """An opened record comes back equal, with the text that it was sealed as."""
    opened = opened_of(record)
    values = opened_row(3, opened)
    sealed = opened.sealed
    again = opened_record(values, sealed.unit_id, sealed.journal_id, sealed.key, sealed.epoch_id)
    assert again == dataclasses.replace(opened, events=())
    assert CENTRE.public.key_id == sealed.key.centre_key_id


def test_columns_of_a_hit() -> None:
    """A hit is found by its mark as it folds, its time, its place to 1e-7 degrees, its list."""
    hit = makers.hit(2)
    found = dict(zip(OPENED, opened_row(3, opened_of(hit)), strict=True))
    assert found["vrm"] == hit.read.text.vrm.replace("O", "0").replace("I", "1")
    assert (found["latitude_e7"], found["longitude_e7"]) == (521_000_000, -15_000_000)
    assert (found["read_id"], found["hit_id"]) == (hit.read.read_id.bytes, hit.hit_id.bytes)
    assert (found["list_name"], found["exposed_us"]) == ("PNC", hit.read.at.utc_ns // 1000)


@pytest.mark.parametrize(("latitude", "longitude"), [(None, 1.0), (1e300, 1.0), (52.0, -181.0)])
def test_no_place_is_no_place(latitude: float | None, longitude: float) -> None:
    """What is nowhere on the Earth has no place in the index; its text is kept as it is."""
    nowhere = Position(latitude, longitude, None, None, FixQuality.NONE, None, None)
    read = dataclasses.replace(makers.read(1), position=nowhere)
    found = dict(zip(OPENED, opened_row(3, opened_of(read)), strict=True))
    assert (found["latitude_e7"], found["longitude_e7"]) == (None, None)
    assert found["record"] == opened_of(read).text


@given(st.integers(-(2**62), 2**62), st.sampled_from(ClockQuality))
def test_filing_is_bounded(exposed_us: int, quality: ClockQuality) -> None:
    """Whatever a unit says, a record lies in one of about 800 days before its arrival."""
    arrived_us = to_us(ARRIVED)
    assert -800 * DAY_US <= filed_us(exposed_us, quality, arrived_us) - arrived_us <= DAY_US


def test_filing() -> None:
    """By exposure; where the unit's clock was wrong for sure, by arrival."""
    now = to_us(ARRIVED)
    year_ago, two_years = now - 365 * DAY_US, now - 730 * DAY_US
    assert filed_us(year_ago, ClockQuality.FREE_RUNNING, now) == year_ago
    assert filed_us(two_years, ClockQuality.GPS, now) == two_years
    assert filed_us(two_years, ClockQuality.FREE_RUNNING, now) == now
    assert filed_us(now + 2 * DAY_US, ClockQuality.GPS, now) == now
    assert filed_us(0, ClockQuality.GPS, now) == to_us(ARRIVED - timedelta(days=800))


@given(st.text(), st.integers(0, 40))
def test_storable_texts(text: str, most: int) -> None:
    """What is left of a text every database takes, and no more of it than asked for."""
    found = storable(text + "\ud800\0", most)
    assert len(found) <= most
    assert "\0" not in found
    found.encode("utf-8")
