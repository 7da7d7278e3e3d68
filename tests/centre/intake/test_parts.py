"""The intake's parts by themselves: what is refused, how it is said, counted and logged."""

import asyncio
import itertools
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from outrider.centre.intake import rates as rates_module
from outrider.centre.intake.bodies import Patience, check_declared, read_body
from outrider.centre.intake.codes import STATUS, Code, Refusal
from outrider.centre.intake.counts import Counts
from outrider.centre.intake.frame import RequestFrame, caller, refused
from outrider.centre.intake.journal_lines import JsonLines, say
from outrider.centre.intake.rates import Gate, Place, Rate, Rates, TokenBucket
from outrider.centre.intake.tls import peer_of
from outrider.centre.intake.uploads import Taken, UploadDesk
from outrider.centre.store.records import UnfitError
from outrider.clock import ClockQuality, UtcStamp
from outrider.wire import batch as batches
from outrider.wire import picture_bundle as bundles
from outrider.wire.batch import Batch
from outrider.wire.epoch import Epoch
from outrider.wire.picture_bundle import PictureBundle
from outrider.wire.sealing import SealingError
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import SENT_HEADER, Body, UploadKind, UploadName, sent_text
from outrider.wire.upload import headers as headers_of

PLENTY = Rate(1e6, 10**6)
SET_ASIDE = (400, 409, 413, 422)  # at these a unit gives a batch up for its session


def scope_of(peer: str | None = "unit-7", **headers: str) -> Scope:
    """Return what a server says of a request."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "method": "PUT",
        "path": "/v1/units/unit-7/batches/1",
        "headers": raw,
        "client": ("192.0.2.7", 50_000),
        "state": {"peer": peer} if peer else {},
    }


# Codes.


def test_only_what_can_never_be_taken_makes_a_unit_give_a_batch_up() -> None:
    """Bad luck on the way, a clock, a full disk or a stranger's word are tried again."""
    final = {code for code, status in STATUS.items() if status in SET_ASIDE}
    assert final == {
        *(Code.PATH, Code.HTTP, Code.TOO_LARGE, Code.CONTENT),
        *(Code.UNKNOWN_KEY, Code.OTHER_BODY, Code.CONFLICT),
    }
    assert set(STATUS) == set(Code)


@pytest.mark.parametrize(("wait_s", "header"), [(0.2, "1"), (1.4, "1"), (7.6, "8"), (None, None)])
def test_a_refusal_says_when_to_come_again(wait_s: float | None, header: str | None) -> None:
    """In whole seconds, at least one; whoever has to sign is told so."""
    found = Refusal(Code.BUSY, "later", wait_s).headers()
    assert found.get("Retry-After") == header
    assert "WWW-Authenticate" not in found
    assert Refusal(Code.SIGNATURE, "no").headers() == {"WWW-Authenticate": "Outrider-Signature"}


# Rates and places.


@given(
    per_s=st.floats(0.1, 50),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 10), max_size=30),
)
def test_a_bucket_lets_no_more_pass_than_its_rate(
    per_s: float, burst: int, pauses: list[float]
) -> None:
    """In any time: its burst and what has run in since; and who waits as told gets one."""
    bucket, now_s, passed = TokenBucket(Rate(per_s, burst), 100.0), 100.0, 0
    for pause_s in pauses:
        now_s += pause_s
        wait_s = bucket.take(now_s)
        passed += wait_s == 0.0
        assert passed <= burst + (now_s - 100.0) * per_s + 1e-6
        if wait_s > 0.0:
            assert wait_s <= 1.0 / per_s + 1e-9
            now_s += wait_s + 1e-6
            assert bucket.take(now_s) == 0.0
            passed += 1


def test_a_rested_bucket_holds_its_burst_and_no_more() -> None:
    """However long the rest."""
    bucket = TokenBucket(Rate(1.0, 3), 0.0)
    waits = [bucket.take(10_000.0) for _ in range(5)]
    assert waits == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_names_seen_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that inventing names costs the centre nothing; who comes again is remembered."""
    monkeypatch.setattr(rates_module, "_NAMES_KEPT", 3)
    rates = Rates(Rate(0.001, 1), PLENTY, lambda: 0.0)
    for name in ("a", "b", "c"):
        rates.take(name)
    with pytest.raises(Refusal, match=r"^a: too many requests: again in 1000 s"):
        rates.take("a")
    rates.take("d")
    rates.take("b")
    for name in ("a", "d", "b"):
        with pytest.raises(Refusal) as refusal:
            rates.take(name)
        assert (refusal.value.code, refusal.value.retry_after_s) == (Code.TOO_MANY, 1000)


def test_the_rate_of_all_names_nobody() -> None:
    """Who is refused for the others' sake is not told who they are."""
    rates = Rates(PLENTY, Rate(0.5, 1), lambda: 0.0)
    rates.take("a")
    with pytest.raises(Refusal, match=r"^too many requests: again in 2 s"):
        rates.take("b")


