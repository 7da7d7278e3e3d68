"""The front door: who asks, why, on which grounds of record; a Scope, or a denial on record.

Pages, programs and commands come this way. Nothing that a person says of grounds counts: they are
read from the centre's papers.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from outrider.centre.access.decide import Decider, Request
from outrider.centre.access.grounds import Authorisation
from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose
from outrider.centre.access.scope import Action, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.governance.authorisations import Authorisations
from outrider.centre.governance.break_glass import Glass
from outrider.centre.governance.cases import Cases
from outrider.centre.governance.rights import RightsCases
from outrider.centre.governance.rights_clock import STATUTORY, Limits
from outrider.centre.search.record import Record
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import to_us
from outrider.clock import Clock


class Desk:
    """Decides each request of a person, with the grounds on record."""

    def __init__(
        self, store: CentreStore, clock: Clock, decider: Decider, limits: Limits = STATUTORY
    ) -> None:
        self._decider = decider
        self._record = Record(store, clock)
        self.cases = Cases(store, clock)
        self.authorisations = Authorisations(store, clock, self.cases)
        self.glass = Glass(store, clock)
        self.rights = RightsCases(store, clock, limits)

    def decide(
        self, person: Person, action: Action, purpose: Purpose, *, since: datetime | None = None,
        authorisation: str = "", break_glass: str = "", facts: Mapping[str, Any] | None = None,
    ) -> Scope:  # fmt: skip
        """Return the scope of a request; a denial is in the trail. Raises Denied, StoreError."""
        try:
            asked = self._request(person, action, purpose, since, authorisation, break_glass)
            self.cases.note(person, purpose.case)
            return self._decider.decide(asked)
        except Denied as error:
            who = person.person_id, person.force, person.team
            self._record.denied(who, action, purpose, facts or {"kind": "decision"}, error)
            raise

    def _given(self, name: str) -> Authorisation | None:
        """Return what was given: by a senior officer, or by whoever checked an identity."""
        return self.authorisations.grounds(name) or self.rights.grounds(name)

    def _request(
        self, person: Person, action: Action, purpose: Purpose, since: datetime | None,
        authorisation: str, break_glass: str,
    ) -> Request:  # fmt: skip
        given = self._given(authorisation) if authorisation else None
        glass = self.glass.grounds(break_glass) if break_glass else None
        if authorisation and given is None:
            raise Denied("authorisation", "no authorisation of this name has been given")
        if break_glass and glass is None:
            raise Denied("break-glass", "no break-glass access of this name is in force")
        if given is not None and glass is not None:
            raise Denied("grounds", "ask on one of the two: an authorisation, or broken glass")
        since_us = None if since is None else to_us(since)
        return Request(person, action, purpose, since_us, given, glass)
