"""A subject access request, answered on the demo's reads from receipt to letter; third parties out.

And every other kind, to its letter.
"""

import re
from datetime import timedelta

import pytest

from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.scope import Action
from outrider.centre.access.why_not import Denied
from outrider.centre.demo import story
from outrider.centre.demo.people import STAFF, member
from outrider.centre.governance.figures import everything
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.store import queries
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.questions import Question, Sighting
from outrider.wire.audit import AuditKind
from tests.centre.pages.conftest import Browser, Centre

_MARK = re.compile(r"\b[A-Z]{2}\d\d ?[A-Z]{3}\b")


def _receive(centre: Centre, browser: Browser, kind: str, vehicles: str = "") -> str:
    browser.get("/requests/new")
    told = browser.post(
        "/requests/new", kind=kind, received=f"{centre.site.now:%Y-%m-%d}", name="K. Neighbour",
        contact="1 High Street\nTown", words="please tell me what you keep of my car",
        vehicles=vehicles,
    )  # fmt: skip
    assert "is taken in" in told
    return browser.path


def _sightings(centre: Centre, mark: str) -> list[Sighting]:
    bounds = everything(centre.site.now)
    question = Question(1, to_us(centre.site.now), marks=(mark,))
    with centre.site.desks.store.searching(bounds) as session:
        return queries.sightings(session, bounds, question, 1000, None)


def test_a_subject_access_request_is_answered_from_receipt_to_letter(centre: Centre) -> None:
    """Only reads of the person's own vehicle while it was his; no officer, camera, exact place."""
    first, second = centre.sign_in("dpo-1"), centre.sign_in("dpo-2")
    today = centre.site.now.date()
    since = today - timedelta(days=60)
    path = _receive(centre, first, "subject access", f"PW68 NBR {since} {today}")
    assert "in time" in first.text
    first.post(path, act="ask-identity")
    assert "stands still" in first.get(path)
    second.get(path)
    assert "There is a problem" in second.post(path, act="identity", words="ok")
    second.post(path, act="identity", words="his passport and the logbook")
    assert "I answer it" not in second.get(path)
    second.post(path, act="take")
    assert second.status == 403
    first.get(path)
    first.post(path, act="take")
    first.get(path)
    assert "outcome: one of" in first.post(path, act="decide", outcome="", told="", reasons="")
    before = len(centre.site.desks.store.audit(0, 100_000))
    first.get(path)
    first.post(path, act="decide", outcome="answered", told="", reasons="all that is kept of it")
    assert "decided: answered" in first.get(path)
    shown = first.get(f"{path}/letter")
    text = first.client.get(f"{path}/letter.txt").text
    _holds_only_his_own(centre, text, shown, since.isoformat())
    first.get(path)
    assert "There is a problem" in first.post(path, act="send", words="post")
    first.post(path, act="send", words="by post to the address")
    assert "PW68" not in first.get("/requests")
    assert "closed: answered" in first.get("/requests/closed")
    _is_in_the_trail(centre, before)


def _holds_only_his_own(centre: Centre, text: str, shown: str, since: str) -> None:
    """Hold the letter to the store: each read of the time, and nothing else that anybody has."""
    reads = _sightings(centre, story.NEIGHBOUR)
    own = [one for one in reads if f"{from_us(one.at_us):%Y-%m-%d}" >= since]
    assert 5 < len(own) < len(reads)
    assert f"we keep {len(own)} reads" in text
    lines = re.findall(r"^\d+ \w+ \d{4} [\d:]{8} \w+  PW68NBR  near .*$", text, re.MULTILINE)
    assert len(lines) == len(own)
    assert all(line in shown for line in (" ".join(one.split()) for one in lines))
    for letter in (text, shown):
        assert set(_MARK.findall(letter)) <= {"PW68NBR", "PW68 NBR"}
        for staff in STAFF:
            assert staff.person.person_id not in letter
        for unit in centre.site.desks.store.units():
            assert unit.unit_id not in letter
        for one in own:
            for value in (one.latitude_e7 or 0, one.longitude_e7 or 0):
                assert f"{value / 1e7:.3f}"[:-1] not in letter or value % 500_000 == 0
            assert str(one.read_id) not in letter
        assert "Information Commissioner" in letter
        assert "neither said nor denied" in letter


