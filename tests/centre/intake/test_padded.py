"""Requests that are alike from outside: padded uploads, and covers that hold nothing."""

import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from outrider.clock import SystemClock
from outrider.wire import holdings, padding
from outrider.wire.enrolment import RENEWAL_PURPOSE
from outrider.wire.upload import (
    DIGEST_HEADER,
    SENT_HEADER,
    SIGNATURE_HEADER,
    Body,
    sent_text,
)
from outrider.wire.upload import headers as headers_of
from tests.centre.intake.running import Running, Unit, enrolled, eventually, logged

NOW = SystemClock().stamp(SystemClock().mono_ns())


def put(unit: Unit, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    with unit.client() as client:
        return client.put(path, content=body, headers=headers)


def test_a_cover_is_answered_as_an_upload_is_and_thrown_away(centre: Running, unit: Unit) -> None:
    """Of one size, no sooner than half a second after it came; nothing of it is kept."""
    before = centre.contents()
    path = padding.cover_path(unit.unit_id, uuid.uuid4())
    answer = put(unit, path, *padding.padded(path, b"", unit.headers(unit.name(), b""), 4096))
    assert (answer.status_code, len(answer.content)) == (200, padding.ANSWER_BYTES)
    assert answer.content.rstrip() == b"{}"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.elapsed.total_seconds() >= padding.ANSWER_AFTER_S
    assert centre.contents() == before


@pytest.mark.parametrize(
    ("unit_id", "status", "code"), [("other", 403, "other-unit"), ("a b", 400, "path")]
)
def test_a_cover_is_of_its_own_unit(unit: Unit, unit_id: str, status: int, code: str) -> None:
    """The certificate and the path say the same, or it is refused."""
    path = padding.cover_path(unit_id, uuid.uuid4())
    answer = put(unit, path, b"", {})
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_cover_is_no_larger_than_a_slot(unit: Unit) -> None:
    """What is thrown away costs no more than what is kept; it is not read further."""
    path = padding.cover_path(unit.unit_id, uuid.uuid4())

    def chunks() -> Iterator[bytes]:
        yield bytes(padding.COVER_BYTES)
        yield b"x"

    with unit.client() as client:
        answer = client.put(path, content=chunks())
    assert (answer.status_code, answer.json()["error"]) == (413, "too-large")


def test_a_padded_upload_is_taken_without_its_padding(centre: Running, home: Path) -> None:
    """What is signed is the true body; a length that is none is refused, and nothing is kept."""
    unit = enrolled(centre, home, "padded")
    unit.fill(2)
    name, body = unit.name(), unit.rows_body()
    sent, headers = padding.padded(name.path, body, unit.headers(name, body), 16_384)
    before = centre.contents()
    wrong = put(unit, name.path, sent, headers | {padding.LENGTH_HEADER: "x" * 8})
    assert (wrong.status_code, wrong.json()["error"]) == (422, "content")
    assert padding.LENGTH_HEADER in wrong.json()["message"]
    assert centre.contents() == before
    answer = put(unit, name.path, sent, headers)
    assert (answer.status_code, len(answer.content)) == (200, padding.ANSWER_BYTES)


def enrolled_line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return the newest line of an enrolment."""
    return logged(caplog, "enrolled")[-1]


def told_of(caplog: pytest.LogCaptureFixture, unit_id: str) -> list[dict[str, Any]]:
    """Return the lines of what was taken of a unit: another test's may come late."""
    lines = [getattr(one, "fields", {}) for one in caplog.records]
    return [line for line in lines if line.get("from") == unit_id and "again" in line]


def test_what_was_enrolled_and_taken_stands_in_the_log(
    centre: Running, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Which unit, how much; that it came again is said, too."""
    with caplog.at_level(logging.INFO, "outrider.centre"):
        unit = enrolled(centre, home, "told")
        eventually(lambda: {"enrolled": "told"}.items() <= enrolled_line(caplog).items())
        unit.fill(1)
        name, body = unit.name(), unit.rows_body()
        for _ in range(2):
            assert unit.put(name, body).status_code == 200
        other = unit.put(name, unit.rows_body(1))
        eventually(lambda: len(told_of(caplog, "told")) == 2)
    assert (other.status_code, other.json()["error"]) == (409, "other-body")
    assert "came before with another body" in other.json()["message"]
    lines = told_of(caplog, "told")
    assert [(one["stored"], one["again"]) for one in lines] == [(3, False), (0, True)]
    assert {one["bytes"] for one in lines} == {len(body)}


@pytest.mark.parametrize(
    ("what", "purpose", "field"),
    [
        ("certificate", RENEWAL_PURPOSE, "certificate_request"),
        ("holdings", holdings.PURPOSE, "runs"),
    ],
)
def test_a_request_that_is_none_says_which_field(
    unit: Unit, what: str, purpose: str, field: str
) -> None:
    """Whoever signs it well and writes it badly reads why."""
    body = b'{"unit_id":"unit-7"}'
    headers = {
        DIGEST_HEADER: Body(body).content_digest,
        SENT_HEADER: sent_text(NOW),
        SIGNATURE_HEADER: unit.identity.sign(purpose, body),
    }
    with unit.client() as client:
        path = f"/v1/units/{unit.unit_id}/{what}"
        answer = client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (422, "content")
    assert field in answer.json()["message"]


def test_a_renewal_that_was_cut_short_is_refused_by_its_digest(unit: Unit) -> None:
    """Before its signature is looked at: the way is at fault, and not the key."""
    name = unit.name()
    headers = headers_of(name, Body(b"whole"), unit.identity, NOW)
    with unit.client() as client:
        answer = client.post(
            f"/v1/units/{unit.unit_id}/certificate", content=b"wh", headers=headers
        )
    assert (answer.status_code, answer.json()["error"]) == (401, "digest")
