"""The stories of the centre's people, on the demo's made-up 14 months."""

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from outrider.centre.access.ages import months_before
from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.scope import Action, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.checkpoints.verify import rows_after, verify
from outrider.centre.demo import story
from outrider.centre.demo.maker import Plan, make_demo
from outrider.centre.demo.people import member
from outrider.centre.demo.searches import CASE
from outrider.centre.desks import Desks, desks_of
from outrider.centre.evidence import form
from outrider.centre.evidence.holds import Holds
from outrider.centre.evidence.packing import Packer
from outrider.centre.evidence.pictures import Pictures
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.governance.detector import Pattern, flags
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.opening.pictures import Viewer
from outrider.centre.retention import last_row
from outrider.centre.search.answers import CloneSuspect
from outrider.centre.search.asking import Span
from outrider.centre.search.trail import all_asked
from outrider.centre.store import open_store
from outrider.centre.store.bounds import E7
from outrider.centre.store.places import Circle
from outrider.centre.store.questions import Associate, CrossedMark
from outrider.clock import RecordedClock
from outrider.records import Role
from outrider.wire.canonical import WireError
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.sealing import CentrePublicKey
from outrider.wire.signing import SigningIdentity

NOW_NS = 1_795_262_400_000_000_000  # 21 November 2026, 12:00 UTC
VERSION = "1"
DAY_NS = 86_400 * 10**9


@dataclass
class Centre:
    folder: CentreFolder
    desks: Desks
    clock: RecordedClock

    @property
    def now(self) -> datetime:
        return self.clock.stamp(self.clock.mono_ns()).utc

    def span(self, days: float) -> Span:
        return Span(self.now - timedelta(days=days), self.now)

    def decide(
        self,
        who: str,
        days: float | None = None,
        action: Action = Action.SEARCH,
        authorisation: str = "",
    ) -> Scope:
        purpose = Purpose(PurposeCode.SERIOUS, CASE, "trace where the suspect went then")
        since = None if days is None else self.now - timedelta(days=days)
        return self.desks.desk.decide(
            person(who), action, purpose, since=since, authorisation=authorisation
        )

    def keys(self) -> DataKeys:
        return DataKeys(KeyFolder(opening_keys(None, self.folder)).load())

    def packer(self) -> Packer:
        store, clock = self.desks.store, self.clock
        pictures = Pictures(self.desks.search, Viewer(store, self.keys()))
        identity = SigningIdentity.read(self.folder.receipt_key)
        return Packer(store, self.desks.search, pictures, identity, clock)