def _is_in_the_trail(centre: Centre, before: int) -> None:
    """A disclosure with its recipient; letter and steps by name; nobody's name, no letter."""
    written = [row.event for row in centre.site.desks.store.audit(before, 1000)]
    disclosed = [one for one in written if one.kind is AuditKind.DISCLOSURE]
    assert len(disclosed) == 2
    assert all(one.recipient.startswith("the person of R/26/") for one in disclosed)
    assert any("decided: answered" in one.justification for one in written)
    assert not any("Neighbour" in f"{one.subject}{one.justification}" for one in written)


def test_a_previous_keepers_reads_are_left_out(centre: Centre) -> None:
    """Whose car it was in the spring is not told to whoever bought it since."""
    first, second = centre.sign_in("dpo-1"), centre.sign_in("dpo-2")
    today = centre.site.now.date()
    path = _receive(centre, first, "subject access", f"PW68NBR {today} {today}")
    second.get(path)
    second.post(path, act="identity", words="his passport and the logbook")
    first.get(path)
    first.post(path, act="take")
    first.get(path)
    first.post(path, act="decide", outcome="answered", told="", reasons="all that is kept of it")
    text = first.client.get(f"{path}/letter.txt").text
    assert re.search(r"we keep [01] reads?", text)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("rectification", "put right"), ("erasure", "refused"), ("complaint", "upheld")],
)
def test_every_other_kind_comes_to_its_letter(centre: Centre, kind: str, outcome: str) -> None:
    """Without a read in it; a name may be in the words, which stay with the case."""
    first, second = centre.sign_in("dpo-1"), centre.sign_in("dpo-2")
    path = _receive(centre, first, kind)
    second.get(path)
    second.post(path, act="identity", words="his passport and the logbook")
    first.get(path)
    first.post(path, act="take")
    first.get(path)
    before = len(centre.site.desks.store.audit(0, 100_000))
    first.post(
        path, act="decide", outcome=outcome, told="The mark <b>was</b> corrected.",
        reasons="the picture shows it plainly",
    )  # fmt: skip
    first.get(f"{path}/letter")
    assert f"Decision: {outcome}." in first.text
    assert "&lt;b&gt;" in first.html
    assert "shows it plainly" not in first.text
    written = [row.event for row in centre.site.desks.store.audit(before, 1000)]
    assert not any(one.kind is AuditKind.DISCLOSURE for one in written)


def test_nobody_sees_a_read_by_a_request_that_is_not_checked(centre: Centre) -> None:
    """Without an identity, for another's case, for another mark, to search: denied."""
    desks = centre.site.desks
    version = desks.acceptance.in_force
    first = centre.sign_in("dpo-1")
    today = centre.site.now.date()
    path = _receive(centre, first, "subject access", f"PW68NBR {today} {today}")
    case_id = path.rpartition("/")[2]
    person, other = member("dpo-1", version), member("dpo-2", version)
    kept = desks.desk.rights.get(person, case_id)
    purpose = Purpose(PurposeCode.SUBJECT_RIGHTS, kept.content.reference, "answer the request")
    desks.desk.rights.take(person, case_id)
    with pytest.raises(Denied):
        desks.desk.decide(person, Action.EXPORT, purpose, authorisation=case_id)
    desks.desk.rights.check_identity(other, case_id, "his passport and the logbook")
    scope = desks.desk.decide(person, Action.EXPORT, purpose, authorisation=case_id)
    assert scope.bounds.marks == frozenset({"PW68NBR"})
    for who, action in (
        (person, Action.SEARCH), (person, Action.PICTURE), (other, Action.EXPORT),
        (member("ana-1", version), Action.EXPORT),
    ):  # fmt: skip
        with pytest.raises(Denied):
            desks.desk.decide(who, action, purpose, authorisation=case_id)
    with pytest.raises(NotAllowed):
        desks.desk.rights.get(member("ana-1", version), case_id)
