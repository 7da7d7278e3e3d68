"""What comes is hashed once: with 8 MiB a body, and thousands of units, each time counts."""

import hashlib
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.intake.uploads import UploadDesk
from outrider.centre.store.urls import open_store
from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.wire import batch as batches
from outrider.wire import picture_bundle as bundles
from outrider.wire import upload as uploads
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import Body, UploadKind
from tests.centre.store.makers import ARRIVED, CENTRE, journal
from tests.centre.store.makers import upload as an_upload


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """Count what is hashed whole, by its content."""
    seen, lock, real = Counter[bytes](), threading.Lock(), hashlib.sha256

    def counting(data: bytes = b"", **more: Any) -> Any:
        with lock:
            seen[bytes(data)] += 1
        return real(data, **more)

    monkeypatch.setattr(hashlib, "sha256", counting)
    return seen


def test_a_body_and_each_picture_are_hashed_once(tmp_path: Path, hashed: Counter[bytes]) -> None:
    """For the digest in its header, the name that it is known by, and the receipt: one hash."""
    store, key, unit = (
        open_store(f"sqlite:{tmp_path}/store"),
        SigningIdentity.generate(),
        journal(2),
    )
    code = bytes(32)
    store.add_ticket("unit-7", code, ARRIVED + timedelta(days=1))
    store.enrol("unit-7", code, key.public, bytes(32), ARRIVED)
    desk = UploadDesk(
        store, store, SigningIdentity.generate(), SystemClock(), timedelta(days=1),
        lambda: frozenset({CENTRE.public.key_id}),
    )  # fmt: skip
    sent = UtcStamp(1_795_237_200_000_000_000, ClockQuality.GPS, 0.1)
    rows = batches.encode(unit.batch(unit.rows))
    pictures = bundles.encode(unit.bundle(unit.rows))
    for kind, body in ((UploadKind.ROWS, rows), (UploadKind.PICTURES, pictures)):
        name = an_upload(kind=kind).name
        headers = uploads.headers(name, Body(body), key, sent)
        hashed.clear()
        assert desk.take(name, body, headers).stored
        assert hashed[body] == 1
    sealed = list(unit.pictures.values())
    assert len(sealed) == 4
    assert [hashed[one] for one in sealed] == [1] * 4
    store.close()
