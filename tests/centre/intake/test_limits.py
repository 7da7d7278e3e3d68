"""Limits and failures: rates, things in flight, slow heads, a store that fails, the unexpected."""

import contextlib
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.centre.intake import protocol
from outrider.centre.intake.bodies import Patience
from outrider.centre.intake.codes import Code, Refusal
from outrider.centre.intake.rates import Gate, Rate, Rates, stranger
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
    assert logged(caplog, "waited_for")[0] == {"waited_for": "head", "after_s": 0.5}


def test_a_head_that_begins_with_the_request_before_has_its_time_too(
    small: tuple[Running, Unit],
) -> None:
    """Half of the next head came along with a whole one: the rest is not waited for longer."""
    centre, unit = small
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        whole = raw.head("/v1/revoked", {}, "GET")
        secure.sendall(whole + b"GET /v1/health HTTP/1.1\r\nHost: loc")
        assert raw.answer_of(secure).startswith(b"HTTP/1.1 200 ")


def test_a_connection_may_rest_between_two_requests(tmp_path: Path) -> None:
    """Longer than a head may take: a unit keeps it from one upload to the next."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        with raw.line(centre.service.ports.units, unit.tls()) as secure:
            centre.service._listeners[0].config.http.patience_s = 0.05  # type: ignore[union-attr]
            request = raw.head("/v1/health", {}, "GET")
            assert asked(secure, request).startswith(b"HTTP/1.1 200 ")
            secure.settimeout(0.3)
            assert rest_of(secure) is None, "it is not cut"
            secure.settimeout(raw.LONGEST_S)
            assert asked(secure, request).startswith(b"HTTP/1.1 200 ")


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


def slow_upload(stack: ExitStack, centre: Running, unit: Unit) -> ssl.SSLSocket:
    """Begin an upload whose body does not go on."""
    name, body = unit.name(), unit.rows_body()
    secure = stack.enter_context(raw.line(centre.service.ports.units, unit.tls()))
    headers = unit.headers(name, body) | {"Content-Length": str(len(body))}
    secure.sendall(raw.head(name.path, headers) + body[:50])
    return secure


def test_slow_bodies_of_four_units_shut_out_no_other(tmp_path: Path) -> None:
    """16 slow bodies of four units took all 16 places: every other unit had 503."""
    with running(tmp_path / "centre") as centre, ExitStack() as stack:
        slow = [enrolled(centre, tmp_path / name, name) for name in ("a", "b", "c", "d")]
        honest = enrolled(centre, tmp_path / "honest", "honest")
        for unit in (*slow, honest):
            unit.fill(2)
        for number in range(16):
            slow_upload(stack, centre, slow[number % 4])
        eventually(lambda: centre.service.in_flight >= 8)
        assert honest.put(honest.name(), honest.rows_body()).status_code == 200
        assert centre.service.in_flight == 8  # the others were told that they are busy


def test_slow_bodies_of_many_units_give_way_to_one_that_has_no_place(tmp_path: Path) -> None:
    """Where every place is taken, the slowest body goes, and comes again: 408."""
    with running(tmp_path / "centre", in_flight=2) as centre, ExitStack() as stack:
        slow = [enrolled(centre, tmp_path / name, name) for name in ("a", "b")]
        honest = enrolled(centre, tmp_path / "honest", "honest")
        for unit in (*slow, honest):
            unit.fill(2)
        lines = [slow_upload(stack, centre, unit) for unit in slow]
        eventually(lambda: centre.service.in_flight == 2)
        eventually(lambda: honest.put(honest.name(), honest.rows_body()).status_code == 200)
        answers = [first_line(secure) for secure in lines]
        assert answers.count(b"HTTP/1.1 408 Request Timeout") == 1
        assert answers.count(b"") == 1  # still in its place


def first_line(secure: ssl.SSLSocket) -> bytes:
    """Return the first line of an answer that is there by now; nothing where none is."""
    secure.settimeout(1.0)
    try:
        return secure.recv(1000).split(b"\r\n")[0]
    except TimeoutError:
        return b""


def test_slow_strangers_do_not_keep_others_from_enrolling(tmp_path: Path) -> None:
    """Four slow strangers at the enrolment port took all of its places."""
    with running(tmp_path / "centre") as centre, ExitStack() as stack:
        tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
        head = raw.head("/v1/enrol", {"Content-Length": "5000"}, "POST")
        port = centre.service.ports.enrolment
        strangers = [
            stack.enter_context(raw.line(port, tls, f"127.0.0.{number % 4 + 2}"))
            for number in range(12)
        ]
        for secure in strangers:
            secure.sendall(head + b"{")
        eventually(lambda: centre.service.strangers == 8)  # two of each address
        enrolled(centre, tmp_path / "honest", "honest")
        # Too slow a body is broken off: three seconds, then a kilobyte a second.
        eventually(lambda: centre.service.strangers == 0)


def test_a_body_must_come_at_a_least_rate() -> None:
    """After its grace each kilobyte gives another second, and none more than the whole."""
    patience = Patience(120.0, 1000.0)
    assert patience.ends_s(50.0, 0) == 60.0
    assert patience.ends_s(50.0, 20_000) == 80.0
    assert patience.ends_s(50.0, 8 * 2**20) == 170.0


def test_one_sender_has_its_share_of_connections(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections of one unit beyond its share are broken off; another unit is not concerned."""
    caplog.set_level(logging.WARNING, "outrider.centre")
    with running(tmp_path / "centre", connections_of_one=3) as centre, ExitStack() as stack:
        greedy = enrolled(centre, tmp_path / "greedy", "greedy")
        modest = enrolled(centre, tmp_path / "modest", "modest")
        request = raw.head("/v1/revoked", {}, "GET")
        port = centre.service.ports.units
        lines = [stack.enter_context(raw.line(port, greedy.tls())) for _ in range(5)]
        answers = [asked(secure, request) for secure in lines]
        assert sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers) == 3
        assert asked_anew(port, modest.tls(), request).startswith(b"HTTP/1.1 200 ")
        (first, _) = logged(caplog, "most", 2)
        assert first == {"most": 3}
        assert "too many connections of one" in caplog.messages
        lines[0].close()
        eventually(lambda: asked_anew(port, greedy.tls(), request))


