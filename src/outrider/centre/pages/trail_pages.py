"""What an auditor sees first: the trail, filtered; its verification; and no read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from outrider.centre.checkpoints.keeping import CheckpointFolder
from outrider.centre.checkpoints.verify import rows_after, verify
from outrider.centre.folder import CentreFolder
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply, Site
from outrider.centre.pages.layout import UK, said
from outrider.centre.retention import last_row
from outrider.centre.search.record import read_back
from outrider.centre.store.records import AuditRow
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.signing import SigningIdentity, VerifyingKey

_SHOWN = 50
_LOOKED_AT = 5_000
_BLOCK = 500
_SAID_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which rows: every part that is given must hold. Days of UK time, both included."""

    actor: str = ""
    kind: str = ""
    words: str = ""
    since: str = ""
    until: str = ""

    def fits(self, row: AuditRow) -> bool:
        """Whether a row is wanted."""
        event = row.event
        day = f"{event.at.utc.astimezone(UK):%Y-%m-%d}"
        told = f"{event.subject} {event.justification} {event.recipient}".casefold()
        return (
            self.actor.casefold() in event.actor.casefold()
            and self.kind in ("", event.kind.value)
            and self.words.casefold() in told
            and (not self.since or day >= self.since)
            and (not self.until or day <= self.until)
        )


def trail(call: Call) -> Reply:
    """Show the newest rows."""
    return _shown(call, TrailFilter(), "")


def narrowed(call: Call) -> Reply:
    """Show rows of a filter, backwards from a number."""
    found = call.memory.question(call.path["filter"])
    if not isinstance(found, TrailFilter):
        raise NotHere("this filter is not kept any more: set it anew")
    return _shown(call, found, call.path["filter"])


def narrow(call: Call) -> Reply:
    """Take a filter."""
    found = TrailFilter(
        *(call.form.get(name) for name in ("actor", "kind", "words", "since", "until"))
    )
    for day in filter(None, (found.since, found.until)):
        try:
            datetime.fromisoformat(day)
        except ValueError:
            return _shown(call, found, "", "day: as in 2026-11-20")
    return GoTo(f"/trail/{call.memory.keep(found)}")


def _shown(call: Call, wanted: TrailFilter, name: str, fault: str = "") -> Page:
    last = last_row(call.desks.store)
    end = 0 if last is None else last.number
    before = call.query.get("before", "")
    top = min(end, int(before[:18])) if before.isascii() and before.isdigit() else end
    rows, bottom = ([], top) if fault else _backwards(call, wanted, top)
    facts = {
        "rows": [(row, read_back(row.event), _words(row.event)) for row in rows],
        "wanted": wanted, "name": name,
        "top": top, "bottom": bottom, "kinds": list(AuditKind), "fault": fault, "end": end,
    }  # fmt: skip
    return Page("trail.html", facts, 422 if fault else 200)


def _words(event: AuditEvent) -> str:
    """Return what an event that is no search says: a paper's state is kept as JSON."""
    try:
        found = json.loads(event.subject)
    except (ValueError, RecursionError):
        return event.subject
    if not isinstance(found, dict):
        return event.subject
    return said({key: one for key, one in found.items() if key != "schema"})


def _backwards(call: Call, wanted: TrailFilter, top: int) -> tuple[list[AuditRow], int]:
    """Return fitting rows from a number downwards, and the number before the last looked at."""
    found: list[AuditRow] = []
    at = top
    while at > 0 and len(found) < _SHOWN and top - at < _LOOKED_AT:
        start = max(0, at - _BLOCK)
        for row in reversed(call.desks.store.audit(start, at - start)):
            at = row.number - 1
            if wanted.fits(row):
                found.append(row)
                if len(found) == _SHOWN:
                    return found, at
        at = start
    return found, at


def check(call: Call) -> Reply:
    """Begin to verify the whole trail."""
    job = call.site.jobs.start(
        call.person.person_id, "Verification of the audit trail", "verified.html",
        lambda job: _verify(call.site, job.say),
    )  # fmt: skip
    return GoTo(f"/jobs/{job.name}")


def _centres_key(folder: CentreFolder) -> VerifyingKey:
    """Return the key that checkpoints are checked with: this service signs nothing."""
    if folder.receipt_public.exists():
        return VerifyingKey.read(folder.receipt_public)
    return SigningIdentity.read(folder.receipt_key).public  # a folder of before


def _verify(site: Site, say: Callable[[str], None]) -> dict[str, Any]:
    key = _centres_key(site.folder)
    kept = CheckpointFolder(site.folder.checkpoints, key)
    outside = kept.outside(site.settings.audit.overseer_file)
    known = [*outside, *kept.own()]

    def told() -> Any:
        for row in rows_after(site.desks.store, 0):
            if row.number % _SAID_EVERY == 0:
                say(f"{row.number:,} rows checked")
            yield row

    verdict = verify(told(), [one.checkpoint for one in known], 0)
    proving = [one for one in outside if verdict.proves(one.checkpoint)]
    newest = max(proving, key=lambda one: one.checkpoint.number, default=None)
    at = datetime.fromtimestamp(site.now.timestamp(), tz=UTC)
    return {"verdict": verdict, "outside": len(outside), "newest": newest, "at": at}
