"""Runs a Python module on libcamera's virtual camera: python virtual_camera.py MODULE [ARGUMENT…].

What stands between picamera2 and that camera is put right here, so that the product's adapter and
the whole of the product run unmodified:

- picamera2 imports a display library (pykms) that nothing here uses: an empty one is given;
- it asks for raw sensor modes, which the virtual camera refuses: it is told of one, never used;
- it takes its buffers as one plane each, which the virtual camera cannot fill: libcamera's own
  allocator is given in its place.
"""

import os
import runpy
import sys
from types import ModuleType
from typing import Any


def stand_in_for_kms() -> None:
    """Make `import pykms` and `from pykms import PixelFormat` succeed."""

    class PixelFormat:
        RGB888 = BGR888 = XRGB8888 = XBGR8888 = ARGB8888 = ABGR8888 = None
        YUV420 = YVU420 = YUYV = YVYU = UYVY = VYUY = NV12 = NV21 = None

    stub = ModuleType("pykms")
    vars(stub)["PixelFormat"] = PixelFormat
    sys.modules["pykms"] = stub


def adapt_picamera2() -> None:
    """Give picamera2 the sensor mode and the allocator that the virtual camera needs."""
    from picamera2 import Picamera2
    from picamera2.allocators import LibcameraAllocator

    size = (int(os.environ["HARNESS_WIDTH_PX"]), int(os.environ["HARNESS_HEIGHT_PX"]))
    open_as_shipped = Picamera2.__init__

    def open_with_own_allocator(self: Any, *arguments: Any, **options: Any) -> None:
        open_as_shipped(self, *arguments, **options)
        self.allocator = LibcameraAllocator(self.camera)

    Picamera2._get_raw_modes = lambda self: [{"format": "SBGGR8", "size": size}]
    Picamera2.__init__ = open_with_own_allocator


def main() -> None:
    """Adapt, then run the module that the arguments name."""
    stand_in_for_kms()
    adapt_picamera2()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
