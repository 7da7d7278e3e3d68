"""What the audit trail says of a question: intent before, outcome after, denials too.

The subject of an event is one line of canonical JSON, so that reviews, the detector and each
force's account of its own reads are made of the trail itself and of nothing beside it.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outrider.centre.access.purpose import Purpose
from outrider.centre.access.scope import Action, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.store.trail import AuditStore
from outrider.clock import Clock
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent, AuditKind, new_event

SCHEMA = "search 1"
_MOST_BYTES = 16_000
_MOST_SHOWN = 200


class Stage(StrEnum):
    """Where a question stands."""

    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, by whom and why, read back from the trail. facts: what was searched."""

    stage: Stage
    decision_id: str
    at_us: int
    person: str
    force: str
    team: str
    action: str
    purpose: str
    authority: str
    case: str
    words: str
    authorisation: str
    break_glass: str
    facts: Mapping[str, Any]
    outcome: Mapping[str, Any]


class Record:
    """Writes questions into the trail."""

    def __init__(self, trail: AuditStore, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock

    def asked(self, scope: Scope, facts: Mapping[str, Any]) -> None:
        """Commit that this is about to be asked. Raises StoreError: then nothing is asked."""
        self._write(scope, Stage.ASKED, facts, {})

    def answered(self, scope: Scope, facts: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
        """Commit what came of it. Raises StoreError: then nothing is shown."""
        self._write(scope, Stage.ANSWERED, facts, outcome)

    def failed(self, scope: Scope, facts: Mapping[str, Any], why: str) -> None:
        """Commit that it was not answered, and why. Raises StoreError."""
        self._write(scope, Stage.FAILED, facts, {"why": why[:200]})

    def denied(
        self,
        person: tuple[str, str, str],
        action: Action,
        purpose: Purpose,
        facts: Mapping[str, Any],
        error: Denied,
    ) -> None:
        """Commit that somebody (person, force, team) was denied. Raises StoreError."""
        who, force, team = person
        subject = _subject(Stage.DENIED, "", force, team, action, purpose, ("", ""), facts)
        self._append(action, who, subject | {"outcome": {"code": error.code}}, purpose, force)

    def _write(
        self, scope: Scope, stage: Stage, facts: Mapping[str, Any], outcome: Mapping[str, Any]
    ) -> None:
        person, grounds = scope.person, (scope.authorisation_id, scope.break_glass_id)
        subject = _subject(
            stage, str(scope.decision_id), person.force, person.team, scope.action, scope.purpose,
            grounds, facts,
        )  # fmt: skip
        subject |= {"outcome": dict(outcome), "rules": scope.rules, "tier": scope.tier}
        self._append(scope.action, person.person_id, subject, scope.purpose, person.force)

    def _append(
        self, action: Action, who: str, subject: dict[str, Any], purpose: Purpose, force: str
    ) -> None:
        facts = subject["facts"]
        text = canonical.dumps(subject)
        if len(text) > _MOST_BYTES:
            subject["facts"] = {"cut": True, "kind": facts.get("kind", "")}
            text = canonical.dumps(subject)
        why = f"{purpose.code}, {purpose.authority}: case {purpose.case}: {purpose.words}"
        at = self._clock.stamp(self._clock.mono_ns())
        # A picture for a pack is a consultation of its own; the pack is the disclosure.
        kind = AuditKind.CONSULTATION if facts.get("kind") == "picture" else KINDS[action]
        handed = str(facts.get("recipient") or force) if kind is AuditKind.DISCLOSURE else ""
        self._trail.append_audit([new_event(kind, at, who, text.decode(), why, handed)])


KINDS = {
    Action.SEARCH: AuditKind.CONSULTATION,
    Action.PICTURE: AuditKind.CONSULTATION,
    Action.EXPORT: AuditKind.DISCLOSURE,
    Action.CORRECT: AuditKind.ALTERATION,
}


def _subject(
    stage: Stage,
    decision_id: str,
    force: str,
    team: str,
    action: Action,
    purpose: Purpose,
    grounds: tuple[str, str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "stage": stage.value,
        "decision": decision_id,
        "force": force,
        "team": team,
        "action": action.value,
        "purpose": purpose.code.value,
        "authority": purpose.authority.value,
        "case": purpose.case,
        "words": purpose.words,
        "authorisation": grounds[0],
        "break_glass": grounds[1],
        "facts": dict(facts),
    }


def read_back(event: AuditEvent) -> Asked | None:
    """Return what an event says was asked; None for events of other kinds."""
    if not event.subject.startswith("{"):
        return None
    try:
        found = json.loads(event.subject)
    except json.JSONDecodeError:  # a unit's words that begin with a brace
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return None
    return Asked(
        Stage(found["stage"]), found["decision"], event.at.utc_ns // 1000, event.actor,
        found["force"], found["team"], found["action"], found["purpose"], found["authority"],
        found["case"], found["words"], found["authorisation"], found["break_glass"],
        found["facts"], found.get("outcome", {}),
    )  # fmt: skip


def shown_outcome(ids: list[uuid.UUID], forces: Mapping[str, int], total: int) -> dict[str, Any]:
    """Return an outcome: how many there were, of which forces, and which reads were shown."""
    shown = [str(one) for one in ids[:_MOST_SHOWN]]
    return {"total": total, "shown": len(ids), "forces": dict(sorted(forces.items())), "ids": shown}
