"""Long work: how far it is, what came of it; found again from every page."""

from outrider.centre.pages.calls import Bytes, Call, GoTo, NotHere, Page, Reply
from outrider.centre.pages.handing_on import HandedOn, file_of
from outrider.centre.pages.jobs import Job, JobState


def jobs(call: Call) -> Reply:
    """Show somebody's own work."""
    return Page("jobs.html", {"jobs": call.site.jobs.of(call.person.person_id, call.token)})


def _job(call: Call) -> Job:
    found = call.site.jobs.get(call.path["job"], call.person.person_id, call.token)
    if found is None:
        raise NotHere("no work of this name is kept: it is let go of after an hour, and with its "
                      "session")  # fmt: skip
    return found


def job(call: Call) -> Reply:
    """Show one piece of work, or its result."""
    found = _job(call)
    if found.path:
        return GoTo(found.path)
    if found.state is JobState.DONE:
        return Page(found.template, {"job": found, "result": found.result})
    return Page("job.html", {"job": found, "here": f"/jobs/{found.name}"})


def stop(call: Call) -> Reply:
    """Break it off."""
    found = _job(call)
    found.cancel.cancel()
    return GoTo("/jobs", f"{found.title}: it is broken off.")


def file(call: Call) -> Reply:
    """Give the file of an export, where its reads might be handed on now, too."""
    found = _job(call)
    if found.state is not JobState.DONE or not isinstance(found.result, HandedOn):
        raise NotHere("this work has no file")
    return Bytes(file_of(call, found), "application/x-ndjson", f"export-{found.name}.ndjson")