def person(name: str) -> Person:
    return member(name, VERSION)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, thin: its story whole, little traffic around it."""
    root = tmp_path_factory.mktemp("demo") / "centre"
    plan = Plan(days=413, reads_a_day=0.5)  # of few vehicles people would ask again by chance
    make_demo(root, plan, RecordedClock(NOW_NS))
    return root


@pytest.fixture(scope="module")
def centre(made: Path) -> Iterator[Centre]:
    folder, clock = CentreFolder(made), RecordedClock(NOW_NS)
    store = open_store(f"sqlite:{folder.store.resolve()}", clock)
    yield Centre(folder, desks_of(folder, folder.load(), store, clock), clock)
    store.close()


def test_an_investigator_follows_the_stolen_car(centre: Centre) -> None:
    """Its way through three forces, in order; and its hits with what the crews said."""
    search = centre.desks.search
    answer = search.route(centre.decide("dc-45", 30), story.STOLEN, centre.span(30))
    assert [read.force for read in answer.reads] == [
        "northshire", "northshire", "eastshire", "westshire", "westshire",
    ]  # fmt: skip
    assert any(one.mark == "RS21T1M" or one.seen for one in answer.blind.look_alikes)
    hits = search.hits(centre.decide("dc-45", 30), centre.span(30), list_name="stolen").rows
    assert sorted(getattr(hit, "answer", "") for hit in hits) == ["", "correct", "misread"]


def test_an_investigator_crosses_two_burglaries(centre: Centre) -> None:
    """One vehicle was at both."""
    store = centre.desks.search
    scope = centre.decide("dc-45", 30)
    reads = store.route(scope, story.BURGLAR, centre.span(30)).reads
    scenes = []
    for read in reads:
        assert read.latitude_deg is not None
        assert read.longitude_deg is not None
        place = Circle(round(read.latitude_deg * E7), round(read.longitude_deg * E7), 500)
        scenes.append((place, Span(read.at - timedelta(hours=1), read.at + timedelta(hours=1))))
    found = store.crossed(scope, scenes)
    assert CrossedMark(story.BURGLAR, (1, 2)) in found.rows


def test_a_convoy_and_a_clone_are_found(centre: Centre) -> None:
    """Who drove behind, night after night; which mark was at two places at once."""
    scope, search = centre.decide("ana-1", 30), centre.desks.search
    met = search.associates(scope, story.LEADER, centre.span(30)).rows
    assert {m.other: m.times for m in met if isinstance(m, Associate)} == {
        story.SECOND: 20, story.THIRD: 20,
    }  # fmt: skip
    suspects = search.clone_suspects(scope, centre.span(7)).rows
    assert [one.mark for one in suspects if isinstance(one, CloneSuspect)] == [story.CLONED]


def test_refused_at_91_days_authorised_seen_and_not_one_day_more(centre: Centre) -> None:
    """An analyst asks, a superintendent gives; it ends in time and reaches no further."""
    search, given = centre.desks.search, centre.desks.desk.authorisations
    assert search.mark(centre.decide("ana-1", 90), story.SUSPECT, centre.span(90)).total == 1
    with pytest.raises(Denied, match="authorisation"):
        centre.decide("ana-1", 91)
    (waiting,) = given.inbox(person("supt-1"))
    with pytest.raises(NotAllowed):
        given.give(person("ana-1"), waiting.paper_id, "I need it very much")
    given.give(person("supt-1"), waiting.paper_id, "needed and proportionate here")
    name = waiting.paper_id
    scope = centre.decide("ana-1", 330, authorisation=name)
    answer = search.mark(scope, story.SUSPECT, centre.span(330))
    assert answer.total == 4  # 60, 91, 120 and 300 days; not 400
    with pytest.raises(Denied, match="may not be seen"):
        centre.decide("ana-1", 331, authorisation=name)
    with pytest.raises(Denied, match="other marks"):
        search.mark(scope, story.STOLEN, centre.span(330))
    with pytest.raises(Denied, match="somebody else"):
        centre.decide("dc-45", 300, authorisation=name)
    later = RecordedClock(NOW_NS + 2 * DAY_NS)
    desks = desks_of(centre.folder, centre.folder.load(), centre.desks.store, later)
    purpose = Purpose(PurposeCode.SERIOUS, CASE, "trace where the suspect went then")
    with pytest.raises(Denied, match="time is over"):
        desks.desk.decide(person("ana-1"), Action.SEARCH, purpose, authorisation=name)


def test_a_supervisor_of_another_team_closes_a_review(centre: Centre) -> None:
    """Drawn by the centre, and what the detector flagged among them."""
    reviews, store = centre.desks.reviews, centre.desks.store
    found = flags(all_asked(store))
    assert {(flag.person, flag.pattern) for flag in found} == {("dc-99", Pattern.SAME_MARK)}
    reviews.take(all_asked(store), flagged=[name for flag in found for name in flag.decisions])
    waiting = reviews.inbox(person("sgt-3"))
    flagged = [kept for kept in waiting if kept.content.why == "flagged"]
    assert {kept.content.person for kept in flagged} == {"dc-99"}
    reviews.close(person("sgt-3"), flagged[0].paper_id, "not in order", "no such case is known")
    assert any(done.closed for done in reviews.completion())


def test_an_auditor_verifies_the_trail_and_sees_no_read(centre: Centre) -> None:
    """Every row against its chain and a checkpoint; and no search."""
    last = last_row(centre.desks.store)
    assert last is not None
    checkpoint = Checkpoint(last.number, last.hash.hex(), "2026-11-21T12:00:00.000Z")
    verdict = verify(rows_after(centre.desks.store, 0), [checkpoint])
    assert verdict.sound
    rows = list(rows_after(centre.desks.store, 0))
    for wrong in (rows[:-1], rows[:5] + rows[6:], [*rows[:5], rows[6], rows[5], *rows[7:]]):
        assert not verify(wrong, [checkpoint]).sound
    changed = replace(rows[3], event=replace(rows[3].event, actor="somebody else"))
    assert not verify([*rows[:3], changed, *rows[4:]], [checkpoint]).sound
    with pytest.raises(Denied, match="sees no read"):
        centre.decide("aud-1", 1)


def _pack(centre: Centre) -> tuple[bytes, uuid.UUID]:
    search = centre.desks.search
    read = search.route(centre.decide("dc-45", 30), story.STOLEN, centre.span(30)).reads[0]
    scope = centre.decide("dc-45", 30, action=Action.EXPORT)
    return centre.packer().pack(scope, read.read_id, "Crown Prosecution Service"), read.read_id


def test_a_pack_is_verified_elsewhere_and_changed_in_a_byte_it_is_not(
    centre: Centre, tmp_path: Path
) -> None:
    """By one command, with a public key and no centre; whatever byte is changed."""
    pack, read_id = _pack(centre)
    key = SigningIdentity.read(centre.folder.receipt_key).public
    proved = form.verify(pack, key)
    assert proved.read.read_id == read_id
    assert proved.pictures[Role.PATCH][:2] == b"\xff\xd8"
    key.write(tmp_path / "receipt.pub")
    (tmp_path / "read.pack").write_bytes(pack)
    command = [
        str(Path(sys.executable).parent / "outrider"), "centre", "evidence", "verify",
        "read.pack", "--key", "receipt.pub", "--pictures", "out",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert story.STOLEN in done.stdout
    assert (tmp_path / "out" / "patch.jpg").exists()
    for place in range(20, len(pack) - 2, len(pack) // 60):
        changed = bytearray(pack)
        changed[place] ^= 1
        with pytest.raises(WireError):
            form.verify(bytes(changed), key)
    with pytest.raises(WireError):
        form.verify(pack, SigningIdentity.generate().public)


def test_an_analyst_hands_nothing_on(centre: Centre) -> None:
    """A pack needs a scope to hand reads on, and an analyst gets none."""
    with pytest.raises(Denied):
        centre.decide("ana-1", 30, action=Action.EXPORT)
    with pytest.raises(ValueError, match="hand reads on"):
        centre.packer().pack(centre.decide("dc-45", 30), uuid.uuid4(), "somebody")


def test_the_demo_is_the_same_for_the_same_seed(made: Path, centre: Centre, tmp_path: Path) -> None:
    """Vehicles, places and times follow from the seed alone."""
    other = tmp_path / "again"
    make_demo(other, Plan(days=14, reads_a_day=3, vehicles=300), RecordedClock(NOW_NS))
    make_demo(tmp_path / "twice", Plan(days=14, reads_a_day=3, vehicles=300), RecordedClock(NOW_NS))
    marks = []
    for root in (other, tmp_path / "twice"):
        store = open_store(f"sqlite:{root / 'store'}", RecordedClock(NOW_NS))
        with store.snapshot() as opened:
            marks.append(
                sorted(json.loads(one.text)["record"].get("read_id", "") for one in opened)
            )
        store.close()
    assert marks[0] == marks[1]
    assert len(marks[0]) > 40


def test_searches_at_once_disturb_each_other_in_nothing(centre: Centre) -> None:
    """Eight people at once; each gets his own scope's answer."""
    found: list[int] = []

    def ask() -> None:
        scope = centre.decide("dc-45", 30)
        found.append(centre.desks.search.route(scope, story.STOLEN, centre.span(30)).total)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8


