"""All that answers people at one centre, made of its folder: decider, desk, search, sessions."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from outrider import durable
from outrider.centre.access.decide import Decider
from outrider.centre.access.people import Person
from outrider.centre.access.rules import load
from outrider.centre.access.why_not import Denied
from outrider.centre.folder import CentreFault, CentreFolder, CentreSettings
from outrider.centre.governance.acceptance import Acceptance
from outrider.centre.governance.desk import Desk
from outrider.centre.governance.reviews import Reviews
from outrider.centre.governance.rights_clock import Limits
from outrider.centre.people.provider import ClientSettings, Provider
from outrider.centre.people.sessions import Sessions
from outrider.centre.search.engine import Search
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import Clock


@dataclass(frozen=True, slots=True)
class Desks:
    """What one centre answers with. provider: None where none is set: nobody signs in."""

    store: CentreStore
    clock: Clock
    desk: Desk
    search: Search
    sessions: Sessions
    acceptance: Acceptance
    reviews: Reviews
    provider: Provider | None

    def member(self, token: str) -> Person:
        """Return who is signed in and has accepted the rules of use: nobody else does anything.

        Raises NoSession, Denied.
        """
        person = self.sessions.person(token)
        if person.policy_version != self.acceptance.in_force:
            raise Denied("policy", "accept the rules of use in force first")
        return person


def desks_of(
    folder: CentreFolder, settings: CentreSettings, store: CentreStore, clock: Clock,
    redirect: str = "",
) -> Desks:  # fmt: skip
    """Return them. redirect: where the provider sends people back to, if not as [people] says.

    Raises RulesFault, CentreFault, OSError.
    """
    access = settings.access
    acceptance = Acceptance(store, clock, access.rules_of_use)
    decider = Decider(load(access.rules), clock, access.rules_of_use)
    lasts = timedelta(hours=settings.people.session_h)
    return Desks(
        store,
        clock,
        Desk(store, clock, decider, _limits(settings)),
        Search(store, clock),
        Sessions(store, clock, acceptance, lasts),
        acceptance,
        Reviews(store, clock, _review_key(folder), access.review_share),
        _provider(settings, clock, redirect),
    )


def _limits(settings: CentreSettings) -> Limits:
    rights = settings.rights
    return Limits(rights.answer_months, rights.extend_months, rights.complaint_days)


def _review_key(folder: CentreFolder) -> bytes:
    try:
        return folder.review_key.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(32)
        folder.review_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write(folder.review_key, key, 0o600)
        return key


def _provider(settings: CentreSettings, clock: Clock, redirect: str) -> Provider | None:
    people = settings.people
    if not people.issuer:
        return None
    secret = ""
    if people.client_secret is not None:
        try:
            secret = people.client_secret.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError as error:
            raise CentreFault("[people] client_secret: the file is not text") from error
        except OSError as error:
            raise CentreFault(f"[people] client_secret: cannot be read: {error}") from error
    client = ClientSettings(people.issuer, people.client_id, secret, redirect or people.redirect)
    return Provider(client, clock)
