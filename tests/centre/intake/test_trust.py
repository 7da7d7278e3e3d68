"""Who gets in at all: certificates expired, revoked, forged, missing; and units revoked."""

import contextlib
import logging
import ssl
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import trustme

from outrider.centre.authority.authority import time_of
from outrider.cli import main
from outrider.clock import SystemClock
from tests.centre.intake import raw
from tests.centre.intake.running import Running, Unit, enrolled, eventually, logged, running


def test_without_a_certificate(centre: Running, unit: Unit) -> None:
    """Without a client certificate there is no way in, not even to ask for health."""
    tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
    with httpx.Client(verify=tls, trust_env=False) as client, pytest.raises(httpx.TransportError):
        client.get(f"{centre.url}/v1/health")
    with unit.client() as client:
        assert client.get("/v1/health").json()["tls_refused"]


def test_each_handshake_that_fails_is_counted_once_by_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Health shows why units stay out, and how often."""
    with running(tmp_path / "centre") as centre:
        tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
        for _ in range(2):
            with contextlib.suppress(OSError), raw.line(centre.service.ports.units, tls) as line:
                raw.answer_of(line)
        counted = centre.service._counts.tls_refused
        eventually(lambda: sum(counted.values()) >= 2)
        assert list(counted.values()) == [2]
    (why,) = counted
    refused = [one for one in caplog.records if one.getMessage() == "TLS refused"]
    assert [getattr(one, "fields", {}) for one in refused] == [{"why": why}] * 2


def test_what_is_trusted_anew_is_asked_of_every_connection(tmp_path: Path) -> None:
    """One that is open ends when the list of the revoked changes; who is trusted comes again."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        with raw.line(centre.service.ports.units, unit.tls()) as line:
            line.sendall(raw.head("/v1/health", {}, "GET"))
            assert line.recv(4096).startswith(b"HTTP/1.1 200 ")
            text = centre.folder.revoked.read_bytes()
            centre.folder.revoked.write_bytes(text + b"\n")
            raw.answer_of(line)
        with unit.client() as client:
            assert client.get("/v1/health").status_code == 200


def test_certificate_of_another_authority(centre: Running) -> None:
    """A certificate that names the unit, made by somebody else, is refused in the handshake."""
    tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
    trustme.CA().issue_cert(common_name="unit-7").configure_cert(tls)
    with httpx.Client(verify=tls, trust_env=False) as client, pytest.raises(httpx.TransportError):
        client.get(f"{centre.url}/v1/health")


