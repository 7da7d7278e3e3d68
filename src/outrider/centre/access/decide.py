"""The one place that decides: a request in, a Scope out, or a Denied that says what to do.

Cedar decides. For each tier, oldest first, it is asked about the oldest read that the tier would
show; what it allows becomes the Scope's bounds. A test holds the rows that those bounds select to
what Cedar's partial evaluation leaves allowed.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import cedarpy

from outrider.centre.access.cedar_request import as_entity, context_of, probe_entity
from outrider.centre.access.grounds import Authorisation, BreakGlass
from outrider.centre.access.people import Person, Role
from outrider.centre.access.purpose import Purpose
from outrider.centre.access.rules import Needs, RuleSet, Tier, policy_set
from outrider.centre.access.scope import Action, Field, Positions, Scope
from outrider.centre.access.why_not import Denied, denied
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import from_us, to_us
from outrider.clock import Clock
from outrider.records import uuid7

_CLOSEST_FIRST = (Positions.EXACT, Positions.COARSE, Positions.NONE)
NO_FORCE = "?"  # stands for every other force: no force is called so


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for. since_us: the oldest read that the question reaches to, if it says.

    Grounds are those that the centre holds on record, never what the person says of them.
    """

    person: Person
    action: Action
    purpose: Purpose
    since_us: int | None = None
    authorisation: Authorisation | None = None
    break_glass: BreakGlass | None = None


class Decider:
    """Decides by one rule set. policy_in_force: the rules of use that one must have accepted."""

    def __init__(self, rules: RuleSet, clock: Clock, policy_in_force: str) -> None:
        self.rules = rules
        self.policy_in_force = policy_in_force
        self._policies = policy_set(rules.text)
        self._ids = _names(rules.text)
        self._clock = clock

    def limits_us(self, now: datetime) -> dict[str, int]:
        """Return the instant before which no read is seen, by the name of the limit."""
        return {name: to_us(age.before(now)) for name, age in self.rules.table.limits.items()}

    def decide(self, request: Request) -> Scope:
        """Return what the person may see. Raises Denied."""
        now = self._clock.stamp(self._clock.mono_ns()).utc
        limits = self.limits_us(now)
        context = context_of(request, to_us(now), limits, self.policy_in_force)
        for tier in self._tiers(request):
            found = self._bounds(request, tier, limits, context)
            if found is not None:
                scope = self._scope(request, tier, *found)
                _check_reach(request, scope.bounds)
                return scope
        raise denied(request, now, self.policy_in_force)

    def _tiers(self, request: Request) -> list[Tier]:
        """Return the tiers of the grounds that the request stands on."""
        needs = Needs.NOTHING
        if request.authorisation is not None:
            needs = Needs.AUTHORISATION
        elif request.break_glass is not None:
            needs = Needs.BREAK_GLASS
        return [tier for tier in self.rules.table.tier if tier.needs is needs]

    def _bounds(
        self, request: Request, tier: Tier, limits: dict[str, int], context: dict[str, Any]
    ) -> tuple[Bounds, tuple[str, ...]] | None:
        given = request.authorisation if tier.needs is Needs.AUTHORISATION else None
        first_us = max(limits[tier.limit], given.reads_from_us if given else 0)
        bounds = Bounds(
            first_us,
            context["now_us"],
            None,
            given.marks if given else None,
            given.area if given else None,
            coarse=self._positions(request) is not Positions.EXACT,
        )
        if first_us > context["now_us"]:
            return None
        for forces, force in ((None, NO_FORCE), (frozenset({request.person.force}), None)):
            probe = probe_entity(bounds, force or request.person.force)
            allowed = self._ask(request, probe, context)
            if allowed:
                return replace(bounds, forces=forces), allowed
        return None

    def _ask(
        self, request: Request, probe: dict[str, Any], context: dict[str, Any]
    ) -> tuple[str, ...]:
        """Return the names of the policies that allow one read; none where it is not allowed."""
        asked = {
            "principal": {"type": "Person", "id": request.person.person_id},
            "action": {"type": "Action", "id": request.action.value},
            "resource": probe["uid"],
            "context": context,
        }
        found = cedarpy.is_authorized(asked, self._policies, [as_entity(request.person), probe])
        if found.decision is not cedarpy.Decision.Allow or found.diagnostics.errors:
            return ()
        return tuple(sorted(self._ids.get(name, name) for name in found.diagnostics.reasons))

    def _scope(
        self, request: Request, tier: Tier, bounds: Bounds, policies: tuple[str, ...]
    ) -> Scope:
        at = self._clock.stamp(self._clock.mono_ns())
        positions = self._positions(request)
        fields = self._fields(request.person)
        return Scope(
            uuid7(at.utc_ns, secrets.randbits(74)),
            request.person,
            request.action,
            request.purpose,
            bounds,
            positions,
            fields - {Field.POSITION} if positions is Positions.NONE else fields,
            tier.name,
            self.rules.name,
            policies,
            request.authorisation.authorisation_id if request.authorisation else "",
            request.break_glass.break_glass_id if request.break_glass else "",
        )

    def _positions(self, request: Request) -> Positions:
        table = self.rules.table.positions
        by_role = min(
            (table.role.get(role, Positions.EXACT) for role in request.person.roles),
            key=_CLOSEST_FIRST.index,
            default=Positions.NONE,
        )
        told = (
            by_role,
            table.action.get(request.action, Positions.EXACT),
            table.purpose.get(request.purpose.code, Positions.EXACT),
        )
        return max(told, key=_CLOSEST_FIRST.index)

    def _fields(self, person: Person) -> frozenset[Field]:
        by_role = self.rules.table.fields
        return frozenset().union(
            *(by_role.get(role, frozenset()) for role in Role if person.has(role))
        )


def _check_reach(request: Request, bounds: Bounds) -> None:
    if request.since_us is not None and request.since_us < bounds.not_before_us:
        first = from_us(bounds.not_before_us)
        on = " under this authorisation" if request.authorisation else ""
        raise Denied(
            "too-old",
            f"reads of before {first:%Y-%m-%d %H:%M} UTC may not be seen{on}: ask from then on, or "
            "ask for an authorisation that reaches further",
        )


def _names(text: str) -> dict[str, str]:
    """Return each policy's @id by the name that Cedar gives it, which counts them in order."""
    found = (line.split('"')[1] for line in text.splitlines() if line.startswith('@id("'))
    return {f"policy{number}": name for number, name in enumerate(found)}
