"""What a decision allows: the only way to a read, frozen."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose
from outrider.centre.store.bounds import Bounds


class Action(StrEnum):
    """What is asked for; each is decided on its own."""

    SEARCH = "search"
    PICTURE = "picture"
    EXPORT = "export"
    CORRECT = "correct"


class Positions(StrEnum):
    """How closely positions are told."""

    EXACT = "exact"
    COARSE = "coarse"
    NONE = "none"


class Field(StrEnum):
    """What may be told of a read beside its mark, its time and its force."""

    POSITION = "position"
    UNIT = "unit"
    MOVEMENT = "movement"
    CONFIDENCE = "confidence"
    HIT = "hit"
    SILENT_HIT = "silent-hit"


@dataclass(frozen=True, slots=True)
class Scope:
    """The reads that one person may see for one purpose, and what of them.

    bounds: which rows, held a second time by the database. tier: of the rule set. policies: names
    of those that allowed it. authorisation_id: what it rests on; empty: on no authorisation.
    Only `Decider.decide` makes one.
    """

    decision_id: uuid.UUID
    person: Person
    action: Action
    purpose: Purpose
    bounds: Bounds
    positions: Positions
    fields: frozenset[Field]
    tier: str
    rules: str
    policies: tuple[str, ...]
    authorisation_id: str = ""
    break_glass_id: str = ""

    def tells(self, field: Field) -> bool:
        """Whether a part of a read may be told."""
        return field in self.fields
