"""Keeping a live camera going, its faults brought in where the driver would.

That the real picamera2 and libcamera drive it is shown by image_build/checks/camera_harness.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from outrider.clock import NS_PER_S, SystemClock
from outrider.records import Frame, Level
from outrider.unit.devices.camera_picamera2 import (
    Gaps,
    exposure_mono_ns,
    half_in_colour,
    y_plane,
)
from outrider.unit.devices.live_camera import CameraFault, Deliver, LiveCamera, Picture

DEADLINE_S = 10.0
IMAGE = np.zeros((4, 4), np.uint8)


@dataclass
class Driver:
    """Opens sessions that do what the test says."""

    plugged: bool = True
    remark: str = ""
    sessions: "list[Session]" = field(default_factory=list)
    opened: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def open(self, deliver: Deliver) -> "Session":
        if not self.plugged:
            raise CameraFault("no camera: check the cable")
        session = Session(deliver, self.remark)
        self.sessions.append(session)
        self.opened.release()
        return session

    def next_session(self) -> "Session":
        assert self.opened.acquire(timeout=DEADLINE_S)
        return self.sessions[-1]


@dataclass
class Session:
    deliver: Deliver
    remark: str
    closed: threading.Event = field(default_factory=threading.Event)
    may_close: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_close.set()

    def close(self) -> None:
        self.may_close.wait(DEADLINE_S)
        self.closed.set()

    def give(self, mono_ns: int, missed: int = 0) -> None:
        self.deliver(Picture(IMAGE, mono_ns, missed))


class Reader:
    """Reads frames on a thread, as the capture stage does."""

    def __init__(self, camera: LiveCamera) -> None:
        self.camera = camera
        self.stop = threading.Event()
        self.taken: list[Frame] = []
        self._gate = threading.Event()
        self._gate.set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for frame in self.camera.frames(self.stop):
            with self._changed:
                self.taken.append(frame)
                self._changed.notify_all()
            self._gate.wait(DEADLINE_S)

    def await_frames(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.taken) >= count, DEADLINE_S)

    def hold(self) -> None:
        self._gate.clear()

    def go_on(self) -> None:
        self._gate.set()

    def close(self) -> None:
        self.go_on()
        self.stop.set()
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def reader(driver: Driver) -> Iterator[Reader]:
    camera = LiveCamera("test", driver.open, SystemClock(), stall_after_s=0.3, retry_s=0.05)
    made = Reader(camera)
    yield made
    made.close()


def await_level(camera: LiveCamera, level: Level, word: str = "") -> None:
    pause = threading.Event()
    for _ in range(round(DEADLINE_S / 0.02)):
        health = camera.health()
        if health.level is level and word in health.detail:
            return
        pause.wait(0.02)
    pytest.fail(f"{camera.health()} is not {level} {word}")


def test_frames_come_with_their_instants(driver: Driver, reader: Reader) -> None:
    """What the driver delivers comes out, and the camera is well."""
    session = driver.next_session()
    session.give(7)
    reader.await_frames(1)
    assert reader.taken[0].mono_ns == 7
    assert reader.camera.health().level is Level.OK
    assert reader.camera.live


def test_the_newest_wins_and_the_others_are_counted(driver: Driver, reader: Reader) -> None:
    """Three frames and a gap of two while the reader is busy: it gets the last, and 4 skipped."""
    session = driver.next_session()
    reader.hold()
    session.give(1)
    reader.await_frames(1)
    session.give(2)
    session.give(3, missed=2)
    session.give(4)
    reader.go_on()
    reader.await_frames(2)
    assert (reader.taken[1].mono_ns, reader.taken[1].skipped) == (4, 4)
    assert reader.camera.health().counts["skipped"] == 4


def test_a_silent_camera_is_a_fault_and_is_opened_again(driver: Driver, reader: Reader) -> None:
    """No picture for the stall time: named, closed, opened again, well again without a restart."""
    session = driver.next_session()
    session.give(1)
    reader.await_frames(1)
    await_level(reader.camera, Level.FAULT, "no picture for")
    assert session.closed.wait(DEADLINE_S)
    driver.next_session().give(2)
    reader.await_frames(2)
    await_level(reader.camera, Level.OK)


def test_an_unplugged_camera_is_tried_until_it_is_back(driver: Driver) -> None:
    """A camera that cannot be opened: the driver's words, and frames when it is plugged in."""
    driver.plugged = False
    camera = LiveCamera("test", driver.open, SystemClock(), stall_after_s=5.0, retry_s=0.02)
    reader = Reader(camera)
    try:
        await_level(camera, Level.FAULT, "check the cable")
        driver.plugged = True
        driver.next_session().give(1)
        reader.await_frames(1)
        await_level(camera, Level.OK)
        assert camera.health().counts["faults"] >= 1
    finally:
        reader.close()


