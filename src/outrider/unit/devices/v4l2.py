"""Linux's video devices (V4L2), by their ioctls: a camera that gives pictures into mapped memory.

What is here is the kernel's interface (linux/videodev2.h, 64-bit) and nothing else; what the unit
asks of a camera stands in camera_v4l2.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import select
from dataclasses import dataclass
from pathlib import Path

CAPTURE, STREAMING = 0x1, 0x04000000
_CAPTURE_TYPE, _MMAP, _NO_FIELD = 1, 1, 1
_DEVICE_CAPS = 0x80000000
_TIMESTAMP_MASK, MONOTONIC = 0xE000, 0x2000
_SOURCE_MASK, START_OF_EXPOSURE = 0x70000, 0x10000
_DAMAGED = 0x40
_DISABLED = 0x1
_DENOMINATOR = 1000


class _Capability(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16), ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32), ("version", ctypes.c_uint32),
        ("capabilities", ctypes.c_uint32), ("device_caps", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 3),
    )  # fmt: skip


class _Pixels(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_uint32), ("height", ctypes.c_uint32), ("pixelformat", ctypes.c_uint32),
        ("field", ctypes.c_uint32), ("bytesperline", ctypes.c_uint32),
        ("sizeimage", ctypes.c_uint32), ("rest", ctypes.c_uint32 * 6),
    )  # fmt: skip


class _FormatUnion(ctypes.Union):
    _fields_ = (("pix", _Pixels), ("raw", ctypes.c_uint8 * 200), ("align", ctypes.c_uint64))


class _Format(ctypes.Structure):
    _fields_ = (("type", ctypes.c_uint32), ("fmt", _FormatUnion))


class _Request(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_uint32), ("type", ctypes.c_uint32), ("memory", ctypes.c_uint32),
        ("capabilities", ctypes.c_uint32), ("flags", ctypes.c_uint32),
    )  # fmt: skip


class _Time(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_int64), ("usec", ctypes.c_int64))


class _Place(ctypes.Union):
    _fields_ = (("offset", ctypes.c_uint32), ("userptr", ctypes.c_uint64))


class _Buffer(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint32), ("type", ctypes.c_uint32), ("bytesused", ctypes.c_uint32),
        ("flags", ctypes.c_uint32), ("field", ctypes.c_uint32), ("timestamp", _Time),
        ("timecode", ctypes.c_uint32 * 4), ("sequence", ctypes.c_uint32),
        ("memory", ctypes.c_uint32), ("m", _Place), ("length", ctypes.c_uint32),
        ("reserved2", ctypes.c_uint32), ("request_fd", ctypes.c_uint32),
    )  # fmt: skip


class _Parameters(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32), ("capability", ctypes.c_uint32),
        ("capturemode", ctypes.c_uint32), ("numerator", ctypes.c_uint32),
        ("denominator", ctypes.c_uint32), ("rest", ctypes.c_uint8 * 184),
    )  # fmt: skip


class _Control(ctypes.Structure):
    _fields_ = (("id", ctypes.c_uint32), ("value", ctypes.c_int32))


class _Query(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_uint32), ("type", ctypes.c_uint32), ("name", ctypes.c_char * 32),
        ("minimum", ctypes.c_int32), ("maximum", ctypes.c_int32), ("step", ctypes.c_int32),
        ("default", ctypes.c_int32), ("flags", ctypes.c_uint32), ("reserved", ctypes.c_uint32 * 2),
    )  # fmt: skip


class _Listed(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint32), ("type", ctypes.c_uint32), ("flags", ctypes.c_uint32),
        ("description", ctypes.c_char * 32), ("pixelformat", ctypes.c_uint32),
        ("mbus_code", ctypes.c_uint32), ("reserved", ctypes.c_uint32 * 3),
    )  # fmt: skip


def _ioctl(direction: int, number: int, kind: type) -> int:
    return direction << 30 | ctypes.sizeof(kind) << 16 | ord("V") << 8 | number


_QUERYCAP = _ioctl(2, 0, _Capability)
_ENUM_FMT = _ioctl(3, 2, _Listed)
_S_FMT = _ioctl(3, 5, _Format)
_REQBUFS = _ioctl(3, 8, _Request)
_QUERYBUF = _ioctl(3, 9, _Buffer)
_QBUF = _ioctl(3, 15, _Buffer)
_DQBUF = _ioctl(3, 17, _Buffer)
_STREAMON = _ioctl(1, 18, ctypes.c_int)
_STREAMOFF = _ioctl(1, 19, ctypes.c_int)
_S_PARM = _ioctl(3, 22, _Parameters)
_S_CTRL = _ioctl(3, 28, _Control)
_QUERYCTRL = _ioctl(3, 36, _Query)


@dataclass(frozen=True, slots=True)
class Form:
    """What the camera gives: its size, its bytes a row, and the four letters of its layout."""

    width_px: int
    height_px: int
    stride: int
    layout: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a control takes."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A picture's bytes, its number, and its instant as the kernel stamped it.

    mono_ns: on the monotonic clock; None where the driver stamps another. at_start: whether the
    instant is the exposure's start. damaged: the driver says that data was lost on the way.
    """

    data: bytes
    sequence: int
    mono_ns: int | None
    at_start: bool
    damaged: bool


