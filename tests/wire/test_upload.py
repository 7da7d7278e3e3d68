"""Batches of rows, bundles of pictures, and receipts: round trips, limits, and hostile bytes."""

import base64
import contextlib
import dataclasses
import json
import random
import uuid
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.clock import ClockQuality, UtcStamp
from outrider.records import Role
from outrider.wire import batch as batches
from outrider.wire import picture_bundle as bundles
from outrider.wire import receipt as receipts
from outrider.wire import upload
from outrider.wire.batch import Batch, Gap
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedPicture, SealedRow, row_hash
from outrider.wire.epoch import Epoch
from outrider.wire.hash_chain import GENESIS, link_hash
from outrider.wire.key_file import KeyFileError
from outrider.wire.picture_bundle import BundledPicture, PictureBundle
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import SealedKey
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import Body, Sent, UploadKind, UploadName

JOURNAL = uuid.UUID(int=9)
EPOCH = Epoch(uuid.UUID(int=10), 1)
UNIT = SigningIdentity.generate()
CENTRE = SigningIdentity.generate()
SENT = UtcStamp(1_795_237_200_000_000_000, ClockQuality.GPS, 0.1)
NAME = UploadName("unit-7", UploadKind.ROWS, uuid.UUID(int=1))


def sealed_rows(count: int, seed: int = 0) -> tuple[SealedRow, ...]:
    """Return rows of noise whose hashes are right."""
    rng, rows, previous = random.Random(seed), [], GENESIS
    for seq in range(1, count + 1):
        pictures = tuple(SealedPicture(role, 5, 100, rng.randbytes(32)) for role in Role)
        body = rng.randbytes(rng.randint(1, 300))
        digest = row_hash(JOURNAL, seq, RecordKind.READ, 4, previous, pictures, body)
        rows.append(SealedRow(seq, RecordKind.READ, 4, previous, body, pictures, digest))
        previous = digest
    return tuple(rows)


def a_batch(count: int = 3, seed: int = 0) -> Batch:
    """Return a batch of noise that is right."""
    keys = (SealedKey(4, "none", b""), SealedKey(5, "ab12", b"\x01" * 80))
    gaps = (Gap(10, 12, bytes(32), "damaged"),)
    return Batch("unit-7", JOURNAL, EPOCH, sealed_rows(count, seed), keys, gaps)


@settings(max_examples=40)
@given(st.integers(0, 30), st.integers(0, 1000))
def test_batch_round_trip(count: int, seed: int) -> None:
    """A batch comes back equal."""
    batch = a_batch(count, seed)
    assert batches.decode(batches.encode(batch)) == batch


def repack(change) -> bytes:  # type: ignore[no-untyped-def]
    """Return a batch's body with its plain lines changed."""
    plain = zstandard.ZstdDecompressor().decompress(batches.encode(a_batch()))
    return zstandard.ZstdCompressor().compress(change(plain))


def with_row(**changes: object) -> bytes:
    """Return a batch's body whose first row has fields changed."""

    def change(plain: bytes) -> bytes:
        lines = plain.split(b"\n")
        lines[1] = json.dumps(json.loads(lines[1]) | changes).encode()
        return b"\n".join(lines)

    return repack(change)


def lying_bomb() -> bytes:
    """Return what says that it unpacks to 1,000 bytes, and unpacks to 256 MiB."""
    body = zstandard.ZstdCompressor().compress(bytes(2**28))
    return body.replace((2**28).to_bytes(4, "little"), (1000).to_bytes(4, "little"), 1)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "cut short|not zstd"),
        (b"not zstd", "not zstd"),
        (batches.encode(a_batch())[:-20], "not zstd|cut short"),
        (batches.encode(a_batch())[:-1], "cut short"),
        (batches.encode(a_batch()) + b"\0", "more than one frame"),
        (batches.encode(a_batch()) * 2, "more than one frame"),
        (zstandard.ZstdCompressor().compress(bytes(2**28)), "unpacks to more"),
        (lying_bomb(), "too small"),
        (zstandard.ZstdCompressor(write_content_size=False).compress(b"{}\n"), "its length"),
        (repack(lambda plain: plain[:-1]), "cut short"),
        (repack(lambda plain: plain[: plain.rindex(b"\n", 0, -1) + 1]), "says 3 rows, 2"),
        (repack(lambda plain: b"[]\n" + plain), "line 1"),
        (repack(lambda plain: plain.replace(b'"version":2', b'"version":1')), "version 1"),
        (repack(lambda plain: plain.replace(b'"unit":"unit-7"', b'"unit":"../etc"')), "unit"),
        (with_row(body=base64.b64encode(b"other").decode()), "not what its hash"),
        (with_row(body="&&&"), "base64"),
        (with_row(seq=2), "^line 2: row 2 is not what its hash"),
        (with_row(seq=True), "seq"),
        (with_row(kind=77), "77"),
        (with_row(extra=1), "^line 2: .*extra"),
        (with_row(hash="00"), "hash"),
    ],
)
def test_bad_batches_are_refused_with_the_line(body: bytes, reason: str) -> None:
    """Whatever is wrong with a batch is said; a bomb is stopped at the limit."""
    with pytest.raises(WireError, match=reason):
        batches.decode(body)


