"""A hostile unit, enrolled and with a good certificate: refused, said, counted, nothing stored."""

import dataclasses
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from outrider.records import Role
from outrider.wire import batch, picture_bundle, upload
from outrider.wire.picture_bundle import PictureBundle
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import UploadKind, UploadName
from tests.centre.intake import raw
from tests.centre.intake.running import Running, ShiftedClock, Unit, enrolled, eventually, logged

Sending = tuple[UploadName, bytes, dict[str, str]]
Attack = Callable[[Unit], Sending]
YEARS = timedelta(days=4 * 365)


def signed(unit: Unit, body: bytes, off: timedelta = timedelta(), **changes: str) -> Sending:
    """Return an upload of rows, well signed over its body; changes: to headers, afterwards."""
    name = unit.name()
    changed = {key.replace("_", "-"): value for key, value in changes.items()}
    return name, body, unit.headers(name, body, off) | changed


def truncated(unit: Unit) -> Sending:
    name, body = unit.name(), unit.rows_body()
    return name, body[: len(body) // 2], unit.headers(name, body)


def signed_by_another(unit: Unit) -> Sending:
    name, body, clock = unit.name(), unit.rows_body(), ShiftedClock(timedelta())
    stamp = clock.stamp(clock.mono_ns())
    return name, body, upload.headers(name, upload.Body(body), SigningIdentity.generate(), stamp)


def signed_for_another_name(unit: Unit) -> Sending:
    body = unit.rows_body()
    return unit.name(), body, unit.headers(unit.name(), body)


def signed_for_another_kind(unit: Unit) -> Sending:
    name, body = unit.name(), unit.rows_body()
    as_pictures = dataclasses.replace(name, kind=UploadKind.PICTURES)
    return as_pictures, body, unit.headers(name, body)


def an_hour_ago(unit: Unit) -> str:
    return unit.headers(unit.name(), b"", -timedelta(hours=1))["Outrider-Sent"]


def zip_bomb(unit: Unit) -> Sending:
    return signed(unit, zstandard.ZstdCompressor().compress(bytes(2**28)))


def wide_window(unit: Unit) -> Sending:
    parameters = zstandard.ZstdCompressionParameters(window_log=25, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return signed(unit, packer.compress(b"{}\n") + packer.flush())


def another_units_batch(unit: Unit) -> Sending:
    return signed(unit, unit.rows_body(unit_id="unit-8"))


def changed_row(unit: Unit) -> Sending:
    plain = zstandard.ZstdDecompressor().decompress(unit.rows_body(), max_output_size=2**24)
    changed = plain.replace(b'"kind":1', b'"kind":3', 1)
    assert changed != plain
    return signed(unit, zstandard.ZstdCompressor().compress(changed))


def row_without_its_key(unit: Unit) -> Sending:
    found = batch.decode(unit.rows_body())
    return signed(unit, batch.encode(dataclasses.replace(found, keys=())))


def another_journals_pictures(unit: Unit) -> Sending:
    name = unit.name(UploadKind.PICTURES)
    picture = picture_bundle.BundledPicture(1, Role.PATCH, b"x")
    body = picture_bundle.encode(PictureBundle(unit.unit_id, uuid.uuid4(), (picture,)))
    return name, body, unit.headers(name, body)


ATTACKS: dict[str, tuple[Attack, int, str, str]] = {
    "truncated": (truncated, 401, "digest", "cut short or changed"),
    "no digest": (
        lambda u: signed(u, u.rows_body(), Content_Digest=""), 401, "digest", "Digest"
    ),
    "no signature": (
        lambda u: signed(u, u.rows_body(), Outrider_Signature=""),
        401,
        "signature",
        "not good",
    ),
    "signature that is no base64": (
        lambda u: signed(u, u.rows_body(), Outrider_Signature="%%%"),
        401,
        "signature",
        "not good",
    ),
    "signed by another": (signed_by_another, 401, "signature", "not good"),
    "signed for another name": (signed_for_another_name, 401, "signature", "not good"),
    "signed for another kind": (signed_for_another_kind, 401, "signature", "not good"),
    "no time": (
        lambda u: signed(u, u.rows_body(), Outrider_Sent=""), 401, "sent", "TIME;QUALITY"
    ),
    "another time than signed": (
        lambda u: signed(u, u.rows_body(), Outrider_Sent=an_hour_ago(u)),
        401,
        "signature",
        "not good",
    ),
    "replayed after two days": (
        lambda u: signed(u, u.rows_body(), -timedelta(days=2)), 403, "clock", "behind"
    ),
    "clock years ahead": (
        lambda u: signed(u, u.rows_body(), YEARS), 403, "clock", "days ahead"
    ),
    "clock years behind": (
        lambda u: signed(u, u.rows_body(), -YEARS), 403, "clock", "days behind"
    ),
    "zip bomb": (zip_bomb, 422, "content", "unpacks to more than"),
    "wide window": (wide_window, 422, "content", "zstd"),
    "no zstd": (lambda u: signed(u, b"hello"), 422, "content", "not zstd"),
    "empty": (lambda u: signed(u, b""), 422, "content", "cut short"),
    "another unit's batch": (another_units_batch, 422, "content", "unit-8"),
    "a row changed": (changed_row, 422, "content", "not what its hash says"),
    "a row without its key": (row_without_its_key, 422, "content", "sealed key"),
    "pictures of a journal unknown": (another_journals_pictures, 409, "conflict", ""),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_refused_and_nothing_stored(
    centre: Running, unit: Unit, caplog: pytest.LogCaptureFixture, attack: str
) -> None:
    """Each attack gets its code and a reason, stands in the log, and leaves the store as it was."""
    build, status, code, reason = ATTACKS[attack]
    name, body, headers = build(unit)
    before = centre.contents()
    with caplog.at_level(logging.INFO, "outrider.centre"), unit.client() as client:
        answer = client.put(name.path, content=body, headers=headers)
        said = answer.json()
        assert (answer.status_code, said["error"]) == (status, code), said
        assert reason in said["message"]
        assert answer.headers["Outrider-Request"] == said["request"]
        assert centre.contents() == before
        (line,) = logged(caplog, "code")
        assert (line["code"], line["from"], line["request"]) == (code, "unit-7", said["request"])
        assert client.get("/v1/health").json()["refused"][code] > 0


def test_steady_afterwards(centre: Running, unit: Unit) -> None:
    """After all of it an honest batch is taken as ever."""
    assert unit.put(unit.name(), unit.rows_body()).status_code == 200


def test_another_body_under_a_known_name(centre: Running, unit: Unit) -> None:
    """A name that has come cannot be used for anything else."""
    name = unit.name()
    assert unit.put(name, unit.rows_body()).status_code == 200
    before = centre.contents()
    answer = unit.put(name, unit.rows_body(5))
    assert (answer.status_code, answer.json()["error"]) == (409, "other-body")
    assert centre.contents() == before


def test_a_journal_cannot_be_stolen(centre: Running, unit: Unit, home: Path) -> None:
    """A unit that sends rows of another's journal as its own is refused."""
    unit.put(unit.name(), unit.rows_body())
    thief = enrolled(centre, home, "thief")
    body = unit.rows_body(unit_id="thief")
    before = centre.contents()
    answer = thief.put(thief.name(), body)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert centre.contents() == before


def test_another_units_path(centre: Running, unit: Unit, home: Path) -> None:
    """A good certificate is good for its own unit's path only, whatever is signed."""
    thief = enrolled(centre, home, "thief-2")
    name, body = unit.name(), unit.rows_body()
    before = centre.contents()
    with thief.client() as client:
        answer = client.put(name.path, content=body, headers=unit.headers(name, body))
    assert (answer.status_code, answer.json()["error"]) == (403, "other-unit")
    assert centre.contents() == before


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/units/unit-7/batches/not-a-uuid", 400, "path"),
        ("/v1/units/unit-7/batches/{0BF7A6B4-0000-4000-8000-000000000000}", 400, "path"),
        ("/v1/units/unit-7/batches/0BF7A6B4-0000-4000-8000-000000000000", 400, "path"),
        ("/v1/units/unit%207/batches/0bf7a6b4-0000-4000-8000-000000000000", 400, "path"),
        ("/v1/units/unit-7/secrets/0bf7a6b4-0000-4000-8000-000000000000", 404, "not-found"),
        ("/v1/units/../../etc/passwd", 404, "not-found"),
        ("/v1/health", 405, "method"),
        ("/" + "x" * 4000, 404, "not-found"),
        ("/%00%ff%0a", 404, "not-found"),
    ],
)
def test_garbage_paths(unit: Unit, path: str, status: int, code: str) -> None:
    """A path that is none gets a plain answer; nothing in it is interpreted."""
    with raw.line(unit.centre.service.ports.units, unit.tls()) as secure:
        headers = {"Content-Length": "0", "Connection": "close"}
        secure.sendall(raw.head(path, headers))
        answer = raw.answer_of(secure)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert f'"error":"{code}"'.encode() in answer


def test_declared_too_large(centre: Running, unit: Unit) -> None:
    """A body that says it is too long is refused before a byte of it is read."""
    name = unit.name()
    headers = unit.headers(name, b"") | {"Content-Length": str(10 * 2**30)}
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        secure.sendall(raw.head(name.path, headers))
        answer = raw.answer_of(secure)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"error":"too-large"' in answer


def test_oversized_by_an_honest_client(unit: Unit) -> None:
    """A client that sends too much still reads why: it then sends less at once."""
    answer = unit.put(unit.name(), bytes(9 * 2**20))
    assert (answer.status_code, answer.json()["error"]) == (413, "too-large")


def test_streamed_too_large(centre: Running, unit: Unit) -> None:
    """A body without a length is cut off at the limit: no more of it is read."""
    name = unit.name()
    headers = unit.headers(name, b"") | {"Transfer-Encoding": "chunked"}
    sent = 0
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        secure.sendall(raw.head(name.path, headers))
        chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
        try:
            while sent < 256:
                secure.sendall(chunk)
                sent += 1
        except OSError:
            pass
    assert sent < 64


def test_slow_body(centre: Running, unit: Unit) -> None:
    """A body that drips is given up after its time, in all, and says so."""
    before, name = centre.contents(), unit.name()
    headers = unit.headers(name, bytes(100)) | {"Content-Length": "100"}
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        secure.sendall(raw.head(name.path, headers))
        secure.sendall(b"x" * 10)
        answer = raw.answer_of(secure)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"10 bytes came" in answer
    assert centre.contents() == before


def test_broken_off(centre: Running, unit: Unit) -> None:
    """A body that breaks off half way stores nothing, and the place that it held is free again."""
    before, name, body = centre.contents(), unit.name(), unit.rows_body()
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        headers = unit.headers(name, body) | {"Content-Length": str(len(body))}
        secure.sendall(raw.head(name.path, headers))
        secure.sendall(body[: len(body) // 2])
    with unit.client() as client:
        eventually(lambda: not client.get("/v1/health").json()["in_flight"])
    assert centre.contents() == before


def test_head_too_large(centre: Running, unit: Unit) -> None:
    """Headers without end are cut off at 16 KiB."""
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        secure.sendall(b"GET /v1/health HTTP/1.1\r\n" + b"X: y\r\n" * 4000)
        answer = raw.answer_of(secure)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"error": "http"' in answer
