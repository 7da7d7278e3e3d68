"""The session with the alarm unit: greeting, heartbeat, one command at a time, events taken once.

No input or output here and no clock: bytes and the monotonic time come in, bytes and reports go
out. So the same code runs over a serial port, over a pseudo-terminal, and in simulated time.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import python_side
from outrider.unit.alarm.framing import FrameReader, LineFrame, encode_message
from outrider.unit.alarm.protocol import (
    HOST_HEARTBEAT_MS,
    PROTOCOL_VERSION,
    RETRY_FIRST_MS,
    RETRY_LATER_MS,
    UNIT_SILENT_MS,
    MessageType,
    Result,
)

_GREETING_EVERY_S = 0.25
_REFUSED_EVERY_S = 2.0
_MAX_SENDS = 12  # then the session is given up and greeted anew: about 3 s
_SEQ = 256
_OLD_SEQ = 128


class LinkState(Enum):
    """Where the session stands."""

    GREETING = auto()
    UP = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Greeted:
    """A session is open; the unit holds what it held, or nothing if it was restarted."""

    hello: m.Hello


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is over; a new one is being opened."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The unit speaks another protocol; nothing is sent until it fits."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The unit has answered a command. The answer is Counters for CountersRequest, else Ack."""

    command: m.Message
    result: Result
    answer: m.Message


@dataclass(frozen=True, slots=True)
class Told:
    """The unit has told something: Status, or one of EVENTS (each once)."""

    message: m.Message
    at_s: float


Report: TypeAlias = Greeted | Lost | Refused | Answered | Told


@dataclass(slots=True)
class LinkCounts:
    """Totals since start."""

    sent: int = 0
    repeated: int = 0
    received: int = 0
    bad: int = 0
    refused: int = 0
    repeated_events: int = 0
    sessions: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Pending:
    message: m.Message
    seq: int
    sends: int
    next_s: float