def test_a_fault_is_logged_once_not_at_each_try(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    """A camera away for long does not fill the log."""
    driver.plugged = False
    camera = LiveCamera("test", driver.open, SystemClock(), stall_after_s=5.0, retry_s=0.001)
    reader = Reader(camera)
    pause = threading.Event()
    while camera.health().counts["faults"] < 5:
        pause.wait(0.005)
    reader.close()
    assert caplog.text.count("check the cable") == 1


def test_a_driver_that_hangs_does_not_keep_the_unit_from_stopping(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    """A close that never returns: frames() still ends soon after stop, and it is said."""
    clock = SystemClock()
    camera = LiveCamera("test", driver.open, clock, stall_after_s=5.0)
    reader = Reader(camera)
    session = driver.next_session()
    session.may_close.clear()
    session.give(1)
    reader.await_frames(1)
    began_ns = clock.mono_ns()
    reader.close()
    assert clock.mono_ns() - began_ns < 2 * NS_PER_S
    assert "does not let go" in caplog.text
    session.may_close.set()


def test_a_driver_call_that_does_not_return_is_said_to_hang(driver: Driver) -> None:
    """After its time it is more than a fault to retry: the process must be made anew."""
    camera = LiveCamera(
        "test", driver.open, SystemClock(), stall_after_s=0.1, retry_s=0.05, hangs_after_s=0.1
    )
    reader = Reader(camera)
    session = driver.next_session()
    session.may_close.clear()
    await_level(camera, Level.FAULT, "stop has not returned")
    assert camera.health().hangs
    session.may_close.set()
    driver.next_session().give(1)
    reader.await_frames(1)
    assert not camera.health().hangs
    reader.close()


def test_whatever_a_driver_raises_is_a_fault_that_is_tried_again(driver: Driver) -> None:
    """An exception of no kind foreseen ended the thread, and the unit was blind for good."""
    failing = iter([TypeError("in the driver"), AttributeError("another")])

    def opens(deliver: Deliver) -> Session:
        for error in failing:
            raise error
        return driver.open(deliver)

    camera = LiveCamera("test", opens, SystemClock(), stall_after_s=5.0, retry_s=0.02)
    reader = Reader(camera)
    driver.next_session().give(1)
    reader.await_frames(1)
    assert camera.health().counts["faults"] == 2
    reader.close()


def test_a_control_that_is_not_taken_is_a_warning() -> None:
    """A camera that runs but not as asked says so."""
    driver = Driver(remark="the camera does not take ExposureTime")
    reader = Reader(LiveCamera("test", driver.open, SystemClock(), stall_after_s=5.0))
    driver.next_session().give(1)
    reader.await_frames(1)
    await_level(reader.camera, Level.WARNING, "does not take ExposureTime")
    reader.close()


def test_the_y_plane_is_cut_out_of_padded_rows() -> None:
    """Rows longer than the picture (stride) and the chroma planes are left out."""
    buffer = np.arange(8 * 4 * 3 // 2, dtype=np.uint8)
    plane = y_plane(buffer, width_px=6, height_px=4, stride=8)
    assert plane.shape == (4, 6)
    assert plane[1].tolist() == [8, 9, 10, 11, 12, 13]
    buffer[:] = 0
    assert plane[1, 0] == 8


@pytest.mark.parametrize("layout", ["YUV420", "NV12"])
def test_the_colour_of_a_buffer_comes_out_at_half_size(layout: str) -> None:
    """Overviews were grey though the camera is colour: a red left half, padded rows."""
    width_px, height_px, stride = 60, 32, 64
    rgb = np.zeros((height_px, stride, 3), np.uint8)
    rgb[:, : width_px // 2] = (220, 30, 30)
    planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    if layout == "NV12":
        chroma = planar[stride * height_px :].reshape(2, -1)
        planar = np.concatenate([planar[: stride * height_px], chroma.T.reshape(-1)])
    buffer = np.asarray(planar, np.uint8)
    half = half_in_colour(buffer, width_px, height_px, stride, layout)
    assert half.shape == (16, 30, 3)
    assert int(half[8, 5, 0]) > int(half[8, 5, 2]) + 100
    assert half[8, 25].max() < 40


@pytest.mark.parametrize("suspended_s", [0, 3600])
@pytest.mark.parametrize("of_boottime", [False, True])
def test_an_exposure_is_placed_on_the_monotonic_clock(suspended_s: int, of_boottime: bool) -> None:
    """Whichever clock the sensor's stamp is of, also after an hour's suspension."""
    mono_ns = 1000 * NS_PER_S
    boot_ns = mono_ns + suspended_s * NS_PER_S
    stamp_ns = (boot_ns if of_boottime else mono_ns) - 50_000_000
    placed_ns = exposure_mono_ns(stamp_ns, 1000, mono_ns, boot_ns)
    assert placed_ns == mono_ns - 50_000_000 - 500_000


def test_lost_pictures_are_counted_by_number_and_by_time() -> None:
    """A gap shows in the request's number or in the sensor's time; the larger counts."""
    gaps = Gaps()
    assert gaps.before(0, 0, 40_000) == 0
    assert gaps.before(1, 40_000_000, 40_000) == 0
    assert gaps.before(4, 80_000_000, 40_000) == 2
    assert gaps.before(5, 240_000_000, 40_000) == 3
    assert gaps.before(6, None, None) == 0
