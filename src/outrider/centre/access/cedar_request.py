"""A request in Cedar's terms: people, reads and grounds as entities and context."""

from typing import TYPE_CHECKING, Any

from outrider.centre.access.grounds import Authorisation
from outrider.centre.access.people import Person
from outrider.centre.store.bounds import Bounds

if TYPE_CHECKING:
    from outrider.centre.access.decide import Request

_PROBE_MARK = "?"


def as_entity(person: Person) -> dict[str, Any]:
    """Return a person as Cedar's principal."""
    return {
        "uid": {"type": "Person", "id": person.person_id},
        "attrs": {
            "id": person.person_id,
            "roles": sorted(person.roles),
            "rank": int(person.rank),
            "force": person.force,
            "policy_version": person.policy_version,
        },
        "parents": [],
    }


def read_entity(
    at_us: int, vrm: str, force: str, latitude_e7: int | None, longitude_e7: int | None
) -> dict[str, Any]:
    """Return a read as Cedar's resource."""
    return {
        "uid": {"type": "Read", "id": "read"},
        "attrs": {
            "at_us": at_us,
            "vrm": vrm,
            "force": force,
            "placed": latitude_e7 is not None and longitude_e7 is not None,
            "latitude_e7": latitude_e7 or 0,
            "longitude_e7": longitude_e7 or 0,
        },
        "parents": [],
    }


def probe_entity(bounds: Bounds, force: str) -> dict[str, Any]:
    """Return the oldest read that bounds would show: of a mark and at a corner where they bind."""
    mark = min(bounds.marks) if bounds.marks else _PROBE_MARK
    corner = (None, None) if bounds.area is None else (bounds.area.south, bounds.area.west)
    return read_entity(bounds.not_before_us, mark, force, *corner)


def context_of(
    request: "Request", now_us: int, limits: dict[str, int], policy_in_force: str
) -> dict[str, Any]:
    """Return what is known of a request beside person and read."""
    context: dict[str, Any] = {
        "now_us": now_us,
        "purpose": request.purpose.code.value,
        "case": request.purpose.case,
        "policy_in_force": policy_in_force,
        "limits": limits,
    }
    if request.authorisation is not None:
        context["authorisation"] = _authorisation(request.authorisation)
    if request.break_glass is not None:
        glass = request.break_glass
        context["break_glass"] = {
            "person": glass.person_id,
            "case": glass.case,
            "from_us": glass.from_us,
            "until_us": glass.until_us,
        }
    return context


def _authorisation(given: Authorisation) -> dict[str, Any]:
    area = given.area
    return {
        "asked_by": given.asked_by,
        "given_by": given.given_by,
        "given_by_rank": int(given.given_by_rank),
        "case": given.case,
        "purpose": given.purpose.value,
        "any_mark": given.marks is None,
        "marks": sorted(given.marks or ()),
        "anywhere": area is None,
        "area": {
            "south": area.south if area else 0,
            "west": area.west if area else 0,
            "north": area.north if area else 0,
            "east": area.east if area else 0,
        },
        "reads_from_us": given.reads_from_us,
        "from_us": given.from_us,
        "until_us": given.until_us,
        "revoked": given.revoked,
    }
