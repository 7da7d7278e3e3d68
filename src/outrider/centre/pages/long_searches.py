"""Searches that may take long: they go on as long work where they are not done at once.

What was found is shown again only to who would be shown as much now.
"""

from dataclasses import replace
from datetime import datetime

from outrider.centre.access.scope import Scope
from outrider.centre.pages.calls import Call
from outrider.centre.pages.jobs import Job, JobState
from outrider.centre.pages.wanted import Kind, Wanted, ask, since_of
from outrider.centre.search.core import SearchFault
from outrider.centre.store.columns import to_us

SLOW = (Kind.ASSOCIATES, Kind.CLONES, Kind.CROSSED)
_TITLES = {
    Kind.ASSOCIATES: "Who was with it",
    Kind.CLONES: "Is it on two cars?",
    Kind.CROSSED: "Who was at these scenes",
}
_AT_ONCE_S = 2.0


def long_search(call: Call, wanted: Wanted, name: str) -> Job:
    """Return the work that answers a question, begun now or found again, for a moment waited for.

    Raises NeedsPurpose, Denied, and what the search raised; TooManyJobs.
    """
    since = since_of(wanted)
    scope = call.scope(since)
    job = call.site.jobs.get(wanted.job, call.person.person_id, call.token)
    if job is not None and not same_sight(scope, job.about, since):
        job.cancel.cancel()
        job = None
    if job is None:
        job = _begin(call, wanted, name, scope)
        job.done.wait(_AT_ONCE_S)
    if job.state in (JobState.FAILED, JobState.STOPPED):  # asked again, it begins anew
        call.memory.keep(replace(wanted, job=""), name)
    if job.state is JobState.FAILED:
        raise job.fault or SearchFault("the search could not be done; ask again later")
    return job


def _begin(call: Call, wanted: Wanted, name: str, scope: Scope) -> Job:
    begun = call.site.now

    def work(job: Job) -> object:
        job.say(f"Begun at {begun:%H:%M:%S} UTC.")
        return ask(replace(call, cancel=job.cancel), wanted, 1, scope)

    title = f"{_TITLES[wanted.kind]} ({wanted.text})"
    job = call.site.jobs.start(
        call.person.person_id, title, "job.html", work, token=call.token, about=scope,
        path=f"/search/{name}",
    )  # fmt: skip
    call.memory.keep(replace(wanted, job=job.name), name)
    return job


def same_sight(now: Scope, then: Scope, since: datetime) -> bool:
    """Whether what was found within one scope may be shown within another: all but its time."""
    if to_us(since) < now.bounds.not_before_us:
        return False
    return _sight(now) == _sight(then)


def _sight(scope: Scope) -> tuple[object, ...]:
    bounds = replace(scope.bounds, not_before_us=0, not_after_us=0)
    return (
        scope.person, scope.action, scope.purpose, bounds, scope.positions, scope.fields,
        scope.rules, scope.authorisation_id, scope.break_glass_id,
    )  # fmt: skip
