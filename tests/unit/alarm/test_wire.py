import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import (
    ProtocolDisagreementError,
    check_header,
    find_header,
    python_side,
)
from outrider.unit.alarm.decode import Decoder, describe
from outrider.unit.alarm.framing import FrameReader, LineFrame, encode, encode_message
from outrider.unit.alarm.header import parse
from outrider.unit.alarm.protocol import PROTOCOL_MAX_PAYLOAD

_BYTE = st.integers(0, 255)
_FRAMES = st.builds(LineFrame, _BYTE, _BYTE, _BYTE, _BYTE, st.binary(max_size=PROTOCOL_MAX_PAYLOAD))
_PLACES = {"U8": 8, "U16": 16, "U32": 32, "U64": 64}


def _place(kind: str) -> st.SearchStrategy[object]:
    if kind in _PLACES:
        return st.integers(0, 2 ** _PLACES[kind] - 1)
    size = int(kind[1:])
    return st.binary(min_size=size, max_size=size)


@st.composite
def _messages(draw: st.DrawFn) -> m.Message:
    kind = draw(st.sampled_from(sorted(m.MESSAGES)))
    return m.MESSAGES[kind](*(draw(_place(code)) for _, code in m.LAYOUTS[kind]))


@given(st.lists(_FRAMES, max_size=8), st.integers(1, 50))
def test_frames_survive_any_cutting_of_the_stream(frames: list[LineFrame], chunk: int) -> None:
    """Frames come out as they went in, in whatever pieces the bytes arrive."""
    stream = b"".join(encode(frame) for frame in frames)
    reader = FrameReader()
    found: list[LineFrame] = []
    for start in range(0, len(stream), chunk):
        found += reader.feed(stream[start : start + chunk])
    assert found == frames
    assert reader.bad == 0


@given(st.binary(max_size=600), _FRAMES)
def test_the_next_frame_after_any_noise_is_found(noise: bytes, frame: LineFrame) -> None:
    """After any bytes and one delimiter, a whole frame is found; the noise makes none."""
    reader = FrameReader()
    assert reader.feed(noise + b"\0") == []
    assert reader.feed(encode(frame)) == [frame]


@given(_FRAMES)
def test_a_frame_holds_no_zero_but_its_end(frame: LineFrame) -> None:
    """The delimiter appears once, at the end: a reader that joins late finds the next frame."""
    assert encode(frame).index(0) == len(encode(frame)) - 1


@given(_messages())
def test_messages_survive_the_wire_and_can_be_described(message: m.Message) -> None:
    """Every message of every value comes back as it was, and `listen` has words for it."""
    frame = FrameReader().feed(encode_message(message, 7, 3))[0]
    assert m.unpack(frame.type, frame.payload) == message
    assert message.TYPE.name in describe(frame)


def test_unknown_type_and_wrong_length_are_refused() -> None:
    """A payload that is not the layout's is an error that names both."""
    with pytest.raises(m.BadPayloadError, match="0x55 is unknown"):
        m.unpack(0x55, b"")
    with pytest.raises(m.BadPayloadError, match="Alert of 3 bytes"):
        m.unpack(0x03, b"abc")


def test_decoder_says_what_was_broken() -> None:
    """A broken frame is shown as such and does not hide the next."""
    good = encode_message(m.Clear(1), 7, 3)
    lines = list(Decoder().take("to", good[:5] + b"\0" + good, 1.0))
    assert any("CLEAR" in line for line in lines)
    assert any("1 broken" in line for line in lines)


def test_host_agrees_with_protocol_h() -> None:
    """Every constant, number and layout of protocol.h is the host's, and the other way round."""
    check_header()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("X(ALERT, 0x03)", "X(ALERT, 0x33)", "ALERT = 51"),
        ("F(U16, list_age_min)", "F(U32, list_age_min)", "list_age_min: U32"),
        ("HOST_SILENT_MS 2000", "HOST_SILENT_MS 3000", "HOST_SILENT_MS = 3000"),
        ("PROTOCOL_VERSION 1", "PROTOCOL_VERSION 2", "PROTOCOL_VERSION = 2"),
    ],
)
def test_host_refuses_another_protocol_h(
    tmp_path: "pytest.TempPathFactory", old: str, new: str, said: str
) -> None:
    """A protocol.h with one fact changed is refused at start, and the fact is named."""
    header = find_header()
    assert header is not None
    text = header.read_text(encoding="utf-8")
    assert old in text
    other = tmp_path / "protocol.h"  # type: ignore[operator]
    other.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ProtocolDisagreementError, match=said):
        check_header(other)
    assert parse(other.read_text(encoding="utf-8")).digest() != python_side().digest()
