"""The table of routes: path, what it takes, what it does, and which event of s. 62 it is.

Tests hold the table to the code: every route of the application stands here, and what is written
into the trail when it is called is of the kind that stands here. None: it touches no personal data
of those who were read, only the centre's own papers, or nothing.
"""

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from outrider.centre.access.people import Person
from outrider.centre.access.scope import Action, Scope
from outrider.centre.api import bodies
from outrider.centre.api.bodies import Body, Grounds, Paged
from outrider.centre.desks import Desks
from outrider.centre.pictures.asking import PARTS, PictureAsked
from outrider.centre.pictures.reaching import Pictures
from outrider.centre.search.asking import Span
from outrider.centre.store.columns import to_us
from outrider.centre.store.questions import Order
from outrider.centre.store.search_ports import Cancel
from outrider.wire.audit import AuditKind


@dataclass(frozen=True, slots=True)
class Call:
    """One call: by whom, with what, what breaks it off, and who opens pictures."""

    desks: Desks
    person: Person
    body: Any
    path: Mapping[str, str]
    cancel: Cancel
    token: str
    pictures: Pictures


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One route. name: also of its operation; body: what POST takes; event: of s. 62, if any."""

    method: str
    path: str
    name: str
    purpose: str
    body: type[Body] | None
    event: AuditKind | None
    run: Callable[[Call], Any]


def _scope(call: Call, since: Any = None, action: Action = Action.SEARCH) -> Scope:
    grounds: Grounds = call.body
    return call.desks.desk.decide(
        call.person, action, grounds.purpose.checked(), since=since,
        authorisation=grounds.authorisation, break_glass=grounds.break_glass,
    )  # fmt: skip


def _paging(body: Paged) -> dict[str, Any]:
    return {"page": body.page, "size": body.size, "order": Order(body.order)}


def _mark(call: Call) -> Any:
    body: bodies.MarkBody = call.body
    return call.desks.search.mark(
        _scope(call, body.since), body.mark, body.span(), exact=body.exact, cancel=call.cancel,
        **_paging(body),
    )  # fmt: skip


def _partial(call: Call) -> Any:
    body: bodies.PartialBody = call.body
    place = body.place.place() if body.place else None
    return call.desks.search.partial(
        _scope(call, body.since), body.pattern, body.span(), place=place, cancel=call.cancel,
        **_paging(body),
    )  # fmt: skip


def _area(call: Call) -> Any:
    body: bodies.AreaBody = call.body
    return call.desks.search.area(
        _scope(call, body.since), body.place.place(), body.span(), marks=body.marks,
        cancel=call.cancel, **_paging(body),
    )  # fmt: skip


def _camera(call: Call) -> Any:
    body: bodies.CameraBody = call.body
    return call.desks.search.camera(
        _scope(call, body.since), body.unit, body.span(), cancel=call.cancel, **_paging(body)
    )


def _ends(call: Call) -> Any:
    body: bodies.EndsBody = call.body
    scope = _scope(call, body.since)
    return call.desks.search.ends(scope, body.mark, body.span(), cancel=call.cancel)


def _crossed(call: Call) -> Any:
    body: bodies.CrossedBody = call.body
    scenes = [(one.place.place(), Span(one.since, one.until)) for one in body.scenes]
    scope = _scope(call, min(span.since for _, span in scenes))
    return call.desks.search.crossed(scope, scenes, least=body.least, cancel=call.cancel)


def _associates(call: Call) -> Any:
    body: bodies.AssociatesBody = call.body
    scope, search = _scope(call, body.since), call.desks.search
    how: dict[str, Any] = {"window": body.window(), "least": body.least, "cancel": call.cancel}
    if body.mark:
        return search.associates(scope, body.mark, body.span(), **how)
    return search.convoys(scope, body.span(), **how)


def _clones(call: Call) -> Any:
    body: bodies.ClonesBody = call.body
    scope = _scope(call, body.since)
    return call.desks.search.clone_suspects(scope, body.span(), mark=body.mark, cancel=call.cancel)


def _hits(call: Call) -> Any:
    body: bodies.HitsBody = call.body
    return call.desks.search.hits(
        _scope(call, body.since), body.span(), list_name=body.list_name, response=body.response,
        answer=body.answer, mark=body.mark, cancel=call.cancel,
    )  # fmt: skip


def _read(call: Call) -> Any:
    scope = _scope(call)
    found = call.desks.search.one(scope, _read_id(call), call.cancel)
    return {"decision_id": scope.decision_id, "read": found}


def _read_id(call: Call) -> uuid.UUID:
    try:
        return uuid.UUID(call.path["read"])
    except ValueError:
        raise ValueError("read: an identifier as searches give it") from None


def _picture(call: Call) -> Any:
    """Hand the question on to the service that has the keys: it decides, and writes it down."""
    body: Grounds = call.body
    part = PARTS.get(call.path["role"])
    if part is None:
        raise ValueError(f"role: {' or '.join(PARTS)}")
    why = body.purpose
    shown = call.pictures.ask(
        PictureAsked(
            token=call.token, read=_read_id(call), part=part, code=why.code, case=why.case,
            words=why.words, authority=why.authority, authorisation=body.authorisation,
            break_glass=body.break_glass,
        )
    )  # fmt: skip
    return {
        "decision_id": shown.decision_id,
        "read": shown.read,
        "role": part,
        "jpeg": base64.b64encode(shown.jpeg).decode("ascii"),
    }


def _correct(call: Call) -> Any:
    body: bodies.CorrectBody = call.body
    scope = _scope(call, action=Action.CORRECT)
    read = call.desks.search.correct(scope, _read_id(call), body.mark, call.cancel)
    return {"decision_id": scope.decision_id, "read": read}


def _me(call: Call) -> Any:
    person = call.person
    return {
        "person": person.person_id,
        "force": person.force,
        "roles": sorted(person.roles),
        "rank": person.rank.label,
        "rules_of_use": call.desks.acceptance.in_force,
        "accepted": person.policy_version == call.desks.acceptance.in_force,
    }


def _accept(call: Call) -> Any:
    call.desks.acceptance.accept(call.person.person_id, call.body.version)
    return {"accepted": call.body.version}


def _ask(call: Call) -> Any:
    body: bodies.AskBody = call.body
    kept = call.desks.desk.authorisations.ask(
        call.person, body.purpose.checked(), to_us(body.reads_from), timedelta(hours=body.hours),
        tuple(body.marks), body.box(),
    )  # fmt: skip
    return {"authorisation": kept.paper_id, "state": kept.state}


def _paper(kept: Any) -> dict[str, Any]:
    return {"id": kept.paper_id, "state": kept.state} | asdict(kept.content)


def _inbox(call: Call) -> Any:
    given = call.desks.desk.authorisations
    return {
        "to_decide": [_paper(kept) for kept in given.inbox(call.person)],
        "own": [_paper(kept) for kept in given.of(call.person.person_id)],
    }


def _decide(call: Call) -> Any:
    given, act = call.desks.desk.authorisations, call.path["act"]
    acts = {"give": given.give, "refuse": given.refuse, "revoke": given.revoke}
    if act not in acts:
        raise ValueError("act: give, refuse or revoke")
    return _paper(acts[act](call.person, call.path["paper"], call.body.words))


def _glass(call: Call) -> Any:
    kept = call.desks.desk.glass.break_it(call.person, call.body.purpose.checked())
    return {"break_glass": kept.paper_id, "until_us": kept.content.until_us}


def _review_glass(call: Call) -> Any:
    body: bodies.JustifiedBody = call.body
    glass = call.desks.desk.glass
    return _paper(glass.review(call.person, call.path["paper"], body.justified, body.words))


def _reviews(call: Call) -> Any:
    reviews = call.desks.reviews
    return {
        "to_review": [_paper(kept) for kept in reviews.inbox(call.person)],
        "completion": [asdict(one) for one in reviews.completion()],
    }


def _close_review(call: Call) -> Any:
    body: bodies.FindingBody = call.body
    reviews = call.desks.reviews
    return _paper(reviews.close(call.person, call.path["paper"], body.finding, body.words))


BEFORE_ACCEPTING = frozenset({"me", "accept"})  # what a session may do without the rules of use
_C = AuditKind.CONSULTATION
ROUTES = (
    ApiRoute("POST", "/v1/search/mark", "mark", "a mark", bodies.MarkBody, _C, _mark),
    ApiRoute("POST", "/v1/search/partial", "partial", "a part of a mark", bodies.PartialBody, _C,
             _partial),
    ApiRoute("POST", "/v1/search/area", "area", "a place and time", bodies.AreaBody, _C, _area),
    ApiRoute("POST", "/v1/search/camera", "camera", "a unit and time", bodies.CameraBody, _C,
             _camera),
    ApiRoute("POST", "/v1/search/ends", "ends", "first and last seen", bodies.EndsBody, _C, _ends),
    ApiRoute("POST", "/v1/search/crossed", "crossed", "who was at several scenes",
             bodies.CrossedBody, _C, _crossed),
    ApiRoute("POST", "/v1/search/associates", "associates", "who was with a mark",
             bodies.AssociatesBody, _C, _associates),
    ApiRoute("POST", "/v1/search/clones", "clones", "marks at two places at once",
             bodies.ClonesBody, _C, _clones),
    ApiRoute("POST", "/v1/search/hits", "hits", "hits and what became of them", bodies.HitsBody,
             _C, _hits),
    ApiRoute("POST", "/v1/reads/{read}", "read", "one read", Grounds, _C, _read),
    ApiRoute("POST", "/v1/reads/{read}/pictures/{role}", "picture",
             "one picture beside its read; role: patch or overview", Grounds, _C, _picture),
    ApiRoute("POST", "/v1/reads/{read}/correction", "correct",
             "the true mark of a read; what was read stays", bodies.CorrectBody,
             AuditKind.ALTERATION, _correct),
    ApiRoute("GET", "/v1/me", "me", "who is signed in", None, None, _me),
    ApiRoute("POST", "/v1/rules-of-use", "accept", "accept the rules of use", bodies.AcceptBody,
             AuditKind.ALTERATION, _accept),
    ApiRoute("POST", "/v1/authorisations", "ask", "ask for an authorisation", bodies.AskBody,
             AuditKind.ALTERATION, _ask),
    ApiRoute("GET", "/v1/authorisations", "inbox", "what waits for a decision", None, None, _inbox),
    ApiRoute("POST", "/v1/authorisations/{paper}/{act}", "decide", "give, refuse or revoke",
             bodies.WordsBody, AuditKind.ALTERATION, _decide),
    ApiRoute("POST", "/v1/break-glass", "glass", "a life is at risk", bodies.GlassBody,
             AuditKind.ALTERATION, _glass),
    ApiRoute("POST", "/v1/break-glass/{paper}/review", "review_glass", "review it",
             bodies.JustifiedBody, AuditKind.ALTERATION, _review_glass),
    ApiRoute("GET", "/v1/reviews", "reviews", "searches to be reviewed", None, None, _reviews),
    ApiRoute("POST", "/v1/reviews/{paper}", "close_review", "close a review", bodies.FindingBody,
             AuditKind.ALTERATION, _close_review),
)  # fmt: skip
