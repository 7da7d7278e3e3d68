"""What the operator sees first: each unit and the centre, what is wrong, and what to do."""

from dataclasses import replace

from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.governance.figures import answers_by_unit
from outrider.centre.governance.register import Register
from outrider.centre.governance.whereabouts import last_places
from outrider.centre.pages.calls import Call, NotHere, Page, Reply
from outrider.centre.pages.centre_state import CentreState, centre_state
from outrider.centre.pages.charts import Placed, map_of
from outrider.centre.pages.paging import page_of_table
from outrider.centre.pages.unit_state import Facts, ShownUnit, shown_unit

_TOLD = 25


def units(call: Call) -> Reply:
    """Show all of them, the troubled first, on a map and in a table."""
    state = centre_state(call.site)
    shown = sorted(
        _shown(call, state, overview(call.desks.store)),
        key=lambda one: (-len(one.troubles), one.line.unit_id),
    )
    shown = [replace(one, number=number) for number, one in enumerate(shown, 1)]
    placed = [
        Placed(one.number, place.latitude_deg, place.longitude_deg, place.coarse)
        for one in shown
        if (place := one.facts.place) is not None
    ]
    facts = {
        "table": page_of_table(shown, call.query), "state": state, "now": call.site.now,
        "troubled": [one for one in shown if one.troubles], "most": _TOLD,
        "chart": map_of(placed), "lists": state.lists(shown),
    }  # fmt: skip
    return Page("units.html", facts)


def unit(call: Call) -> Reply:
    """Show one of them."""
    lines = [one for one in overview(call.desks.store) if one.unit_id == call.path["unit"]]
    if not lines:
        raise NotHere("no unit of this name was ever enrolled")
    (found,) = _shown(call, centre_state(call.site), lines)
    aside = [
        one for one in call.desks.store.rows_set_aside(1000) if one.unit_id == call.path["unit"]
    ]
    return Page("unit.html", {"one": found, "aside": aside[:20], "now": call.site.now})


def _shown(call: Call, state: CentreState, lines: list[UnitLine]) -> list[ShownUnit]:
    store, now = call.desks.store, call.site.now
    register = Register(store, call.desks.clock)
    entered, overdue = set(register.all()), register.overdue()
    answers, places = answers_by_unit(store, now), last_places(store, now)
    offered = {one.name: one for one in state.offered.lists} if state.offered else {}
    return [
        shown_unit(
            line,
            Facts(
                answers.get(line.unit_id, (0, 0)),
                call.site.lists_held.of(line.journals),
                places.get(line.unit_id),
                line.unit_id in entered,
                line.unit_id in overdue,
            ),
            offered,
            now,
        )
        for line in lines
    ]
