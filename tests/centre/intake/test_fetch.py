"""What units fetch and renew: hotlists as files, certificates before they run out."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from outrider.unit.certificates import check_issued, new_tls_key, request_for
from outrider.wire import upload
from outrider.wire.enrolment import RENEWAL_PURPOSE, RenewalAnswer, RenewalRequest
from outrider.wire.signing import SigningIdentity
from tests.centre.intake import raw
from tests.centre.intake.running import Running, ShiftedClock, Unit, enrolled, running


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A centre that serves a folder of lists, and a unit of it."""
    folder = tmp_path_factory.mktemp("lists")
    repository = folder / "repository"
    (repository / "metadata").mkdir(parents=True)
    (repository / "targets" / "stolen").mkdir(parents=True)
    (repository / "metadata" / "1.root.json").write_text('{"root": 1}')
    (repository / "metadata" / "10.root.json").write_text('{"root": 10}')
    (repository / "targets" / "stolen" / "7.zst").write_bytes(bytes(range(256)) * 40)
    (repository / "secret.txt").write_text("not for units")
    (repository / "targets" / "link").symlink_to(repository / "secret.txt")
    with running(folder / "centre", hotlists=repository) as centre:
        yield centre, enrolled(centre, folder / "unit")


def test_lists_are_served(listed: tuple[Running, Unit]) -> None:
    """Metadata and packages come as they are, in parts where asked for, and once if unchanged."""
    _, unit = listed
    with unit.client() as client:
        assert client.get("/v1/hotlists/metadata/1.root.json").json() == {"root": 1}
        whole = client.get("/v1/hotlists/targets/stolen/7.zst")
        assert whole.content == bytes(range(256)) * 40
        part = client.get("/v1/hotlists/targets/stolen/7.zst", headers={"Range": "bytes=5-7"})
        assert (part.status_code, part.content) == (206, b"\x05\x06\x07")
        known = {"If-None-Match": whole.headers["ETag"]}
        assert client.get("/v1/hotlists/targets/stolen/7.zst", headers=known).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/v1/hotlists/targets/../secret.txt",
        "/v1/hotlists/targets/%2e%2e/secret.txt",
        "/v1/hotlists/targets/..%2fsecret.txt",
        "/v1/hotlists/targets//etc/passwd",
        "/v1/hotlists/targets/link",
        "/v1/hotlists/targets/stolen",
        "/v1/hotlists/targets/",
        "/v1/hotlists/secret.txt",
        "/v1/hotlists/targets/none",
        "/v1/hotlists/targets/%00",
    ],
)
def test_nothing_else_is_served(listed: tuple[Running, Unit], path: str) -> None:
    """No path leads out of the two folders, and no folder is listed."""
    centre, unit = listed
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        secure.sendall(raw.head(path, {"Connection": "close"}, "GET"))
        answer = raw.answer_of(secure)
    assert answer.startswith(b"HTTP/1.1 404 "), answer
    assert b'"error":"not-found"' in answer


def test_lists_are_read_only(listed: tuple[Running, Unit]) -> None:
    """Nobody writes a list this way."""
    _, unit = listed
    with unit.client() as client:
        answer = client.put("/v1/hotlists/metadata/1.root.json", content=b"{}")
    assert (answer.status_code, answer.json()["error"]) == (405, "method")


def test_enrolment_hands_out_the_newest_root(listed: tuple[Running, Unit]) -> None:
    """A unit that enrols begins with the newest root of trust, by number."""
    _, unit = listed
    assert unit.files.hotlist_root.read_text() == '{"root": 10}'


def renew(unit: Unit, off: timedelta = timedelta(), **changes: object) -> httpx.Response:
    """Ask for a certificate as the unit does; changes: to what is asked, signed or sent."""
    clock = ShiftedClock(off)
    sent = upload.sent_text(clock.stamp(clock.mono_ns()))
    request = RenewalRequest(
        unit_id=str(changes.get("unit_id", unit.unit_id)),
        sent=str(changes.get("sent", sent)),
        certificate_request=str(
            changes.get("certificate_request", request_for(new_tls_key(), unit.unit_id))
        ),
    )
    body = request.encode()
    signer = changes.get("signer", unit.identity)
    assert isinstance(signer, SigningIdentity)
    headers = {
        "Content-Digest": upload.content_digest(body),
        "Outrider-Sent": sent,
        "Outrider-Signature": signer.sign(str(changes.get("purpose", RENEWAL_PURPOSE)), body),
    }
    with unit.client() as client:
        return client.post(f"/v1/units/{unit.unit_id}/certificate", content=body, headers=headers)


def test_renewal(listed: tuple[Running, Unit]) -> None:
    """A unit gets its next certificate for a new key by its signature, and it is noted."""
    centre, unit = listed
    tls_key = new_tls_key()
    answer = renew(unit, certificate_request=request_for(tls_key, unit.unit_id))
    assert answer.status_code == 200
    given = RenewalAnswer.decode(answer.content)
    ca = unit.files.ca_certificate.read_bytes()
    check_issued(given.certificate.encode(), tls_key, ca, unit.unit_id)
    assert len(centre.store.certificates(unit.unit_id)) >= 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"signer": SigningIdentity.generate()}, 401, "signature"),
        ({"purpose": "upload"}, 401, "signature"),
        ({"unit_id": "unit-8"}, 422, "content"),
        ({"sent": "2026-11-21T07:00:00.000Z;gps"}, 422, "content"),
        ({"certificate_request": "-----BEGIN nothing"}, 422, "content"),
        ({"off": timedelta(days=30)}, 403, "clock"),
    ],
)
def test_bad_renewals(
    listed: tuple[Running, Unit], changes: dict[str, object], status: int, code: str
) -> None:
    """A renewal that is not the unit's own, of now, and of itself makes no certificate."""
    centre, unit = listed
    before = centre.store.certificates(unit.unit_id)
    answer = renew(unit, **changes)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert centre.store.certificates(unit.unit_id) == before


def test_a_rotated_sealing_key_reaches_units(tmp_path: Path) -> None:
    """The sealing key that a renewal brings is the one in force now."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        first = RenewalAnswer.decode(renew(unit).content).sealing_key
        centre.folder.sealing_key.unlink()
        other = type(centre.opening_key).generate().public
        other.write(centre.folder.sealing_key)
        assert RenewalAnswer.decode(renew(unit).content).sealing_key != first


def test_request_names_are_unique(listed: tuple[Running, Unit]) -> None:
    """Every answer names its request, so that the log can be asked."""
    _, unit = listed
    with unit.client() as client:
        names = {client.get("/v1/revoked").headers["Outrider-Request"] for _ in range(5)}
    assert len(names) == 5