class Limit:
    """Stands for a time limit; notes that it was ended."""

    def __init__(self) -> None:
        self.ended_at: list[float | None] = []

    def reschedule(self, when: float | None) -> None:
        self.ended_at.append(when)


def waiting(place: Place, received_bytes: int) -> Limit:
    """Make a place one whose body is on its way."""
    limit = Limit()
    place.receiving(limit)  # type: ignore[arg-type]
    place.received_bytes = received_bytes
    return limit


def test_where_all_places_are_taken_the_slowest_body_gives_way() -> None:
    """By bytes a second since it began; not one that is whole, nor one of the last two seconds."""
    now_s = 0.0
    gate = Gate(4, 4, lambda: now_s)
    held = [gate.enter(name) for name in "abcd"]
    a, b, c = (one.__enter__() for one in held[:3])
    now_s = 8.5
    d = held[3].__enter__()
    limits = [waiting(a, 1000), waiting(b, 900), waiting(c, 5)]
    c.receiving(None)  # whole
    waiting(d, 0)
    now_s = 10.0
    with gate.enter("e") as place:
        assert place.name == "e"
        assert (gate.inside, gate.displaced) == (4, 1)
        assert [limit.ended_at for limit in limits] == [[], [0.0], []]
        assert not b.may_go
        assert a.may_go
        assert (a.bytes_per_s(10.0), d.bytes_per_s(8.5)) == (100.0, 0.0)
        d.received_bytes = 300
        assert d.bytes_per_s(10.0) == 200.0, "since it began"
    b.give_up()
    assert limits[1].ended_at == [0.0], "it is ended once"
    for one in held:
        one.__exit__(None, None, None)
    assert gate.inside == 0


def test_nobody_gives_way_who_has_just_come() -> None:
    """For two seconds a place is undisturbed; then the newcomer is told to come again."""
    now_s = 0.0
    gate = Gate(1, 1, lambda: now_s)
    with gate.enter("a") as place:
        waiting(place, 0)
        now_s = 1.99
        with pytest.raises(Refusal, match="1 requests are in flight") as refusal, gate.enter("b"):
            pass
        assert (refusal.value.code, refusal.value.retry_after_s) == (Code.BUSY, 2.0)
        assert gate.displaced == 0
        now_s = 2.0
        with gate.enter("b"):
            assert gate.displaced == 1


def test_one_name_has_its_share_and_half_is_for_others() -> None:
    """So many of one name; further ones of it only while half of all are free."""
    gate = Gate(10, 2, lambda: 0.0)
    with gate.enter("a"), gate.enter("a"):
        with (
            pytest.raises(Refusal, match="a has 2 requests in flight") as refusal,
            gate.enter("a"),
        ):
            pass
        assert refusal.value.retry_after_s == 2.0
        with gate.enter("b"), gate.enter("c"):
            with gate.enter("b"):
                assert gate.inside == 5
                with (
                    pytest.raises(Refusal, match="5 requests are in flight") as refusal,
                    gate.enter("c"),
                ):
                    pass
                assert refusal.value.retry_after_s == 2.0
            with gate.enter("c"):
                assert gate.inside == 5


# Bodies.


@pytest.mark.parametrize(
    ("declared", "taken"),
    [("100", True), ("101", False), ("", False), ("-1", False), ("١", False), ("9" * 30, False)],
)
def test_a_body_is_refused_by_what_it_says_of_its_length(declared: str, taken: bool) -> None:
    """Before a byte of it is read; what is no number is too large."""
    scope = scope_of()
    scope["headers"] = [(b"content-length", declared.encode())] if declared else []
    request = Request(scope)
    if taken or not declared:
        check_declared(request, 100)
        return
    with pytest.raises(Refusal) as refusal:
        check_declared(request, 100)
    assert refusal.value.code is Code.TOO_LARGE


