"""Long work: how far it is, what came of it; found again from every page."""

from outrider.centre.pages.calls import Call, NotHere, Page, Reply
from outrider.centre.pages.jobs import JobState


def jobs(call: Call) -> Reply:
    """Show somebody's own work."""
    return Page("jobs.html", {"jobs": call.site.jobs.of(call.person.person_id)})


def job(call: Call) -> Reply:
    """Show one piece of work, or its result."""
    found = call.site.jobs.get(call.path["job"], call.person.person_id)
    if found is None:
        raise NotHere("no work of this name is kept: a restart of the service forgets it")
    if found.state is JobState.DONE:
        return Page(found.template, {"job": found, "result": found.result})
    return Page("job.html", {"job": found})
