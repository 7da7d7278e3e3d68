"""The shipped rule sets: Cedar policies with their table of tiers, read and checked once."""

import hashlib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import cedarpy
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.centre.access.ages import Age
from outrider.centre.access.people import Role
from outrider.centre.access.purpose import PurposeCode
from outrider.centre.access.scope import Action, Positions
from outrider.centre.access.scope import Field as ReadField

SHIPPED = ("12-months", "24-months")


class RulesFault(Exception):
    """A rule set that cannot be used: which part, and why."""


class Needs(StrEnum):
    """What a tier rests on beside role and purpose."""

    NOTHING = ""
    AUTHORISATION = "authorisation"
    BREAK_GLASS = "break-glass"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tier(_Part):
    """One step of age. limit: the name of the oldest read's age."""

    name: str
    limit: str
    needs: Needs = Needs.NOTHING


class _Positions(_Part):
    role: dict[Role, Positions]
    action: dict[Action, Positions]
    purpose: dict[PurposeCode, Positions]


class Table(_Part):
    """The table of tiers: ages, how closely positions are told, and which fields."""

    name: str
    kept: Age
    limits: dict[str, Age]
    tier: tuple[Tier, ...] = Field(min_length=1)
    positions: _Positions
    fields: dict[Role, frozenset[ReadField]]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule set. text: of its policies in Cedar. digest: of policies and table together, short."""

    table: Table
    text: str
    digest: str

    @property
    def name(self) -> str:
        """Its name, with the digest of what it said: policies change, decisions stay."""
        return f"{self.table.name}@{self.digest}"


def load(name: str) -> RuleSet:
    """Return a shipped rule set. Raises RulesFault."""
    if name not in SHIPPED:
        raise RulesFault(f"{name}: no rule set; shipped are {', '.join(SHIPPED)}")
    folder = files(__package__) / "rules"
    policies = "\n".join((folder / f"{part}.cedar").read_text() for part in ("common", name))
    return checked(policies, (folder / f"{name}.toml").read_text(), schema_text())


def schema_text() -> str:
    """Return the schema that policies are checked against."""
    return (files(__package__) / "rules" / "schema.cedarschema").read_text()


def checked(policies: str, table: str, schema: str) -> RuleSet:
    """Return a rule set of these texts. Raises RulesFault where they are not sound."""
    found = cedarpy.validate_policies(policies, schema)
    if not found.validation_passed:
        raise RulesFault("; ".join(error.error for error in found.errors))
    try:
        parsed = Table.model_validate(tomllib.loads(table))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise RulesFault(f"table of tiers: {error}") from error
    missing = {tier.limit for tier in parsed.tier} - set(parsed.limits)
    if missing:
        raise RulesFault(f"table of tiers: no limit is called {', '.join(sorted(missing))}")
    digest = hashlib.sha256((policies + "\0" + table).encode()).hexdigest()[:12]
    return RuleSet(parsed, policies, digest)


def policy_set(text: str) -> Any:
    """Return policies parsed once, named by their @id. Raises RulesFault."""
    try:
        return cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        raise RulesFault(f"policies: {error}") from error
