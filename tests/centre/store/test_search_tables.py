"""The tables of what is searched, made of one description for both databases."""

import hashlib

from outrider.centre.store.filed import FiledRead
from outrider.centre.store.postgresql import search_schema
from outrider.centre.store.search_tables import SIGHTING, statements
from outrider.centre.store.sqlite import search_file
from tests.centre.store import sightings


def test_a_column_that_comes_later_is_a_migration_of_its_own() -> None:
    """The first tables stay as they were made: an edit would reach no database that is there."""
    made = [statements(module._DIALECT) for module in (search_file, search_schema)]
    assert [hashlib.sha256(text.encode()).hexdigest()[:16] for text in made] == [
        "2bf801dec0268c4d",
        "9e9aecbe6db4cfa9",
    ]


def test_a_filed_read_has_the_columns_of_the_table() -> None:
    """What is filed and where it is filed name the same things, in one order."""
    read: FiledRead = sightings.sighting(1, 2, mark="AB12CDE")
    row = dict(zip(SIGHTING, read.row(7, "northshire"), strict=True))
    assert (row["camera"], row["force"], row["mark"]) == (7, "northshire", "AB12CDE")
    assert row["at_us"] == read.at_us
