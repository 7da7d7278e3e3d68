"""OpenID Connect against the force's provider: code flow with PKCE; who somebody is, by claims.

The makers of Authlib check the token (joserfc); Authlib's own client for httpx is deprecated.
"""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from outrider.centre.access.people import Person, Rank, Role
from outrider.clock import NS_PER_S, Clock
from outrider.outside import OutsideError, json_value

_ALGORITHMS = ["RS256", "ES256", "EdDSA"]
_LEEWAY_S = 60
_TIMEOUT_S = 10.0
_MOST_BYTES = 256 * 1024
_MOST_NAMED = 64
_RANKS = {rank.label: rank for rank in Rank}


class SignInFault(Exception):
    """Nobody is signed in: why, and what to do. It holds no token and no claim's value."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How the centre is known to the provider. issuer: its address; claims: names of ours."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    roles_claim: str = "outrider_roles"
    rank_claim: str = "outrider_rank"
    force_claim: str = "outrider_force"
    team_claim: str = "outrider_team"


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that has begun: where to send the browser, and what is kept until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider, whose document and keys are fetched when they are needed."""

    def __init__(self, settings: ClientSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._document: dict[str, Any] = {}

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        return self._settings.redirect_uri

    def begin(self) -> Begun:
        """Begin a sign-in. Raises SignInFault."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        url = f"{self._of_document('authorization_endpoint')}?{urlencode(query)}"
        return Begun(url, state, nonce, verifier)

    def finish(self, begun: Begun, state: str, code: str) -> Person:
        """Return who signed in, without what they accepted. Raises SignInFault."""
        if not secrets.compare_digest(begun.state.encode(), state.encode()):
            raise SignInFault("this answer belongs to another sign-in: begin anew")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": begun.verifier,
        }
        if self._settings.client_secret:
            form["client_secret"] = self._settings.client_secret
        tokens = self._post(self._of_document("token_endpoint"), form)
        return self._person(self._claims(str(tokens.get("id_token", "")), begun.nonce))

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        keys = self._get(self._of_document("jwks_uri"))
        now = self._clock.stamp(self._clock.mono_ns()).utc_ns // NS_PER_S
        checks = jwt.JWTClaimsRegistry(
            now=now,
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
            checks.validate(found.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignInFault("the provider's token is not good: sign in again") from error
        return found.claims

    def _person(self, claims: dict[str, Any]) -> Person:
        names = self._settings
        roles = claims.get(names.roles_claim)
        force, rank = claims.get(names.force_claim), claims.get(names.rank_claim, "staff")
        known = {role.value for role in Role}
        if not isinstance(force, str) or not force or "," in force or force == "*":
            raise SignInFault(f"the provider does not say your force ({names.force_claim})")
        if not isinstance(roles, list) or not roles or not set(map(str, roles)) <= known:
            raise SignInFault(
                f"the provider gives no role that the centre knows ({names.roles_claim})"
            )
        if rank not in _RANKS:
            raise SignInFault(
                f"the provider gives no rank that the centre knows ({names.rank_claim})"
            )
        who, team = str(claims["sub"]), str(claims.get(names.team_claim, ""))
        if max(map(len, (who, force, team))) > _MOST_NAMED:  # cut short, two would be one
            raise SignInFault(
                f"the provider's name of person, force or team is longer than {_MOST_NAMED} "
                "characters: let it give shorter ones"
            )
        kept = frozenset(Role(str(role)) for role in roles)
        return Person(who, force, kept, _RANKS[rank], team)

    def _of_document(self, name: str) -> str:
        if not self._document:
            document = self._get(
                f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            )
            if document.get("issuer") != self._settings.issuer:
                raise SignInFault("the provider calls itself by another name than [people] issuer")
            self._document = document
        found = self._document.get(name)
        if not isinstance(found, str):
            raise SignInFault(f"the provider's document has no {name}")
        return found

    def _get(self, url: str) -> dict[str, Any]:
        return self._json("GET", url)

    def _post(self, url: str, form: dict[str, str]) -> dict[str, Any]:
        return self._json("POST", url, form)

    def _json(self, method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            with (
                httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as http,
                http.stream(method, url, data=form) as answer,
            ):
                found = json_value(_bounded(answer))
        except (httpx.HTTPError, OutsideError) as error:
            raise SignInFault("the provider cannot be reached, or answers no JSON") from error
        if not isinstance(found, dict):
            raise SignInFault("the provider answers no JSON object")
        return found


def _bounded(answer: httpx.Response) -> bytes:
    """Return the body of a good answer, bounded in bytes and in time. Raises SignInFault."""
    if answer.status_code != 200:
        raise SignInFault(f"the provider answers {answer.status_code}: sign in again")
    body, until_s = bytearray(), time.monotonic() + _TIMEOUT_S
    for part in answer.iter_bytes():
        body += part
        if len(body) > _MOST_BYTES or time.monotonic() > until_s:
            raise SignInFault("the provider's answer has no end: tell whoever runs it")
    return bytes(body)
