"""Keeps a live camera going: opens it, watches that pictures come, opens it again when not.

The camera itself is a CameraSession; picamera2's is in camera_picamera2. Drivers can hang in any
call, so all of them are made on a thread of their own: the reader of the frames never waits for
more than a stop, and a call that does not come back within its time is said in the health, so that
the process is ended and started anew.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from outrider.clock import NS_PER_S, Clock, said_duration
from outrider.records import ComponentHealth, Frame, Image, Level, Part
from outrider.sources import FrameSource

log = logging.getLogger(__name__)

_STOP_CHECK_S = 0.1
_JOIN_S = 1.2


class CameraFault(Exception):
    """The camera cannot be used now: what, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the camera gave it; missed: pictures lost before it, below this program.

    colour: a smaller copy in RGB, where there is one.
    """

    image: Image
    mono_ns: int
    missed: int = 0
    colour: Image | None = None


class CameraSession(Protocol):
    """A camera that runs and hands its pictures over from a thread of its own."""

    @property
    def remark(self) -> str:
        """What is not as asked for (a control that the camera does not take), or empty."""
        ...

    def close(self) -> None:
        """Stop the camera and let go of it."""
        ...


Deliver = Callable[[Picture], None]
OpenCamera = Callable[[Deliver], CameraSession]
"""Opens the camera and starts it. Raises CameraFault where it cannot."""


class LiveCamera(FrameSource):
    """Frames of a live camera; the newest wins, and every one passed over is counted.

    A camera that cannot be opened, or gives nothing for stall_after_s, is a fault in the health,
    and is opened again every retry_s until it is back. A call into the driver that takes longer
    than hangs_after_s is one that hangs: no retry in this process can mend it.
    """

    def __init__(
        self,
        source_id: str,
        open_camera: OpenCamera,
        clock: Clock,
        stall_after_s: float,
        retry_s: float = 1.0,
        hangs_after_s: float = 10.0,
    ) -> None:
        self._source_id = source_id
        self._open_camera = open_camera
        self._clock = clock
        self._stall_after_s = stall_after_s
        self._retry_s = retry_s
        self._hangs_after_s = hangs_after_s
        self._calling: tuple[str, int] | None = None
        self._changed = threading.Condition()
        self._pending: Frame | None = None
        self._closing = threading.Event()
        self._keeper: threading.Thread | None = None
        self._last_mono_ns = 0
        self._index = 0
        self._fault = ""
        self._remark = ""
        self._counts = {"frames": 0, "skipped": 0, "opened": 0, "faults": 0}

    @property
    def live(self) -> bool:
        """True: frames come at the camera's pace."""
        return True

    @property
    def source_id(self) -> str:
        """Name of the camera, as it stands on every read."""
        return self._source_id

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the newest frame each time, until stop is set or the camera is closed."""
        self._keeper = threading.Thread(target=self._keep, name="camera", daemon=True)
        self._keeper.start()
        try:
            while not stop.is_set() and not self._closing.is_set():
                frame = self._next()
                if frame is not None:
                    yield frame
        finally:
            self.close()

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pending is not None, _STOP_CHECK_S)
            frame, self._pending = self._pending, None
            return frame

    def _deliver(self, picture: Picture) -> None:
        with self._changed:
            self._counts["skipped"] += picture.missed
            skipped = picture.missed
            if self._pending is not None:
                self._counts["skipped"] += 1
                skipped += 1 + self._pending.skipped
            self._pending = Frame(
                self._index, picture.mono_ns, picture.image, skipped, picture.colour
            )
            self._index += 1
            self._counts["frames"] += 1
            self._last_mono_ns = self._clock.mono_ns()
            self._fault = ""
            self._changed.notify_all()

    def _keep(self) -> None:
        while not self._closing.is_set():
            session = self._session_opened()
            if session is not None:
                self._note_opened(session)
                self._watch()
                self._let_go(session)
            self._closing.wait(self._retry_s)

    def _session_opened(self) -> CameraSession | None:
        try:
            with self._driver_call("open"):
                return self._open_camera(self._deliver)
        except CameraFault as fault:
            self._note_fault(str(fault))
        except Exception as error:  # noqa: BLE001 - the border: a driver raises what it likes
            self._note_fault(f"the camera's driver fails: {error!r}")
        return None

    @contextmanager
    def _driver_call(self, what: str) -> Iterator[None]:
        with self._changed:
            self._calling = what, self._clock.mono_ns()
        try:
            yield
        finally:
            with self._changed:
                self._calling = None

    def _watch(self) -> None:
        while not self._closing.wait(_STOP_CHECK_S):
            with self._changed:
                silent_s = (self._clock.mono_ns() - self._last_mono_ns) / NS_PER_S
            if silent_s > self._stall_after_s:
                self._note_fault(
                    f"no picture for {said_duration(silent_s)}: check the camera's cable"
                )
                return

    def _let_go(self, session: CameraSession) -> None:
        try:
            with self._driver_call("stop"):
                session.close()
        except CameraFault as fault:
            self._note_fault(str(fault))
        except Exception as error:  # noqa: BLE001 - the border: a driver raises what it likes
            self._note_fault(f"the camera's driver fails: {error!r}")

    def _note_opened(self, session: CameraSession) -> None:
        with self._changed:
            self._last_mono_ns = max(self._last_mono_ns, self._clock.mono_ns())
            self._remark = session.remark
            self._counts["opened"] += 1
        log.info("camera: %s is open%s", self._source_id, f" ({self._remark})" * bool(self._remark))

    def _note_fault(self, reason: str) -> None:
        with self._changed:
            again = self._fault == reason
            self._fault = reason
            self._counts["faults"] += 1
        if not again:  # once a fault, not once a try
            log.error("camera: %s: %s; trying again", self._source_id, reason)

    def close(self) -> None:
        """Stop the camera; a driver that hangs is left behind, and said so."""
        waited = self._closing.is_set()
        self._closing.set()
        keeper = self._keeper
        if waited or keeper is None:
            return
        keeper.join(_JOIN_S)
        if keeper.is_alive():
            log.error(
                "camera: %s: the driver does not let go within %g s", self._source_id, _JOIN_S
            )

    def health(self) -> ComponentHealth:
        """Return a fault while no pictures come, a warning where a control is not as asked."""
        with self._changed:
            fault, remark, counts = self._fault, self._remark, dict(self._counts)
            calling = self._calling
        keeper = self._keeper
        if keeper is not None and not keeper.is_alive() and not self._closing.is_set():
            detail = "the thread that keeps the camera has died: `journalctl -u outrider` says why"
            return ComponentHealth(Part.CAMERA, Level.FAULT, detail, counts, hangs=True)
        if calling is not None:
            what, since_ns = calling
            hangs_s = (self._clock.mono_ns() - since_ns) / NS_PER_S
            if hangs_s > self._hangs_after_s:
                detail = f"the driver's {what} has not returned for {said_duration(hangs_s)}"
                return ComponentHealth(Part.CAMERA, Level.FAULT, detail, counts, hangs=True)
        if fault:
            return ComponentHealth(Part.CAMERA, Level.FAULT, fault, counts)
        if not counts["frames"]:
            return ComponentHealth(Part.CAMERA, Level.WARNING, "starting", counts)
        if remark:
            return ComponentHealth(Part.CAMERA, Level.WARNING, remark, counts)
        return ComponentHealth(Part.CAMERA, Level.OK, "pictures come in", counts)
