"""The table of pages: path, who has it, what it does, and which event of s. 62 it is.

A test holds the table to the code, as the interface's (`api/routes.py`). None: it touches no
personal data of those who were read, only the centre's own papers, or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from outrider.centre.access.people import Role
from outrider.centre.pages import (
    authorisation_pages,
    handing_on,
    hit_pages,
    job_pages,
    list_import_pages,
    list_pages,
    purpose_pages,
    register_pages,
    review_pages,
    rights_pages,
    search_pages,
    self_pages,
    trail_pages,
    unit_pages,
)
from outrider.centre.pages.calls import Call, Reply
from outrider.centre.pages.menu import (
    ASKERS,
    ASSESSORS,
    AUDITORS,
    EVERYBODY,
    EXPORTERS,
    HITTERS,
    LIST_OWNERS,
    OPERATORS,
    REGISTER_READERS,
    RIGHTS_STAFF,
    SEARCHERS,
    SUPERVISORS,
)
from outrider.centre.web.bodies import MOST_BYTES
from outrider.wire.audit import AuditKind


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One page. free: before the rules of use are accepted, too. most_bytes: of a form.

    lasts: it is a stream, and no page.
    """

    method: str
    path: str
    roles: frozenset[Role]
    event: AuditKind | None
    run: Callable[[Call], Reply]
    free: bool = False
    most_bytes: int = MOST_BYTES
    lasts: bool = False


