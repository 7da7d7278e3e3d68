"""The centre's papers: authorisations, sessions, reviews, holds and the like, each state kept.

A paper is never changed: its next state is added as its next revision, together with the audit
events that tell of it, in one transaction. Two who change one paper at once: the second is told.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from outrider.centre.store import trail
from outrider.centre.store.part import Part
from outrider.centre.store.records import ConflictError
from outrider.centre.store.session import Session, placeholders
from outrider.wire.audit import AuditEvent

_COLUMNS = "kind, paper_id, revision, holder, subject, state, at_us, until_us, body"
_MOST = 10_000
CORRECTION = "correction"  # of a read: over when the read is, so until_us is the read's own time

TABLE = """
CREATE TABLE paper (
    kind {text} NOT NULL, paper_id {text} NOT NULL, revision integer NOT NULL,
    holder {text} NOT NULL, subject {text} NOT NULL, state {text} NOT NULL,
    at_us bigint NOT NULL, until_us bigint NOT NULL, body {blob} NOT NULL,
    PRIMARY KEY (kind, paper_id, revision)
);
CREATE INDEX paper_holder ON paper (kind, holder);
CREATE INDEX paper_subject ON paper (kind, subject);
"""
UNTIL_INDEX = "CREATE INDEX paper_until ON paper (kind, until_us);\n"


@dataclass(frozen=True, slots=True)
class Paper:
    """One state of a paper. revision counts from 1. holder: whose; subject: a case, a read, a team.

    until_us: when it is over; body: its content as canonical JSON.
    """

    kind: str
    paper_id: str
    revision: int
    holder: str
    subject: str
    state: str
    at_us: int
    until_us: int
    body: bytes


class PaperStore(Part):
    """Keeps papers."""

    def put_paper(self, paper: Paper, events: Sequence[AuditEvent] = ()) -> None:
        """Add a state, and what the trail says of it.

        Raises ConflictError where that revision is there, StoreError.
        """
        self.put_papers([paper], events)

    def put_papers(self, papers: Sequence[Paper], events: Sequence[AuditEvent] = ()) -> None:
        """Add states of several papers: all of them, or none. Raises as put_paper."""
        with self._backend.writing("write papers") as session:
            self._backend.lock_audit(session)
            for paper in papers:
                _put(session, paper)
            trail.append(self._backend, session, events)

    def paper(self, kind: str, paper_id: str) -> Paper | None:
        """Return the last state of a paper."""
        with self._backend.reading("read a paper") as session:
            return _find(session, kind, paper_id)

    def papers(
        self,
        kind: str,
        holder: str | None = None,
        subject: str | None = None,
        state: str | None = None,
    ) -> list[Paper]:
        """Return the last states of all papers of a kind that fit, the newest first."""
        parts, values = ["kind = ?"], [kind]
        for column, value in (("holder", holder), ("subject", subject), ("state", state)):
            if value is not None:
                parts.append(f"{column} = ?")
                values.append(value)
        with self._backend.reading("list papers") as session:
            found = session.rows(
                f"SELECT {_COLUMNS} FROM paper AS p WHERE {' AND '.join(parts)} AND revision = "
                "(SELECT max(revision) FROM paper AS q "
                "WHERE q.kind = p.kind AND q.paper_id = p.paper_id) "
                "ORDER BY at_us DESC, paper_id LIMIT ?",
                *values,
                _MOST,
            )
        return [Paper(*row) for row in found]

    def papers_named(self, kind: str, names: Sequence[str]) -> list[Paper]:
        """Return the last states of those papers of a kind that are there; 500 names at most."""
        with self._backend.reading("read papers") as session:
            return named(session, kind, names)


def named(session: Session, kind: str, names: Sequence[str]) -> list[Paper]:
    """Return the last states of those papers of a kind that are there; 500 names at most."""
    if not names:
        return []
    found = session.rows(
        f"SELECT {_COLUMNS} FROM paper WHERE kind = ? AND paper_id IN "
        f"({placeholders(len(names))}) ORDER BY paper_id, revision",
        kind,
        *names,
    )
    return list({row[1]: Paper(*row) for row in found}.values())


def over_within(
    session: Session, kind: str, state: str, since_us: int, until_us: int, most: int,
    part: str = "", *values: object,
) -> list[tuple[str, str]]:  # fmt: skip
    """Return name and subject of papers that are in a state and over within a span; so many.

    part: one more condition, with its values.
    """
    more = f" AND {part}" if part else ""
    found = session.rows(
        "SELECT paper_id, subject FROM paper AS p WHERE kind = ? AND state = ? "
        f"AND until_us BETWEEN ? AND ?{more} AND revision = (SELECT max(revision) "
        "FROM paper AS q WHERE q.kind = p.kind AND q.paper_id = p.paper_id) LIMIT ?",
        kind,
        state,
        since_us,
        until_us,
        *values,
        most,
    )
    return [(name, subject) for name, subject in found]


def forget(session: Session, before_us: int) -> int:
    """Erase papers of every kind whose last state was over before an instant; return states.

    They name marks, people and cases, and are kept no longer than reads are.
    """
    return session.run(
        "DELETE FROM paper WHERE (kind, paper_id) IN "
        "(SELECT kind, paper_id FROM paper GROUP BY kind, paper_id HAVING max(until_us) < ?)",
        before_us,
    )


def _put(session: Session, paper: Paper) -> None:
    last = _find(session, paper.kind, paper.paper_id)
    if paper.revision != (last.revision if last else 0) + 1:
        raise ConflictError(f"{paper.kind} {paper.paper_id} was changed by somebody else meanwhile")
    session.run(f"INSERT INTO paper ({_COLUMNS}) VALUES ({placeholders(9)})", *astuple(paper))


def _find(session: Session, kind: str, paper_id: str) -> Paper | None:
    row = session.one(
        f"SELECT {_COLUMNS} FROM paper WHERE kind = ? AND paper_id = ? "
        "ORDER BY revision DESC LIMIT 1",
        kind,
        paper_id,
    )
    return None if row is None else Paper(*row)
