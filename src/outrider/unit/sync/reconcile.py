"""The centre and the unit compare what they hold: at each docking, and before anything is erased.

A receipt says what the centre had when it signed. A centre that was restored from a copy has less
since, and nobody would ask. So the unit names all that it still holds of what was receipted; what
the centre lacks goes again, and only what it confirms at that moment may be erased here.
"""

import threading
import time
from dataclasses import dataclass, field

from outrider.clock import Clock
from outrider.unit.journal import held
from outrider.unit.journal.epochs import LAST
from outrider.unit.journal.outbox import Outbox
from outrider.unit.sync.refusals import said
from outrider.unit.sync.session import Identity, Summary
from outrider.unit.sync.transport import HttpsCentre, UnreachableError
from outrider.wire import holdings, upload
from outrider.wire.canonical import WireError
from outrider.wire.holdings import Claim, Holdings, Question

_EVERY_S = 3600.0


@dataclass(slots=True)
class Compared:
    """What came of it. confirmed: rows that may be erased now; again: things to be sent again.

    unopened: whether the centre has rows that it cannot open: they stay here.
    """

    confirmed: set[int] = field(default_factory=set)
    again: int = 0
    unopened: bool = False


class Reconciler:
    """Compares, at each docking and once an hour at most otherwise."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._done_s: float | None = None
        self._link = ""

    def is_due(self, link: str) -> bool:
        """Whether it is time: a link just come to, or an hour since the last."""
        new = link != self._link or self._done_s is None
        return new or time.monotonic() - (self._done_s or 0.0) > _EVERY_S

    def run(
        self,
        outbox: Outbox,
        centre: HttpsCentre,
        summary: Summary,
        stop: threading.Event,
    ) -> Compared:
        """Ask about all rows; what cannot be asked is a fault, and nothing goes."""
        found, after = Compared(), 0
        while not stop.is_set():
            claims = held.claims(outbox.db, after, LAST, holdings.MAX_ROWS)
            if not claims:
                break
            after = claims[-1].seq
            try:
                self._settle(outbox, claims, self._ask(outbox, centre, claims), found)
            except (UnreachableError, WireError) as error:
                summary.fault(f"the centre did not say what it holds: {error}", passing=True)
                return found
        self._done_s, self._link = time.monotonic(), summary.link
        return found

    def _ask(self, outbox: Outbox, centre: HttpsCentre, claims: list[Claim]) -> Holdings:
        identity = self._identity
        sent = upload.sent_text(self._clock.stamp(self._clock.mono_ns()))
        question = Question(identity.unit_id, sent, outbox.journal_id, tuple(claims))
        body = holdings.encode_question(question)
        headers = {
            "Content-Type": "application/json",
            upload.DIGEST_HEADER: upload.content_digest(body),
            upload.SENT_HEADER: sent,
            upload.SIGNATURE_HEADER: identity.signing.sign(holdings.PURPOSE, body),
        }
        answer = centre.post(holdings.path(identity.unit_id), body, headers)
        if answer.status != 200:
            raise UnreachableError(f"it answers {answer.status}: {said(answer)}")
        return holdings.decode_answer(answer.body, body, question, identity.centre)

    def _settle(self, outbox: Outbox, claims: list[Claim], kept: Holdings, found: Compared) -> None:
        asked = {claim.seq for claim in claims}
        lacking = asked - kept.rows - kept.over - kept.aside
        found.again += held.send_again(outbox.db, lacking, kept.rows - kept.whole)
        held.let_go(outbox.db, kept.over)
        found.unopened = found.unopened or bool(kept.aside)
        # Rows that lack pictures here too count: none of theirs is to be sent any more.
        found.confirmed |= kept.rows | kept.over
