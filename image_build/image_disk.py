"""From a root's folder to what boots: erofs with dm-verity, the kernel, an initramfs of our own."""

import gzip
import hashlib
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 4096
_MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "dm_verity", "erofs", "i6300esb")
_LIBRARY = re.compile(r"(/\S+) \(0x")
_FOLDERS = ("bin", "dev", "lib", "lib/modules", "mnt", "proc", "root", "run", "sys")
_TOOLS = ("/usr/sbin/veritysetup", "/bin/busybox")
_SPACE = uuid.UUID("6d1d7c1e-5f0a-4d0b-9a58-0f2d5a0b7c11")


def verified(root: Path, image: Path, epoch: int) -> tuple[str, int]:
    """Write a root as erofs with its hash tree behind it; return root hash and offset."""
    image.unlink(missing_ok=True)
    subprocess.run(
        ["mkfs.erofs", "-zlz4hc", "-C65536", "--quiet", f"-T{epoch}",
         "-U", str(uuid.uuid5(_SPACE, "root")), str(image), str(root)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    size = -(-image.stat().st_size // _BLOCK) * _BLOCK
    with image.open("r+b") as file:
        file.truncate(size)
        file.seek(0)
        salt = hashlib.file_digest(file, "sha256").hexdigest()  # fixed by what it salts
    made = subprocess.run(
        ["veritysetup", "format", f"--salt={salt}", f"--uuid={uuid.uuid5(_SPACE, salt)}",
         f"--hash-offset={size}", f"--data-blocks={size // _BLOCK}", str(image), str(image)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = re.search(r"^Root hash:\s+([0-9a-f]{64})$", made.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"veritysetup told no root hash: {made.stdout}")
    return found[1], size


def kernel(root: Path, out: Path) -> str:
    """Take the kernel out of a root; return its version."""
    (image,) = (root / "boot").glob("vmlinuz-*")
    shutil.copyfile(image, out)
    for file in (root / "boot").iterdir():  # the boot slot has them
        file.unlink()
    return image.name.removeprefix("vmlinuz-")


def initramfs(root: Path, version: str, init: Path, out: Path) -> None:
    """Write an initramfs of a root's own busybox, veritysetup and modules."""
    entries: dict[str, bytes | None] = dict.fromkeys(_FOLDERS)
    entries["init"] = init.read_bytes()
    for tool in _TOOLS:
        for path in (tool, *_libraries(root, tool)):
            _add(entries, path, (root / path.lstrip("/")).resolve().read_bytes())
    for number, module in enumerate(_modules(root, version)):
        entries[f"lib/modules/{number:02}-{module.name}"] = module.read_bytes()
    with out.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        for number, name in enumerate(sorted(entries), 1):
            packed.write(_cpio(name, entries[name], number))
        packed.write(_cpio("TRAILER!!!", b"", 0))


def _add(entries: dict[str, bytes | None], path: str, content: bytes) -> None:
    relative = path.lstrip("/")
    for parent in list(Path(relative).parents)[:-1]:
        entries.setdefault(str(parent), None)
    entries[relative] = content


def _libraries(root: Path, program: str) -> list[str]:
    """Return the libraries that a program in a root loads; none for one that stands alone."""
    asked = subprocess.run(
        ["chroot", str(root), "ldd", program], capture_output=True, text=True, check=False
    )
    return _LIBRARY.findall(asked.stdout)


def _modules(root: Path, version: str) -> Iterator[Path]:
    """Yield modules in the order in which they are loaded, each once."""
    seen: set[Path] = set()
    for name in _MODULES:
        shown = subprocess.run(
            ["chroot", str(root), "modprobe", "--show-depends", "-S", version, name],
            check=False, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for line in shown.splitlines():
            word, _, rest = line.partition(" ")
            path = root / rest.split()[0].lstrip("/") if rest else root
            if word == "insmod" and path not in seen:
                seen.add(path)
                yield path


def _cpio(name: str, content: bytes | None, number: int) -> bytes:
    """Return an entry in cpio's "newc" form: a folder where there is no content."""
    data = content or b""
    mode = 0o040755 if content is None else 0o100755
    words = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = ("070701" + "".join(f"{word:08X}" for word in words) + name + "\0").encode()
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
