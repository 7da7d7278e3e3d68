"""Every rule as a table: who, what for, how old, on what grounds, and whether it is allowed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from outrider.centre.access.decide import Decider, Request
from outrider.centre.access.people import Rank, Role
from outrider.centre.access.purpose import PurposeCode
from outrider.centre.access.scope import Action
from outrider.centre.access.why_not import Denied
from tests.centre.access import makers
from tests.centre.access.makers import DAY_US, NOW_US, authorisation, break_glass, request

V, S, M, CT, L, A, R = PurposeCode  # in the order of their making
_PURPOSES = dict(zip("VSMCLAR", PurposeCode, strict=True))

Case = tuple[str, str, Request, bool]

# Of each role: the purposes for which it sees reads of an hour, of 89 days, and (never) of 91.
_WITHOUT_GROUNDS = """
control-room    VSMCL  -
investigator    VSMCL  VSMCL
analyst         VSMCL  VSMCL
intelligence    VSMCL  VSMCL
supervisor      VSMCLA VSMCLA
senior-officer  VSMCL  VSMCL
auditor         -      -
administrator   -      -
"""


def _by_role() -> Iterator[Case]:
    for line in _WITHOUT_GROUNDS.split("\n")[1:-1]:
        role, hour, recent = line.split()
        for letter, code in _PURPOSES.items():
            for age, allowed in ((1 / 24, hour), (89.0, recent), (91.0, "")):
                name = f"{role} for {code} sees reads of {age:.0f} days without grounds"
                asked = request(Role(role), code=code, age_days=age)
                yield name, "12-months", asked, letter in allowed


# Under an authorisation, by rule set: purposes that reach 300 days, and 600 days.
_AUTHORISED = """
12-months investigator   SMC -
12-months analyst        SMC -
12-months intelligence   SMC -
12-months control-room   -   -
12-months supervisor     -   -
12-months senior-officer -   -
12-months auditor        -   -
24-months investigator   SMC MC
24-months analyst        SMC MC
24-months control-room   -   -
"""


def _by_authorisation() -> Iterator[Case]:
    for line in _AUTHORISED.split("\n")[1:-1]:
        rules, role, year, two_years = line.split()
        for letter, code in _PURPOSES.items():
            for age, allowed in ((300.0, year), (600.0, two_years)):
                given = authorisation(purpose=code)
                asked = request(Role(role), code=code, age_days=age, authorisation=given)
                name = f"{role} for {code} sees reads of {age:.0f} days when authorised ({rules})"
                yield name, rules, asked, letter in allowed


def _grounds() -> Iterator[Case]:
    """Each condition of an authorisation, broken alone."""
    changes: dict[str, tuple[dict[str, object], bool]] = {
        "an authorisation that holds is good": ({}, True),
        "an authorisation of an area is good": ({"marks": None, "area": makers.AREA}, True),
        "an authorisation given to somebody else is not": ({"asked_by": "dc-9"}, False),
        "nobody authorises himself": ({"given_by": "dc-1234"}, False),
        "a chief inspector does not authorise": ({"given_by_rank": Rank.CHIEF_INSPECTOR}, False),
        "a chief officer authorises": ({"given_by_rank": Rank.CHIEF_OFFICER}, True),
        "an authorisation that was taken back is not good": ({"revoked": True}, False),
        "an authorisation for another case is not": ({"case": "CR/46/26"}, False),
        "an authorisation for another purpose is not": ({"purpose": PurposeCode.MAJOR}, False),
        "an authorisation that is over is not": ({"until_us": NOW_US}, False),
        "an authorisation in its last instant is good": ({"until_us": NOW_US + 1}, True),
        "an authorisation that has not begun is not": ({"from_us": NOW_US + 1}, False),
        "an authorisation in its first instant is good": ({"from_us": NOW_US}, True),
        "an authorisation of neither marks nor area is not": ({"marks": None}, False),
        "an authorisation of no mark is not": ({"marks": frozenset()}, False),
        "no read before the authorised period": ({"reads_from_us": NOW_US - 299 * DAY_US}, False),
        "reads of the authorised period": ({"reads_from_us": NOW_US - 301 * DAY_US}, True),
    }
    for name, (changed, allowed) in changes.items():
        given = authorisation(**changed)
        yield name, "12-months", request(Role.ANALYST, age_days=300, authorisation=given), allowed
    for rank in Rank:
        given = authorisation(given_by_rank=Rank.SUPERINTENDENT)
        asked = request(Role.ANALYST, rank=rank, age_days=300, authorisation=given)
        name = f"a superintendent authorises a {rank.label}: only whoever is of lower rank"
        yield name, "12-months", asked, rank < Rank.SUPERINTENDENT


def _break_glass() -> Iterator[Case]:
    for role in Role:
        asked = request(role, code=L, age_days=300, break_glass=break_glass())
        no_reads = (
            Role.AUDITOR, Role.ADMINISTRATOR, Role.LIST_OWNER, Role.INFORMATION_RIGHTS,
        )  # fmt: skip
        allowed = role not in no_reads
        yield f"{role} breaks the glass for a life at risk", "12-months", asked, allowed
    for code in PurposeCode:
        asked = request(Role.ANALYST, code=code, age_days=300, break_glass=break_glass())
        yield f"broken glass serves {code}: a life at risk only", "12-months", asked, code is L
    changes: dict[str, dict[str, object]] = {
        "broken glass is one's own": {"person_id": "dc-9"},
        "broken glass is for its case": {"case": "CR/46/26"},
        "broken glass ends": {"until_us": NOW_US},
        "broken glass has begun": {"from_us": NOW_US + 1},
    }
    for name, changed in changes.items():
        glass = break_glass(**changed)
        yield name, "12-months", request(Role.ANALYST, code=L, break_glass=glass), False
    asked = request(Role.ANALYST, code=L, age_days=366, break_glass=break_glass())
    yield "broken glass reaches no further than 12 months", "12-months", asked, False


def _rights() -> Iterator[Case]:
    """What somebody asks about himself: by whom, on what, how far back."""
    given = {"given_by_rank": Rank.STAFF, "purpose": R}
    changes: dict[str, tuple[dict[str, object], bool]] = {
        "an identity that was checked": ({}, True),
        "an identity checked by oneself": ({"given_by": "dc-1234"}, False),
        "a request that another answers": ({"asked_by": "dc-9"}, False),
        "a request that nobody has taken": ({"asked_by": ""}, False),
        "another request": ({"case": "R/26/1"}, False),
        "a request that is closed": ({"revoked": True}, False),
        "a request of no mark": ({"marks": None}, False),
        "a request of an area": ({"marks": None, "area": makers.AREA}, False),
        "an authorisation for something else": ({"purpose": S}, False),
    }
    for name, (changed, allowed) in changes.items():
        grounds = authorisation(**(given | changed))
        asked = request(
            Role.INFORMATION_RIGHTS, code=R, action=Action.EXPORT, age_days=300,
            authorisation=grounds,
        )  # fmt: skip
        yield f"{name} lets somebody answer", "12-months", asked, allowed
    grounds = authorisation(**given)
    for role in Role:
        for action in Action:
            asked = request(role, code=R, action=action, age_days=300, authorisation=grounds)
            allowed = role is Role.INFORMATION_RIGHTS and action is Action.EXPORT
            yield f"{role} may {action} for a person's request", "12-months", asked, allowed
    for rules, age, allowed in (("12-months", 366, False), ("24-months", 600, True)):
        asked = request(
            Role.INFORMATION_RIGHTS, code=R, action=Action.EXPORT, age_days=age,
            authorisation=grounds,
        )  # fmt: skip
        yield f"a request reaches as far as is kept: {age} days ({rules})", rules, asked, allowed
    asked = request(Role.INFORMATION_RIGHTS, code=R, action=Action.EXPORT)
    yield "without a request nothing is told", "12-months", asked, False


def _actions() -> Iterator[Case]:
    """Who opens pictures, hands reads on, corrects a mark."""
    allowed = {
        Action.SEARCH: "control-room investigator analyst intelligence supervisor senior-officer",
        Action.PICTURE: "control-room investigator analyst intelligence supervisor senior-officer",
        Action.EXPORT: "investigator intelligence",
        Action.CORRECT: "investigator analyst intelligence",
    }
    for action, roles in allowed.items():
        for role in Role:
            asked = request(role, action=action)
            yield f"{role} may {action} recent reads", "12-months", asked, role in roles.split()


def _people() -> Iterator[Case]:
    for role in Role:
        asked = request(role)
        stale = replace(asked, person=replace(asked.person, policy_version="2025-2"))
        yield f"{role} has accepted older rules of use only", "12-months", stale, False
        unasked = replace(asked, person=replace(asked.person, policy_version=""))
        yield f"{role} has accepted no rules of use", "12-months", unasked, False
        for bar in (Role.AUDITOR, Role.ADMINISTRATOR):
            name = f"{bar} sees no read though {role} too"
            yield name, "12-months", request(role, bar), False
    yield "nobody without a role sees a read", "12-months", request(), False
    for age, allowed in ((90.0, True), (90.001, False)):
        asked = request(Role.ANALYST, age_days=age)
        yield f"recent ends at 90 days: {age}", "12-months", asked, allowed
    for age, allowed in ((365.0, True), (365.001, False)):
        asked = request(Role.ANALYST, age_days=age, authorisation=authorisation())
        yield f"authorised ends at 12 months: {age}", "12-months", asked, allowed


CASES = [
    *_by_role(),
    *_by_authorisation(),
    *_grounds(),
    *_break_glass(),
    *_actions(),
    *_rights(),
    *_people(),
]


@pytest.fixture(scope="module")
def deciders() -> dict[str, Decider]:
    return {name: makers.decider(name) for name in ("12-months", "24-months")}


@pytest.mark.parametrize(
    ("rules", "asked", "allowed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_rule(deciders: dict[str, Decider], rules: str, asked: Request, allowed: bool) -> None:
    if not allowed:
        with pytest.raises(Denied):
            deciders[rules].decide(asked)
        return
    scope = deciders[rules].decide(asked)
    assert scope.policies
    if asked.since_us is not None:
        assert scope.bounds.not_before_us <= asked.since_us


def test_cases_are_many_and_each_has_its_own_name() -> None:
    """The table holds at least 200 cases, each named after its rule."""
    assert len({case[0] for case in CASES}) == len(CASES) >= 200
