"""The V4L2 camera: what is asked of it, what it gives, and what is lost on the way.

The kernel's side is played by `Played` here, but for what every kernel has: the sizes of its
structures, and a device that is no camera.
"""

import ctypes
import itertools
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.clock import SystemClock
from outrider.records import Frame, Image, Level
from outrider.sources import SourceError
from outrider.unit.devices import v4l2
from outrider.unit.devices.camera_v4l2 import V4l2Camera, views
from outrider.unit.devices.source_spec import DeviceSpec, parse_frame_source
from outrider.unit.devices.v4l2 import Filled, Form, Range
from outrider.unit.settings.sections import CameraSettings

SETTINGS = CameraSettings(width_px=320, height_px=240, exposure_us=500, analogue_gain=8.5)
AUTO, EXPOSURE, GAIN = 0x009A0901, 0x009A0902, 0x00980913


class Played:
    """A video device that gives what a test puts in."""

    def __init__(self, layouts: tuple[str, ...] = ("YUYV", "GREY")) -> None:
        self.given = layouts
        self.ranges = {AUTO: Range(0, 3), EXPOSURE: Range(3, 2047), GAIN: Range(0, 100)}
        self.rate_hz = 25.0
        self.form: Form | None = None
        self.values: dict[int, int] = {}
        self.pictures: queue.Queue[Filled | OSError] = queue.Queue()
        self.closed = 0

    def name(self) -> str:
        return "played"

    def layouts(self) -> list[str]:
        return list(self.given)

    def choose(self, width_px: int, height_px: int, layout: str) -> Form:
        return self.form or Form(width_px, height_px, width_px, layout, width_px * height_px)

    def pace(self, rate_hz: float) -> float:
        return self.rate_hz

    def range_of(self, control: int) -> Range | None:
        return self.ranges.get(control)

    def set(self, control: int, value: int) -> None:
        self.values[control] = value

    def start(self, buffers: int) -> None:
        assert buffers > 1

    def next(self, wait_s: float) -> Filled | None:
        try:
            found = self.pictures.get(timeout=wait_s / 10)
        except queue.Empty:
            return None
        if isinstance(found, OSError):
            raise found
        return found

    def close(self) -> None:
        self.closed += 1


def grey(level: int, sequence: int, **changes: object) -> Filled:
    fields: dict[str, object] = {
        "data": bytes([level]) * (320 * 240), "sequence": sequence, "mono_ns": sequence * 1000,
        "at_start": True, "damaged": False,
    }  # fmt: skip
    return Filled(**(fields | changes))  # type: ignore[arg-type]


@contextmanager
def running(*devices: Played | OSError) -> Iterator[tuple[V4l2Camera, Iterator[Frame]]]:
    """A camera whose device is opened as one after another."""
    opened = itertools.chain(devices, itertools.repeat(devices[-1]))

    def open_device(path: Path) -> Played:
        device = next(opened)
        if isinstance(device, OSError):
            raise device
        return device

    camera = V4l2Camera(SETTINGS, SystemClock(), Path("/dev/video0"), open_device)
    stop = threading.Event()
    frames = camera.frames(stop)
    try:
        yield camera, frames
    finally:
        stop.set()
        camera.close()


def test_grey_is_taken_and_the_controls_are_set() -> None:
    """Exposure in tenths of a millisecond, by hand; gain between its least and most."""
    device = Played()
    device.pictures.put(grey(7, 0))
    with running(device) as (camera, frames):
        frame = next(frames)
    assert frame.image.shape == (240, 320)
    assert int(frame.image.mean()) == 7
    assert frame.colour is None
    assert device.values == {AUTO: 1, EXPOSURE: 5, GAIN: 50}
    assert camera.health().level is Level.OK
    assert device.closed == 1


def test_the_instant_is_the_middle_of_the_exposure() -> None:
    """After the start where the driver stamps that, before the end where it does not."""
    device = Played()
    for number, at_start in ((0, True), (1, False)):
        device.pictures.put(grey(1, number, mono_ns=10_000_000, at_start=at_start))
        with running(device) as (_, frames):
            wanted = 10_250_000 if at_start else 9_750_000
            assert next(frames).mono_ns == wanted


def test_a_stamp_of_another_clock_is_not_believed() -> None:
    """The instant is then when the picture came."""
    device = Played()
    device.pictures.put(grey(1, 0, mono_ns=None))
    before = time.monotonic_ns()
    with running(device) as (_, frames):
        assert before <= next(frames).mono_ns <= time.monotonic_ns()


