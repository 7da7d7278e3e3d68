"""Which pages which roles have, and which comes first."""

from dataclasses import dataclass

from outrider.centre.access.people import Person, Role

SEARCHERS = frozenset(
    {Role.INVESTIGATOR, Role.ANALYST, Role.INTELLIGENCE, Role.CONTROL_ROOM, Role.SUPERVISOR,
     Role.SENIOR_OFFICER}
)  # fmt: skip
ASKERS = frozenset({Role.INVESTIGATOR, Role.ANALYST, Role.INTELLIGENCE, Role.SENIOR_OFFICER})
SUPERVISORS = frozenset({Role.SUPERVISOR})
HITTERS = SEARCHERS - {Role.SENIOR_OFFICER}  # who are told of hits: access/rules
LIST_OWNERS = frozenset({Role.LIST_OWNER})
EXPORTERS = frozenset({Role.INVESTIGATOR, Role.INTELLIGENCE})  # who may hand on: access/rules
AUDITORS = frozenset({Role.AUDITOR})
OPERATORS = frozenset({Role.ADMINISTRATOR})
REGISTER_READERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR})
ASSESSORS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
RIGHTS_STAFF = frozenset({Role.INFORMATION_RIGHTS})
EVERYBODY = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu."""

    path: str
    words: str
    roles: frozenset[Role]


MENU = (
    Entry("/search", "Search", SEARCHERS),
    Entry("/hits", "Hits", HITTERS),
    Entry("/lists", "Lists", LIST_OWNERS),
    Entry("/wrong-entries", "Wrong entries", LIST_OWNERS),
    Entry("/requests", "Requests", RIGHTS_STAFF),
    Entry("/authorisations", "Authorisations", ASKERS),
    Entry("/reviews", "Reviews", SUPERVISORS),
    Entry("/trail", "Audit trail", AUDITORS),
    Entry("/units", "Units", OPERATORS),
    Entry("/register", "Register", REGISTER_READERS),
    Entry("/self-assessment", "Self-assessment", REGISTER_READERS),
)
# What somebody does first: whoever supervises or decides has that before searching.
_FIRST = (
    (AUDITORS, "/trail"),
    (OPERATORS, "/units"),
    (LIST_OWNERS, "/wrong-entries"),
    (RIGHTS_STAFF, "/requests"),
    (SUPERVISORS, "/reviews"),
    (frozenset({Role.SENIOR_OFFICER}), "/authorisations"),
    (SEARCHERS, "/search"),
)


def menu_of(person: Person) -> list[Entry]:
    """Return the menu of a person."""
    return [entry for entry in MENU if entry.roles & person.roles]


def first_page(person: Person) -> str:
    """Return what a person sees first."""
    return next(path for roles, path in _FIRST if roles & person.roles)
