"""The card: two systems in two slots, which one is started, and room for data behind them.

bootsel   autoboot.txt: which slot a Raspberry Pi's firmware starts, and which on trial
boot-a/b  a slot's kernel, initramfs and command line
root-a/b  a slot's root, erofs with its hash tree behind it
data      made at the first start, in the rest of the card (layers/files/data)
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
_CHOICE = HERE / "layers/files/update/boot_choice.py"
_MIB = 1 << 20
_SECTOR = 512
_SPACE = uuid.UUID("b3c0c9a5-5d6e-4f55-9d5a-5f4f6a0c7e21")
_FAT, _LINUX = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
CHOICE_MIB = 16
BOOT_MIB = 64
ROOT_MIB = 512
LAYOUT = (
    ("bootsel", CHOICE_MIB, _FAT), ("boot-a", BOOT_MIB, _FAT), ("boot-b", BOOT_MIB, _FAT),
    ("root-a", ROOT_MIB, _LINUX), ("root-b", ROOT_MIB, _LINUX),
)  # fmt: skip


class CardError(Exception):
    """The card cannot be laid out: what is too large for its slot."""


def boot_choice() -> ModuleType:
    """Return the program that units choose their slot with, as a module."""
    spec = importlib.util.spec_from_file_location("outrider_boot_choice", _CHOICE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def starts() -> dict[str, tuple[int, int]]:
    """Return where each partition begins and how long it is, in bytes."""
    found, at = {}, _MIB
    for name, size, _ in LAYOUT:
        found[name] = (at, size * _MIB)
        at += size * _MIB
    return found


def fat(out: Path, mebibytes: int, label: str, files: dict[str, bytes | Path], epoch: int) -> None:
    """Write a FAT file system of which the same files give the same bytes."""
    out.unlink(missing_ok=True)
    volume = f"{uuid.uuid5(_SPACE, label).int & 0xFFFFFFFF:08x}"
    subprocess.run(
        ["mkfs.vfat", "--invariant", "-i", volume, "-n", label, "-C", str(out),
         str(mebibytes * 1024)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    environment = {
        **os.environ,
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(epoch),
        "MTOOLS_SKIP_CHECK": "1",
    }
    with tempfile.TemporaryDirectory(prefix="outrider-fat-", dir=out.parent) as folder:
        for name in sorted(files):
            content, path = files[name], Path(folder) / name
            path.write_bytes(content.read_bytes() if isinstance(content, Path) else content)
            os.utime(path, (epoch, epoch))
            subprocess.run(
                ["mcopy", "-m", "-i", str(out), str(path), f"::{name}"],
                check=True, env=environment, capture_output=True, text=True,
            )  # fmt: skip


def lay_out(out: Path, boot: Path, root: Path, epoch: int) -> None:
    """Write the card with one system in slot A, slot B empty. Errors: CardError."""
    places = starts()
    for part, slot in ((boot, "boot-a"), (root, "root-a")):
        if part.stat().st_size > places[slot][1]:
            raise CardError(
                f"{part}: {part.stat().st_size:,} bytes, {slot} has {places[slot][1]:,}"
            )
    end = max(start + size for start, size in places.values()) + _MIB
    out.unlink(missing_ok=True)
    with out.open("xb") as file:
        file.truncate(end)
    _partition(out, places)
    choice = out.with_suffix(".bootsel")
    fat(choice, CHOICE_MIB, "BOOTSEL", {"autoboot.txt": boot_choice().Choice("A").text()}, epoch)
    for part, name in ((choice, "bootsel"), (boot, "boot-a"), (root, "root-a")):
        with part.open("rb") as source, out.open("r+b") as target:
            target.seek(places[name][0])
            _copy_sparse(source.fileno(), target.fileno(), places[name][0])
    choice.unlink()


def _partition(out: Path, places: dict[str, tuple[int, int]]) -> None:
    kinds = {name: kind for name, _, kind in LAYOUT}
    lines = ["label: gpt", f"label-id: {uuid.uuid5(_SPACE, 'card')}", "unit: sectors"]
    for name, (start, size) in places.items():
        lines.append(
            f"start={start // _SECTOR}, size={size // _SECTOR}, type={kinds[name]},"
            f" uuid={uuid.uuid5(_SPACE, name)}, name={name}"
        )
    subprocess.run(
        ["sfdisk", "--quiet", str(out)],
        input="\n".join(lines) + "\n", check=True, capture_output=True, text=True,
    )  # fmt: skip


def _copy_sparse(source: int, target: int, at: int) -> None:
    """Copy a file into another from a place on; what is all zeros stays a hole."""
    zeros, done = bytes(_MIB), 0
    while chunk := os.read(source, _MIB):
        if chunk != zeros[: len(chunk)]:
            os.pwrite(target, chunk, at + done)
        done += len(chunk)


def copy(source: Path, target: Path) -> None:
    """Copy a card's file with its holes. Errors: CalledProcessError."""
    cp = shutil.which("cp") or "cp"
    subprocess.run([cp, "--sparse=always", str(source), str(target)], check=True)
