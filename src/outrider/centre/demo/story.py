"""The vehicles that mean something: where they went, and what the centre should find of it."""

import random
from collections.abc import Iterator

from outrider.centre.demo.world import DAY_US, HOUR_US, Listed, Planned, World, near
from outrider.records import MatchClass, Response

STOLEN = "RS21TLN"
LEADER, SECOND, THIRD = "CK70LED", "CK70SEC", "CK70THR"
CLONED = "MT66CLN"
BURGLAR = "VB19BRG"
SUSPECT = "HG15SUS"
NEIGHBOUR = "PW68NBR"
MISREAD = "RS21TLM"  # what a camera once took the stolen car for
_MINUTE_US = 60_000_000

STORY = {
    STOLEN: "a stolen car, driven through three forces 20 days ago; two hits, one read wrongly",
    LEADER: "leads a convoy with two others, five nights, across midnight",
    CLONED: "is on two cars: seen in two forces within ten minutes",
    BURGLAR: "was at two burglaries, 9 and 12 days ago",
    SUSPECT: "the suspect of CR/45/26: seen 60, 91, 120, 300 and 400 days ago",
    NEIGHBOUR: "an officer's former partner, whose mark he searches again and again",
}


def planned(rng: random.Random, world: World, now_us: int) -> Iterator[Planned]:
    """Yield the reads of the story, in no order."""
    yield from _stolen(world, now_us - 20 * DAY_US)
    yield from _convoy(world, now_us)
    yield from _clone(world, now_us - 5 * DAY_US)
    yield from _burglaries(world, now_us)
    for age in (60, 91, 120, 300, 400):
        unit = world.unit("northshire-mast-3")
        yield _seen(world, now_us - age * DAY_US - HOUR_US, unit.unit_id, SUSPECT)
    for day in range(0, 200, 4):
        unit = world.unit("northshire-car-1")
        at_us = now_us - day * DAY_US - 16 * HOUR_US
        yield Planned(at_us, unit, NEIGHBOUR, *near(rng, unit))


def _seen(world: World, at_us: int, unit_id: str, mark: str, **more: object) -> Planned:
    unit = world.unit(unit_id)
    return Planned(
        at_us,
        unit,
        mark,
        unit.latitude,
        unit.longitude,
        pictured=True,
        **more,  # type: ignore[arg-type]
    )


def _stolen(world: World, at_us: int) -> Iterator[Planned]:
    listed = Listed("stolen", STOLEN, Response.STOP, "stolen overnight from a drive")
    stops = (
        (0.0, "northshire-mast-3", STOLEN, listed, ("correct", "")),
        (0.4, "northshire-car-1", STOLEN, None, None),
        (2.2, "eastshire-mast-3", MISREAD, None, None),
        (2.5, "eastshire-mast-4", STOLEN, listed, None),
        (5.5, "westshire-mast-3", STOLEN, None, None),
        (5.9, "westshire-car-2", STOLEN, None, None),
    )
    for hours, unit_id, mark, hit, answer in stops:
        yield _seen(world, at_us + round(hours * HOUR_US), unit_id, mark, listed=hit, answer=answer)
    # Another mark of the same look was taken for it once: a hit that the crew answered.
    alike = Listed("stolen", STOLEN, Response.STOP, "stolen", MatchClass.LOOK_ALIKE)
    yield _seen(
        world, at_us + DAY_US, "northshire-car-2", "RS21TIN", listed=alike,
        answer=("misread", "RS21TIN"), confidence=0.71,
    )  # fmt: skip


def _convoy(world: World, now_us: int) -> Iterator[Planned]:
    way = ("northshire-mast-3", "northshire-mast-4", "eastshire-mast-3", "eastshire-mast-4")
    for night in range(2, 12, 2):
        midnight_us = (now_us // DAY_US - night) * DAY_US
        for leg, unit_id in enumerate(way):
            at_us = midnight_us + (leg * 55 - 75) * _MINUTE_US
            for place, mark in enumerate((LEADER, SECOND, THIRD)):
                yield _seen(world, at_us + place * 7_000_000, unit_id, mark)


def _clone(world: World, at_us: int) -> Iterator[Planned]:
    yield _seen(world, at_us, "northshire-mast-3", CLONED)
    yield _seen(world, at_us + 10 * _MINUTE_US, "westshire-mast-3", CLONED)
    yield _seen(world, at_us + 3 * DAY_US, "westshire-mast-4", CLONED)


def _burglaries(world: World, now_us: int) -> Iterator[Planned]:
    for days, unit_id in ((12, "northshire-mast-4"), (9, "eastshire-mast-3")):
        at_us = (now_us // DAY_US - days) * DAY_US + 2 * HOUR_US
        yield _seen(world, at_us, unit_id, BURGLAR)
