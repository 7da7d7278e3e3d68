"""Rows that are well signed, sealed and hashed, and whose text is meant to break who opens it."""

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

from outrider.wire.read_record import RecordKind, encode
from tests.unit.journal import makers

_DIGITS = "9" * 5000
_TEXTS = (
    "\0", "\ud800", "\u202e\u200b\x1b[2J", "Stolen [/PNC]", "=cmd|'/c calc'!A1", "-h", "../../etc",
    "%s%n{0.__class__}", "<script>", "'; DROP TABLE opened; --", "x" * 60_000, "é" * 20_000, "",
)  # fmt: skip
_NUMBERS: tuple[Any, ...] = (
    2**63 - 1, -(2**63), 2**63, 10**400, -1, 0, 1e308, -1e308, 5e-324, True, None, "1", [], {},
)  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every leaf and branch of a JSON value, but its root."""
    if path:
        yield path
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, part in inside:
        yield from paths(part, (*path, key))


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    """Return a copy of a JSON value with something else at a path."""
    copy = json.loads(json.dumps(value))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    return copy


def _raw() -> tuple[bytes, ...]:
    good = encode(makers.read(1)).decode()
    return (
        b"", b"\0", b"[" * 60_000, b'{"a":' * 10_000, b"\xff\xfe{\0}\0", b"none", b"[]", b"null",
        good.replace('"schema":3', f'"schema":{_DIGITS}').encode(),
        good.replace('"utc_ns":', f'"utc_ns":{_DIGITS}').encode(),
        good.replace('"schema":3', '"schema":3e999').encode(),
        good.replace('"schema":3', '"schema":3,"schema":3').encode(),
        good[: len(good) // 2].encode(), (good + good).encode(), good.encode("utf-16"),
        good.replace('"record":', '"record":' + "[" * 30_000).encode(),
    )  # fmt: skip


def hostile_texts(
    rng: random.Random, unit_id: str = "unit-7"
) -> Iterator[tuple[RecordKind, bytes]]:
    """Yield kinds and texts without end: every leaf of a record made absurd, and no record at all.

    All are JSON as a unit could write it, or bytes that are none.
    """
    records = (makers.read(1), makers.hit(2), makers.action(3))
    texts = [encode(record).replace(b"unit-7", unit_id.encode()) for record in records]
    plain = [json.loads(text) for text in texts]
    kinds = (RecordKind.READ, RecordKind.HIT, RecordKind.ACTION)
    spots = [
        (kind, value, path)
        for kind, value in zip(kinds, plain, strict=True)
        for path in paths(value)
    ]
    for number in itertools.count():
        if number % 20 == 0:
            yield rng.choice(kinds), rng.choice(_raw())
            continue
        kind, value, path = rng.choice(spots)
        to = rng.choice((*_TEXTS, *_NUMBERS))
        text = json.dumps(changed(value, path, to)).encode()
        yield kind, text[:60_000] if rng.random() < 0.05 else text
