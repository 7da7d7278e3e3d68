"""Why something was denied, in words: it explains what Cedar has decided, and decides nothing."""

from datetime import datetime
from typing import TYPE_CHECKING

from outrider.centre.access.people import Rank, Role
from outrider.centre.store.columns import to_us

if TYPE_CHECKING:
    from outrider.centre.access.decide import Request
    from outrider.centre.access.grounds import Authorisation

_NO_READS = (Role.AUDITOR, Role.ADMINISTRATOR)


class Denied(Exception):
    """Not allowed. code: short and stable; the message says what to do. No mark is in it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def denied(request: "Request", now: datetime, policy_in_force: str) -> Denied:
    """Return why a request that no tier allows was denied."""
    person = request.person
    if person.policy_version != policy_in_force:
        return Denied("policy", "accept the rules of use in force first")
    barred = [role for role in _NO_READS if person.has(role)]
    if barred:
        return Denied("role", f"the role {barred[0]} sees no read")
    if request.authorisation is not None:
        return Denied("authorisation", _of_authorisation(request, request.authorisation, now))
    if request.break_glass is not None:
        return Denied("break-glass", "this break-glass access is another's, another case's or over")
    return Denied(
        "not-allowed",
        f"no rule lets you {request.action} reads for the purpose {request.purpose.code}",
    )


def _of_authorisation(request: "Request", given: "Authorisation", now: datetime) -> str:
    now_us, asker = to_us(now), request.person
    tests = (
        (given.asked_by != asker.person_id, "it was given to somebody else"),
        (given.revoked, "it was taken back"),
        (now_us >= given.until_us, "its time is over: ask for another"),
        (now_us < given.from_us, "its time has not begun"),
        (given.case != request.purpose.case, "it was given for another case"),
        (given.purpose != request.purpose.code, "it was given for another purpose"),
        (given.given_by_rank <= asker.rank, "whoever gave it is of no higher rank than you"),
        (given.given_by_rank < Rank.SUPERINTENDENT, "a superintendent or higher must give it"),
    )
    why = next((text for holds, text in tests if holds), "no rule allows this role or purpose")
    return f"the authorisation does not allow this: {why}"
