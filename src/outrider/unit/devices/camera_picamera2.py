"""The Raspberry Pi's camera through picamera2: global-shutter (imx296) and HQ (imx477).

Asked for as YUV 4:2:0: its Y plane is the grey picture that the recogniser wants, made by the
camera's own image processor; the other two give the overviews their colour. picamera2 comes from
the operating system and is imported only when a camera is asked for.
"""

import gc
import logging
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from outrider.clock import Clock
from outrider.records import Image
from outrider.sources import SourceError
from outrider.unit.devices.live_camera import CameraFault, Deliver, LiveCamera, Picture
from outrider.unit.settings.sections import CameraSettings

log = logging.getLogger(__name__)

SENSORS = {"global-shutter": "imx296", "hq": "imx477"}
_PLANAR = ("YUV420", "NV12")  # in both the Y plane comes first, its rows a stride apart
_BUFFERS = 6
_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Streams:
    """What is asked of the camera beside the settings.

    roi_px: x, y, width, height of the sensor's pixels to use (None: all). lores_px: size of a
    second, small grey picture for aiming (None: none).
    """

    roi_px: tuple[int, int, int, int] | None = None
    lores_px: tuple[int, int] | None = None


class Picamera2Camera(LiveCamera):
    """Frames of a camera on this machine. Raises SourceError where picamera2 is not installed.

    number: the camera's place among those that libcamera lists.
    """

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        number: int = 0,
        streams: Streams | None = None,
    ) -> None:
        self._settings = settings
        self._camera_clock = clock
        self._number = number
        self._streams = streams or Streams()
        self._library = _library()
        self._session: Picamera2Session | None = None
        super().__init__(
            f"picamera2:{number}",
            self._open,
            clock,
            settings.stall_after_s,
            hangs_after_s=settings.hangs_after_s,
        )

    @property
    def lores_image(self) -> Image | None:
        """The newest small picture, uint8 H x W, if one was asked for and has come."""
        session = self._session
        return None if session is None else session.lores_image

    def _open(self, deliver: Deliver) -> "Picamera2Session":
        self._session = None
        self._forget_cameras()
        camera = self._opened()
        try:
            session = Picamera2Session(
                camera, self._library, self._settings, self._streams, self._camera_clock
            )
            session.start(deliver)
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            camera.close()
            raise CameraFault(f"camera {self._number} cannot be set up: {error}") from error
        self._session = session
        return session

    def _opened(self) -> Any:
        try:
            return self._library.Picamera2(self._number)
        except (RuntimeError, IndexError, OSError) as error:
            cause = error.__cause__ or error
            raise CameraFault(
                f"camera {self._number} cannot be opened: {cause}: check that its cable is seated "
                "(power off first) and that no other program uses it"
            ) from error

    def _forget_cameras(self) -> None:
        # libcamera lists the cameras once, for as long as anything refers to its list: a camera
        # that has come back is seen only after the old list is gone.
        gc.collect()
        self._library.Picamera2._cm.reset()


class Picamera2Session:
    """One opening of the camera, from start to close."""

    def __init__(
        self,
        camera: Any,
        library: ModuleType,
        settings: CameraSettings,
        streams: Streams,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._library = library
        self._settings = settings
        self._streams = streams
        self._clock = clock
        self._gaps = Gaps()
        self._remarks: list[str] = []
        self.lores_image: Image | None = None

    @property
    def remark(self) -> str:
        """What is not as asked for, or empty."""
        return "; ".join(self._remarks)

    def start(self, deliver: Deliver) -> None:
        """Set the camera up and start it. Raises what picamera2 raises."""
        self._check_model()
        chosen = self._settings
        lores = self._streams.lores_px
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": (chosen.width_px, chosen.height_px), "format": _PLANAR[0]},
                lores=None if lores is None else {"size": lores, "format": _PLANAR[0]},
                raw=None,
                buffer_count=_BUFFERS,
                queue=False,
                controls=self._controls(),
            )
        )
        self._check_main()
        self._camera.post_callback = lambda request: self._take(request, deliver)
        self._camera.start()

    def _controls(self) -> dict[str, Any]:
        frame_us = round(_US_PER_S / self._settings.frame_rate_hz)
        wanted: dict[str, Any] = {
            "AeEnable": False,
            "ExposureTime": self._settings.exposure_us,
            "AnalogueGain": self._settings.analogue_gain,
            "FrameDurationLimits": (frame_us, frame_us),
        }
        if self._streams.roi_px is not None:
            wanted["ScalerCrop"] = self._streams.roi_px
        taken = self._camera.camera_controls
        refused = sorted(name for name in wanted if name not in taken)
        if refused:
            self._remarks.append(f"the camera does not take {', '.join(refused)}")
        return {name: value for name, value in wanted.items() if name in taken}

    def _check_model(self) -> None:
        model = str(self._camera.camera_properties.get("Model", "unknown"))
        wanted = SENSORS[self._settings.model]
        if not model.startswith(wanted):
            self._remarks.append(
                f"camera.model is {self._settings.model} ({wanted}), but the camera is a {model}"
            )

    def _check_main(self) -> None:
        main = self._camera.camera_configuration()["main"]
        if main["format"] not in _PLANAR:
            raise RuntimeError(f"the camera gives {main['format']}, not {' or '.join(_PLANAR)}")
        wanted = (self._settings.width_px, self._settings.height_px)
        if tuple(main["size"]) != wanted:
            given = "x".join(map(str, main["size"]))
            self._remarks.append(f"the camera gives {given}, not {wanted[0]}x{wanted[1]}")

    def _take(self, request: Any, deliver: Deliver) -> None:
        metadata = request.get_metadata()
        sensor_ns = metadata.get("SensorTimestamp")
        missed = self._gaps.before(
            request.request.sequence, sensor_ns, metadata.get("FrameDuration")
        )
        exposure_us = metadata.get("ExposureTime", 0)
        mono_ns = self._clock.mono_ns()
        if sensor_ns is not None:
            mono_ns = exposure_mono_ns(sensor_ns, exposure_us, mono_ns, _boottime_ns())
        if self._streams.lores_px is not None:
            self.lores_image = self._grey(request, "lores")
        deliver(Picture(mono_ns=mono_ns, missed=missed, **self._views(request)))

    def _views(self, request: Any) -> dict[str, Image]:
        form = request.config["main"]
        width_px, height_px = form["size"]
        with self._library.MappedArray(request, "main", reshape=False) as mapped:
            return {
                "image": y_plane(mapped.array, width_px, height_px, form["stride"]),
                "colour": half_in_colour(
                    mapped.array, width_px, height_px, form["stride"], form["format"]
                ),
            }

    def _grey(self, request: Any, stream: str) -> Image:
        form = request.config[stream]
        width_px, height_px = form["size"]
        with self._library.MappedArray(request, stream, reshape=False) as mapped:
            return y_plane(mapped.array, width_px, height_px, form["stride"])

    def close(self) -> None:
        """Stop the camera and let go of it. Raises CameraFault where the driver refuses."""
        try:
            self._camera.post_callback = None
            self._camera.stop()
            self._camera.close()
        except (RuntimeError, OSError) as error:
            raise CameraFault(f"the camera does not close: {error}") from error