def reading(
    chunks: Sequence[bytes], end: str = "whole", most_bytes: int = 100
) -> tuple[bytes | Refusal, Place]:
    """Read a body that comes in chunks, then is whole, breaks off or never ends."""

    async def run() -> tuple[bytes | Refusal, Place]:
        messages = iter(chunks)

        async def receive() -> Message:
            chunk = next(messages, None)
            if chunk is not None:
                return {"type": "http.request", "body": chunk, "more_body": True}
            if end == "gone":
                return {"type": "http.disconnect"}
            if end == "slow":
                await asyncio.Event().wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        place = Place("unit-7", 0.0)
        request = Request(scope_of(), receive)
        try:
            found: bytes | Refusal = await read_body(
                request, most_bytes, Patience(0.05, 1e6, 0.05), place
            )
        except Refusal as refusal:
            found = refusal
        return found, place

    return asyncio.run(run())


def test_a_body_is_read_whole_up_to_its_bound() -> None:
    """And its place is kept until the answer."""
    found, place = reading([b"a" * 60, b"b" * 40])
    assert found == b"a" * 60 + b"b" * 40
    assert place.received_bytes == 100
    assert not place.may_go


@pytest.mark.parametrize(
    ("chunks", "end", "code", "said"),
    [
        ([b"a" * 60, b"b" * 41], "whole", Code.TOO_LARGE, "longer than 100 bytes"),
        ([b"a" * 60], "gone", Code.GONE, "after 60 bytes"),
        ([b"a" * 60], "slow", Code.TOO_SLOW, "60 bytes came"),
    ],
)
def test_a_body_that_is_not_taken_says_why(
    chunks: list[bytes], end: str, code: Code, said: str
) -> None:
    """Too large, broken off or too slow: each by its own code."""
    found, place = reading(chunks, end)
    assert isinstance(found, Refusal)
    assert found.code is code
    assert said in str(found)
    assert not place.may_go


# Around a request.

App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    await send({"type": "http.response.body", "body": b"}"})


def served(
    app: App, rates: Rates | None = None, scopes: Sequence[Scope] = ()
) -> tuple[list[list[Message]], Counts]:
    """Serve requests one after another; return what was answered to each."""
    counts = Counts()
    frame = RequestFrame(app, rates or Rates(PLENTY, PLENTY), counts)

    async def run() -> list[list[Message]]:
        answers: list[list[Message]] = []
        for scope in scopes or [scope_of()]:
            said: list[Message] = []

            async def send(message: Message, said: list[Message] = said) -> None:
                said.append(message)

            await frame(scope, _nothing, send)
            answers.append(said)
        return answers

    return asyncio.run(run()), counts


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[int, dict[str, Any]]]:
    return [(r.levelno, getattr(r, "fields", {})) for r in caplog.records]


def test_every_request_has_a_name_in_its_answer_and_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who, what, which status, how long; the answer's own headers stay."""
    with caplog.at_level(logging.INFO, "outrider.centre"):
        ((start, *_),), _ = served(fine)
    headers = dict(start["headers"])
    assert headers[b"a"] == b"b"
    ((level, fields),) = lines(caplog)
    assert level == logging.INFO
    assert headers[b"outrider-request"].decode() == fields.pop("request")
    assert 0 <= fields.pop("ms") < 10_000
    assert fields == {
        "from": "unit-7",
        "method": "PUT",
        "path": "/v1/units/unit-7/batches/1",
        "status": 200,
    }


def test_beyond_its_rate_a_name_is_refused_before_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each one is counted; the log says so once a second, for whoever floods fills disks, too."""
    rates = Rates(Rate(0.1, 1), PLENTY, lambda: 0.0)
    with caplog.at_level(logging.INFO, "outrider.centre"):
        answers, counts = served(fine, rates, [scope_of() for _ in range(6)])
    assert [answer[0]["status"] for answer in answers] == [200] + [429] * 5
    assert json.loads(answers[1][1]["body"])["error"] == "too-many"
    assert counts.as_json()["refused"] == {"too-many": 5}
    assert [(level, fields["status"]) for level, fields in lines(caplog)] == [
        *((logging.INFO, 200), (logging.WARNING, 429))
    ]
    assert lines(caplog)[1][1]["code"] == "too-many"


@pytest.mark.parametrize("answered", ["nothing", "half", "all"])
def test_an_error_nobody_foresaw_believes_no_half_answer(
    answered: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with the request's name; the connection is cut where the answer is not whole."""

    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        if answered != "nothing":
            await send({"type": "http.response.start", "status": 200})
            await send(
                {"type": "http.response.body", "body": b"{"}
                | ({"more_body": True} if answered == "half" else {})
            )
        raise RuntimeError("nobody foresaw it")

    with caplog.at_level(logging.INFO, "outrider.centre"):
        if answered == "all":
            served(fails)
        else:
            with pytest.raises(RuntimeError):
                served(fails)
    (error, said), (level, done) = lines(caplog)
    assert error == logging.ERROR
    assert said["request"] == done["request"]
    assert (level, done["status"]) == (
        (logging.WARNING, 0) if answered == "nothing" else (logging.INFO, 200)
    )