def test_a_rows_hash_covers_each_of_its_fields_as_it_ever_did() -> None:
    """Hashes of 30 November 2026: every journal, and the centre's proof of it, hangs on them."""
    pictures = (
        SealedPicture(Role.PATCH, 5, 100, bytes(range(32))),
        SealedPicture(Role.OVERVIEW, 6, 70_000, bytes(32)),
    )
    whole = row_hash(JOURNAL, 3, RecordKind.HIT, 4, GENESIS, pictures, b"body")
    bare = row_hash(JOURNAL, 3, RecordKind.READ, 4, GENESIS, (), b"body")
    link = link_hash(b"label\0", 7, GENESIS, b"content")
    assert [one.hex() for one in (whole, bare, link)] == [
        "701b9bb085681fb75267bbe1d79244c2376dd693d0ce637a99bf417f6d64cf9f",
        "d2d947647f91b8a68251fb185fdb347db313ace05c0e2eb7eef9d984d3c126d9",
        "66540930fc8e9e3287f404b52e75077cd7d182e5875933ccd5d5645dc7d70990",
    ]


def test_a_body_is_bounded_and_a_signature_is_base64_and_nothing_else() -> None:
    """Eight MiB, to the byte; what a lenient reader would pass over is refused."""
    most = Body(bytes(upload.MAX_BODY_BYTES))
    assert upload.check(NAME, most, upload.headers(NAME, most, UNIT, SENT), UNIT.public)
    with pytest.raises(WireError, match="at most 8388608"):
        upload.check(NAME, Body(most.data + b"x"), {}, UNIT.public)
    signature = UNIT.sign("upload", b"body")
    with pytest.raises(WireError, match="signature"):
        UNIT.public.verify("upload", b"body", f"{signature[:9]}\n{signature[9:]}")


def test_a_bundle_without_the_end_of_its_header_is_cut_short() -> None:
    """It is told as that, and not as a header that is none."""
    body = bundles.encode(PictureBundle("unit-7", JOURNAL, ()))
    with pytest.raises(WireError, match="header is cut short"):
        bundles.decode(body.rstrip(b"\n"))


def test_rows_must_ascend_and_have_their_keys() -> None:
    """Rows twice or out of order, or without the keys that they need, are refused."""
    batch = a_batch()
    twice = dataclasses.replace(batch, rows=batch.rows[:1] * 2)
    with pytest.raises(WireError, match="ascending"):
        batches.decode(batches.encode(twice))
    keyless = dataclasses.replace(batch, keys=batch.keys[:1])
    late = dataclasses.replace(batch, epoch=Epoch(uuid.UUID(int=10), 2))
    with pytest.raises(WireError, match="row 1 is of before its epoch, which begins at 2"):
        batches.decode(batches.encode(late))
    with pytest.raises(WireError, match="sealed key"):
        batches.decode(batches.encode(keyless))


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_noise_is_refused(data: bytes) -> None:
    """Noise, bare or packed, gives a WireError and nothing else, in every decoder."""
    packed = zstandard.ZstdCompressor().compress(data)
    for call in (
        lambda: batches.decode(data),
        lambda: batches.decode(packed),
        lambda: bundles.decode(data),
        lambda: receipts.decode(data, CENTRE.public),
    ):
        with pytest.raises(WireError):
            call()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 2**40), st.sampled_from(Role), st.binary(min_size=1))))
def test_bundle_round_trip(raw: list[tuple[int, Role, bytes]]) -> None:
    """Pictures come back equal."""
    bundle = PictureBundle("unit-7", JOURNAL, tuple(BundledPicture(*one) for one in raw))
    assert bundles.decode(bundles.encode(bundle)) == bundle


@settings(max_examples=60)
@given(st.data())
def test_changed_bundle_is_refused_or_other(data: st.DataObject) -> None:
    """A bundle with one byte changed never gives the same pictures."""
    bundle = PictureBundle("u", JOURNAL, (BundledPicture(1, Role.PATCH, b"abc" * 9),))
    body = bytearray(bundles.encode(bundle))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(WireError):
        assert bundles.decode(bytes(body)) != bundle


