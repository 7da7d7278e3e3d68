"""The session against a scripted unit, in made-up time."""

import pytest

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import python_side
from outrider.unit.alarm.framing import FrameReader, LineFrame, encode, encode_message
from outrider.unit.alarm.link import AlarmLink, Answered, Greeted, LinkState, Lost, Refused, Told
from outrider.unit.alarm.protocol import NEVER_HEARD, Result


class Script:
    """A link, and what its unit says."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.link = AlarmLink(7, 0.0)
        self._reader = FrameReader()

    def sent(self) -> list[LineFrame]:
        """Return what the host has sent since the last call."""
        return self._reader.feed(self.link.take_out())

    def wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += 0.01
            self.link.tick(self.now_s)

    def say(self, message: m.Message, seq: int = 0, session: int | None = None) -> None:
        session = self.session if session is None else session
        self.link.receive(encode_message(message, session, seq), self.now_s)

    @property
    def session(self) -> int:
        return self.link._session

    def greet(self, digest: int | None = None) -> None:
        digest = python_side().digest() if digest is None else digest
        self.say(m.Hello(1, 0, 0, bytes(8), digest, bytes(12), 1, 0, 8))

    def state(self) -> LinkState:
        return self.link.state

    def reports(self) -> list[object]:
        return list(self.link.take_reports())


@pytest.fixture
def up() -> Script:
    """Return a script whose session is open."""
    script = Script()
    script.link.tick(0.0)
    script.greet()
    script.reports()
    script.sent()
    return script


_STATUS = m.Status(0, 0, 0, 0, 0, 8, 0, 0, 5000, 1)
_PRESS = m.ButtonEvent(1, 1, 42, 0, NEVER_HEARD)


def test_greeting_is_repeated_until_answered() -> None:
    """HELLO_REQUEST goes out every 0.25 s; HELLO opens the session with a heartbeat at once."""
    script = Script()
    script.wait(1.0)
    assert 4 <= len(script.sent()) <= 5
    script.greet()
    assert isinstance(script.reports()[0], Greeted)
    assert [frame.type for frame in script.sent()] == [m.Heartbeat.TYPE]


def test_heartbeat_goes_out_four_times_a_second(up: Script) -> None:
    """In a session HEARTBEAT never pauses for longer than 0.25 s."""
    for _ in range(8):
        up.wait(0.25)
        up.say(_STATUS)
    assert 7 <= len(up.sent()) <= 9


def test_unit_silent_for_a_second_and_a_half_is_lost(up: Script) -> None:
    """No word for 1.5 s ends the session, and a new one with another number is opened."""
    before = up.session
    up.wait(1.6)
    assert any(isinstance(report, Lost) for report in up.reports())
    assert up.session != before


def test_command_is_repeated_until_answered_then_given_up(up: Script) -> None:
    """One sequence number is repeated; after 12 sends without an answer the session is lost."""
    up.link.send(m.Clear(0), up.now_s)
    for _ in range(40):
        up.wait(0.1)
        up.say(_STATUS)
    sent = [frame for frame in up.sent() if frame.type == m.Clear.TYPE]
    assert len(sent) == 12
    assert len({frame.seq for frame in sent}) == 1
    assert any(isinstance(report, Lost) for report in up.reports())


def test_answer_is_taken_once(up: Script) -> None:
    """A repeated answer answers nothing more; a wrong sequence number answers nothing."""
    up.link.send(m.Clear(0), up.now_s)
    seq = up.sent()[-1].seq
    for said in (seq + 1, seq, seq):
        up.say(m.Ack(m.Clear.TYPE, Result.ACCEPTED), said)
    assert len([r for r in up.reports() if isinstance(r, Answered)]) == 1
    assert up.link.ready


def test_event_is_told_once_and_acknowledged_each_time(up: Script) -> None:
    """Repeats and late copies of an event are acknowledged again but not told again."""
    for seq in (200, 200, 201, 200, 201):
        up.say(_PRESS, seq)
    assert len([r for r in up.reports() if isinstance(r, Told)]) == 2
    assert [frame.seq for frame in up.sent()] == [200, 200, 201, 200, 201]


def test_restarted_unit_is_greeted_anew(up: Script) -> None:
    """A unit of session 0 has been restarted: lost at once, and greeted."""
    up.say(_STATUS, session=0)
    assert isinstance(up.reports()[0], Lost)
    up.wait(0.02)
    assert up.sent()[-1].type == m.HelloRequest.TYPE


def test_frame_of_an_old_session_is_left_out(up: Script) -> None:
    """An event of another session, come late, is neither told nor acknowledged."""
    up.say(_PRESS, 5, session=up.session + 1)
    assert up.reports() == []
    assert up.sent() == []


def test_other_version_is_refused_until_it_fits(up: Script) -> None:
    """A frame of version 2 ends the session, says how to mend it; only greetings are sent."""
    up.link.receive(encode(LineFrame(2, 0x82, up.session, 0, b"")), up.now_s)
    refused = [report for report in up.reports() if isinstance(report, Refused)]
    assert "outrider alarm flash" in refused[0].reason
    assert up.state() is LinkState.REFUSED
    up.wait(5.0)
    assert {frame.type for frame in up.sent()} == {m.HelloRequest.TYPE}
    up.greet()
    assert up.state() is LinkState.UP


def test_other_protocol_digest_is_refused() -> None:
    """Same version, other layout: the digest in HELLO gives it away."""
    script = Script()
    script.greet(digest=1)
    assert isinstance(script.reports()[0], Refused)


def test_command_without_a_session_is_a_fault_of_the_caller() -> None:
    """`send` while not ready raises."""
    with pytest.raises(RuntimeError):
        Script().link.send(m.Clear(0), 0.0)
