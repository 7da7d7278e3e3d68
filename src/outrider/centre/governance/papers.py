"""Papers as typed values: kept as canonical JSON, written with what the trail says of them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from outrider.centre.store.papers import Paper, PaperStore
from outrider.centre.store.records import StoreError
from outrider.clock import Clock
from outrider.records import uuid7
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent, AuditKind, new_event

_T = TypeVar("_T")
_MOST_BYTES = 64 * 1024


class NotAllowed(Exception):
    """What somebody wants to do with a paper is not theirs to do: why. No mark is in it."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[_T]):
    """A paper's last state, with its content."""

    paper: Paper
    content: _T

    @property
    def paper_id(self) -> str:
        """Its identifier."""
        return self.paper.paper_id

    @property
    def state(self) -> str:
        """Where it stands."""
        return self.paper.state


@dataclass(frozen=True, slots=True)
class Draft(Generic[_T]):
    """A paper's next state before it is written. kept: its state so far; None: it is new.

    name: of a new one; empty: it gets one of its own.
    """

    content: _T
    holder: str
    subject: str
    state: str
    until_us: int
    kept: Kept[_T] | None = None
    name: str = ""


class Papers(Generic[_T]):
    """All papers of one kind. What is done to one stands in the trail: who, what, why."""

    def __init__(self, store: PaperStore, clock: Clock, kind: str, content: type[_T]) -> None:
        self._store = store
        self._clock = clock
        self._kind = kind
        self._adapter: TypeAdapter[_T] = TypeAdapter(content)

    def now_us(self) -> int:
        """Return the time of day, in microseconds."""
        return self._clock.stamp(self._clock.mono_ns()).utc_ns // 1000

    def new_id(self) -> str:
        """Return an identifier of its own."""
        at = self._clock.stamp(self._clock.mono_ns())
        return str(uuid7(at.utc_ns, secrets.randbits(74)))

    def add(
        self, content: _T, *, holder: str, subject: str, state: str, until_us: int, by: str,
        why: str = "", paper_id: str = "", logged: bool = True,
    ) -> Kept[_T]:  # fmt: skip
        """Write a new paper. Raises ConflictError where it is there, StoreError."""
        body = canonical.dumps(self._adapter.dump_python(content, mode="json"))
        paper = Paper(
            self._kind, paper_id or self.new_id(), 1, holder, subject, state, self.now_us(),
            until_us, body,
        )  # fmt: skip
        self._store.put_paper(paper, [self._event(paper, by, why)] if logged else ())
        return Kept(paper, content)

    def change(
        self, kept: Kept[_T], content: _T, *, state: str, by: str, why: str = "",
        until_us: int | None = None,
    ) -> Kept[_T]:  # fmt: skip
        """Write a paper's next state. Raises ConflictError where it was changed meanwhile."""
        paper = replace(
            kept.paper,
            revision=kept.paper.revision + 1,
            state=state,
            at_us=self.now_us(),
            until_us=kept.paper.until_us if until_us is None else until_us,
            body=canonical.dumps(self._adapter.dump_python(content, mode="json")),
        )
        self._store.put_paper(paper, [self._event(paper, by, why)])
        return Kept(paper, content)

    def write_all(self, drafts: Sequence[Draft[_T]], *, by: str, why: str = "") -> list[Kept[_T]]:
        """Write the next states of several papers: all, or none. Raises as add and change."""
        made = [Kept(self._drafted(draft), draft.content) for draft in drafts]
        events = [self._event(kept.paper, by, why) for kept in made]
        self._store.put_papers([kept.paper for kept in made], events)
        return made

    def _drafted(self, draft: Draft[_T]) -> Paper:
        name, revision = draft.name or self.new_id(), 1
        if draft.kept is not None:
            name, revision = draft.kept.paper_id, draft.kept.paper.revision + 1
        body = canonical.dumps(self._adapter.dump_python(draft.content, mode="json"))
        return Paper(
            self._kind, name, revision, draft.holder, draft.subject, draft.state, self.now_us(),
            draft.until_us, body,
        )  # fmt: skip

    def _event(self, paper: Paper, by: str, why: str) -> AuditEvent:
        said = {
            "schema": "paper 1",
            "kind": paper.kind,
            "paper": paper.paper_id,
            "revision": paper.revision,
            "state": paper.state,
            "holder": paper.holder,
            "subject": paper.subject,
        }
        at = self._clock.stamp(self._clock.mono_ns())
        return new_event(AuditKind.ALTERATION, at, by, canonical.dumps(said).decode(), why)

    def get(self, paper_id: str) -> Kept[_T] | None:
        """Return a paper's last state."""
        if not _is_id(paper_id):
            return None
        found = self._store.paper(self._kind, paper_id)
        return None if found is None else self._kept(found)

    def named(self, names: Sequence[str]) -> list[Kept[_T]]:
        """Return the last states of those of 500 names at most that are there."""
        return [self._kept(paper) for paper in self._store.papers_named(self._kind, names)]

    def list(
        self, holder: str | None = None, subject: str | None = None, state: str | None = None
    ) -> "list[Kept[_T]]":
        """Return the last states of those that fit, the newest first."""
        return [
            self._kept(paper) for paper in self._store.papers(self._kind, holder, subject, state)
        ]

    def _kept(self, paper: Paper) -> Kept[_T]:
        try:
            body: Any = canonical.loads(paper.body, _MOST_BYTES)
            return Kept(paper, self._adapter.validate_python(body))
        except (ValidationError, canonical.WireError) as error:
            raise StoreError(f"{paper.kind} {paper.paper_id}: damaged") from error


def _is_id(text: str) -> bool:
    return 1 <= len(text) <= 200 and "\0" not in text
