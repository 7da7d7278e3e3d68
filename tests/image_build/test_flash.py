"""Cards are written only where that is safe, and proved by reading back."""

import hashlib
import lzma
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

FLASH = Path(__file__).resolve().parents[2] / "image_build/flash"
MB = 1 << 20


def flash(*args: object) -> subprocess.CompletedProcess[str]:
    command = [str(FLASH), *map(str, args)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "outrider.img"
    path.write_bytes(random.Random(7).randbytes(9 * MB + 512))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name("outrider.img.sha256").write_text(f"{digest}  outrider.img\n")
    return path


@pytest.fixture
def card(tmp_path: Path) -> Iterator[str]:
    """A loop device in place of a card."""
    if os.geteuid() != 0:
        pytest.skip("loop devices need root")
    backing = tmp_path / "card"
    backing.write_bytes(bytes(16 * MB))
    made = subprocess.run(
        ["losetup", "--find", "--show", str(backing)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no loop device here: {made.stderr.strip()}")
    device = made.stdout.strip()
    yield device
    subprocess.run(["losetup", "--detach", device], check=True)


def test_a_disk_that_is_not_removable_is_refused(image: Path, card: str) -> None:
    """A technician's own disk is never written to; a loop device is fixed too."""
    before = Path(card).read_bytes()
    done = flash("write", image, card, "--yes")
    assert (done.returncode, Path(card).read_bytes()) == (2, before)
    assert "not removable" in done.stderr


def test_an_image_is_written_and_proved(image: Path, card: str) -> None:
    """What was written is read back from the card and compared."""
    done = flash("write", image, card, "--yes", "--loop")
    assert done.returncode == 0, done.stderr
    assert "byte for byte" in done.stdout
    assert Path(card).read_bytes()[: image.stat().st_size] == image.read_bytes()


def test_a_packed_image_is_written_unpacked(image: Path, card: str) -> None:
    """The image travels packed; the card holds it plain."""
    packed = image.with_name("outrider.img.xz")
    packed.write_bytes(lzma.compress(image.read_bytes(), preset=0))
    assert flash("write", packed, card, "--yes", "--loop").returncode == 0
    assert Path(card).read_bytes()[: image.stat().st_size] == image.read_bytes()


def test_a_flipped_bit_is_found_and_named(image: Path, card: str) -> None:
    """A bad card is told by the first byte that is not what was written."""
    assert flash("write", image, card, "--yes", "--loop").returncode == 0
    with open(card, "r+b") as disk:
        disk.seek(5 * MB + 3)
        byte = disk.read(1)[0]
        disk.seek(5 * MB + 3)
        disk.write(bytes([byte ^ 1]))
    done = flash("verify", image, card, "--loop")
    assert done.returncode == 1
    assert f"byte {5 * MB + 3:,}" in done.stderr


def test_an_image_that_is_not_what_its_sum_says_is_not_written(image: Path, card: str) -> None:
    """A download that was cut or changed does not reach the card."""
    image.write_bytes(image.read_bytes()[:-1] + b"\x00")
    done = flash("write", image, card, "--yes", "--loop")
    assert (done.returncode, Path(card).read_bytes()) == (1, bytes(16 * MB))
    assert "fetch both again" in done.stderr


def test_an_image_larger_than_the_card_is_refused(tmp_path: Path, card: str) -> None:
    """Half an image boots nothing."""
    big = tmp_path / "big.img"
    with big.open("wb") as file:
        file.truncate(17 * MB)
    done = flash("write", big, card, "--yes", "--loop")
    assert done.returncode == 2
    assert "holds" in done.stderr


@pytest.mark.parametrize("device", ["/dev/null", "/nowhere", "/", ""])
def test_what_is_no_disk_is_refused(image: Path, device: str) -> None:
    """A wrong name is told with what to do, without a traceback."""
    done = flash("write", image, device, "--yes", "--loop")
    assert done.returncode == 2
    assert "name a whole disk" in done.stderr


def test_nothing_is_written_without_a_yes(image: Path, card: str) -> None:
    """Without --yes the disk's own name has to be typed."""
    done = flash("write", image, card, "--loop")
    assert (done.returncode, Path(card).read_bytes()) == (2, bytes(16 * MB))
    assert "will be lost" in done.stderr


def test_no_image_is_told_plainly(card: str, tmp_path: Path) -> None:
    """A mistyped image is wrong use."""
    done = flash("write", tmp_path / "no.img", card, "--yes", "--loop")
    assert done.returncode == 2
    assert "no such image" in done.stderr
