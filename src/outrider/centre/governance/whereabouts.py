"""Where each unit was heard last, for those who keep units running: mobile ones coarsely."""

from dataclasses import dataclass, replace
from datetime import datetime

from outrider.centre.governance.figures import everything
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.whereabouts import all_cameras, last_place


@dataclass(frozen=True, slots=True)
class LastPlace:
    """Where a unit's newest read with a position was made, and when; degrees WGS 84.

    coarse: the middle of a square of a tenth of a degree, as of every unit that moves.
    """

    at: datetime
    latitude_deg: float
    longitude_deg: float
    coarse: bool


def last_places(store: CentreStore, now: datetime) -> dict[str, LastPlace]:
    """Return them by unit; a unit without a position is not in it. Raises StoreError.

    What moves is asked for within coarse bounds: its exact place does not leave the store.
    """
    coarse = everything(now)
    found: dict[str, LastPlace] = {}
    with store.searching(coarse) as session:
        cameras = all_cameras(session)
    for fixed in (False, True):
        bounds = replace(coarse, coarse=not fixed)
        with store.searching(bounds) as session:
            for camera in (one for one in cameras if one.fixed is fixed):
                place = last_place(session, bounds, camera.number)
                if place is None:
                    continue
                at, unit = from_us(place[0]), camera.unit_id
                if unit not in found or found[unit].at < at:
                    found[unit] = LastPlace(at, place[1] / 1e7, place[2] / 1e7, not fixed)
    return found
