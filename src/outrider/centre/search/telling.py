"""Telling what was found, as far as the scope lets it be told."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from outrider.centre.access.scope import Field, Positions, Scope
from outrider.centre.search.answers import FoundRead
from outrider.centre.store.columns import from_us
from outrider.centre.store.questions import CameraFacts, Sighting


def told(scope: Scope, sighting: Sighting, cameras: Mapping[int, CameraFacts]) -> FoundRead:
    """Return a read as its scope tells it."""
    camera = cameras.get(sighting.camera)
    unit, moved = scope.tells(Field.UNIT), scope.tells(Field.MOVEMENT)
    sure = scope.tells(Field.CONFIDENCE)
    return FoundRead(
        sighting.read_id,
        sighting.mark,
        from_us(sighting.at_us),
        sighting.force,
        *_place(scope, sighting),
        camera.unit_id if unit and camera else None,
        camera.camera_id if unit and camera else None,
        sighting.direction if moved else None,
        sighting.heading_deg if moved else None,
        sighting.speed_mps if moved else None,
        sighting.confidence if sure else None,
        sighting.clock_error_s if sure else None,
    )


def _place(
    scope: Scope, sighting: Sighting
) -> tuple[float | None, float | None, str, float | None]:
    told_at_all = scope.positions is not Positions.NONE and scope.tells(Field.POSITION)
    if not told_at_all or sighting.latitude_e7 is None or sighting.longitude_e7 is None:
        return None, None, "none", None
    error_m = sighting.place_error_m if scope.positions is Positions.EXACT else None
    place = sighting.latitude_e7 / 1e7, sighting.longitude_e7 / 1e7
    return *place, scope.positions.value, error_m


def forces_of(sightings: Sequence[Sighting]) -> Counter[str]:
    """Return how many reads of each force are shown."""
    return Counter(sighting.force for sighting in sightings)


def ids_of(sightings: Sequence[Sighting]) -> list[uuid.UUID]:
    """Return the reads' identifiers."""
    return [sighting.read_id for sighting in sightings]


def age_s(at: datetime | None, now: datetime) -> float | None:
    """Return how long ago something was, in seconds."""
    return None if at is None else (now - at).total_seconds()
