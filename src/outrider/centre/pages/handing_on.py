"""Reads handed on to somebody outside: a file made as long work, given while it may be."""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.access.scope import Action, Scope
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply
from outrider.centre.pages.jobs import Job
from outrider.centre.pages.long_searches import same_sight
from outrider.centre.pages.wanted import Kind, Wanted
from outrider.centre.search.asking import AskedWrongly
from outrider.wire.audit import AuditKind, new_event

_FROM = (Kind.MARK, Kind.ROUTE, Kind.AREA)
_SAID_EVERY = 500


@dataclass(frozen=True, slots=True)
class HandedOn:
    """An export that is made: how many reads, for whom, of which scope; its lines, packed.

    sha256: of the lines, as it stands in the trail. since: of the oldest that it may hold.
    """

    reads: int
    recipient: str
    scope: Scope
    since: datetime
    sha256: str
    packed: bytes


def _wanted(call: Call) -> Wanted:
    found = call.memory.question(call.path["question"])
    if not isinstance(found, Wanted) or found.kind not in _FROM:
        raise NotHere("only reads of a mark or a place are handed on: search for them first")
    return found


def form(call: Call) -> Reply:
    """Show who they are to be for. Raises NeedsPurpose."""
    return _form(call, _wanted(call), "", "")


def _form(call: Call, wanted: Wanted, recipient: str, fault: str) -> Page:
    facts = {"wanted": wanted, "name": call.path["question"], "recipient": recipient,
             "carried": call.carried, "fault": fault}  # fmt: skip
    return Page("hand_on.html", facts, 422 if fault else 200)


def begin(call: Call) -> Reply:
    """Begin the export. Raises NeedsPurpose, Denied, TooManyJobs."""
    wanted, recipient = _wanted(call), call.form.get("recipient")
    if not 3 <= len(recipient) <= 200:
        return _form(call, wanted, recipient, "recipient: name who gets them, and of where")
    scope = call.scope(wanted.span.since, Action.EXPORT)
    job = call.site.jobs.start(
        call.person.person_id, f"Reads handed on to {recipient}", "handed_on.html",
        lambda job: _hand_on(call, wanted, recipient, scope, job), token=call.token, about=scope,
    )  # fmt: skip
    return GoTo(f"/jobs/{job.name}")


def _hand_on(call: Call, wanted: Wanted, recipient: str, scope: Scope, job: Job) -> HandedOn:
    digest, packer, parts, lines = hashlib.sha256(), zlib.compressobj(6), list[bytes](), 0

    def write(line: bytes) -> None:
        nonlocal lines
        digest.update(line)
        parts.append(packer.compress(line))
        lines += 1
        if lines % _SAID_EVERY == 0:
            job.say(f"{lines:,} reads are written.")

    count = call.desks.search.hand_on(
        scope, wanted.span, recipient, write, mark=wanted.mark, place=wanted.place,
        cancel=job.cancel,
    )  # fmt: skip
    packed = b"".join([*parts, packer.flush()])
    return HandedOn(count, recipient, scope, wanted.span.since, digest.hexdigest(), packed)


def file_of(call: Call, job: Job) -> bytes:
    """Return the lines of an export; that they are fetched is in the trail before they are.

    Raises NeedsPurpose, Denied, AskedWrongly where the person could not make it now.
    """
    made: HandedOn = job.result
    if not same_sight(call.scope(made.since, Action.EXPORT), made.scope, made.since):
        raise AskedWrongly("you work on something else now: export the reads anew for that")
    at = call.desks.clock.stamp(call.desks.clock.mono_ns())
    said = f"file of the export of decision {made.scope.decision_id}, {made.reads} reads: fetched"
    why, who = f"case {made.scope.purpose.case}", call.person.person_id
    event = new_event(AuditKind.DISCLOSURE, at, who, said, why, made.recipient)
    call.desks.store.append_audit([event])
    return zlib.decompress(made.packed)
