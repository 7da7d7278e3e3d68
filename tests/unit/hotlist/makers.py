"""What the hotlist tests share: lists, reads, stores and clocks."""

import uuid
from datetime import date
from pathlib import Path

from outrider.clock import NS_PER_S, ClockQuality, RecordedClock, UtcStamp
from outrider.records import (
    NO_POSITION,
    CharacterGuess,
    Direction,
    FixQuality,
    Match,
    MatchClass,
    Origin,
    PlateText,
    Position,
    Read,
    VehicleOfInterest,
)
from outrider.unit.hotlist.build import Built, build
from outrider.unit.hotlist.generations import Generation, Generations
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.schema import ListHeader
from outrider.unit.hotlist.store import HotlistStore
from outrider.vrm import family
from outrider.wire.hotlist_entry import to_row
from outrider.wire.hotlist_policy import ListPolicy

DAY = date(2026, 11, 21)
NOW_NS = 1_795_262_400 * NS_PER_S  # 2026-11-21 12:00 UTC
HOUR_NS = 3600 * NS_PER_S
ORIGIN = Origin("unit", "source", "camera", ())


def clock(now_ns: int = NOW_NS) -> RecordedClock:
    return RecordedClock(now_ns)


def text(vrm: str, doubts: dict[int, list[tuple[str, float]]] | None = None) -> PlateText:
    """A read of a mark; doubts: place -> other characters with their probabilities."""
    characters = tuple(
        CharacterGuess(char, 0.9, tuple((doubts or {}).get(place, ())))
        for place, char in enumerate(vrm)
    )
    return PlateText(vrm, vrm, family(vrm, DAY), 0.97, characters)


def at(latitude: float, longitude: float) -> Position:
    return Position(latitude, longitude, None, None, FixQuality.FIX_3D, 0.0, 5.0)


def read(vrm: str, mono_s: float = 0.0, position: Position = NO_POSITION, pass_no: int = 1) -> Read:
    return Read(
        read_id=uuid.UUID(int=pass_no),
        text=text(vrm),
        at=UtcStamp(NOW_NS + round(mono_s * NS_PER_S), ClockQuality.GPS, 0.01),
        mono_ns=round(mono_s * NS_PER_S),
        position=position,
        origin=ORIGIN,
        direction=Direction.APPROACHING,
        frames_fused=3,
        corners=(),
        pictures=(),
        hotlist_revision="",
    )


def match_of(
    entry: VehicleOfInterest, match_class: MatchClass = MatchClass.EXACT, name: str = "stolen"
) -> Match:
    return Match(name, "1", 60.0, match_class, entry)


def built(
    entries: list[VehicleOfInterest],
    name: str = "stolen",
    revision: str = "",
    published_ns: int = NOW_NS,
    policy: ListPolicy | None = None,
) -> Built:
    header = ListHeader(name, revision, published_ns, (policy or ListPolicy()).model_dump_json())
    rows = ((number, to_row(entry)) for number, entry in enumerate(entries, start=1))
    return build(header, rows)


def put(
    generations: Generations,
    entries: list[VehicleOfInterest],
    published_ns: int = NOW_NS,
    policy: ListPolicy | None = None,
    revision: str = "",
) -> Generation:
    """Commit a list as a new generation."""
    with generations.lock():
        name = generations.folder.name
        file = built(entries, name, revision, published_ns, policy)
        return generations.commit(file, "test")


def matcher_over(
    root: Path, entries: list[VehicleOfInterest], policy: ListPolicy | None = None
) -> HotlistMatcher:
    """A matcher over one list named stolen."""
    store = HotlistStore(root)
    put(store.list("stolen"), entries, policy=policy)
    return HotlistMatcher(store, clock())


def voi(vrm: str, reason: str = "stolen", **fields: object) -> VehicleOfInterest:
    return VehicleOfInterest(vrm=vrm, reason=reason, **fields)  # type: ignore[arg-type]
