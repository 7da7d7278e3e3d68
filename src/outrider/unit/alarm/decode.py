"""Traffic on the line in words, for `outrider alarm listen` and for logs."""

from collections.abc import Iterator
from dataclasses import fields
from enum import IntEnum, IntFlag

from outrider.unit.alarm import messages as m
from outrider.unit.alarm import protocol as p
from outrider.unit.alarm.framing import FrameReader, LineFrame

_ARROWS = {"to": "->", "from": "<-"}
_ENUMS: dict[str, type[IntEnum] | type[IntFlag]] = {
    "response": p.AlertResponse,
    "match_class": p.AlertMatch,
    "result": p.Result,
    "acked_type": p.MessageType,
    "button": p.UnitButton,
    "press": p.Press,
    "fault": p.UnitFaults,
    "unit_faults": p.UnitFaults,
    "host_faults": p.HostFaults,
    "list_age": p.ListAge,
    "signal": p.SignalKind,
    "item": p.TestItem,
    "reset_cause": p.ResetCause,
}


def describe(frame: LineFrame) -> str:
    """Return a frame as one line."""
    if frame.version != p.PROTOCOL_VERSION:
        return f"protocol {frame.version}, type 0x{frame.type:02x}: not this host's protocol"
    try:
        message = m.unpack(frame.type, frame.payload)
    except m.BadPayloadError as error:
        return f"refused: {error}"
    places = [f"{field.name}={_value(message, field.name)}" for field in fields(message)]  # type: ignore[arg-type]
    name = message.TYPE.name
    return f"{name:<16} session {frame.session:3} seq {frame.seq:3}  {' '.join(places)}".rstrip()


def _value(message: m.Message, name: str) -> str:
    value = getattr(message, name)
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        return text.decode() if name == "board_serial" and text.isascii() else value.hex()
    if name in ("alert_id", "shown_alert"):
        return f"{value:016x}"
    if name == "flags":
        kind: type[IntFlag] = p.AlertFlags if isinstance(message, m.Alert) else p.StatusFlags
        return _flags(kind(value))
    if name in _ENUMS:
        return _enum(_ENUMS[name], value)
    return f"{value:08x}" if name == "protocol_digest" else str(value)


def _enum(kind: type[IntEnum] | type[IntFlag], value: int) -> str:
    if issubclass(kind, IntFlag):
        return _flags(kind(value))
    try:
        return str(kind(value).name)
    except ValueError:
        return str(value)


def _flags(value: IntFlag) -> str:
    return "|".join(str(flag.name) for flag in type(value) if value & flag) or "none"


class Decoder:
    """Both directions of a line, byte by byte, into lines of text."""

    def __init__(self) -> None:
        self._readers = {direction: FrameReader() for direction in _ARROWS}

    def take(self, direction: str, data: bytes, at_s: float) -> Iterator[str]:
        """Yield a line for each frame that the bytes complete, and for each that is broken."""
        reader = self._readers[direction]
        bad = reader.bad
        for frame in reader.feed(data):
            yield f"{at_s:10.3f} {_ARROWS[direction]} {describe(frame)}"
        if reader.bad > bad:
            yield f"{at_s:10.3f} {_ARROWS[direction]} {reader.bad - bad} broken"