@pytest.mark.parametrize(("age", "days"), [(timedelta(days=400), 365), (timedelta(days=-2), 365)])
def test_certificate_out_of_its_time(
    centre: Running, tmp_path: Path, age: timedelta, days: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A certificate that is past its end, or not yet valid, is refused, and the log says why."""
    begun = time_of(SystemClock()) - age
    tls, _ = raw.own_certificate(centre, tmp_path / "late", "unit-7", begun, days)
    with (
        caplog.at_level(logging.WARNING, "outrider.centre"),
        httpx.Client(verify=tls, trust_env=False) as client,
    ):
        with pytest.raises(httpx.TransportError):
            client.get(f"{centre.url}/v1/health")
        (line,) = logged(caplog, "why")
    assert line["why"] in ("certificate has expired", "certificate is not yet valid")


def test_server_certificate_is_no_units(centre: Running) -> None:
    """The centre's own server certificate does not pass for a client's."""
    tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
    tls.load_cert_chain(centre.folder.server_certificate, centre.folder.server_key)
    with httpx.Client(verify=tls, trust_env=False) as client, pytest.raises(httpx.TransportError):
        client.get(f"{centre.url}/v1/health")


def test_certificate_without_enrolment(centre: Running, unit: Unit, tmp_path: Path) -> None:
    """A real certificate for a unit that is not in the register opens nothing: 401."""
    now = time_of(SystemClock())
    tls, _ = raw.own_certificate(centre, tmp_path / "ghost", "ghost", now, 365)
    body = unit.rows_body()
    name = unit.name()
    ghost = type(name)("ghost", name.kind, name.upload_id)
    with httpx.Client(base_url=centre.url, verify=tls, trust_env=False) as client:
        answer = client.put(ghost.path, content=body, headers=unit.headers(ghost, body))
    assert (answer.status_code, answer.json()["error"]) == (401, "unknown-unit")
    assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/units/ghost/checkpoint"),
        ("GET", f"/v1/units/ghost/list-key/{'0' * 64}"),
        ("PUT", "/v1/units/ghost/cover/00000000-0000-0000-0000-000000000001"),
    ],
)
def test_whoever_is_not_enrolled_gets_nothing_at_all(
    centre: Running, tmp_path: Path, method: str, path: str
) -> None:
    """Not even what tells nothing of any read: the certificate alone is no leave."""
    now = time_of(SystemClock())
    tls, _ = raw.own_certificate(centre, tmp_path / "ghost", "ghost", now, 365)
    with httpx.Client(base_url=centre.url, verify=tls, trust_env=False) as client:
        answer = client.request(method, path, content=b"")
    assert (answer.status_code, answer.json()["error"]) == (401, "unknown-unit")


def test_old_tls(centre: Running, unit: Unit) -> None:
    """Nothing older than TLS 1.3 is spoken."""
    tls = unit.tls()
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError), raw.line(centre.service.ports.units, tls):
        pass


@pytest.fixture
def revoked(centre: Running, home: Path) -> Unit:
    """A unit that was enrolled, and is then revoked by the command."""
    made = enrolled(centre, home, f"revoked-{home.parent.name}")
    made.fill(3)
    return made


def revoke(unit: Unit) -> None:
    directory = str(unit.centre.folder.root)
    assert main(["centre", "revoke", unit.unit_id, "--why", "stolen", "--dir", directory]) == 0


def test_revoked_on_an_open_connection(centre: Running, revoked: Unit) -> None:
    """A connection that is open when its unit is revoked is good for nothing more: 403."""
    name, body = revoked.name(), revoked.rows_body()
    before = centre.contents()
    with revoked.client() as client:
        assert client.get("/v1/health").status_code == 200
        revoke(revoked)
        try:
            answer = client.put(name.path, content=body, headers=revoked.headers(name, body))
        except httpx.TransportError:
            pass  # the list was read first, and the connection with it is gone
        else:
            assert (answer.status_code, answer.json()["error"]) == (403, "revoked")
    assert centre.contents()[0] == before[0]
    assert centre.contents()[1] == before[1]


def test_revoked_certificate(centre: Running, revoked: Unit) -> None:
    """The list is read without a restart; then the handshake fails, and the unit reads why."""
    revoke(revoked)
    eventually(lambda: "revoked" in refusal_of(revoked).lower())


def refusal_of(unit: Unit) -> str:
    """Return why a new connection of the unit is refused; empty where it is not."""
    with unit.client() as client:
        try:
            client.get("/v1/health")
        except httpx.TransportError as error:
            return str(error)
    return ""


def test_enrolled_anew_after_revocation(centre: Running, revoked: Unit, tmp_path: Path) -> None:
    """A unit that was found again enrols with a new ticket; its old certificate stays revoked."""
    revoke(revoked)
    again = enrolled(centre, tmp_path / "again", revoked.unit_id)
    again.fill(2)
    assert again.put(again.name(), again.rows_body()).status_code == 200
    serials = {c.serial for c in centre.store.revoked_certificates()}
    assert len(serials) >= 1


def test_unreadable_list_keeps_the_old_one(tmp_path: Path) -> None:
    """A damaged list of revoked certificates is a fault shown; trust stays as it was."""
    with running(tmp_path / "centre", unit_burst=10_000) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        centre.folder.revoked.write_text("garbage")
        with unit.client() as client:
            eventually(lambda: faults(client))
            centre.authority().write_revoked(centre.store.revoked_certificates())
        with unit.client() as client:
            eventually(lambda: not faults(client))


def faults(client: httpx.Client) -> list[str]:
    """Return the faults of TLS that health shows."""
    try:
        found = client.get("/v1/health").json()["faults"]
    except httpx.RemoteProtocolError:  # the connection went with the list that it began under
        return ["?"]
    return [part for part in found if part.startswith("TLS")]
