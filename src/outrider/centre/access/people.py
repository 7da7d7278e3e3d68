"""Who asks: roles, ranks and force, as the force's own identity provider says."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(StrEnum):
    """What somebody does at the centre; one may have several."""

    CONTROL_ROOM = "control-room"
    INVESTIGATOR = "investigator"
    ANALYST = "analyst"
    INTELLIGENCE = "intelligence"
    SUPERVISOR = "supervisor"
    SENIOR_OFFICER = "senior-officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    LIST_OWNER = "list-owner"
    INFORMATION_RIGHTS = "information-rights"


class Rank(IntEnum):
    """Ranks, the lowest first; police staff of a grade count as its rank by the force's claim."""

    STAFF = 0
    CONSTABLE = 1
    SERGEANT = 2
    INSPECTOR = 3
    CHIEF_INSPECTOR = 4
    SUPERINTENDENT = 5
    CHIEF_SUPERINTENDENT = 6
    CHIEF_OFFICER = 7

    @property
    def label(self) -> str:
        """The rank in words."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a force's staff. team: whose supervisor reviews them.

    policy_version: the version of the rules of use that they have accepted; empty: none.
    """

    person_id: str
    force: str
    roles: frozenset[Role]
    rank: Rank
    team: str = ""
    policy_version: str = ""

    def has(self, role: Role) -> bool:
        """Whether somebody has a role."""
        return role in self.roles
