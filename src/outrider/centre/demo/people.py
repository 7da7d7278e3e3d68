"""The people of the demo: as claims for a provider, and as the centre knows them."""

import json
from dataclasses import dataclass, replace

from outrider.centre.access.people import Person, Rank, Role


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of the demo. words: who they are."""

    person: Person
    words: str

    def claims(self) -> str:
        """Return the claims that the provider makes of them (JSON)."""
        person = self.person
        return json.dumps(
            {
                "sub": person.person_id,
                "outrider_roles": sorted(person.roles),
                "outrider_rank": person.rank.label,
                "outrider_force": person.force,
                "outrider_team": person.team,
            }
        )


def _one(name: str, role: Role, rank: Rank, team: str, words: str) -> Staff:
    return Staff(Person(name, "northshire", frozenset({role}), rank, team), words)


STAFF = (
    _one("ana-1", Role.ANALYST, Rank.STAFF, "analysis", "an analyst"),
    _one("dc-45", Role.INVESTIGATOR, Rank.CONSTABLE, "cid", "an investigator"),
    _one("dc-99", Role.INVESTIGATOR, Rank.CONSTABLE, "cid", "an officer who stalks"),
    _one("ctl-7", Role.CONTROL_ROOM, Rank.STAFF, "control", "in the control room"),
    _one("sgt-3", Role.SUPERVISOR, Rank.SERGEANT, "professional-standards", "a supervisor"),
    _one("supt-1", Role.SENIOR_OFFICER, Rank.SUPERINTENDENT, "command", "a superintendent"),
    _one("aud-1", Role.AUDITOR, Rank.STAFF, "audit", "an auditor"),
    _one("lst-1", Role.LIST_OWNER, Rank.STAFF, "lists", "the owner of the lists"),
    _one("lst-2", Role.LIST_OWNER, Rank.STAFF, "lists", "a second owner of the lists"),
    _one("dpo-1", Role.INFORMATION_RIGHTS, Rank.STAFF, "rights", "answers people's requests"),
    _one("dpo-2", Role.INFORMATION_RIGHTS, Rank.STAFF, "rights", "answers them, too"),
    _one("adm-1", Role.ADMINISTRATOR, Rank.STAFF, "systems", "an administrator"),
)


def member(name: str, policy_version: str) -> Person:
    """Return somebody who has accepted the rules of use."""
    found = next(staff.person for staff in STAFF if staff.person.person_id == name)
    return replace(found, policy_version=policy_version)