_C, _A, _D = AuditKind.CONSULTATION, AuditKind.ALTERATION, AuditKind.DISCLOSURE
ROUTES = (
    PageRoute("GET", "/rules-of-use", EVERYBODY, None, purpose_pages.rules, free=True),
    PageRoute("POST", "/rules-of-use", EVERYBODY, _A, purpose_pages.accept, free=True),
    PageRoute("GET", "/purpose", SEARCHERS, None, purpose_pages.purpose),
    PageRoute("POST", "/purpose", SEARCHERS, None, purpose_pages.say_purpose),
    PageRoute("GET", "/break-glass", SEARCHERS, None, purpose_pages.glass),
    PageRoute("POST", "/break-glass", SEARCHERS, _A, purpose_pages.break_glass),
    PageRoute("GET", "/search", SEARCHERS, None, search_pages.box),
    PageRoute("POST", "/search", SEARCHERS, None, search_pages.typed),
    PageRoute("GET", "/scenes", SEARCHERS, None, search_pages.scenes),
    PageRoute("POST", "/scenes", SEARCHERS, None, search_pages.crossed),
    PageRoute("GET", "/search/{question}", SEARCHERS, _C, search_pages.found),
    PageRoute("POST", "/search/{question}/again", SEARCHERS, None, search_pages.again),
    PageRoute("GET", "/search/{question}/hand-on", EXPORTERS, None, handing_on.form),
    PageRoute("POST", "/search/{question}/hand-on", EXPORTERS, _D, handing_on.begin),
    PageRoute("GET", "/reads/{read}", SEARCHERS, _C, search_pages.read),
    PageRoute("GET", "/reads/{read}/{part}.jpg", SEARCHERS, _C, search_pages.picture),
    PageRoute("GET", "/hits", HITTERS, _C, hit_pages.hits),
    PageRoute("GET", "/hits/live/{shown}", HITTERS, _C, hit_pages.live, lasts=True),
    PageRoute("GET", "/hits/{hit}", HITTERS, _C, hit_pages.one),
    PageRoute("POST", "/hits/{hit}", HITTERS, _A, hit_pages.act),
    PageRoute("GET", "/wrong-entries", LIST_OWNERS, _C, hit_pages.wrong_entries),
    PageRoute("POST", "/wrong-entries/{hit}", LIST_OWNERS, _A, hit_pages.settle),
    PageRoute("GET", "/lists", LIST_OWNERS, _C, list_pages.lists),
    PageRoute("POST", "/lists/find", LIST_OWNERS, None, list_pages.find),
    PageRoute("GET", "/lists/found/{question}", LIST_OWNERS, _C, list_pages.found),
    PageRoute("GET", "/lists/of/{list}", LIST_OWNERS, _C, list_pages.one_list),
    PageRoute("GET", "/lists/add", LIST_OWNERS, None, list_pages.form),
    PageRoute("POST", "/lists/add", LIST_OWNERS, _A, list_pages.add),
    PageRoute("POST", "/lists/withdraw", LIST_OWNERS, _A, list_pages.withdraw),
    PageRoute("GET", "/lists/entries/{entry}", LIST_OWNERS, _C, list_pages.entry),
    PageRoute("POST", "/lists/entries/{entry}", LIST_OWNERS, _A, list_pages.change),
    PageRoute("GET", "/lists/waiting/{batch}", LIST_OWNERS, _C, list_pages.batch),
    PageRoute("POST", "/lists/waiting/{batch}", LIST_OWNERS, _A, list_pages.decide),
    PageRoute("GET", "/lists/import", LIST_OWNERS, None, list_import_pages.form),
    PageRoute(
        "POST",
        "/lists/import",
        LIST_OWNERS,
        None,
        list_import_pages.read,
        most_bytes=list_import_pages.MOST_BYTES,
    ),
    PageRoute("GET", "/lists/import/{file}", LIST_OWNERS, None, list_import_pages.report),
    PageRoute("POST", "/lists/import/{file}", LIST_OWNERS, _A, list_import_pages.take),
    PageRoute("GET", "/authorisations", ASKERS, None, authorisation_pages.inbox),
    PageRoute("GET", "/authorisations/ask", ASKERS, None, authorisation_pages.form),
    PageRoute("POST", "/authorisations/ask", ASKERS, _A, authorisation_pages.asked),
    PageRoute("GET", "/authorisations/{paper}", ASKERS, None, authorisation_pages.one),
    PageRoute("POST", "/authorisations/{paper}", ASKERS, _A, authorisation_pages.decide),
    PageRoute("GET", "/reviews", SUPERVISORS, None, review_pages.inbox),
    PageRoute("GET", "/reviews/break-glass/{paper}", SUPERVISORS, None, review_pages.glass),
    PageRoute("POST", "/reviews/break-glass/{paper}", SUPERVISORS, _A, review_pages.close_glass),
    PageRoute("GET", "/reviews/{paper}", SUPERVISORS, None, review_pages.one),
    PageRoute("POST", "/reviews/{paper}", SUPERVISORS, _A, review_pages.close),
    PageRoute("GET", "/trail", AUDITORS, None, trail_pages.trail),
    PageRoute("POST", "/trail", AUDITORS, None, trail_pages.narrow),
    PageRoute("POST", "/trail/verification", AUDITORS, None, trail_pages.check),
    PageRoute("GET", "/trail/{filter}", AUDITORS, None, trail_pages.narrowed),
    PageRoute("GET", "/units", OPERATORS, None, unit_pages.units),
    PageRoute("GET", "/units/{unit}", OPERATORS, None, unit_pages.unit),
    PageRoute("GET", "/register", REGISTER_READERS, None, register_pages.register),
    PageRoute("GET", "/register/{unit}", REGISTER_READERS, None, register_pages.entry),
    PageRoute("GET", "/register/{unit}/sheet", REGISTER_READERS, None, register_pages.sheet),
    PageRoute("POST", "/register/{unit}", OPERATORS, _A, register_pages.enter),
    PageRoute("GET", "/requests", RIGHTS_STAFF, None, rights_pages.requests),
    PageRoute("GET", "/requests/closed", RIGHTS_STAFF, None, rights_pages.closed),
    PageRoute("GET", "/requests/new", RIGHTS_STAFF, None, rights_pages.form),
    PageRoute("POST", "/requests/new", RIGHTS_STAFF, _A, rights_pages.receive),
    PageRoute("GET", "/requests/{case}", RIGHTS_STAFF, _C, rights_pages.one),
    PageRoute("POST", "/requests/{case}", RIGHTS_STAFF, _A, rights_pages.act),
    PageRoute("GET", "/requests/{case}/letter", RIGHTS_STAFF, _C, rights_pages.letter),
    PageRoute("GET", "/requests/{case}/letter.txt", RIGHTS_STAFF, _C, rights_pages.letter_file),
    PageRoute("GET", "/self-assessment", REGISTER_READERS, None, self_pages.assessments),
    PageRoute("GET", "/self-assessment/{kind}", REGISTER_READERS, None, self_pages.one),
    PageRoute("POST", "/self-assessment/{kind}/run", ASSESSORS, _A, self_pages.run),
    PageRoute("POST", "/self-assessment/{kind}/answer", ASSESSORS, _A, self_pages.answer),
    PageRoute("GET", "/jobs", EVERYBODY, None, job_pages.jobs),
    PageRoute("GET", "/jobs/{job}", EVERYBODY, None, job_pages.job),
    PageRoute("POST", "/jobs/{job}/stop", EVERYBODY, None, job_pages.stop),
    PageRoute("GET", "/jobs/{job}/file", EXPORTERS, _D, job_pages.file),
)
