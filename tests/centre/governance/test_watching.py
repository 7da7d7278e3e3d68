"""Reviews that are sampled, insiders that are flagged, forces that see who used their reads."""

from dataclasses import replace

import pytest

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.governance.accounts import read_account, signed_account
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.governance.reviews import Reviews
from outrider.centre.search.record import Asked, Stage
from outrider.centre.store.centre_store import CentreStore
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity
from tests.centre.access import makers
from tests.centre.access.makers import DAY_US, NOW_US, POLICY
from tests.centre.store.conftest import cluster, shared_database, store, url

__all__ = ["cluster", "shared_database", "store", "url"]


def asked(number: int, **changes: object) -> Asked:
    one = Asked(
        Stage.ASKED, f"decision-{number}", NOW_US - number * DAY_US // 10, "dc-1234", "northshire",
        "cid-1", "search", "serious", "policing-purpose", "CR/45/26", makers.WORDS, "", "",
        {"kind": "mark", "marks": ["AB12CDE"]}, {},
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


SUPERVISOR = Person(
    "sgt-2", "northshire", frozenset({Role.SUPERVISOR}), Rank.SERGEANT, "ops-2", POLICY
)


def test_a_share_of_searches_is_drawn_and_closed_by_another_team(store: CentreStore) -> None:
    """About a tenth; nobody of the searcher's own team, nor himself, closes one."""
    reviews = Reviews(store, makers.clock(), b"k" * 32, 0.1)
    searches = [asked(n) for n in range(1000)]
    drawn = [one for one in searches if reviews.sampled(one.decision_id)]
    assert 70 <= len(drawn) <= 130
    assert reviews.take(drawn) == len(drawn)
    assert reviews.take(drawn) == 0
    own = replace(SUPERVISOR, team="cid-1")
    assert reviews.inbox(own) == []
    first = reviews.inbox(SUPERVISOR)[0]
    with pytest.raises(NotAllowed, match="another team"):
        reviews.close(own, first.paper_id, "in order", "looked at the case")
    analyst = replace(SUPERVISOR, roles=frozenset({Role.ANALYST}))
    with pytest.raises(NotAllowed, match="a supervisor"):
        reviews.close(analyst, first.paper_id, "in order", "looked at the case")
    reviews.close(SUPERVISOR, first.paper_id, "in order", "looked at the case")
    (completion,) = reviews.completion()
    assert (completion.closed, completion.open) == (1, len(drawn) - 1)


def test_what_is_flagged_is_reviewed_whatever_the_sample(store: CentreStore) -> None:
    """A flag opens a review."""
    reviews = Reviews(store, makers.clock(), b"k" * 32, 0.0)
    assert reviews.take([asked(1), asked(2)], flagged=["decision-2"]) == 1
    assert reviews.inbox(SUPERVISOR)[0].content.why == "flagged"


def test_a_forces_account_tells_who_used_its_reads_and_is_signed() -> None:
    """Uses of its own reads and no others'; changed in a byte, it is refused."""
    identity, clock = SigningIdentity.generate(), makers.clock()
    ours = {"total": 3, "forces": {"northshire": 3}, "ids": []}
    theirs = {"total": 1, "forces": {"eastshire": 1}, "ids": []}
    both = {"total": 9, "forces": {}, "ids": []}
    trail = [
        asked(n, stage=Stage.ANSWERED, outcome=outcome, authorisation="a-1")
        for n, outcome in enumerate((ours, theirs, both, {"total": 0, "forces": {}}))
    ]
    data = signed_account(trail, "northshire", 0, NOW_US, clock, identity)
    account = read_account(data, identity.public)
    assert account.of == "northshire"
    assert [(use.decision, use.reads) for use in account.uses] == [
        ("decision-0", 3),
        ("decision-2", None),
    ]
    assert account.uses[0].authorisation == "a-1"
    with pytest.raises(WireError):
        read_account(data.replace(b'"reads":3', b'"reads":2'), identity.public)