def test_a_connection_that_has_gone_is_held_against_nobody(tmp_path: Path) -> None:
    """One less for who has more, and the name itself is forgotten with the last."""
    with running(tmp_path / "centre") as centre, ExitStack() as stack:
        unit = enrolled(centre, tmp_path / "unit")
        protocol_of_units: Any = centre.service._listeners[0].config.http
        lines = [
            stack.enter_context(raw.line(centre.service.ports.units, unit.tls())) for _ in range(2)
        ]

        def held() -> dict[str, int]:
            return centre.asked(lambda: dict(protocol_of_units.held))

        eventually(lambda: held() == {"unit-7": 2})
        lines.pop().close()
        eventually(lambda: held() == {"unit-7": 1})
        lines.pop().close()
        eventually(lambda: held() == {})


def test_strangers_have_a_share_for_each_address(tmp_path: Path) -> None:
    """Who comes without a certificate is told apart by where it comes from."""
    with running(tmp_path / "centre", connections_of_one=1) as centre, ExitStack() as stack:
        tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
        port, request = centre.service.ports.enrolment, raw.head("/", {}, "GET")
        answers = [
            asked(stack.enter_context(raw.line(port, tls, f"127.0.0.{last}")), request)
            for last in (2, 3, 3)
        ]
        assert [answer[:13] for answer in answers] == [b"HTTP/1.1 404 "] * 2 + [b""]


def test_the_rest_of_a_refused_body_is_thrown_away_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is cut off while it sends never reads why; one that never ends is cut off."""
    monkeypatch.setattr(protocol, "_UNWANTED_BYTES", 20_000)
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        name = unit.name()
        headers = unit.headers(name, b"") | {"Content-Length": str(10 * 2**30)}
        for more, is_cut in ((10_000, False), (40_000, True)):
            with raw.line(centre.service.ports.units, unit.tls()) as secure:
                secure.sendall(raw.head(name.path, headers))
                assert secure.recv(100).startswith(b"HTTP/1.1 413 ")
                with contextlib.suppress(OSError):
                    secure.sendall(bytes(more))
                secure.settimeout(5.0 if is_cut else 0.2)
                assert (rest_of(secure) is not None) == is_cut


def rest_of(secure: ssl.SSLSocket) -> bytes | None:
    """Return what comes until the line is cut; None where it is not within its time."""
    try:
        return raw.answer_of(secure)
    except TimeoutError:
        return None


def test_what_is_no_http_is_answered_in_our_form(small: tuple[Running, Unit]) -> None:
    """As JSON, with a code, and with no request's name, for it was none."""
    centre, unit = small
    with raw.line(centre.service.ports.units, unit.tls()) as secure:
        secure.sendall(b"\x00\x01 nonsense\r\n\r\n")
        head, _, body = raw.answer_of(secure).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/json" in head.lower()
    said = json.loads(body)
    assert (said["error"], said["request"], bool(said["message"])) == ("http", "", True)


def test_half_of_the_places_are_for_those_who_have_none() -> None:
    """A name takes further places only while half of all are free."""
    gate = Gate(8, 8)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(gate.enter("greedy"))
        assert refused(lambda: gate.enter("greedy").__enter__()).code is Code.BUSY
        for name in "abcd":
            stack.enter_context(gate.enter(name))
        assert gate.inside == 8
        assert refused(lambda: gate.enter("e").__enter__()).code is Code.BUSY
    assert gate.inside == 0


def test_a_network_of_ipv6_is_one_stranger() -> None:
    """Who has one address of version 6 has a whole network of them."""
    assert stranger("2001:db8::1") == stranger("2001:db8::ffff:1") == "2001:db8::/64"
    assert stranger("2001:db8:0:1::1") != stranger("2001:db8::1")
    assert stranger("::ffff:192.0.2.7") == stranger("192.0.2.7") == "192.0.2.7"
    assert stranger("fe80::1%eth0") == "fe80::/64"
    assert stranger("testclient") == "testclient"