def test_upload_signature() -> None:
    """A body goes through under its own name and unit only, whole, and with its unit's key."""
    body = Body(b"rows")
    found = upload.headers(NAME, body, UNIT, SENT)
    assert upload.check(NAME, body, found, UNIT.public) == Sent(SENT.utc, ClockQuality.GPS)
    other_name = dataclasses.replace(NAME, upload_id=uuid.UUID(int=2))
    other_unit = dataclasses.replace(NAME, unit_id="unit-8")
    other_kind = dataclasses.replace(NAME, kind=UploadKind.PICTURES)
    for name in (other_name, other_unit, other_kind):
        with pytest.raises(WireError, match="signature"):
            upload.check(name, body, found, UNIT.public)
    with pytest.raises(WireError, match="signature"):
        upload.check(NAME, body, found, CENTRE.public)
    with pytest.raises(WireError, match="cut short"):
        upload.check(NAME, Body(body.data[:-1]), found, UNIT.public)
    for header, value in (
        (upload.SIGNATURE_HEADER, "####"),
        (upload.SENT_HEADER, "2026-11-21T05:00:00.001Z;gps"),
    ):
        with pytest.raises(WireError, match="signature"):
            upload.check(NAME, body, found | {header: value}, UNIT.public)


@pytest.mark.parametrize("kind", UploadKind)
def test_an_upload_says_what_it_is(kind: UploadKind) -> None:
    """Rows or pictures, by their media types."""
    name = dataclasses.replace(NAME, kind=kind)
    found = upload.headers(name, Body(b""), UNIT, SENT)
    assert found["Content-Type"] == upload.MEDIA_TYPES[kind]


def test_an_upload_without_its_headers_is_refused() -> None:
    """Each of them: it is no error of the service's."""
    body = Body(b"rows")
    found = upload.headers(NAME, body, UNIT, SENT)
    for name, said in (
        (upload.DIGEST_HEADER, "cut short or changed"),
        (upload.SENT_HEADER, "signature"),
        (upload.SIGNATURE_HEADER, "signature"),
    ):
        with pytest.raises(WireError, match=said):
            upload.check(NAME, body, {k: v for k, v in found.items() if k != name}, UNIT.public)


def test_what_was_signed_once_is_still_good() -> None:
    """A signature of 30 November 2026, and the name of its key: centres keep receipts for years."""
    key = SigningIdentity(bytes(range(32))).public
    assert key.key_id == "56475aa75463474c"
    signature = (
        "lJinhx50fjz7iwlZADHlbVxFv05vgdr4VVFZ7K3IgBy32k/8s0xYTBACRpTcIDu4uGZeZS0VybYZITlSvsQaCA=="
    )
    key.verify("upload", b"body", signature)


@pytest.mark.parametrize("text", ["", "2026-11-21T05:00:00.000Z", "today;gps", "9;gps;ntp"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    """A time of sending that does not parse is refused with the text that came."""
    with pytest.raises(WireError, match="Outrider-Sent"):
        Sent.parse(text)


def test_receipt_is_for_one_body_of_one_upload() -> None:
    """A receipt counts for the very upload that it names, and for all of it."""
    body = Body(b"rows")
    data = receipts.encode(receipts.make(NAME, body, 2, 1, "2026-11-21T05:00:00Z"), CENTRE)
    receipt = receipts.decode(data, CENTRE.public)
    receipts.check(receipt, NAME, body, 3)
    for name, sent, count, reason in (
        (dataclasses.replace(NAME, upload_id=uuid.UUID(int=2)), body, 3, "another upload"),
        (NAME, Body(b"other"), 3, "another body"),
        (NAME, body, 4, "3 of 4"),
    ):
        with pytest.raises(WireError, match=reason):
            receipts.check(receipt, name, sent, count)


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r | {"stored": 9},
        lambda r: r | {"upload": str(uuid.UUID(int=5))},
        lambda r: {k: v for k, v in r.items() if k != "sha256"},
        lambda r: r | {"note": "trust me"},
    ],
)
def test_changed_receipt_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    """A receipt with anything changed, left out or added after signing is refused."""
    envelope = json.loads(receipts.encode(receipts.make(NAME, Body(b"x"), 2, 1, "now"), CENTRE))
    envelope["receipt"] = change(envelope["receipt"])
    with pytest.raises(WireError, match=r"^no receipt: "):
        receipts.decode(None, CENTRE.public)  # type: ignore[arg-type]
    with pytest.raises(WireError):
        receipts.decode(json.dumps(envelope).encode(), CENTRE.public)
    with pytest.raises(WireError):
        receipts.decode(
            receipts.encode(receipts.make(NAME, Body(b"x"), 2, 1, "now"), UNIT), CENTRE.public
        )


def test_signing_keys_in_files(tmp_path: Path) -> None:
    """Keys come back from their files, and one kind is not taken for the other."""
    UNIT.write(tmp_path / "private")
    UNIT.public.write(tmp_path / "public")
    assert SigningIdentity.read(tmp_path / "private") == UNIT
    assert VerifyingKey.read(tmp_path / "public") == UNIT.public
    with pytest.raises(KeyFileError, match="PRIVATE"):
        VerifyingKey.read(tmp_path / "private")
    with pytest.raises(KeyFileError, match="is needed"):
        SigningIdentity.read(tmp_path / "public")
    with pytest.raises(FileExistsError):
        UNIT.write(tmp_path / "private")
