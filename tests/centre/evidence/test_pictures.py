"""A picture is decided about, asked for in the trail, opened, and shown beside its read."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.access.people import Role as PersonRole
from outrider.centre.access.scope import Action, Scope
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.evidence.pictures import Pictures
from outrider.centre.opening.pictures import PictureFault, Viewer
from outrider.centre.opening.service import Opening
from outrider.centre.search.asking import AskedWrongly
from outrider.centre.search.engine import Search
from outrider.centre.search.record import Stage, read_back
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import StoreError
from outrider.records import Read, Role
from outrider.wire.audit import AuditKind
from outrider.wire.sealing import CentrePrivateKey
from tests.centre.access import makers
from tests.centre.access.makers import DAY_US, NOW_US
from tests.centre.opening.makers import data_keys, some_reads
from tests.centre.opening.test_service import FailingStore, key_folder
from tests.centre.store.conftest import cluster, shared_database, url
from tests.centre.store.makers import send, send_pictures
from tests.unit.journal import makers as unit_makers

__all__ = ["cluster", "shared_database", "url"]
CENTRE = CentrePrivateKey.generate()


def _at(number: int, ago_us: int) -> Read:
    read = some_reads(1, first=number)[0]
    return replace(read, at=replace(read.at, utc_ns=(NOW_US - ago_us) * 1000))


NEW, OLD, BARE = _at(1, DAY_US), _at(2, 120 * DAY_US), _at(3, DAY_US)


@dataclass
class Place:
    store: CentreStore
    search: Search

    @property
    def pictures(self) -> Pictures:
        return Pictures(self.search, Viewer(self.store, data_keys(CENTRE)))

    def consultations(self) -> list[Stage]:
        rows = [row.event for row in self.store.audit() if row.event.kind is AuditKind.CONSULTATION]
        return [found.stage for event in rows if (found := read_back(event)) is not None]


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    clock = makers.clock()
    with closing(open_store(url, clock)) as store:
        unit = UnitJournal("unit-7", CENTRE.public)
        for read in (NEW, OLD, BARE):
            unit.add(*unit_makers.pictured(read))
        now = clock.stamp(clock.mono_ns()).utc
        send(store, unit, unit.rows, arrived_at=now)
        send_pictures(store, unit, unit.rows[:2], now)
        Opening(store, key_folder(tmp_path, CENTRE)).run(threading.Event())
        yield Place(store, Search(store, clock))


def scope(action: Action = Action.PICTURE) -> Scope:
    asked = makers.request(PersonRole.INVESTIGATOR, action=action)
    return makers.decider().decide(asked)


def test_a_picture_comes_beside_its_read_and_is_a_consultation(place: Place) -> None:
    """Both roles, as they went in; each asked for in the trail before, and told of after."""
    for role, sent in unit_makers.pictures_of(NEW).items():
        asked = scope()
        shown = place.pictures.open(asked, NEW.read_id, role)
        assert shown.jpeg == sent
        assert (shown.read.mark, shown.read.read_id) == (NEW.text.vrm, NEW.read_id)
        assert shown.decision_id == asked.decision_id
    assert place.consultations() == [Stage.ASKED, Stage.ANSWERED] * 2


def test_a_read_outside_the_scope_has_no_picture(place: Place) -> None:
    """120 days old: nothing is opened; the trail says what was tried."""
    with pytest.raises(AskedWrongly, match="scope"):
        place.pictures.open(scope(), OLD.read_id, Role.PATCH)
    assert place.consultations() == [Stage.ASKED, Stage.FAILED]


def test_a_decision_to_search_opens_no_picture(place: Place) -> None:
    """Who may search may not therefore look."""
    with pytest.raises(AskedWrongly, match="decision about pictures"):
        place.pictures.open(scope(Action.SEARCH), NEW.read_id, Role.PATCH)


def test_what_has_not_come_is_said_and_logged(place: Place) -> None:
    """The reason reaches who asked, and the trail."""
    with pytest.raises(PictureFault, match="has not come"):
        place.pictures.open(scope(), BARE.read_id, Role.PATCH)
    assert place.consultations() == [Stage.ASKED, Stage.FAILED]


def test_nothing_is_opened_that_cannot_be_logged(place: Place) -> None:
    """Where the trail cannot be written, no sealed byte is even fetched."""
    reached: list[str] = []

    class Watched(FailingStore):
        def __getattr__(self, name: str) -> Any:
            reached.append(name)
            return super().__getattr__(name)

    clock = makers.clock()
    failing: Any = FailingStore(place.store, {"append_audit": 1})
    watched: Any = Watched(place.store, {})
    viewer = Viewer(watched, data_keys(CENTRE))
    with pytest.raises(StoreError):
        Pictures(Search(failing, clock), viewer).open(scope(), NEW.read_id, Role.PATCH)
    assert reached == []
    assert place.consultations() == []
