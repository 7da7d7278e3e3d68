"""Limits and failures: rates, things in flight, slow heads, a store that fails, the unexpected."""

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.centre.intake.codes import Code, Refusal
from outrider.centre.intake.rates import Gate, Rate, Rates
from outrider.centre.store.records import StoreError
from outrider.wire.upload import UploadName
from tests.centre.intake import raw
from tests.centre.intake.running import Running, Unit, enrolled, eventually, logged, running


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Running, Unit]]:
    """A centre that takes little on, and a unit of it."""
    with running(
        tmp_path / "centre", in_flight=2, in_flight_per_unit=1, connections=6, head_s=0.5
    ) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        unit.fill(3)
        yield centre, unit


def test_too_many_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Beyond its rate a unit gets 429 and when to come again; another unit is not concerned."""
    with (
        caplog.at_level(logging.WARNING, "outrider.centre"),
        running(tmp_path / "centre", unit_burst=5, unit_per_s=0.1) as centre,
    ):
        greedy = enrolled(centre, tmp_path / "greedy", "greedy")
        modest = enrolled(centre, tmp_path / "modest", "modest")
        with greedy.client() as client, modest.client() as other:
            answers = [client.get("/v1/revoked") for _ in range(6)]
            assert [a.status_code for a in answers] == [200] * 5 + [429]
            assert answers[-1].json()["error"] == "too-many"
            assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10
            assert other.get("/v1/revoked").status_code == 200
            assert logged(caplog, "code")[0]["code"] == "too-many"


def test_one_upload_at_a_time(small: tuple[Running, Unit]) -> None:
    """A unit that has its share in flight gets 503 and when to come again, before any body."""
    centre, unit = small
    name, body = unit.name(), unit.rows_body()
    with raw.line(centre.service.ports.units, unit.tls()) as slow:
        headers = unit.headers(name, body) | {"Content-Length": str(len(body))}
        slow.sendall(raw.head(name.path, headers) + body[:100])
        with unit.client() as client:
            eventually(lambda: client.get("/v1/health").json()["in_flight"])
        answer = unit.put(unit.name(), body)
        assert (answer.status_code, answer.json()["error"]) == (503, "busy")
        assert int(answer.headers["Retry-After"]) >= 1
        slow.sendall(body[100:])
        assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
    assert unit.put(unit.name(), body).status_code == 200


def test_slow_head(small: tuple[Running, Unit], caplog: pytest.LogCaptureFixture) -> None:
    """A head that never ends is broken off after its time."""
    centre, unit = small
    with (
        caplog.at_level(logging.WARNING, "outrider.centre"),
        raw.line(centre.service.ports.units, unit.tls()) as secure,
    ):
        secure.sendall(b"GET /v1/health HTTP/1.1\r\nHost: loc")
        assert raw.answer_of(secure) == b""
    assert logged(caplog, "waited_for")[0]["waited_for"] == "head"


def test_idle_connections_are_broken_off(small: tuple[Running, Unit]) -> None:
    """A connection on which nothing is ever asked is broken off as well."""
    centre, unit = small
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        assert raw.answer_of(secure) == b""


def test_too_many_connections(tmp_path: Path) -> None:
    """More connections than allowed are broken off at once; those within go on."""
    with running(tmp_path / "centre", connections=6) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        tls, port = unit.tls(), centre.service.ports.units
        request = raw.head("/v1/revoked", {"Connection": "close"}, "GET")
        with ExitStack() as stack:
            lines = [stack.enter_context(raw.line(port, tls)) for _ in range(8)]
            answers = [asked(secure, request) for secure in lines]
        assert sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers) == 6
        eventually(lambda: asked_anew(port, tls, request))


def asked_anew(port: int, tls: ssl.SSLContext, request: bytes) -> bytes:
    """Return what comes of a request over a new connection."""
    with raw.line(port, tls) as secure:
        return asked(secure, request)


def asked(secure: socket.socket, request: bytes) -> bytes:
    """Return what comes of a request; nothing from a connection that was broken off."""
    try:
        secure.sendall(request)
        return secure.recv(1000)
    except OSError:
        return b""


def test_store_that_fails(small: tuple[Running, Unit], monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot take it is 503 with a time to come again, and shown in health."""
    centre, unit = small
    body = unit.rows_body()

    def fail(*args: object) -> None:
        raise StoreError("no space left on device")

    monkeypatch.setattr(centre.store, "take_rows", fail)
    answer = unit.put(unit.name(), body)
    assert (answer.status_code, answer.json()["error"]) == (503, "store")
    assert int(answer.headers["Retry-After"]) >= 1
    monkeypatch.undo()
    assert unit.put(unit.name(), body).status_code == 200
    monkeypatch.setattr(centre.store, "unit", fail)
    with unit.client() as client:
        health = client.get("/v1/health").json()
    assert health["status"] == "degraded"
    assert "no space" in health["faults"]["store"]