class AlarmLink:
    """One session after another with one unit.

    first_session: 1..255; it should differ from run to run, so that frames still under way from an
    earlier run are told apart.
    """

    def __init__(self, first_session: int, now_s: float) -> None:
        self.state = LinkState.GREETING
        self.counts = LinkCounts()
        self.host_faults = 0
        self.list_age = 3
        self._reader = FrameReader()
        self._session = max(1, first_session % _SEQ)
        self._out = bytearray()
        self._reports: list[Report] = []
        self._pending: _Pending | None = None
        self._seq = 0
        self._event_seq: int | None = None
        self._next_greeting_s = now_s
        self._next_heartbeat_s = now_s
        self._heard_s = now_s

    @property
    def ready(self) -> bool:
        """Whether a command may be sent now."""
        return self.state is LinkState.UP and self._pending is None

    def send(self, message: m.Message, now_s: float) -> None:
        """Send a command; an Answered or a Lost follows. Raises RuntimeError unless `ready`."""
        if not self.ready:
            raise RuntimeError("a command was sent while the link was not ready for one")
        self._seq = (self._seq + 1) % _SEQ
        self._pending = _Pending(message, self._seq, 0, now_s)
        self._send_pending(now_s)

    def take_out(self) -> bytes:
        """Return the bytes to be written to the line."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def take_reports(self) -> list[Report]:
        """Return what has happened since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes from the line."""
        for frame in self._reader.feed(data):
            self.counts.received += 1
            self._take_frame(frame, now_s)
        self.counts.bad = self._reader.bad

    def tick(self, now_s: float) -> None:
        """Do what is due at this time."""
        if self.state is LinkState.UP:
            self._tick_up(now_s)
        if self.state is not LinkState.UP and now_s >= self._next_greeting_s:
            self._emit(m.HelloRequest(), 0)
            every_s = _GREETING_EVERY_S if self.state is LinkState.GREETING else _REFUSED_EVERY_S
            self._next_greeting_s = now_s + every_s

    def next_due_s(self, now_s: float) -> float:
        """Return when `tick` has something to do next."""
        if self.state is not LinkState.UP:
            return self._next_greeting_s
        due = [self._next_heartbeat_s, self._heard_s + UNIT_SILENT_MS / 1000]
        if self._pending is not None:
            due.append(self._pending.next_s)
        return min(due)

    def drop(self, reason: str, now_s: float) -> None:
        """Give the session up (the port is gone) and begin anew."""
        self._reader.feed(b"\0")
        if self.state is LinkState.UP:
            self.counts.lost += 1
            self._reports.append(Lost(reason))
        self.state = LinkState.GREETING
        self._pending = None
        self._event_seq = None
        self._session = self._session % (_SEQ - 1) + 1
        self._next_greeting_s = now_s

    def beat(self, now_s: float) -> None:
        """Send a heartbeat now, because what it says has changed."""
        if self.state is LinkState.UP:
            self._emit(m.Heartbeat(self.host_faults, self.list_age), 0)
            self._next_heartbeat_s = now_s + HOST_HEARTBEAT_MS / 1000

    def _tick_up(self, now_s: float) -> None:
        if now_s - self._heard_s >= UNIT_SILENT_MS / 1000:
            self.drop(f"no word from the alarm unit for {UNIT_SILENT_MS / 1000:.1f} s", now_s)
            return
        if now_s >= self._next_heartbeat_s:
            self.beat(now_s)
        if self._pending is None or now_s < self._pending.next_s:
            return
        if self._pending.sends >= _MAX_SENDS:
            self.drop("the alarm unit does not answer commands", now_s)
        else:
            self.counts.repeated += 1
            self._send_pending(now_s)

    def _send_pending(self, now_s: float) -> None:
        pending = self._pending
        if pending is not None:
            wait_ms = RETRY_FIRST_MS if pending.sends == 0 else RETRY_LATER_MS
            pending.sends += 1
            pending.next_s = now_s + wait_ms / 1000
            self._emit(pending.message, pending.seq)

    def _emit(self, message: m.Message, seq: int) -> None:
        self._out += encode_message(message, self._session, seq)
        self.counts.sent += 1

    def _take_frame(self, frame: LineFrame, now_s: float) -> None:
        if frame.version != PROTOCOL_VERSION:
            self._refuse(
                f"the alarm unit speaks protocol {frame.version}, this host {PROTOCOL_VERSION}:"
                " flash the unit with `outrider alarm flash`",
                now_s,
            )
            return
        try:
            message = m.unpack(frame.type, frame.payload)
        except m.BadPayloadError:
            self.counts.refused += 1
            return
        self._take_message(frame, message, now_s)

    def _take_message(self, frame: LineFrame, message: m.Message, now_s: float) -> None:
        if isinstance(message, m.Hello):
            self._take_hello(frame, message, now_s)
        elif self.state is not LinkState.UP:
            self.counts.refused += 1
        elif frame.session != self._session or _says_no_session(message):
            self._take_other_session(frame, now_s)
        else:
            self._heard_s = now_s
            self._take_in_session(frame, message, now_s)

    def _take_other_session(self, frame: LineFrame, now_s: float) -> None:
        """A unit that was restarted has session 0; anything else is an old frame come late."""
        if frame.session == 0:
            self.drop("the alarm unit was restarted", now_s)
        else:
            self.counts.refused += 1

    def _take_hello(self, frame: LineFrame, hello: m.Hello, now_s: float) -> None:
        if frame.session != self._session:
            self.counts.refused += 1
            return
        ours = python_side().digest()
        if hello.protocol_digest != ours:
            self._refuse(
                f"the alarm unit's protocol.h is another one ({hello.protocol_digest:08x}, here"
                f" {ours:08x}): flash the unit with `outrider alarm flash`",
                now_s,
            )
            return
        self._heard_s = now_s
        if self.state is LinkState.UP:
            return  # a repeat
        self.state = LinkState.UP
        self.counts.sessions += 1
        self._reports.append(Greeted(hello))
        self.beat(now_s)

    def _refuse(self, reason: str, now_s: float) -> None:
        self.counts.refused += 1
        if self.state is LinkState.REFUSED:
            return
        self.drop(reason, now_s)
        self.state = LinkState.REFUSED
        self._next_greeting_s = now_s + _REFUSED_EVERY_S
        self._reports.append(Refused(reason))

    def _take_in_session(self, frame: LineFrame, message: m.Message, now_s: float) -> None:
        if isinstance(message, m.EVENTS):
            self._take_event(frame, message, now_s)
        elif isinstance(message, m.Status):
            self._reports.append(Told(message, now_s))
        elif isinstance(message, m.Ack | m.Counters):
            self._take_answer(frame, message)
        else:
            self.counts.refused += 1

    def _take_answer(self, frame: LineFrame, answer: m.Ack | m.Counters) -> None:
        pending = self._pending
        if (
            pending is None
            or frame.seq != pending.seq
            or _answered_type(answer) != pending.message.TYPE
        ):
            return  # the answer to a repeat of a command that was answered already
        self._pending = None
        result = _result_of(answer)
        self._reports.append(Answered(pending.message, result, answer))

    def _take_event(self, frame: LineFrame, message: m.Message, now_s: float) -> None:
        """Acknowledge always; report only what is ahead of the last event of this session."""
        self._emit(m.EventAck(), frame.seq)
        if self._event_seq is not None and not 0 < (frame.seq - self._event_seq) % _SEQ < _OLD_SEQ:
            self.counts.repeated_events += 1
            return
        self._event_seq = frame.seq
        self._reports.append(Told(message, now_s))


def _says_no_session(message: m.Message) -> bool:
    return isinstance(message, m.Ack) and message.result == Result.NO_SESSION


def _answered_type(answer: m.Ack | m.Counters) -> int:
    return MessageType.COUNTERS_REQUEST if isinstance(answer, m.Counters) else answer.acked_type


def _result_of(answer: m.Ack | m.Counters) -> Result:
    if isinstance(answer, m.Counters):
        return Result.ACCEPTED
    try:
        return Result(answer.result)
    except ValueError:
        return Result.BAD_VALUE
