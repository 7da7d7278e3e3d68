"""Pictures from anywhere: what kind, how large, before they are decoded."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outrider.cli import main
from outrider.unit.devices.picture_files import (
    MAX_PIXELS,
    PictureError,
    kind_of,
    read_grey,
    read_rgb,
)

RGB = np.dstack([np.full((48, 64), level, np.uint8) for level in (200, 40, 10)])
KINDS = {"jpg": "JPEG", "png": "PNG", "bmp": "BMP", "webp": "WebP", "tif": "TIFF"}
ONE_FOLDER = [HealthCheck.function_scoped_fixture]


def gif() -> bytes:
    """Return a GIF of two pictures of 64 x 48."""
    out = io.BytesIO()
    with av.open(out, "w", format="gif") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8"
        for picture in (RGB, np.asarray(RGB // 2, np.uint8)):
            made = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="rgb8")
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return out.getvalue()


GIF = gif()


def encoded(suffix: str) -> bytes:
    return cv2.imencode(f".{suffix}", cv2.cvtColor(RGB, cv2.COLOR_RGB2BGR))[1].tobytes()


def flat_png(side_px: int) -> bytes:
    """Return a black picture of side_px x side_px that takes some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    pack = zlib.compressobj(1)
    row = bytes(side_px + 1)
    rows = b"".join(pack.compress(row) for _ in range(side_px)) + pack.flush()
    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", KINDS)
def test_the_kind_and_size_are_known_before_decoding(tmp_path: Path, suffix: str) -> None:
    """Each kind that OpenCV writes, and its picture in both forms."""
    kind = kind_of(encoded(suffix))
    assert (kind.name, kind.width_px, kind.height_px) == (KINDS[suffix], 64, 48)
    path = tmp_path / f"p.{suffix}"
    path.write_bytes(encoded(suffix))
    assert read_rgb(path).shape == (48, 64, 3)
    grey, colour = read_grey(path)
    assert grey.shape == (48, 64)
    assert colour is not None
    assert int(colour[..., 0].mean()) > int(colour[..., 2].mean()) + 100


def test_a_grey_picture_has_no_colour_copy(tmp_path: Path) -> None:
    """Nothing is kept twice."""
    for name in ("g.png", "g.jpg"):
        cv2.imwrite(str(tmp_path / name), RGB[..., 0])
        assert read_grey(tmp_path / name)[1] is None


def test_a_gif_is_read(tmp_path: Path) -> None:
    """It was called damaged, as OpenCV knows no GIF."""
    path = tmp_path / "p.gif"
    path.write_bytes(GIF)
    assert read_rgb(path).shape == (48, 64, 3)
    assert abs(int(read_rgb(path)[20, 20, 0]) - 200) < 40
    assert read_grey(path)[0].shape == (48, 64)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"GIF89a", "cut short"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"\xff\xd8\xff\xe0", "cut short"),
        (encoded("png")[:60], "damaged"),
        (b"\0\0\0\x18ftypheic", "HEIC or AVIF, which is not read: save it as JPEG"),
        (b"MZ, a program", "is no JPEG, PNG, GIF"),
        (GIF[:100], "damaged GIF"),
    ],
)
def test_what_is_no_picture_is_told_apart(tmp_path: Path, data: bytes, why: str) -> None:
    """Empty, cut, damaged, of a kind that is not read: four different things to do."""
    path = tmp_path / "p"
    path.write_bytes(data)
    with pytest.raises(PictureError, match=why):
        read_rgb(path)


@given(st.sampled_from([*KINDS, "gif"]), st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=ONE_FOLDER)
def test_any_damage_to_a_picture_is_one_error(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    """Cut anywhere, with bytes changed anywhere: a picture or a PictureError, never another."""
    whole = bytearray(GIF if suffix == "gif" else encoded(suffix))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, min(len(whole), 200) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "p"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for read in (read_rgb, read_grey):
        with contextlib.suppress(PictureError):
            read(path)


@given(st.binary(max_size=80))
@example(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 5)
@example(b"II*\0\xff\xff\xff\xff")
def test_any_bytes_have_a_kind_or_none(data: bytes) -> None:
    """The reader of sizes ends, and raises one error."""
    with contextlib.suppress(PictureError):
        kind_of(data)


MEASURE = """
import resource, sys
from outrider.cli import main
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
code = main(["read", sys.argv[1]])
print("grew_mb", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
sys.exit(code)
"""


def test_a_picture_that_unfolds_to_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    """225 megapixels in some hundred kB: refused by its size, in the memory of any other."""
    path = tmp_path / "bomb.png"
    path.write_bytes(flat_png(15_000))
    assert MAX_PIXELS < 15_000**2
    command = [sys.executable, "-c", MEASURE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=120)
    assert done.returncode == 1
    said = done.stdout
    assert "is 15000 x 15000, more than 64 megapixels: make it smaller" in said
    assert int(said.split("grew_mb ")[1]) < 250, "the models and libraries take some 100 MB"


def test_an_empty_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`outrider read` of a folder without pictures ended 0 and said nothing."""
    assert main(["read", str(tmp_path)]) != 0
    assert "no picture is in or below it" in capsys.readouterr().err
