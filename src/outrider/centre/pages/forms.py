"""What a form holds, and that it is one of ours: no other site sends in somebody's name."""

import hmac
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from outrider.centre.web.bodies import Refused

FIELD = "form-token"
_MOST_FIELDS = 200


class Form:
    """A form's fields as text."""

    def __init__(
        self, fields: list[tuple[str, str]], files: Mapping[str, bytes] | None = None
    ) -> None:
        self._fields = fields
        self._files = files or {}

    def file(self, name: str) -> bytes:
        """Return a file that came with the form; empty where none did."""
        return self._files.get(name, b"")

    def get(self, name: str) -> str:
        """Return a field on one line, without blanks around it; empty where there is none."""
        found = next((value for key, value in self._fields if key == name), "")
        return " ".join(found.split())

    def lines(self, name: str) -> list[str]:
        """Return the lines of a field that hold something."""
        found = next((value for key, value in self._fields if key == name), "")
        return [line.strip() for line in found.splitlines() if line.strip()]

    def all(self, name: str) -> list[str]:
        """Return every value of a field that may be chosen more than once."""
        return [value for key, value in self._fields if key == name]

    def text(self, name: str) -> str:
        """Return a field as it was typed."""
        return next((value for key, value in self._fields if key == name), "")


def form_of(body: bytes, content_type: str = "") -> Form:
    """Return the fields of a body, and its files. Raises Refused."""
    try:
        if content_type.lower().startswith("multipart/form-data"):
            return _with_files(body, content_type)
        text = body.decode("utf-8")
        fields = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Refused(422, "form", "this form cannot be read: send it again") from error
    return Form(fields)


def _with_files(body: bytes, content_type: str) -> Form:
    """Return a form that carries files. Raises ValueError."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("ascii")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields, files = [], {}
    for number, part in enumerate(message.iter_parts() if message.is_multipart() else ()):
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if number >= _MOST_FIELDS or not isinstance(name, str) or not isinstance(data, bytes):
            raise ValueError("a part that is no field")
        if part.get_filename() is None:
            fields.append((name, data.decode("utf-8")))
        else:
            files[name] = data
    return Form(fields, files)


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
