"""The messages of the protocol: frozen dataclasses, annotated with their layout on the wire."""

import struct
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias, get_args, get_type_hints

from outrider.unit.alarm.protocol import MessageType

U8: TypeAlias = Annotated[int, "U8"]
U16: TypeAlias = Annotated[int, "U16"]
U32: TypeAlias = Annotated[int, "U32"]
U64: TypeAlias = Annotated[int, "U64"]
B8: TypeAlias = Annotated[bytes, "B8"]
T12: TypeAlias = Annotated[bytes, "T12"]
_CODES = {"U8": "B", "U16": "H", "U32": "I", "U64": "Q", "B8": "8s", "T12": "12s"}


class Message:
    """A payload: sub-classes are frozen dataclasses, one annotated field per place on the wire."""

    __slots__ = ()
    TYPE: ClassVar[MessageType]


@dataclass(frozen=True, slots=True)
class HelloRequest(Message):
    """Opens a session."""

    TYPE: ClassVar[MessageType] = MessageType.HELLO_REQUEST


@dataclass(frozen=True, slots=True)
class Heartbeat(Message):
    """The host is there, and how it is."""

    TYPE: ClassVar[MessageType] = MessageType.HEARTBEAT
    host_faults: U16
    list_age: U8


@dataclass(frozen=True, slots=True)
class Alert(Message):
    """A hit to be sounded."""

    TYPE: ClassVar[MessageType] = MessageType.ALERT
    alert_id: U64
    priority: U8
    response: U8
    match_class: U8
    flags: U8
    list_age_min: U16
    age_ms: U32


@dataclass(frozen=True, slots=True)
class Clear(Message):
    """Take one alert (0: all) off the unit."""

    TYPE: ClassVar[MessageType] = MessageType.CLEAR
    alert_id: U64


@dataclass(frozen=True, slots=True)
class UnitSettings(Message):
    """Volume and night."""

    TYPE: ClassVar[MessageType] = MessageType.SETTINGS
    volume: U8
    night: U8


@dataclass(frozen=True, slots=True)
class Signal(Message):
    """Play a sound that is no alert."""

    TYPE: ClassVar[MessageType] = MessageType.SIGNAL
    signal: U8


@dataclass(frozen=True, slots=True)
class Test(Message):
    """Show or sound one item for a technician."""

    __test__: ClassVar[bool] = False  # not a class of tests
    TYPE: ClassVar[MessageType] = MessageType.TEST
    item: U8
    duration_ds: U8


@dataclass(frozen=True, slots=True)
class CountersRequest(Message):
    """Ask for COUNTERS."""

    TYPE: ClassVar[MessageType] = MessageType.COUNTERS_REQUEST


@dataclass(frozen=True, slots=True)
class Provision(Message):
    """Write the board's serial."""

    TYPE: ClassVar[MessageType] = MessageType.PROVISION
    board_serial: T12


@dataclass(frozen=True, slots=True)
class EventAck(Message):
    """The host has the event of this seq."""

    TYPE: ClassVar[MessageType] = MessageType.EVENT_ACK


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Who the unit is."""

    TYPE: ClassVar[MessageType] = MessageType.HELLO
    firmware_major: U8
    firmware_minor: U8
    firmware_patch: U8
    firmware_digest: B8
    protocol_digest: U32
    board_serial: T12
    reset_cause: U8
    unit_faults: U16
    alert_slots: U8

    @property
    def version(self) -> str:
        """Firmware version as people write it."""
        return f"{self.firmware_major}.{self.firmware_minor}.{self.firmware_patch}"

    @property
    def serial(self) -> str:
        """Board serial as text; empty where the board has none."""
        return self.board_serial.rstrip(b"\0").decode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class Status(Message):
    """How the unit is, several times a second."""

    TYPE: ClassVar[MessageType] = MessageType.STATUS
    unit_faults: U16
    shown_alert: U64
    alerts: U8
    unsounded: U8
    pattern: U8
    volume: U8
    flags: U8
    buttons: U8
    supply_mv: U16
    uptime_s: U32


@dataclass(frozen=True, slots=True)
class Ack(Message):
    """Answer to the command whose seq it bears."""

    TYPE: ClassVar[MessageType] = MessageType.ACK
    acked_type: U8
    result: U8


@dataclass(frozen=True, slots=True)
class ButtonEvent(Message):
    """A press. alert_id 0: no alert was shown."""

    TYPE: ClassVar[MessageType] = MessageType.BUTTON
    button: U8
    press: U8
    alert_id: U64
    age_ms: U32
    heard_ms: U32


@dataclass(frozen=True, slots=True)
class SoundedEvent(Message):
    """An alert's pattern has begun."""

    TYPE: ClassVar[MessageType] = MessageType.SOUNDED
    alert_id: U64
    age_ms: U32


@dataclass(frozen=True, slots=True)
class FaultEvent(Message):
    """A fault of the unit has come or gone."""

    TYPE: ClassVar[MessageType] = MessageType.FAULT
    fault: U16
    active: U8
    detail: U16


@dataclass(frozen=True, slots=True)
class Counters(Message):
    """Totals since the unit started; they stop at their greatest value."""

    TYPE: ClassVar[MessageType] = MessageType.COUNTERS
    frames_good: U32
    frames_bad: U32
    frames_refused: U16
    frames_repeated: U16
    frames_unsent: U16
    uart_errors: U16
    events_repeated: U16
    events_dropped: U16
    alerts_taken: U16
    presses_refused: U16
    stack_free_b: U16
    loop_late_max_ms: U16


_CLASSES: tuple[type[Message], ...] = (
    HelloRequest, Heartbeat, Alert, Clear, UnitSettings, Signal, Test, CountersRequest, Provision,
    EventAck, Hello, Status, Ack, ButtonEvent, SoundedEvent, FaultEvent, Counters,
)  # fmt: skip
MESSAGES: dict[MessageType, type[Message]] = {cls.TYPE: cls for cls in _CLASSES}
EVENTS = (ButtonEvent, SoundedEvent, FaultEvent)


def _layout(cls: type[Message]) -> tuple[tuple[str, str], ...]:
    hints = get_type_hints(cls, include_extras=True)
    fields = ((name, get_args(hint)) for name, hint in hints.items())
    return tuple((name, args[1]) for name, args in fields if len(args) == 2)


LAYOUTS = {kind: _layout(cls) for kind, cls in MESSAGES.items()}
"""(field, type as protocol.h names it) of each message, in order of the wire."""
_STRUCTS = {
    kind: struct.Struct("<" + "".join(_CODES[code] for _, code in fields))
    for kind, fields in LAYOUTS.items()
}


def pack(message: Message) -> bytes:
    """Return the payload of a message. Raises struct.error where a value does not fit its field."""
    values = (getattr(message, name) for name, _ in LAYOUTS[message.TYPE])
    return _STRUCTS[message.TYPE].pack(*values)


class BadPayloadError(ValueError):
    """A frame whose type is unknown or whose payload has the wrong length."""


def unpack(kind: int, payload: bytes) -> Message:
    """Return the message of a type and payload. Raises BadPayloadError."""
    try:
        cls = MESSAGES[MessageType(kind)]
    except ValueError:
        raise BadPayloadError(f"message type 0x{kind:02x} is unknown") from None
    try:
        return cls(*_STRUCTS[cls.TYPE].unpack(payload))
    except struct.error as error:
        raise BadPayloadError(f"{cls.__name__} of {len(payload)} bytes: {error}") from error