def test_what_is_no_request_goes_by() -> None:
    """A server's own messages have no rate, no name and no line."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    served(app, Rates(Rate(0.1, 1), Rate(0.1, 1)), [{"type": "lifespan"}] * 3)
    assert seen == ["lifespan"] * 3


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (scope_of("unit-7"), "unit-7"),
        (scope_of(None), "192.0.2.7"),
        ({"client": ("2001:db8::9", 1)}, "2001:db8::/64"),
        ({"client": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_who_asks_is_the_certificates_unit_or_the_address(scope: Scope, name: str) -> None:
    """By that name rates and lines go."""
    assert caller(scope) == name


def test_a_refusal_is_counted_noted_and_said_in_so_many_words() -> None:
    """Safe to print, cut, with the request's name; by its code in the counts and the log."""
    scope = scope_of()
    scope["state"]["request_id"] = "abc"
    counts = Counts()
    for _ in range(2):
        answer = refused(Request(scope), Refusal(Code.CLOCK, "no\x1b[31m" + "x" * 900), counts)
    found = json.loads(bytes(answer.body))
    assert (answer.status_code, found["error"], found["request"]) == (403, "clock", "abc")
    assert "\x1b" not in found["message"]
    assert len(found["message"]) == 500
    assert counts.as_json()["refused"] == {"clock": 2}
    assert scope["state"]["told"]["code"] == "clock"
    assert scope["state"]["told"]["why"].startswith("no")


def test_what_was_taken_is_counted_by_kind() -> None:
    """Uploads, those that came again, bytes, new things and those known already."""
    counts = Counts()
    for kind, (stored, known), again in zip(
        (UploadKind.ROWS, UploadKind.PICTURES, UploadKind.ROWS),
        ((5, 1), (3, 0), (0, 6)),
        (False, False, True),
        strict=True,
    ):
        taken = Taken(b"", stored, known, again)
        counts.took(kind, taken, 100)
    assert counts.as_json() == {
        "taken": {
            **{"uploads": 3, "uploads_again": 1, "bytes": 300},
            **{"rows": 5, "pictures": 3, "duplicates": 7},
        },
        "refused": {},
        "tls_refused": {},
    }


def test_a_line_of_the_log_is_one_line_of_json_whatever_is_in_it() -> None:
    """Text is cut at 300 and escaped; numbers stay; an error brings its trace."""
    try:
        raise ValueError("bad")
    except ValueError:
        trace = sys.exc_info()
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "e" * 400, None, trace)
    record.created = 1_795_262_400.25
    record.fields = {"path": "a\n\x1b" + "b" * 400, "status": 404, "none": None}
    text = JsonLines().format(record)
    assert "\n" not in text
    found = json.loads(text)
    assert (found["at"], found["level"]) == ("2026-11-21T12:00:00.250+00:00", "warning")
    assert found["event"] == "e" * 300
    assert (found["status"], found["none"]) == (404, None)
    assert "\x1b" not in found["path"]
    assert "\n" not in found["path"]
    assert found["path"].endswith("b" * 290)
    assert "b" * 300 not in found["path"]
    assert "ValueError" in found["traceback"]
    plain = logging.LogRecord("x", logging.INFO, "f", 1, "%s came", ("it",), None)
    assert json.loads(JsonLines().format(plain))["event"] == "it came"
    assert "traceback" not in json.loads(JsonLines().format(plain))


def test_a_line_without_tls_has_no_unit() -> None:
    """Nobody is taken for one by what is missing."""
    assert peer_of(None) is None


