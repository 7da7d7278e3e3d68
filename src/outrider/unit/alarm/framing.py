"""Frames: COBS, CRC-32, header. Bytes in, frames out; what they mean is not known here."""

import zlib
from dataclasses import dataclass

from cobs import cobs

from outrider.unit.alarm.messages import Message, pack
from outrider.unit.alarm.protocol import PROTOCOL_MAX_PAYLOAD, PROTOCOL_VERSION

_HEADER_B = 4
_CRC_B = 4
_ENCODED_MAX = _HEADER_B + PROTOCOL_MAX_PAYLOAD + _CRC_B + 1


@dataclass(frozen=True, slots=True)
class LineFrame:
    """One whole frame whose CRC is right."""

    version: int
    type: int
    session: int
    seq: int
    payload: bytes


def encode(frame: LineFrame) -> bytes:
    """Return the frame as it goes on the line, delimiter included."""
    body = bytes((frame.version, frame.type, frame.session, frame.seq)) + frame.payload
    return bytes(cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))) + b"\0"


def encode_message(message: Message, session: int, seq: int) -> bytes:
    """Return a message as it goes on the line."""
    return encode(LineFrame(PROTOCOL_VERSION, message.TYPE, session, seq, pack(message)))


def decode_body(encoded: bytes) -> LineFrame | None:
    """Return the frame between two delimiters, or None where it is not one."""
    try:
        body = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return None
    if len(body) < _HEADER_B + _CRC_B:
        return None
    content, crc = body[:-_CRC_B], body[-_CRC_B:]
    if zlib.crc32(content) != int.from_bytes(crc, "little"):
        return None
    version, kind, session, seq = content[:_HEADER_B]
    return LineFrame(version, kind, session, seq, content[_HEADER_B:])


class FrameReader:
    """Finds frames in a stream that may hold anything; keeps one frame's length at most."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._overrun = False
        self.good = 0
        self.bad = 0

    def feed(self, data: bytes) -> list[LineFrame]:
        """Take bytes from the line; return the frames that they complete."""
        found = []
        *ended, rest = data.split(b"\0")
        for part in ended:
            self._hold(part)
            frame = self._end()
            if frame is not None:
                found.append(frame)
        self._hold(rest)
        return found

    def _hold(self, part: bytes) -> None:
        room = _ENCODED_MAX - len(self._held)
        self._held += part[:room]
        self._overrun = self._overrun or len(part) > room

    def _end(self) -> LineFrame | None:
        encoded, overrun = bytes(self._held), self._overrun
        self._held.clear()
        self._overrun = False
        if not encoded:
            return None
        frame = None if overrun else decode_body(encoded)
        if frame is None:
            self.bad += 1
        else:
            self.good += 1
        return frame
