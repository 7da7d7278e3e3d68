"""The numbers of `protocol.h`, typed. `agreement.py` compares every one of them with that file."""

from enum import IntEnum, IntFlag

PROTOCOL_VERSION = 1
PROTOCOL_BAUD = 38400
PROTOCOL_MAX_PAYLOAD = 31
HOST_HEARTBEAT_MS = 250
HOST_SILENT_MS = 2000
UNIT_STATUS_MS = 250
UNIT_SILENT_MS = 1500
RETRY_FIRST_MS = 60
RETRY_LATER_MS = 250
VOLUME_MAX = 8
NEVER_HEARD = 0xFFFFFFFF
ALERT_SLOTS = 8
ALERT_LATE_S = 5

CONSTANTS = {
    name: value for name, value in list(globals().items()) if name.isupper() and type(value) is int
}


class MessageType(IntEnum):
    """Types below 0x80 go to the unit, the others to the host."""

    HELLO_REQUEST = 0x01
    HEARTBEAT = 0x02
    ALERT = 0x03
    CLEAR = 0x04
    SETTINGS = 0x05
    SIGNAL = 0x06
    TEST = 0x07
    COUNTERS_REQUEST = 0x08
    PROVISION = 0x09
    EVENT_ACK = 0x0A
    HELLO = 0x81
    STATUS = 0x82
    ACK = 0x83
    BUTTON = 0x84
    SOUNDED = 0x85
    FAULT = 0x86
    COUNTERS = 0x87


class Result(IntEnum):
    """The unit's answer to a command."""

    ACCEPTED = 0
    DUPLICATE = 1
    CLOSED = 2
    FULL = 3
    BAD_LENGTH = 4
    BAD_VALUE = 5
    BAD_TYPE = 6
    BAD_VERSION = 7
    NO_SESSION = 8
    BUSY = 9


class AlertResponse(IntEnum):
    """What the crew is asked to do. A silent entry has no value here: it never goes on the wire."""

    STOP = 1
    ASSESS = 2
    OBSERVE = 3


class AlertMatch(IntEnum):
    """How the read met the entry; LOOK_ALIKE sounds *possible*."""

    EXACT = 1
    WILDCARD = 2
    LOOK_ALIKE = 3


class AlertFlags(IntFlag):
    """Marks on an alert."""

    LATE = 0x01
    LOOK_BACK = 0x02


class UnitButton(IntEnum):
    """The buttons, in the order of their pins."""

    ACKNOWLEDGE = 1
    MISREAD = 2
    DISMISS = 3
    TEST_VOLUME = 4


class Press(IntEnum):
    """How a button was pressed."""

    SHORT = 1
    HELD = 2


class UnitFaults(IntFlag):
    """What is wrong, as the unit sees it."""

    HOST_SILENT = 0x0001
    HOST_REPORTS = 0x0002
    VERSION = 0x0004
    FLASH = 0x0008
    RAM = 0x0010
    STUCK_BUTTON = 0x0020
    WATCHDOG_RESET = 0x0040
    BROWN_OUT = 0x0080
    SUPPLY_LOW = 0x0100
    EVENTS_FULL = 0x0200


class HostFaults(IntFlag):
    """What is wrong on the host, told to the unit with every heartbeat."""

    CAMERA = 0x0001
    POSITION = 0x0002
    RECOGNISER = 0x0004
    JOURNAL = 0x0008
    HOTLIST = 0x0010
    SYNC = 0x0020
    CLOCK = 0x0040
    OTHER = 0x8000


class ListAge(IntEnum):
    """How old the oldest hotlist is, by the unit's settings."""

    FRESH = 0
    AMBER = 1
    RED = 2
    UNKNOWN = 3


class SignalKind(IntEnum):
    """Sounds that are not alerts."""

    DOCK_DONE = 1
    DOCK_FAILED = 2


class TestItem(IntEnum):
    """What a technician can have shown or sounded."""

    __test__ = False  # not a class of tests

    NONE = 0
    LAMP_RED = 1
    LAMP_AMBER = 2
    LAMP_GREEN = 3
    PATTERN_STOP = 16
    PATTERN_ASSESS = 17
    PATTERN_OBSERVE = 18
    PATTERN_POSSIBLE = 19
    PATTERN_LOOK_BACK = 20
    PATTERN_FAULT = 21
    PATTERN_DOCK_DONE = 22
    PATTERN_DOCK_FAILED = 27


class ResetCause(IntFlag):
    """Why the unit started, as the controller's MCUSR says."""

    POWER_ON = 0x01
    EXTERNAL = 0x02
    BROWN_OUT = 0x04
    WATCHDOG = 0x08


class StatusFlags(IntFlag):
    """State bits of STATUS."""

    NIGHT = 0x01
    FAULT_SILENCED = 0x02
    SOUNDING = 0x04
    TESTING = 0x08


ENUMERATIONS: dict[str, type[IntEnum] | type[IntFlag]] = {
    "MESSAGE_TYPES": MessageType,
    "RESULTS": Result,
    "RESPONSES": AlertResponse,
    "MATCH_CLASSES": AlertMatch,
    "ALERT_FLAGS": AlertFlags,
    "BUTTONS": UnitButton,
    "PRESSES": Press,
    "UNIT_FAULTS": UnitFaults,
    "HOST_FAULTS": HostFaults,
    "LIST_AGES": ListAge,
    "SIGNALS": SignalKind,
    "TEST_ITEMS": TestItem,
    "RESET_CAUSES": ResetCause,
    "STATUS_FLAGS": StatusFlags,
}