def test_a_field_that_json_has_no_form_for_is_its_text() -> None:
    """No line is lost for what stands in it; an event keeps its name."""
    heard: list[logging.LogRecord] = []
    log = logging.Logger("of this test")

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    log.addHandler(Heard())
    say(log, logging.INFO, "came", at=Path("/a"), count=3)
    found = json.loads(JsonLines().format(heard[0]))
    assert (found["event"], found["at"], found["count"]) == ("came", "/a", 3)


class Fixed:
    """A clock that stands."""

    stamped = UtcStamp(1_795_237_200_000_000_000, ClockQuality.GPS, 0.1)

    def mono_ns(self) -> int:
        return 0

    def stamp(self, mono_ns: int) -> UtcStamp:
        return self.stamped

    def observe(self, utc_ns: int, mono_ns: int, quality: ClockQuality, error_s: float) -> None:
        """Learn nothing."""


def desk(**parts: object) -> UploadDesk:
    """Return a desk that has nothing but a clock, and what is given."""
    nothing: Any = None
    given: Any = {"register": nothing, "store": nothing, "sealed_to": frozenset} | parts
    return UploadDesk(
        identity=SigningIdentity.generate(),
        clock=Fixed(),
        clock_off=timedelta(hours=1),
        **given,
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_may_be_off_by_so_much_and_not_a_millisecond_more(sign: int) -> None:
    """Ahead or behind; the unit is told which, and by how much."""
    hour_ns = 3600 * 10**9
    for more_ns, taken in ((0, True), (10**6, False)):
        utc_ns = Fixed.stamped.utc_ns + sign * (hour_ns + more_ns)
        text = sent_text(replace(Fixed.stamped, utc_ns=utc_ns))
        if taken:
            assert desk().check_sent({SENT_HEADER: text}).quality is ClockQuality.GPS
            continue
        with pytest.raises(Refusal, match=f"1.0 hours {'ahead of' if sign > 0 else 'behind'}"):
            desk().check_sent({SENT_HEADER: text})


def test_a_request_without_its_time_is_refused() -> None:
    """It is no error of the centre's."""
    with pytest.raises(Refusal) as refusal:
        desk().check_sent({})
    assert refusal.value.code is Code.SENT


def test_rows_wait_while_nobody_knows_what_they_may_be_sealed_to() -> None:
    """A key file that cannot be read is the centre's fault: the unit comes again."""
    unit, name = SigningIdentity.generate(), UploadName("unit-7", UploadKind.ROWS, uuid4())
    body = batches.encode(Batch("unit-7", uuid4(), Epoch(uuid4()), (), ()))
    known: Any = SimpleNamespace(revoked_at=None, signing_key=unit.public)

    def unread() -> frozenset[str]:
        raise SealingError("no such file")

    made = desk(
        register=SimpleNamespace(unit=lambda _: known),
        store=SimpleNamespace(known_upload=lambda *_: None),
        sealed_to=unread,
    )
    with pytest.raises(Refusal, match="sealing key cannot be read: no such file") as refusal:
        made.take(name, body, headers_of(name, Body(body), unit, Fixed.stamped))
    assert refusal.value.code is Code.STORE


def test_what_the_store_finds_unfit_is_the_uploads_fault() -> None:
    """With its reason; the unit halves it, and sets aside what it is."""
    unit, name = SigningIdentity.generate(), UploadName("unit-7", UploadKind.PICTURES, uuid4())
    body = bundles.encode(PictureBundle("unit-7", uuid4(), ()))
    known: Any = SimpleNamespace(revoked_at=None, signing_key=unit.public)

    def unfit(*_: object) -> bytes:
        raise UnfitError("row 3 is not of this journal")

    store = SimpleNamespace(known_upload=lambda *_: None, take_pictures=unfit)
    made = desk(register=SimpleNamespace(unit=lambda _: known), store=store)
    sent = headers_of(name, Body(body), unit, Fixed.stamped)
    with pytest.raises(Refusal, match="row 3 is not of this") as refusal:
        made.take(name, body, sent)
    assert refusal.value.code is Code.CONTENT


def test_patience_grows_with_what_has_come() -> None:
    """After its grace, by the least rate; never beyond the whole."""
    patience = Patience(60.0, 100.0, 10.0)
    ends = [patience.ends_s(1.0, size) for size in (0, 1000, 4999, 5001, 10**6)]
    assert ends == pytest.approx([11.0, 21.0, 60.99, 61.0, 61.0])
    assert all(after >= before for before, after in itertools.pairwise(ends))