def test_the_unexpected(
    small: tuple[Running, Unit],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error nobody foresaw is 500 with the request's name; the log has where it happened."""
    centre, unit = small
    body = unit.rows_body()

    def fail(*args: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(centre.store, "take_rows", fail)
    answer = unit.put(unit.name(), body)
    said = answer.json()
    assert (answer.status_code, said["error"]) == (500, "internal")
    assert "a bug" not in answer.text
    (line,) = logged(caplog, "method")
    assert line["request"] == said["request"]
    assert "ZeroDivisionError: a bug" in caplog.text
    monkeypatch.undo()
    assert centre.store.journals() == []
    assert unit.put(unit.name(), body).status_code == 200


def test_same_upload_at_once(tmp_path: Path) -> None:
    """One upload sent four times at once is stored once, and every sender gets the receipt."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        unit.fill(50)
        name, body = unit.name(), unit.rows_body()
        receipts = at_once(unit, name, body, 4)
        assert len(set(receipts)) == 1
        (journal,) = centre.store.journals()
        assert sum(span.last - span.first + 1 for span in journal.present) == 52


def at_once(unit: Unit, name: UploadName, body: bytes, count: int) -> list[bytes]:
    """Send the same upload from so many threads; return the answers."""
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(unit.put(name, body).content))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5)), max_size=60),
    st.floats(0.1, 10),
    st.integers(1, 5),
)
def test_rate_is_never_exceeded(steps: list[tuple[str, float]], per_s: float, burst: int) -> None:
    """Whatever the pattern, a name passes no more often than its burst and rate allow."""
    now = [0.0]
    rates = Rates(Rate(per_s, burst), Rate(1e6, 10**6), lambda: now[0])
    passed = {"a": 0, "b": 0}
    for name, pause_s in steps:
        now[0] += pause_s
        with contextlib.suppress(Refusal):
            rates.take(name)
            passed[name] += 1
    assert all(count <= burst + now[0] * per_s + 1e-6 for count in passed.values())


def test_waiting_as_told_is_enough() -> None:
    """Who comes again after Retry-After passes."""
    now = [0.0]
    rates = Rates(Rate(0.3, 1), Rate(100, 100), lambda: now[0])
    rates.take("a")
    told = refused(lambda: rates.take("a"))
    assert told.retry_after_s is not None
    now[0] += told.retry_after_s
    rates.take("a")


def test_everyone_together_is_bounded() -> None:
    """Many names, each within its rate, are bounded in all."""
    rates = Rates(Rate(1, 1), Rate(1, 3), lambda: 0.0)
    for number in range(3):
        rates.take(f"unit-{number}")
    assert refused(lambda: rates.take("unit-3")).code is Code.TOO_MANY


def test_gate_frees_its_place() -> None:
    """A place is free again however the request ends."""
    gate = Gate(2, 1)
    with pytest.raises(ZeroDivisionError), gate.enter("a"):
        raise ZeroDivisionError
    with gate.enter("a"), gate.enter("b"):
        assert gate.inside == 2
        assert refused(lambda: gate.enter("c").__enter__()).code is Code.BUSY
    assert gate.inside == 0


def refused(call: Callable[[], object]) -> Refusal:
    """Return the refusal that a call ends with."""
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value