def test_a_hold_keeps_a_read_past_its_time(centre: Centre) -> None:
    """The day goes, the held pack stays, for its owner only; over, it is erased."""
    pack, read_id = _pack(centre)
    store, clock = centre.desks.store, RecordedClock(NOW_NS)
    holds = Holds(store, clock, centre.folder.root / "held")
    until_us = (NOW_NS + 500 * DAY_NS) // 1000
    key = CentrePublicKey.read(centre.folder.sealing_key)
    kept = holds.place(
        pack, read_id, "dc-45", "northshire", CASE, "the trial is not over", until_us, key
    )
    assert (
        story.STOLEN.encode()
        not in (centre.folder.root / "held").joinpath(f"{kept.paper_id}.held").read_bytes()
    )

    def to_export(who: str) -> Scope:
        return centre.decide(who, action=Action.EXPORT)

    clock.advance_to(400 * DAY_NS)
    store.expire(months_before(clock.stamp(clock.mono_ns()).utc, 12))
    assert store.find(read_id) == []
    with pytest.raises(NotAllowed):
        holds.take_out(kept.paper_id, to_export("dc-99"), centre.keys())
    with pytest.raises(NotAllowed, match="decision"):
        holds.take_out(kept.paper_id, centre.decide("dc-45"), centre.keys())
    again = holds.take_out(kept.paper_id, to_export("dc-45"), centre.keys())
    proved = form.verify(again, SigningIdentity.read(centre.folder.receipt_key).public)
    assert proved.read.text.vrm == story.STOLEN
    assert holds.erase_over() == []
    clock.advance_to(501 * DAY_NS)
    assert holds.erase_over() == [kept.paper_id]
    with pytest.raises(NotAllowed):
        holds.take_out(kept.paper_id, to_export("dc-45"), centre.keys())
