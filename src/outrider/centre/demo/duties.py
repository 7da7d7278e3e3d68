"""What the demo's people owe the public, and did: lists with their owners."""

from datetime import timedelta

from outrider.centre.demo.people import member
from outrider.centre.demo.story import BURGLAR, CLONED, STOLEN
from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import Clock
from outrider.records import Response, VehicleOfInterest

LIST = "stolen"


def keep_lists(store: CentreStore, clock: Clock, version: str) -> None:
    """Keep a list: a stop that two confirmed, one that waits for the second, an assessment."""
    lists, end = KeptLists(store, clock), clock.stamp(clock.mono_ns()).utc.date()
    first, second = member("lst-1", version), member("lst-2", version)

    def entry(mark: str, reason: str, response: Response, source: str) -> VehicleOfInterest:
        return VehicleOfInterest(
            mark, reason, response, owner="northshire lists", source_reference=source,
            weed_date=end + timedelta(days=60),
        )  # fmt: skip

    stolen = entry(STOLEN, "stolen overnight from a drive", Response.STOP, "CR/31/26")
    lists.add(first, LIST, [stolen], "reported by its keeper")
    lists.confirm(second, lists.waiting(second)[0].batch, "the crime record says so")
    cloned = entry(CLONED, "its mark is on two cars", Response.ASSESS, "CR/38/26")
    lists.add(first, LIST, [cloned], "found by an analyst")
    burglar = entry(BURGLAR, "was at two burglaries", Response.STOP, "CR/40/26")
    lists.add(first, LIST, [burglar], "asked for by the burglary team")
