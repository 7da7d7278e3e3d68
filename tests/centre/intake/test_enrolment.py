"""Enrolment from outside: good tickets once, bad ones never, floods of neither."""

import json
import logging
import ssl
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from outrider.centre.authority.enrolment import new_code
from outrider.clock import SystemClock
from outrider.unit.certificates import check_issued, new_tls_key, request_for
from outrider.unit.enrolment.enrol import EnrolError, enrol
from outrider.unit.settings import sections as config
from outrider.wire.enrolment import EnrolmentAnswer, EnrolmentRequest, Ticket, key_text
from outrider.wire.signing import SigningIdentity
from tests.centre.intake.running import Running, enrolled, eventually, logged, running


def ticket_of(centre: Running, unit_id: str, lifetime: timedelta = timedelta(hours=1)) -> Ticket:
    return Ticket.decode(centre.ticket(unit_id, lifetime).read_bytes())


def request(ticket: Ticket, tls_key: bytes | None = None, **changes: object) -> EnrolmentRequest:
    """Return a unit's request with fresh keys."""
    fields = {
        "unit_id": ticket.unit_id,
        "code": ticket.code,
        "signing_key": key_text(SigningIdentity.generate().public.raw),
        "certificate_request": request_for(tls_key or new_tls_key(), ticket.unit_id),
    }
    return EnrolmentRequest.model_validate(fields | changes)


def post(centre: Running, body: bytes, path: str = "/v1/enrol") -> httpx.Response:
    tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
    with httpx.Client(base_url=centre.enrol_url, verify=tls, trust_env=False) as client:
        return client.post(path, content=body)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A centre that lets many enrol at once."""
    with running(tmp_path_factory.mktemp("centre"), enrol_burst=1000, head_s=2.0) as made:
        yield made


def test_a_good_ticket(centre: Running) -> None:
    """A ticket buys a certificate for the unit's own key and name, and the centre's public keys."""
    ticket, tls_key = ticket_of(centre, "unit-1"), new_tls_key()
    answer = post(centre, request(ticket, tls_key).encode())
    assert answer.status_code == 200
    given = EnrolmentAnswer.decode(answer.content)
    ca = given.ca_certificate.encode()
    check_issued(given.certificate.encode(), tls_key, ca, "unit-1")
    assert given.receipt_key == key_text(centre.receipt_key.raw)
    assert given.sealing_key == key_text(centre.opening_key.public.raw)
    (certificate,) = centre.store.certificates("unit-1")
    assert certificate.revoked_at is None


def test_the_same_request_again(centre: Running) -> None:
    """A unit that lost the answer asks again with the same keys, and gets one."""
    asked = request(ticket_of(centre, "unit-2"))
    assert post(centre, asked.encode()).status_code == 200
    assert post(centre, asked.encode()).status_code == 200


def refusals(centre: Running) -> dict[str, EnrolmentRequest]:
    """Return requests that must be refused, each for another reason."""
    used = ticket_of(centre, "used")
    assert post(centre, request(used).encode()).status_code == 200
    voided = ticket_of(centre, "voided")
    ticket_of(centre, "voided")
    good = ticket_of(centre, "good")
    return {
        "used with other keys": request(used),
        "void since a newer one": request(voided),
        "expired": request(ticket_of(centre, "expired", -timedelta(seconds=1))),
        "unknown": request(good, code=new_code()),
        "of another unit": request(good, unit_id="other"),
        "of a unit that has none": request(good, unit_id="nobody", code=new_code()),
    }


def test_refused_alike(centre: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with a code, the answer is the same and tells nothing; none is logged."""
    asked = refusals(centre)
    units = centre.store.units()
    with caplog.at_level(logging.INFO, "outrider.centre"):
        answers = [post(centre, each.encode()) for each in asked.values()]
        told = [json.dumps(line) for line in logged(caplog, "code", len(asked))]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["error"] for answer in answers} == {"enrolment-refused"}
    (said,) = {answer.json()["message"] for answer in answers}
    assert said.endswith("ask for a new ticket")
    assert centre.store.units() == units
    assert len(told) == len(asked)
    assert not any(each.code in line for each in asked.values() for line in told)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2}',
        b'{"unit_id": "x", "unit_id": "y"}',
        b"\xff" * 100,
        b"[" * 30_000,
    ],
)
def test_garbage(centre: Running, body: bytes) -> None:
    """What is no request gets 422 with the field at fault."""
    answer = post(centre, body)
    assert (answer.status_code, answer.json()["error"]) == (422, "content")


@pytest.mark.parametrize("pem", ["-----BEGIN NOTHING", "-----BEGIN CERTIFICATE REQUEST-----\nAA=="])
def test_bad_certificate_request(centre: Running, pem: str) -> None:
    """A bad certificate request does not use up the ticket."""
    ticket = ticket_of(centre, "clumsy")
    answer = post(centre, request(ticket, certificate_request=pem).encode())
    assert answer.status_code == 422
    assert answer.json()["message"] != "None"
    assert "unit_id: " in post(centre, b"{}").json()["message"]
    assert post(centre, request(ticket).encode()).status_code == 200


def test_too_large(centre: Running) -> None:
    """A request is never longer than 64 KiB."""
    assert post(centre, bytes(70_000)).json()["error"] == "too-large"


@pytest.mark.parametrize("path", ["/v1/health", "/v1/units/unit-1/certificate", "/v1/revoked"])
def test_enrolment_port_serves_nothing_else(centre: Running, path: str) -> None:
    """Without a certificate there is enrolment and no more."""
    assert post(centre, b"", path).status_code == 404


def test_a_flood(tmp_path: Path) -> None:
    """A flood of guesses is cut to a trickle, and a unit that waits still gets in afterwards."""
    with running(tmp_path / "c", enrol_burst=3, enrol_per_min=60) as centre:
        guess = request(ticket_of(centre, "unit-1"), code=new_code()).encode()
        answers = [post(centre, guess) for _ in range(12)]
        late = [answer for answer in answers if answer.status_code == 429]
        assert late
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in late)
        assert late[0].json()["error"] == "too-many"
        eventually(lambda: has_enrolled(centre, tmp_path / "unit"))


def has_enrolled(centre: Running, home: Path) -> bool:
    """Try to enrol; False where it was too soon."""
    try:
        enrolled(centre, home, "unit-1")
    except EnrolError as error:
        if "429" in str(error):
            return False
        raise
    return True


def test_expired_ticket_at_the_unit(centre: Running, tmp_path: Path) -> None:
    """The unit's own command says what to do about a ticket that the centre does not take."""
    path = tmp_path / "outrider.toml"
    path.write_text(f'[unit]\nstate_dir = "{tmp_path / "state"}"\n')
    stale = centre.ticket("stale")
    centre.ticket("stale")
    with pytest.raises(EnrolError, match="ask the centre for a new one"):
        enrol(stale, config.load_file(path), SystemClock())
