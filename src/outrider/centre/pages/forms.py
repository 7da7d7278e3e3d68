"""What a form holds, and that it is one of ours: no other site sends in somebody's name."""

import hmac
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from outrider.centre.web.bodies import Refused

FIELD = "form-token"
_MOST_FIELDS = 200


class Form:
    """A form's fields as text."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def get(self, name: str) -> str:
        """Return a field on one line, without blanks around it; empty where there is none."""
        found = next((value for key, value in self._fields if key == name), "")
        return " ".join(found.split())

    def lines(self, name: str) -> list[str]:
        """Return the lines of a field that hold something."""
        found = next((value for key, value in self._fields if key == name), "")
        return [line.strip() for line in found.splitlines() if line.strip()]

    def text(self, name: str) -> str:
        """Return a field as it was typed."""
        return next((value for key, value in self._fields if key == name), "")


def form_of(body: bytes) -> Form:
    """Return the fields of a body. Raises Refused."""
    try:
        text = body.decode("utf-8")
        fields = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Refused(422, "form", "this form cannot be read: send it again") from error
    return Form(fields)


def form_token(session_token: str) -> str:
    """Return what each form of a session carries: it tells nothing of the session's own token."""
    return hmac.digest(session_token.encode(), b"outrider form 1", sha256).hex()


def check_form(request: Request, form: Form, session_token: str) -> None:
    """Refuse a form that another site sent, or that is of another session. Raises Refused."""
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    given = form.get(FIELD).encode()
    if foreign or not hmac.compare_digest(given, form_token(session_token).encode()):
        raise Refused(
            403, "form", "this form is not of your session: go back, load the page anew, try again"
        )
