"""Signing in at a real provider, and what a session can do."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from outrider.centre.access.people import Rank, Role
from outrider.centre.access.scope import Action
from outrider.centre.access.why_not import Denied
from outrider.centre.governance.acceptance import Acceptance
from outrider.centre.governance.desk import Desk
from outrider.centre.people.provider import ClientSettings, Provider, SignInFault
from outrider.centre.people.sessions import NoSession, Sessions
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import SystemClock
from tests.centre.access import makers
from tests.centre.access.makers import POLICY
from tests.centre.people.provider import running, sign_in
from tests.centre.store.conftest import cluster, shared_database, store, url

__all__ = ["cluster", "shared_database", "store", "url"]
HOUR_NS = 3600 * 10**9


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running() as found:
        yield found


@pytest.fixture
def settings(issuer: str) -> ClientSettings:
    return ClientSettings(issuer, "centre", "secret", "http://127.0.0.1:8445/v1/signed-in")


def test_who_signs_in_is_who_the_provider_says(settings: ClientSettings) -> None:
    """Roles, rank, force and team come from claims; the policy is not accepted by signing in."""
    provider = Provider(settings, SystemClock())
    begun = provider.begin()
    person = provider.finish(begun, *sign_in(begun.url, "dc-1234"))
    assert person.person_id == "dc-1234"
    assert person.roles == {Role.ANALYST}
    assert (person.force, person.rank, person.team) == ("northshire", Rank.CONSTABLE, "cid-1")
    assert person.policy_version == ""


@pytest.mark.parametrize("claim", ["sub", "outrider_force", "outrider_team"])
def test_a_name_that_would_have_to_be_cut_signs_nobody_in(
    settings: ClientSettings, claim: str
) -> None:
    """Two people whose names begin alike are never taken for one."""
    provider = Provider(settings, SystemClock())
    claims = {"sub": "dc", "outrider_force": "northshire", "outrider_roles": ["analyst"]}
    assert provider._person(claims | {claim: "x" * 64}).person_id
    with pytest.raises(SignInFault, match="longer than 64"):
        provider._person(claims | {claim: "x" * 65})


def test_an_answer_of_another_sign_in_is_refused(settings: ClientSettings) -> None:
    """State and nonce belong together, and a code serves once."""
    provider = Provider(settings, SystemClock())
    begun, other = provider.begin(), provider.begin()
    state, code = sign_in(begun.url, "dc-1234")
    with pytest.raises(SignInFault, match="another sign-in"):
        provider.finish(other, state, code)
    with pytest.raises(SignInFault, match="token is not good"):
        provider.finish(replace(begun, nonce=other.nonce), state, code)
    with pytest.raises(SignInFault):
        provider.finish(begun, state, code)


@pytest.mark.parametrize(("person", "why"), [("nobody", "no role"), ("rankless", "no rank")])
def test_claims_that_the_centre_does_not_know_sign_nobody_in(
    settings: ClientSettings, person: str, why: str
) -> None:
    """An unknown role or rank is no role and no rank."""
    provider = Provider(settings, SystemClock())
    begun = provider.begin()
    state, code = sign_in(begun.url, person)
    with pytest.raises(SignInFault, match=why):
        provider.finish(begun, state, code)


def test_a_token_for_another_client_signs_nobody_in(
    settings: ClientSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that the same provider gave to another of its clients is not taken."""
    provider = Provider(settings, SystemClock())
    other = Provider(replace(settings, client_id="another"), SystemClock())
    begun = other.begin()
    state, code = sign_in(begun.url, "dc-1234")
    monkeypatch.setattr(provider, "_post", other._post)
    monkeypatch.setattr(provider, "_settings", replace(settings, client_id="another"))
    assert provider.finish(begun, state, code).person_id == "dc-1234"
    state, code = sign_in(begun.url, "dc-1234")
    stolen = other._post(
        other._of_document("token_endpoint"),
        {
            "grant_type": "authorization_code", "code": code, "client_id": "another",
            "client_secret": "secret", "redirect_uri": settings.redirect_uri,
            "code_verifier": begun.verifier,
        },
    )  # fmt: skip
    monkeypatch.setattr(provider, "_settings", settings)
    with pytest.raises(SignInFault, match="token is not good"):
        provider._claims(str(stolen["id_token"]), begun.nonce)


def test_a_provider_that_is_away_says_so() -> None:
    """A clear fault, without a token in it."""
    away = ClientSettings("http://127.0.0.1:9", "centre", "s", "http://127.0.0.1/x")
    with pytest.raises(SignInFault, match="cannot be reached"):
        Provider(away, SystemClock()).begin()


def test_a_session_ends_by_time_by_its_holder_and_by_others(store: CentreStore) -> None:
    """Eight hours, sign-out, or all of somebody's at once."""
    clock = makers.clock()
    sessions = Sessions(store, clock, Acceptance(store, clock, POLICY))
    person = makers.person(Role.ANALYST)
    tokens = [sessions.begin(person) for _ in range(4)]
    assert sessions.person(tokens[0]).roles == {Role.ANALYST}
    sessions.end(tokens[0])
    assert sessions.end_all_of(person.person_id, "admin-1") == 3
    for token in (*tokens, "", "made-up"):
        with pytest.raises(NoSession):
            sessions.person(token)
    last = sessions.begin(person)
    clock.advance_to(8 * HOUR_NS)
    with pytest.raises(NoSession):
        sessions.person(last)


def test_without_the_policy_in_force_a_session_can_do_nothing(store: CentreStore) -> None:
    """Accepted, it can; a new version bars everybody anew; another version is not accepted."""
    clock = makers.clock()
    acceptance = Acceptance(store, clock, POLICY)
    sessions = Sessions(store, clock, acceptance)
    desk = Desk(store, clock, makers.decider())
    token = sessions.begin(replace(makers.person(Role.ANALYST), policy_version=POLICY))
    with pytest.raises(Denied, match="accept the rules"):
        desk.decide(sessions.person(token), Action.SEARCH, makers.purpose())
    with pytest.raises(ValueError, match="in force"):
        acceptance.accept("dc-1234", "2025-1")
    acceptance.accept("dc-1234", POLICY)
    acceptance.accept("dc-1234", POLICY)
    assert desk.decide(sessions.person(token), Action.SEARCH, makers.purpose())
    newer = Sessions(store, clock, Acceptance(store, clock, "2027-1"))
    assert newer.person(token).policy_version == ""


def test_the_store_keeps_no_token(store: CentreStore) -> None:
    """Whoever reads the store cannot sign in with what is there."""
    clock = makers.clock()
    token = Sessions(store, clock, Acceptance(store, clock, POLICY)).begin(makers.person())
    (paper,) = store.papers("session")
    assert token not in f"{paper}"


class _Endless(http.server.BaseHTTPRequestHandler):
    """Answers every question without end."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b" " * 65536)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_provider_whose_answer_has_no_end_is_left() -> None:
    """It is broken off at its bound, and not read into memory as long as it comes."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Endless)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        issuer = f"http://127.0.0.1:{server.server_port}"
        provider = Provider(ClientSettings(issuer, "centre", "", "http://x"), SystemClock())
        with pytest.raises(SignInFault, match="has no end"):
            provider.begin()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
