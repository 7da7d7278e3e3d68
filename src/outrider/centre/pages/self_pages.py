"""The self-assessment: twelve principles, the checks that were run, what somebody answered."""

from collections.abc import Callable
from typing import Any

from outrider.centre.access.people import Role
from outrider.centre.checkpoints.keeping import CheckpointFolder
from outrider.centre.governance.code_of_practice import (
    ANSWERS,
    KINDS,
    Assessment,
    SelfAssessments,
    principles,
)
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.governance.self_checks import run_checks
from outrider.centre.governance.self_facts import Given, facts_of, trail_facts
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply, Site
from outrider.centre.pages.public_page import public_text
from outrider.wire.signing import SigningIdentity


def _papers(site: Site) -> SelfAssessments:
    return SelfAssessments(site.desks.store, site.desks.clock)


def assessments(call: Call) -> Reply:
    """Show how fixed and mobile units stand."""
    papers = _papers(call.site)
    rows = [(kind, papers.last(kind), _counts(papers.last(kind))) for kind in KINDS]
    return Page("self_assessments.html", {"rows": rows})


def _counts(run: Assessment | None) -> tuple[int, int, int]:
    """Return how many checks are well, not well, and without anything to measure."""
    found = [one.good for one in run.checks] if run else []
    return found.count(True), found.count(False), found.count(None)


def one(call: Call) -> Reply:
    """Show the twelve principles for one kind of unit."""
    return _one(call, {}, "")


def _one(call: Call, typed: dict[str, str], fault: str) -> Page:
    kind, papers = _kind(call), _papers(call.site)
    run = papers.last(kind)
    facts: dict[str, Any] = {
        "kind": kind, "principles": principles(), "run": run, "counts": _counts(run),
        "answers": papers.answers(kind), "choices": ANSWERS, "today": papers.today(),
        "typed": {"question": "", "answer": "", "words": ""} | typed, "fault": fault,
        "mine": bool(call.person.roles & {Role.ADMINISTRATOR, Role.AUDITOR}),
    }  # fmt: skip
    return Page("self_assessment.html", facts, 422 if fault else 200)


def _kind(call: Call) -> str:
    kind = call.path["kind"]
    if kind not in KINDS:
        raise NotHere("a self-assessment is of fixed or of mobile units")
    return kind


def run(call: Call) -> Reply:
    """Begin to run all checks. Raises TooManyJobs."""
    kind, who = _kind(call), call.person.person_id
    job = call.site.jobs.start(
        who, f"Self-assessment of {kind} units", "self_assessed.html",
        lambda job: assess(call.site, kind, who, job.say),
    )  # fmt: skip
    return GoTo(f"/jobs/{job.name}")


def assess(site: Site, kind: str, who: str, say: Callable[[str], None]) -> Assessment:
    """Run all checks and keep what they found. Raises StoreError, OSError."""
    given = _given(site)
    say("the audit trail is gone through")
    trail = trail_facts(given, say)
    say("the checks are run")
    checks = run_checks(facts_of(given, kind, trail))
    return _papers(site).keep(who, kind, checks).content


def _given(site: Site) -> Given:
    desks, settings = site.desks, site.settings
    folder = CheckpointFolder(
        site.folder.checkpoints, SigningIdentity.read(site.folder.receipt_key).public
    )
    return Given(
        desks.store, desks.clock, settings.retention.months, settings.pages.contact,
        public_text(site), settings.access.rules_of_use, desks.reviews.completion(),
        desks.desk.rights.overdue(), folder.own(),
        folder.outside(settings.audit.overseer_file), settings.hotlists.repository,
    )  # fmt: skip


def answer(call: Call) -> Reply:
    """Take an answer. Raises ConflictError."""
    kind = _kind(call)
    typed = {name: call.form.get(name) for name in ("question", "answer", "words")}
    try:
        _papers(call.site).answer(
            call.person, kind, typed["question"], typed["answer"], typed["words"]
        )
    except (ValueError, NotAllowed) as fault:
        return _one(call, typed, str(fault))
    return GoTo(f"/self-assessment/{kind}", "Your answer is kept, with your name and the day.")