class VideoDevice:
    """A capture device, opened. Every call raises OSError where the kernel refuses it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._maps: list[mmap.mmap] = []
        self._streams = False

    def name(self) -> str:
        """Return what the device calls itself. Raises OSError (ENOTTY: it captures nothing)."""
        told = _Capability()
        self._ask(_QUERYCAP, told)
        can = told.device_caps if told.capabilities & _DEVICE_CAPS else told.capabilities
        if not (can & CAPTURE and can & STREAMING):
            raise OSError(errno.ENOTTY, "it gives no pictures")
        return bytes(told.card).decode("ascii", errors="replace")

    def layouts(self) -> list[str]:
        """Return the layouts that it can give."""
        found: list[str] = []
        for index in range(64):
            one = _Listed(index=index, type=_CAPTURE_TYPE)
            try:
                self._ask(_ENUM_FMT, one)
            except OSError as error:
                if error.errno == errno.EINVAL:  # the end of the list
                    break
                raise
            found.append(one.pixelformat.to_bytes(4, "little").decode("ascii", errors="replace"))
        return found

    def choose(self, width_px: int, height_px: int, layout: str) -> Form:
        """Ask for a form; return the one that it will give, which may be another."""
        wanted = _Format(type=_CAPTURE_TYPE)
        pixels = wanted.fmt.pix
        pixels.width, pixels.height, pixels.field = width_px, height_px, _NO_FIELD
        pixels.pixelformat = int.from_bytes(layout.encode("ascii"), "little")
        self._ask(_S_FMT, wanted)
        given = pixels.pixelformat.to_bytes(4, "little").decode("ascii", errors="replace")
        return Form(pixels.width, pixels.height, pixels.bytesperline, given, pixels.sizeimage)

    def pace(self, rate_hz: float) -> float:
        """Ask for a frame rate; return the one that it will keep, 0 where it tells none."""
        wanted = _Parameters(type=_CAPTURE_TYPE, numerator=_DENOMINATOR)
        wanted.denominator = round(rate_hz * _DENOMINATOR)
        self._ask(_S_PARM, wanted)
        return wanted.denominator / wanted.numerator if wanted.numerator else 0.0

    def range_of(self, control: int) -> Range | None:
        """Return what a control takes; None where the camera has it not."""
        asked = _Query(id=control)
        try:
            self._ask(_QUERYCTRL, asked)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise
        return None if asked.flags & _DISABLED else Range(asked.minimum, asked.maximum)

    def set(self, control: int, value: int) -> None:
        """Set a control."""
        self._ask(_S_CTRL, _Control(control, value))

    def start(self, buffers: int) -> None:
        """Map so many buffers, or as many as it gives, and let pictures come."""
        asked = _Request(count=buffers, type=_CAPTURE_TYPE, memory=_MMAP)
        self._ask(_REQBUFS, asked)
        for index in range(asked.count):
            buffer = self._buffer(index)
            self._ask(_QUERYBUF, buffer)
            self._maps.append(mmap.mmap(self._handle, buffer.length, offset=buffer.m.offset))
            self._ask(_QBUF, buffer)
        self._ask(_STREAMON, ctypes.c_int(_CAPTURE_TYPE))
        self._streams = True

    def next(self, wait_s: float) -> Filled | None:
        """Return the next picture's bytes, copied; None where none comes in time."""
        ready, _, failed = select.select([self._handle], [], [self._handle], wait_s)
        if not ready and not failed:
            return None
        buffer = self._buffer(0)
        self._ask(_DQBUF, buffer)
        try:
            data = self._maps[buffer.index][: buffer.bytesused]
        finally:
            self._ask(_QBUF, self._buffer(buffer.index))
        stamp_ns = buffer.timestamp.sec * 1_000_000_000 + buffer.timestamp.usec * 1000
        return Filled(
            data=data,
            sequence=buffer.sequence,
            mono_ns=stamp_ns if buffer.flags & _TIMESTAMP_MASK == MONOTONIC else None,
            at_start=buffer.flags & _SOURCE_MASK == START_OF_EXPOSURE,
            damaged=bool(buffer.flags & _DAMAGED),
        )

    def close(self) -> None:
        """Stop, unmap and close."""
        if self._handle < 0:
            return
        try:
            if self._streams:
                self._ask(_STREAMOFF, ctypes.c_int(_CAPTURE_TYPE))
        finally:
            for one in self._maps:
                one.close()
            os.close(self._handle)
            self._handle = -1

    def _buffer(self, index: int) -> _Buffer:
        return _Buffer(index=index, type=_CAPTURE_TYPE, memory=_MMAP)

    def _ask(self, request: int, argument: ctypes.Structure | ctypes.c_int) -> None:
        fcntl.ioctl(self._handle, request, argument, True)
