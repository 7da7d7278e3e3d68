"""A camera of Linux's own drivers (V4L2): on USB, or mono with a global shutter.

Beside Picamera2, for what libcamera does not serve. Exposure, gain and rate are set by the
camera's controls; what it does not take is said. Grey is taken where the camera gives it; a
camera that gives JPEG alone is unpacked on the unit.
"""

import logging
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from outrider.clock import Clock
from outrider.records import Image
from outrider.unit.devices.camera_picamera2 import Gaps, half_in_colour, y_plane
from outrider.unit.devices.live_camera import CameraFault, Deliver, LiveCamera, Picture
from outrider.unit.devices.v4l2 import Filled, Form, Range, VideoDevice
from outrider.unit.settings.sections import CameraSettings

log = logging.getLogger(__name__)

LAYOUTS = ("GREY", "NV12", "YU12", "YUYV", "MJPG")
_BUFFERS = 4
_WAIT_S = 0.5
_JOIN_S = 1.0
_LEAST_STRIDE = {"GREY": 1, "NV12": 1, "YU12": 1, "YUYV": 2}

_AUTO_EXPOSURE, _EXPOSURE_100US, _RATE_MAY_FALL = 0x009A0901, 0x009A0902, 0x009A0903
_MANUAL = 1
_AUTO_GAIN, _GAIN, _ANALOGUE_GAIN = 0x00980912, 0x00980913, 0x009E0903
_MOST_GAIN = 16.0  # camera.analogue_gain goes from 1 to this