def test_what_is_lost_or_damaged_is_counted() -> None:
    """Numbers that are missing, and a picture that the driver says is damaged, or is short."""
    device = Played()
    with running(device) as (_, frames):
        device.pictures.put(grey(1, 0))
        assert next(frames).skipped == 0
        device.pictures.put(grey(2, 1, damaged=True))
        device.pictures.put(grey(3, 2, data=b"short"))
        device.pictures.put(grey(4, 5))
        assert next(frames).skipped == 4


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (OSError(2, "No such file or directory"), "check its cable"),
        (Played(("H264",)), "H264: none is understood"),
    ],
)
def test_a_camera_that_cannot_be_used_is_a_fault(device: Played | OSError, said: str) -> None:
    """It is told in the health, and tried again; nothing is raised."""
    with running(device) as (camera, frames):
        thread = threading.Thread(target=lambda: next(frames, None))
        thread.start()
        ends = time.monotonic() + 5
        while said not in camera.health().detail and time.monotonic() < ends:
            threading.Event().wait(0.02)
        health = camera.health()
        camera.close()
        thread.join()
    assert health.level is Level.FAULT
    assert said in health.detail


def test_what_is_not_as_asked_is_a_warning() -> None:
    """Another size or rate, and controls that are missing."""
    device = Played(("GREY",))
    device.ranges = {}
    device.rate_hz = 10.0
    device.form = Form(160, 120, 192, "GREY", 192 * 120)
    device.pictures.put(grey(1, 0))
    with running(device) as (camera, frames):
        assert next(frames).image.shape == (120, 160)
        health = camera.health()
    assert health.level is Level.WARNING
    for said in ("160x120, not 320x240", "exposure or a gain", "10 pictures/s, not 25"):
        assert said in health.detail


def test_a_camera_that_was_unplugged_comes_back() -> None:
    """The device fails, is closed, and the next opening gives pictures again."""
    first, second = Played(), Played()
    settings = SETTINGS.model_copy(update={"stall_after_s": 0.5})
    opened = iter((first, second))
    camera = V4l2Camera(settings, SystemClock(), Path("/dev/video0"), lambda path: next(opened))
    frames = camera.frames(threading.Event())
    first.pictures.put(grey(1, 0))
    assert next(frames).index == 0
    first.pictures.put(OSError(19, "No such device"))
    second.pictures.put(grey(9, 0))
    assert int(next(frames).image.mean()) == 9
    camera.close()
    assert first.closed == 1


def scene() -> Image:
    return np.dstack([np.tile(np.arange(0, 240, 2, np.uint8), (80, 1)) // n for n in (1, 2, 3)])


@pytest.mark.parametrize("layout", ["YUYV", "MJPG", "YU12", "NV12"])
def test_colours_are_kept_where_the_camera_gives_them(layout: str) -> None:
    """Grey at full size, colours at half, both of the scene that went in."""
    rgb = scene()
    height_px, width_px = rgb.shape[:2]
    stride = width_px
    if layout == "MJPG":
        data = cv2.imencode(".jpg", rgb[:, :, ::-1])[1].tobytes()
    elif layout == "YUYV":
        stride = width_px * 2
        data = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_YUYV).tobytes()
    else:
        planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
        data = planar.tobytes()
        if layout == "NV12":
            chroma = planar[height_px:].reshape(2, -1)
            data = planar[:height_px].tobytes() + chroma.T.tobytes()
    image, colour = views(data, Form(width_px, height_px, stride, layout, len(data)))
    assert image is not None
    assert colour is not None
    wanted = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(float)
    if layout != "MJPG":  # video's own range of grey: 16 to 235
        wanted = wanted * 219 / 255 + 16
    assert image.shape == (height_px, width_px)
    assert abs(image - wanted).mean() < 2
    assert abs(colour.astype(int) - rgb[::2, ::2].astype(int)).mean() < 12
    assert views(data[:100], Form(width_px, height_px, stride, layout, 0)) == (None, None)


def test_the_kernels_structures_have_the_kernels_sizes() -> None:
    """A size that is not the kernel's would be another ioctl: linux/videodev2.h, 64-bit."""
    sizes = {
        v4l2._Capability: 104, v4l2._Format: 208, v4l2._Request: 20, v4l2._Buffer: 88,
        v4l2._Parameters: 204, v4l2._Control: 8, v4l2._Query: 68, v4l2._Listed: 64,
    }  # fmt: skip
    assert {kind: ctypes.sizeof(kind) for kind in sizes} == sizes
    assert (v4l2._QUERYCAP, v4l2._S_FMT, v4l2._DQBUF) == (0x80685600, 0xC0D05605, 0xC0585611)
    assert (v4l2._STREAMON, v4l2._QUERYCTRL) == (0x40045612, 0xC0445624)


def test_a_device_that_is_no_camera_is_refused() -> None:
    """The kernel's own answer; nothing stays open."""
    held = len(os.listdir("/proc/self/fd"))
    device = v4l2.VideoDevice(Path("/dev/null"))
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        device.name()
    device.close()
    device.close()
    assert len(os.listdir("/proc/self/fd")) == held


def test_a_device_is_named_by_its_path(tmp_path: Path) -> None:
    """One that is not plugged in now is taken; a file or a relative name is not."""
    assert parse_frame_source("v4l2:/dev/video99") == DeviceSpec(Path("/dev/video99"))
    (tmp_path / "file").touch()
    for text in ("v4l2:", "v4l2:video0", f"v4l2:{tmp_path / 'file'}"):
        with pytest.raises(SourceError, match="a device is needed"):
            parse_frame_source(text)
