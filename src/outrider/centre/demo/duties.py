"""What the demo's people owe the public, and did: lists with their owners."""

from datetime import timedelta

from outrider.centre.demo.people import member
from outrider.centre.demo.story import BURGLAR, CLONED, NEIGHBOUR, STOLEN
from outrider.centre.desks import Desks
from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.governance.rights_case import Vehicle
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import Clock
from outrider.records import Response, VehicleOfInterest

LIST = "stolen"
ASKER = "K. Neighbour"


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


def take_requests(desks: Desks, version: str) -> None:
    """Leave two requests open: one that is due soon, one whose identity is awaited."""
    person, cases = member("dpo-1", version), desks.desk.rights
    today = cases.today()
    since, until = today - timedelta(days=100), today
    own = Vehicle(NEIGHBOUR, since.isoformat(), until.isoformat())
    received = (today - timedelta(days=25)).isoformat()
    words = "please tell me what you keep of my car"
    cases.receive(person, "subject access", received, ASKER, "1 High Street", words, [own])
    other = cases.receive(
        person, "complaint", (today - timedelta(days=9)).isoformat(), "R. Other", "2 High Street",
        "my car was stopped without a reason",
    )  # fmt: skip
    cases.ask_identity(person, other.paper_id)
