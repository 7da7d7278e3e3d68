"""A process of its own: `outrider run` with a picamera2 that gives pictures, then hangs in stop().

What picamera2 does when the cable is pulled. Only the library is made up: the adapter, the run
and the command are the real ones. Arguments: those of `outrider run`.
"""

import sys
import threading
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from outrider.cli import main

WIDTH_PX, HEIGHT_PX = 320, 240
PICTURES = 5


class Picamera2:
    """Just what the adapter calls."""

    _cm = SimpleNamespace(reset=lambda: None)
    camera_controls = ("AeEnable", "ExposureTime", "AnalogueGain", "FrameDurationLimits")
    camera_properties = {"Model": "imx296"}  # noqa: RUF012 - as picamera2 has it

    def __init__(self, _number: int) -> None:
        self.post_callback: Any = None
        self.pulled = threading.Event()

    def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
        return asked

    def configure(self, _asked: dict[str, Any]) -> None:
        pass

    def camera_configuration(self) -> dict[str, Any]:
        return {"main": {"size": (WIDTH_PX, HEIGHT_PX), "format": "YUV420"}}

    def start(self) -> None:
        threading.Thread(target=self._give, daemon=True).start()

    def _give(self) -> None:
        for number in range(PICTURES):
            self.post_callback(_request(number))
            self.pulled.wait(0.05)

    def stop(self) -> None:
        threading.Event().wait()

    def close(self) -> None:
        pass


def _request(number: int) -> Any:
    stream = {"size": (WIDTH_PX, HEIGHT_PX), "stride": WIDTH_PX, "format": "YUV420"}
    return SimpleNamespace(
        request=SimpleNamespace(sequence=number), config={"main": stream}, get_metadata=dict
    )


@contextmanager
def mapped_array(_request: Any, _stream: str, reshape: bool) -> Any:
    yield SimpleNamespace(array=np.full(WIDTH_PX * HEIGHT_PX * 3 // 2, 90, np.uint8))


if __name__ == "__main__":
    library = ModuleType("picamera2")
    library.Picamera2 = Picamera2  # type: ignore[attr-defined]
    library.MappedArray = mapped_array  # type: ignore[attr-defined]
    sys.modules["picamera2"] = library
    sys.exit(main(["run", *sys.argv[1:]]))