def y_plane(buffer: Image, width_px: int, height_px: int, stride: int) -> Image:
    """Return a copy of the Y plane, uint8 H x W, out of a YUV420 or NV12 buffer."""
    rows = buffer[: stride * height_px].reshape(height_px, stride)
    return np.array(rows[:, :width_px], order="C")


def half_in_colour(buffer: Image, width_px: int, height_px: int, stride: int, layout: str) -> Image:
    """Return the picture at half its size, uint8 h x w x 3 RGB, out of a YUV420 or NV12 buffer.

    Half the size is what its colour planes have, and more than an overview needs.
    """
    luma = buffer[: stride * height_px].reshape(height_px, stride)[:, :width_px]
    rest = buffer[stride * height_px :]
    if layout == "NV12":
        pairs = rest[: stride * height_px // 2].reshape(height_px // 2, stride // 2, 2)
        blue, red = pairs[:, : width_px // 2, 0], pairs[:, : width_px // 2, 1]
    else:
        size = stride * height_px // 4
        blue, red = (
            rest[at : at + size].reshape(height_px // 2, stride // 2)[:, : width_px // 2]
            for at in (0, size)
        )
    half = cv2.resize(luma, blue.shape[::-1], interpolation=cv2.INTER_NEAREST)
    planes = cv2.merge((half, np.ascontiguousarray(red), np.ascontiguousarray(blue)))
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB), np.uint8)


def exposure_mono_ns(sensor_ns: int, exposure_us: float, mono_ns: int, boot_ns: int) -> int:
    """Return the middle of an exposure on the monotonic clock.

    sensor_ns: libcamera's SensorTimestamp, CLOCK_BOOTTIME by its documentation and
    CLOCK_MONOTONIC in some pipelines; the two differ by the time spent suspended. mono_ns and
    boot_ns: both clocks, read now: the picture is past, so a stamp that lies ahead of the
    monotonic clock is of the other. The kernel stamps the start of read-out, which is when the
    first row's exposure ends: its middle is half an exposure earlier.
    """
    of_boottime = sensor_ns > mono_ns
    end_ns = sensor_ns - (boot_ns - mono_ns) if of_boottime else sensor_ns
    return end_ns - round(exposure_us * 500)


class Gaps:
    """Counts the pictures lost between two that came: not requested, or dropped by the sensor."""

    def __init__(self) -> None:
        self._sequence: int | None = None
        self._sensor_ns: int | None = None

    def before(self, sequence: int, sensor_ns: int | None, duration_us: float | None) -> int:
        """Return how many are missing before this one, by number and by time, the larger."""
        by_number = 0 if self._sequence is None else max(0, sequence - self._sequence - 1)
        by_time = 0
        if sensor_ns is not None and self._sensor_ns is not None and duration_us:
            by_time = max(0, round((sensor_ns - self._sensor_ns) / (duration_us * 1000)) - 1)
        self._sequence, self._sensor_ns = sequence, sensor_ns
        return max(by_number, by_time)


def _boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _library() -> ModuleType:
    try:
        import picamera2
    except ImportError as error:
        raise SourceError(
            f"picamera2 cannot be used here: {error}: on Raspberry Pi OS, apt-get install "
            "python3-picamera2, and make the virtual environment with --system-site-packages"
        ) from error
    module: ModuleType = picamera2
    return module
