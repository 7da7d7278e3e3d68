"""Random and mutated bytes into the parsers of the firmware's ELF and of the host."""

import random
from dataclasses import dataclass

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import python_side
from outrider.unit.alarm.framing import FrameReader, LineFrame, encode, encode_message
from outrider.unit.alarm.link import AlarmLink, Greeted, LinkState, Told
from outrider.unit.alarm.protocol import NEVER_HEARD, PROTOCOL_VERSION, Result
from outrider.unit.rehearsal.lockstep import Board
from outrider.unit.rehearsal.simulator import Built

_BURST_B = 400
_LINE_B_PER_S = 3840
_SESSION = 7


@dataclass
class FuzzOutcome:
    """What came of it."""

    sent_b: int = 0
    bursts: int = 0
    false_alerts: int = 0
    good_refused: int = 0

    def failures(self) -> list[str]:
        """Return what breaks the promise."""
        found = {"false alerts": self.false_alerts, "good frames refused": self.good_refused}
        return [f"{count} {what}" for what, count in found.items() if count]


def mutated(frame: bytes, rng: random.Random) -> bytes:
    """Return the frame with one to four changes, none of which leaves it whole."""
    broken = bytearray(frame)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(broken))
        match rng.randrange(4):
            case 0:
                broken[at] ^= 1 << rng.randrange(8)
            case 1:
                broken[at] = rng.randrange(256)
            case 2 if len(broken) > 1:
                del broken[at]
            case _:
                broken.insert(at, rng.randrange(256))
    return b"" if frame.rstrip(b"\0") in bytes(broken) else bytes(broken)


def noise(rng: random.Random, frames: list[bytes]) -> bytes:
    """Return a burst: random bytes, or frames broken."""
    if rng.random() < 0.5:
        return bytes(rng.choices(range(256), k=rng.randint(1, _BURST_B)))
    return b"".join(mutated(rng.choice(frames), rng) for _ in range(rng.randint(1, 8)))


def _alert(number: int, seq: int) -> bytes:
    return encode_message(m.Alert(number, 1, 1, 1, 0, 5, 0), _SESSION, seq)


class ElfFuzz:
    """The firmware's parser, in the ELF itself, at the speed of the line."""

    def __init__(self, built: Built, seed: int) -> None:
        self._rng = random.Random(seed)
        self._board = Board(built)
        self._reader = FrameReader()
        self._seq = 0
        self.outcome = FuzzOutcome()
        self._board.run(300_000)
        self._send(encode_message(m.HelloRequest(), _SESSION, 0))

    def run(self, count_b: int) -> FuzzOutcome:
        """Feed so many bytes; after each burst a good alert must be taken, nothing before it."""
        while self.outcome.sent_b < count_b:
            self._burst()
        self._board.close()
        return self.outcome

    def _send(self, data: bytes, settle_us: int = 40_000) -> list[m.Message]:
        self.outcome.sent_b += len(data)
        out = self._board.run(len(data) * 1_000_000 // _LINE_B_PER_S + settle_us, data)
        return [m.unpack(frame.type, frame.payload) for frame in self._reader.feed(out)]

    def _burst(self) -> None:
        self.outcome.bursts += 1
        frames = [_alert(self.outcome.bursts << 16 | n, self._seq + 1 + n & 255) for n in range(4)]
        heard = self._send(noise(self._rng, frames) + b"\0")
        self.outcome.false_alerts += sum(_took_alert(message) for message in heard)
        good = self._command(m.Alert(self.outcome.bursts, 1, 1, 1, 0, 5, 0))
        self.outcome.good_refused += not any(_took_alert(message) for message in good)
        self._command(m.Clear(0))

    def _command(self, message: m.Message) -> list[m.Message]:
        self._seq = (self._seq + 1) % 256
        return self._send(encode_message(message, _SESSION, self._seq))


def _took_alert(message: m.Message) -> bool:
    is_answer = isinstance(message, m.Ack) and message.acked_type == m.Alert.TYPE
    return is_answer and isinstance(message, m.Ack) and message.result == Result.ACCEPTED


class HostFuzz:
    """The host's parser and session."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._link = AlarmLink(_SESSION, 0.0)
        self._seq = 0
        self.outcome = FuzzOutcome()
        self._greet()

    def run(self, count_b: int) -> FuzzOutcome:
        """Feed so many bytes; no event may come of them, and the next good event must."""
        while self.outcome.sent_b < count_b:
            self._burst()
        return self.outcome

    def _greet(self) -> None:
        hello = m.Hello(1, 0, 0, b"\0" * 8, python_side().digest(), b"\0" * 12, 1, 0, 8)
        self._link.receive(encode_message(hello, _SESSION, 0), 0.0)
        assert any(isinstance(report, Greeted) for report in self._link.take_reports())

    def _event(self) -> bytes:
        self._seq = (self._seq + 1) % 256
        press = m.ButtonEvent(1, 1, self._rng.getrandbits(63) | 1, 0, NEVER_HEARD)
        return encode_message(press, _SESSION, self._seq)

    def _burst(self) -> None:
        self.outcome.bursts += 1
        before = self._seq
        frames = [self._event() for _ in range(4)]
        frames.append(encode(LineFrame(PROTOCOL_VERSION, 0x83, _SESSION, 1, b"\x03\x00")))
        self._seq = before
        data = noise(self._rng, frames) + b"\0"
        self._feed(data)
        self.outcome.false_alerts += self._told()
        self._feed(self._event())
        self.outcome.good_refused += self._told() != 1
        assert self._link.state is LinkState.UP

    def _feed(self, data: bytes) -> None:
        self.outcome.sent_b += len(data)
        self._link.receive(data, 0.0)
        self._link.take_out()

    def _told(self) -> int:
        reports = self._link.take_reports()
        return sum(isinstance(r, Told) and isinstance(r.message, m.ButtonEvent) for r in reports)
