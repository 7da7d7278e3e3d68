"""The checks of a self-assessment, each measured from the centre's own facts.

Each says whether all is well (None: there is nothing to measure yet) and what it counted.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from outrider.centre.access.ages import months_before
from outrider.centre.governance.code_of_practice import Checked, principles
from outrider.centre.governance.figures import everything, figures_of
from outrider.centre.governance.hit_ends import TO_OWNER, HitEnd
from outrider.centre.governance.papers import Papers
from outrider.centre.governance.self_facts import Facts, reviewed_at, timestamp_until
from outrider.centre.search.blind import rate_of
from outrider.centre.store import queries
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.questions import HitQuestion

_YEAR = timedelta(days=366)
_NIGHTS = timedelta(days=2)
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=28)
_DRIFT_S = 5.0
_MISREAD = 0.1
_LEAST_ANSWERS = 5
_ENDED = 0.9
_MOST_HITS = 10_000
Found = tuple[bool | None, str]
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)


def run_checks(facts: Facts) -> list[Checked]:
    """Run every check that a principle names. Raises StoreError."""
    names = dict.fromkeys(name for one in principles() for name in one.checks)
    return [Checked(name, *CHECKS[name](facts)) for name in names]


def _share(facts: Facts, good: int, words: str) -> Found:
    count = len(facts.units)
    return (good == count if count else None), f"{good} of {count} {facts.kind} units {words}"


def _needs(facts: Facts) -> Found:
    return _share(facts, sum(k is not None for k in facts.units.values()), "have a need entered")


def _reviews(facts: Facts) -> Found:
    today = facts.given.now.date()
    kept = [k for k in facts.units.values() if k is not None and not k.content.overdue(today)]
    return _share(facts, len(kept), "have a review that is not overdue")


def _assessments(facts: Facts) -> Found:
    since = facts.given.now - _YEAR
    good = [k for k in facts.units.values() if k and k.content.dpia and reviewed_at(k) >= since]
    return _share(facts, len(good), "have an impact assessment that was looked at within a year")


def _public(facts: Facts) -> Found:
    page = facts.given.public_page
    told = sum(name in page for name in facts.lines)
    return bool(page) and not told, f"the page for everybody is there; it names {told} units"


def _contact(facts: Facts) -> Found:
    words = "a contact" if facts.given.contact else "no contact ([pages] contact)"
    return bool(facts.given.contact), f"the page for everybody names {words}"


def _owners(facts: Facts) -> Found:
    good = [k for k in facts.units.values() if k is not None and k.content.owner]
    return _share(facts, len(good), "have somebody who answers for their entry")


def _requests(facts: Facts) -> Found:
    late = facts.given.requests_overdue
    return late == 0, f"{late} requests or complaints of people are overdue"


def _rules(facts: Facts) -> Found:
    version = facts.given.rules_of_use
    accepted = facts.given.store.papers("acceptance", subject=version)
    words = f"{len(accepted)} people accepted the rules of use, version {version}"
    return (True if accepted else None), f"{words}; nobody else can do anything"


def _too_old(facts: Facts) -> int:
    before = months_before(facts.given.now, facts.given.months) - _NIGHTS
    return figures_of(facts.given.store, _FIRST, before).reads


def _kept_too_long(facts: Facts) -> Found:
    old = _too_old(facts)
    return old == 0, f"{old} reads are older than {facts.given.months} months"


def _erasure(facts: Facts) -> Found:
    """A night on which nothing was due leaves no event: what is too old tells of one missed."""
    last, missed = facts.trail.last_erasure, _too_old(facts) > 0
    words = f"erased last on {last:%Y-%m-%d}" if last else "nothing was ever erased"
    if missed:
        return False, f"{words}: see that it is run each night (outrider centre expire)"
    return (True if last else None), words


def _decisions(facts: Facts) -> Found:
    trail = facts.trail
    words = f"{trail.answered} searches were answered, {trail.undecided} of them undecided"
    return (trail.undecided == 0 if trail.answered else None), words


def _recipients(facts: Facts) -> Found:
    # An event of this kind without its recipient cannot even be written (wire/audit.py).
    count = facts.trail.disclosures
    return (True if count else None), f"{count} disclosures, each with its recipient"


def _clocks(facts: Facts) -> Found:
    skews = []
    for name in facts.units:
        line = facts.lines.get(name)
        last = max(line.journals, key=lambda j: j.last_upload_at, default=None) if line else None
        if last is not None and last.last_skew_s is not None:
            skews.append(abs(last.last_skew_s))
    good = sum(skew <= _DRIFT_S for skew in skews)
    words = f"{good} of {len(skews)} {facts.kind} units were within {_DRIFT_S:.0f} s"
    return (good == len(skews) if skews else None), f"{words} at their last upload"


def _certificates(facts: Facts) -> Found:
    now = facts.given.now
    known = [facts.lines[name].certificate_until for name in facts.units if name in facts.lines]
    until = [one for one in known if one is not None]
    over = sum(one < now for one in until)
    return (over == 0 if until else None), f"{over} of {len(until)} certificates are over"


def _trail(facts: Facts) -> Found:
    verdict = facts.trail.verdict
    if verdict is None or not facts.trail.rows:
        return None, "the trail has no row yet"
    words = verdict.first_break or f"all {facts.trail.rows} rows hold together"
    return verdict.sound, words


def _reviewed(facts: Facts) -> Found:
    closed, late = (
        sum(getattr(one, part) for one in facts.given.reviews) for part in ("closed", "overdue")
    )
    words = f"{closed} reviews of searches are closed, {late} overdue"
    return (late == 0 if facts.given.reviews else None), words


def _witnessed(facts: Facts) -> Found:
    verdict = facts.trail.verdict
    proving = [one for one in facts.given.outside if verdict and verdict.proves(one.checkpoint)]
    words = f"{len(proving)} checkpoints from outside prove the trail"
    return bool(proving), words if proving else f"{words}: name an overseer ([audit])"


def _misreads(facts: Facts) -> Found:
    right, wrong = (sum(facts.answers.get(n, (0, 0))[part] for n in facts.units) for part in (0, 1))
    words = f"{wrong} of {right + wrong} answered hits of {facts.kind} units were misread"
    if right + wrong < _LEAST_ANSWERS:
        return None, words
    return rate_of(right, wrong) <= _MISREAD, words


def _ends(facts: Facts) -> Found:
    now = facts.given.now
    bounds = everything(now)
    ended = Papers(facts.given.store, facts.given.clock, "hit-end", HitEnd)
    with facts.given.store.searching(bounds) as session:
        wanted = HitQuestion(to_us(now - 3 * _MONTH), to_us(now - _WEEK))
        cameras = {c for name in facts.units for c in queries.cameras_of(session, name)}
        hits = [
            hit
            for hit in queries.hits(session, bounds, wanted, _MOST_HITS)
            if hit.camera in cameras
        ]
    with_end = {kept.paper_id for kept in ended.list() if kept.content.end}
    good = sum(str(hit.hit_id) in with_end for hit in hits)
    words = f"{good} of {len(hits)} hits of three months, a week old or more, have an end"
    return (good >= _ENDED * len(hits) if hits else None), words


def _wrong_entries(facts: Facts) -> Found:
    waits = Papers(facts.given.store, facts.given.clock, "hit-end", HitEnd).list(state=TO_OWNER)
    late = sum(facts.given.now - from_us(kept.paper.at_us) > _WEEK for kept in waits)
    return late == 0, f"{len(waits)} wrong entries wait for their list's owner, {late} over a week"


def _lists(facts: Facts) -> Found:
    if facts.given.repository is None:
        return None, "no repository of lists is set ([hotlists] repository)"
    until = timestamp_until(facts.given.repository)
    if until is None:
        return False, "the repository of lists has no time stamp that can be read"
    return until > facts.given.now, f"units may take their lists for the newest until {until:%F %R}"


CHECKS: dict[str, Callable[[Facts], Found]] = {
    "needs entered": _needs,
    "reviews in time": _reviews,
    "impact assessments": _assessments,
    "public page": _public,
    "contact published": _contact,
    "owners named": _owners,
    "requests in time": _requests,
    "rules of use accepted": _rules,
    "nothing kept too long": _kept_too_long,
    "erasure runs": _erasure,
    "searches have decisions": _decisions,
    "disclosures have recipients": _recipients,
    "clocks right": _clocks,
    "certificates hold": _certificates,
    "audit trail sound": _trail,
    "searches reviewed": _reviewed,
    "audit witnessed outside": _witnessed,
    "misreads few": _misreads,
    "hits have ends": _ends,
    "wrong entries settled": _wrong_entries,
    "lists fresh": _lists,
}
