"""`outrider centre sign-in|sign-out|accept`: people, by their force's provider."""

import argparse
import http.server
import urllib.parse
from typing import Any

from outrider.centre.command_line import finish
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_session,
    desks_for,
    keep_token,
    person_of,
    token_of,
)
from outrider.centre.folder import CentreFault
from outrider.centre.people.provider import SignInFault
from outrider.command_line import Subparsers, new_parser
from outrider.shown import say

_WAIT_S = 300.0
_ANSWER = b"You are signed in; this page can be closed.\n"


def register(commands: Subparsers) -> None:
    """Add the commands under `outrider centre`."""
    parser = new_parser(
        commands,
        "sign-in",
        "sign in at the force's provider, with a browser",
        "outrider centre sign-in --dir /srv/centre",
    )
    add_session(parser)
    finish(parser, _sign_in, *EXPECTED)
    parser = new_parser(
        commands, "sign-out", "end the session", "outrider centre sign-out --dir /srv/centre"
    )
    add_session(parser)
    finish(parser, _sign_out, *EXPECTED)
    parser = new_parser(
        commands,
        "accept",
        "accept the rules of use in force",
        "outrider centre accept --version 1 --dir /srv/centre",
    )
    parser.add_argument("--version", required=True, help="the version that you have read")
    add_session(parser)
    finish(parser, _accept, *EXPECTED)


def _sign_in(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        if desks.provider is None:
            raise CentreFault("nobody can sign in: [people] issuer is not set in centre.toml")
        redirect = urllib.parse.urlsplit(desks.provider.redirect_uri)
        if redirect.hostname not in ("127.0.0.1", "localhost") or redirect.port is None:
            raise CentreFault("[people] redirect is not of this machine: sign in through the pages")
        begun = desks.provider.begin()
        with _Callback((redirect.hostname, redirect.port)) as callback:
            say(f"open in a browser: {begun.url}", flush=True)
            state, code = callback.wait()
        person = desks.provider.finish(begun, state, code)
        keep_token(args, desks.sessions.begin(person))
    say(f"{person.person_id} of {person.force}: signed in as {', '.join(sorted(person.roles))}")
    return 0


class _Callback(http.server.HTTPServer):
    """Waits for the browser to come back, once."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.timeout = _WAIT_S
        self.found: tuple[str, str] | None = None

    def wait(self) -> tuple[str, str]:
        """Return state and code. Raises SignInFault."""
        self.handle_request()
        if self.found is None:
            raise SignInFault("nobody came back from the provider: begin anew")
        return self.found

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that broke off; the wait says that nobody came."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        assert isinstance(self.server, _Callback)
        if "state" in query and "code" in query:
            self.server.found = query["state"][0], query["code"][0]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the query holds the code."""


def _sign_out(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        desks.sessions.end(token_of(args))
    args.session.unlink(missing_ok=True)
    say("signed out")
    return 0


def _accept(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        person = person_of(desks, args)
        desks.acceptance.accept(person.person_id, args.version)
    say(f"{person.person_id} has accepted the rules of use {args.version}")
    return 0