class Video(Protocol):
    """The part of a `VideoDevice` that a camera needs."""

    def name(self) -> str: ...  # noqa: D102
    def layouts(self) -> list[str]: ...  # noqa: D102
    def choose(self, width_px: int, height_px: int, layout: str) -> Form: ...  # noqa: D102
    def pace(self, rate_hz: float) -> float: ...  # noqa: D102
    def range_of(self, control: int) -> Range | None: ...  # noqa: D102
    def set(self, control: int, value: int) -> None: ...  # noqa: D102
    def start(self, buffers: int) -> None: ...  # noqa: D102
    def next(self, wait_s: float) -> Filled | None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class V4l2Camera(LiveCamera):
    """Frames of a video device. path: such as /dev/video0, or its name in /dev/v4l/by-id."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        path: Path,
        open_device: Callable[[Path], Video] = VideoDevice,
    ) -> None:
        self._settings = settings
        self._own_clock = clock
        self._path = path
        self._open_device = open_device
        super().__init__(
            f"v4l2:{path.name}",
            self._open,
            clock,
            settings.stall_after_s,
            hangs_after_s=settings.hangs_after_s,
        )

    def _open(self, deliver: Deliver) -> "V4l2Session":
        try:
            device = self._open_device(self._path)
        except OSError as error:
            raise CameraFault(
                f"{self._path} cannot be opened: {error.strerror}: check its cable, and that no"
                " other program uses it"
            ) from error
        try:
            session = V4l2Session(device, self._settings, self._own_clock)
            session.start(deliver)
        except OSError as error:
            device.close()
            raise CameraFault(f"{self._path} cannot be set up: {error.strerror}") from error
        except CameraFault:
            device.close()
            raise
        return session


class V4l2Session:
    """One opening of the camera, from start to close; it reads on a thread of its own."""

    def __init__(self, device: Video, settings: CameraSettings, clock: Clock) -> None:
        self._device = device
        self._settings = settings
        self._clock = clock
        self._gaps = Gaps()
        self._remarks: list[str] = []
        self._ends = threading.Event()
        self._lost = 0
        self._form = Form(0, 0, 0, "", 0)
        self._reader: threading.Thread | None = None

    @property
    def remark(self) -> str:
        """What is not as asked for, or empty."""
        return "; ".join(self._remarks)

    def start(self, deliver: Deliver) -> None:
        """Set the camera up and start it. Raises CameraFault, OSError."""
        name, given = self._device.name(), self._device.layouts()
        layout = next((one for one in LAYOUTS if one in given), None)
        if layout is None:
            raise CameraFault(f"{name} gives {', '.join(given) or 'nothing'}: none is understood")
        wanted = (self._settings.width_px, self._settings.height_px)
        self._form = self._device.choose(*wanted, layout)
        self._check_form(layout, wanted)
        self._set_controls()
        self._device.start(_BUFFERS)
        self._reader = threading.Thread(
            target=self._read, args=(deliver,), name="camera-v4l2", daemon=True
        )
        self._reader.start()

    def _check_form(self, layout: str, wanted: tuple[int, int]) -> None:
        form = self._form
        if form.layout != layout or form.stride < form.width_px * _LEAST_STRIDE.get(layout, 0):
            raise CameraFault(f"the camera gives {form.layout}, {form.stride} bytes a row")
        if (form.width_px, form.height_px) != wanted:
            self._remarks.append(
                f"the camera gives {form.width_px}x{form.height_px}, not {wanted[0]}x{wanted[1]}"
            )

    def _set_controls(self) -> None:
        wanted = self._settings
        refused = []
        if self._set(_AUTO_EXPOSURE, _MANUAL):
            self._set(_RATE_MAY_FALL, 0)
        if not self._set(_EXPOSURE_100US, max(1, round(wanted.exposure_us / 100))):
            refused.append("an exposure")
        self._set(_AUTO_GAIN, 0)
        if not (self._set_gain(_ANALOGUE_GAIN) or self._set_gain(_GAIN)):
            refused.append("a gain")
        if refused:
            self._remarks.append(f"the camera does not take {' or '.join(refused)}")
        rate_hz = self._device.pace(wanted.frame_rate_hz)
        if not math.isclose(rate_hz, wanted.frame_rate_hz, rel_tol=0.02):
            self._remarks.append(f"it gives {rate_hz:.0f} pictures/s, not {wanted.frame_rate_hz:g}")

    def _set_gain(self, control: int) -> bool:
        """Set a gain whose unit no standard says: from its least to its most, as 1 to 16 is."""
        allowed = self._device.range_of(control)
        if allowed is None:
            return False
        share = (self._settings.analogue_gain - 1) / (_MOST_GAIN - 1)
        return self._set(control, allowed.least + round(share * (allowed.most - allowed.least)))

    def _set(self, control: int, value: int) -> bool:
        """Set a control, within what it takes; return whether the camera took it."""
        allowed = self._device.range_of(control)
        if allowed is None:
            return False
        try:
            self._device.set(control, min(max(value, allowed.least), allowed.most))
        except OSError:
            return False
        return True

    def _read(self, deliver: Deliver) -> None:
        while not self._ends.is_set():
            try:
                filled = self._device.next(_WAIT_S)
            except OSError as error:  # no picture comes any more: the keeper opens it again
                log.error("camera: the device gives no more pictures: %s", error.strerror)
                return
            if filled is not None:
                self._take(filled, deliver)

    def _take(self, filled: Filled, deliver: Deliver) -> None:
        image, colour = (None, None) if filled.damaged else views(filled.data, self._form)
        missed = self._gaps.before(filled.sequence, filled.mono_ns, None)
        if image is None:  # lost on the way: counted with the next that comes
            self._lost += 1 + missed
            return
        lost, self._lost = self._lost, 0
        deliver(Picture(image, self._middle_of(filled), lost + missed, colour))

    def _middle_of(self, filled: Filled) -> int:
        """Return the middle of the exposure on the monotonic clock."""
        if filled.mono_ns is None:
            return self._clock.mono_ns()
        half_ns = self._settings.exposure_us * 500
        return filled.mono_ns + (half_ns if filled.at_start else -half_ns)

    def close(self) -> None:
        """Stop the camera and let go of it. Raises CameraFault where the driver refuses."""
        self._ends.set()
        if self._reader is not None:
            self._reader.join(_WAIT_S + _JOIN_S)
            if self._reader.is_alive():
                raise CameraFault("the camera's driver does not come back from waiting")
        try:
            self._device.close()
        except OSError as error:
            raise CameraFault(f"the camera does not close: {error.strerror}") from error


def views(data: bytes, form: Form) -> tuple[Image | None, Image | None]:
    """Return the grey picture, uint8 H x W, and a smaller one in colour, h x w x 3 RGB, if any.

    None where the bytes are no whole picture.
    """
    buffer = np.frombuffer(data, np.uint8)
    if form.layout == "MJPG":
        return _of_jpeg(buffer, form)
    rows = form.stride * form.height_px
    needed = rows * 3 // 2 if form.layout in ("NV12", "YU12") else rows
    if len(buffer) < needed:
        return None, None
    if form.layout == "GREY":
        return y_plane(buffer, form.width_px, form.height_px, form.stride), None
    if form.layout == "YUYV":
        pairs = buffer[:rows].reshape(form.height_px, form.stride)[:, : form.width_px * 2]
        packed = np.ascontiguousarray(pairs).reshape(form.height_px, form.width_px, 2)
        rgb = cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_YUYV)
        return np.ascontiguousarray(packed[:, :, 0]), _half(np.asarray(rgb, np.uint8))
    layout = "NV12" if form.layout == "NV12" else "YUV420"
    return (
        y_plane(buffer, form.width_px, form.height_px, form.stride),
        half_in_colour(buffer, form.width_px, form.height_px, form.stride, layout),
    )


def _of_jpeg(buffer: Image, form: Form) -> tuple[Image | None, Image | None]:
    decoded = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if len(buffer) else None
    if decoded is None or decoded.shape[:2] != (form.height_px, form.width_px):
        return None, None
    grey = np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2GRAY), np.uint8)
    return grey, _half(np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8))


def _half(rgb: Image) -> Image:
    size = (rgb.shape[1] // 2, rgb.shape[0] // 2)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_NEAREST), np.uint8)
