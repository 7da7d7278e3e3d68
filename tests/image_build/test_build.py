"""The image's build: pinned or refused, and the same bytes for the same input."""

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "image_build" / "build_image.py"
REPIN = "image_build/build --target qemu-amd64 --repin"


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The build as a module, with its neighbours importable."""
    monkeypatch.syspath_prepend(str(ROOT / "image_build"))
    return importlib.import_module("build_image")


def build(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["pi5", "pi4", "qemu-arm64"])
def test_a_target_that_cannot_be_built_here_says_why(target: str) -> None:
    """Wrong use, with what is missing and what to do instead; nothing is half built."""
    done = build("--target", target)
    assert done.returncode == 2
    assert f"{target} is not built" in done.stderr
    assert "image_build/" in done.stderr


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A package archive on this machine: its folder and its address."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def pin_of(content: bytes, programs: ModuleType) -> object:
    return programs.pins.Pin(
        "hello", "1.0", hashlib.sha256(content).hexdigest(), len(content), "pool/hello_1.0_all.deb"
    )


def test_a_package_is_kept_by_its_digest(
    programs: ModuleType, mirror: tuple[Path, str], tmp_path: Path
) -> None:
    """Fetched once; a second build needs no archive."""
    (mirror[0] / "pool").mkdir()
    file = mirror[0] / "pool/hello_1.0_all.deb"
    file.write_bytes(b"package")
    pin = pin_of(b"package", programs)
    kept = programs.pins.fetch(pin, tmp_path / "cache", mirror[1], REPIN)
    file.unlink()
    assert programs.pins.fetch(pin, tmp_path / "cache", mirror[1], REPIN) == kept
    assert kept.read_bytes() == b"package"


def test_a_version_that_left_the_archive_names_the_command(
    programs: ModuleType, mirror: tuple[Path, str], tmp_path: Path
) -> None:
    """The build fails and says how the packages are pinned anew."""
    with pytest.raises(programs.pins.PinError, match=rf"hello 1\.0 has left .* re-pin: {REPIN}"):
        programs.pins.fetch(pin_of(b"gone", programs), tmp_path / "cache", mirror[1], REPIN)


def test_other_bytes_than_the_pins_are_refused(
    programs: ModuleType, mirror: tuple[Path, str], tmp_path: Path
) -> None:
    """A mirror that gives something else is not trusted, and nothing of it is kept."""
    (mirror[0] / "pool").mkdir()
    (mirror[0] / "pool/hello_1.0_all.deb").write_bytes(b"forged")
    with pytest.raises(programs.pins.PinError, match="other bytes"):
        programs.pins.fetch(pin_of(b"package", programs), tmp_path / "cache", mirror[1], REPIN)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("text", ["", "# epoch 5\n", "# epoch 5\nhello 1.0\n"])
def test_a_lock_that_is_not_whole_is_refused(
    programs: ModuleType, tmp_path: Path, text: str
) -> None:
    """No time, no package, or a line that lacks its digest: an error that names the file."""
    (tmp_path / "x.lock").write_text(text)
    with pytest.raises(programs.pins.PinError, match=r"x\.lock"):
        programs.pins.read(tmp_path / "x.lock", REPIN)


def test_every_package_of_the_layers_is_pinned(programs: ModuleType) -> None:
    """What the layers name has its pin; what the lock says is read as it is written."""
    target = programs.TARGETS["qemu-amd64"]
    lock = programs.pins.read(target.lock, target.repin)
    pinned = {one.name for one in lock.pins}
    wanted = {package for layer in programs.chain(target) for package in layer.packages}
    assert wanted <= pinned, f"re-pin: {target.repin}"


def test_every_python_package_of_the_unit_is_locked(programs: ModuleType) -> None:
    """The image's Python packages are installed by hash alone."""
    parts = programs.image_python.pinned()
    assert {"numpy", "httpx", "ai-edge-litert"} <= parts.keys()
    assert all("--hash=sha256:" in part for part in parts.values())


def test_the_list_of_parts_is_a_sound_document(programs: ModuleType) -> None:
    """SPDX 2.3: each package once, with its digest or its place, and described."""
    target = programs.TARGETS["qemu-amd64"]
    lock = programs.pins.read(target.lock, target.repin)
    text = programs.image_papers.spdx("image", lock.epoch, lock.pins)
    assert text == programs.image_papers.spdx("image", lock.epoch, lock.pins)
    document = json.loads(text)
    names = [one["SPDXID"] for one in document["packages"]]
    assert len(names) == len(set(names)) > len(lock.pins)
    assert {one["relatedSpdxElement"] for one in document["relationships"]} == set(names)


@pytest.mark.skipif(os.geteuid() != 0, reason="a hash tree and owners are root's")
def test_the_same_root_gives_the_same_disk(programs: ModuleType, tmp_path: Path) -> None:
    """Two disks of one folder are equal to the byte, with equal root hashes; one bit is seen."""
    if (
        shutil.which("mkfs.erofs") is None
        or shutil.which("veritysetup", path="/usr/sbin:/sbin") is None
    ):
        pytest.skip("erofs-utils or cryptsetup-bin is not here")
    disk = programs.image_disk
    for number in (1, 2):
        root = tmp_path / f"root{number}"
        (root / "etc").mkdir(parents=True)
        for name in ("a", "b", "c"):
            (root / "etc" / name).write_text(name * 9000)
            os.utime(root / "etc" / name, (number, number))
    first = disk.verified(tmp_path / "root1", tmp_path / "1.img", 1_700_000_000)
    second = disk.verified(tmp_path / "root2", tmp_path / "2.img", 1_700_000_000)
    assert first == second
    assert (tmp_path / "1.img").read_bytes() == (tmp_path / "2.img").read_bytes()
    (tmp_path / "root2/etc/a").write_text("other")
    assert disk.verified(tmp_path / "root2", tmp_path / "3.img", 1_700_000_000)[0] != first[0]


def test_a_boots_report_is_read(programs: ModuleType) -> None:
    """A unit that is not up, one that failed, and a report without its end are each told."""
    boot_image = importlib.import_module("boot_image")
    good = "".join(f"REPORT unit {unit} active\r\n" for unit in boot_image._UP)
    assert boot_image.faults(f"noise\r\n{good}REPORT done\r\n") == []
    wrong = good.replace("gpsd.socket active", "gpsd.socket failed") + "REPORT failed gpsd.socket\n"
    said = boot_image.faults(wrong)
    assert said[:2] == ["gpsd.socket is not up", "failed gpsd.socket"]
    assert "no end" in said[2]
