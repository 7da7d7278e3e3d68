"""An update as a signed RAUC bundle: the root and the boot slot of one image.

.venv/bin/python image_build/bundle.py IMAGE_DIR --keys DIR --out FILE.raucb [--downgrade]
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import update_keys

_MANIFEST = """\
[update]
compatible={compatible}
version={version}

[bundle]
format=verity

[image.root]
filename=root.img

[image.boot]
filename=boot.img
"""
_SQUASHFS_BYTES = slice(40, 48)  # of its superblock: how long it is, without what stands behind


class BundleError(Exception):
    """The bundle cannot be made: what RAUC said."""


@dataclass(frozen=True)
class Parts:
    """What a bundle is made of; epoch: the time (seconds since 1970) that its files bear."""

    root: Path
    boot: Path
    compatible: str
    version: str
    epoch: int


def make(parts: Parts, keys: update_keys.UpdateKeys, out: Path, *, downgrade: bool = False) -> None:
    """Write a signed bundle; downgrade: one that units with a newer image may take.

    Errors: BundleError.
    """
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="outrider-bundle-", dir=out.parent) as name:
        content = Path(name) / "content"
        content.mkdir()
        for path, file in ((parts.root, "root.img"), (parts.boot, "boot.img")):
            _link(path, content / file)
        told = _MANIFEST.format(compatible=parts.compatible, version=parts.version)
        (content / "manifest.raucm").write_text(told, encoding="ascii")
        if downgrade:
            (content / "downgrade-allowed").touch()
        done = subprocess.run(
            ["rauc", "bundle", f"--cert={keys.certificate}", f"--key={keys.key}",
             f"--keyring={keys.authority}", "--mksquashfs-args=-noI -noD -noF -noX -processors 1",
             str(content), str(out)],
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(parts.epoch)},
        )  # fmt: skip
    if done.returncode != 0:
        raise BundleError(f"rauc bundle: {done.stderr.strip()[-500:]}")


def _link(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except OSError:  # another disk
        shutil.copyfile(path, place)


def payload_bytes(bundle: Path) -> int:
    """Return how many bytes of a bundle are its content: what follows is salted and signed anew."""
    with bundle.open("rb") as file:
        return int.from_bytes(file.read(96)[_SQUASHFS_BYTES], "little")


def payload_digest(bundle: Path) -> str:
    """Return the SHA-256 of a bundle's content, in hexadecimal."""
    digest, left = hashlib.sha256(), payload_bytes(bundle)
    with bundle.open("rb") as file:
        while left and (chunk := file.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def built(folder: Path, target: str) -> Parts:
    """Return the parts of a built image. Errors: OSError, KeyError."""
    stem = folder / f"outrider-{target}"
    told = json.loads(Path(f"{stem}.manifest.json").read_text(encoding="utf-8"))
    return Parts(
        Path(f"{stem}.root"), Path(f"{stem}.boot"), stem.name, told["version"], told["epoch"]
    )


def main() -> int:
    """Make a bundle of a built image."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path, help="folder of image_build/build")
    parser.add_argument("--target", default="qemu-amd64")
    parser.add_argument("--keys", type=Path, required=True, help="folder of update_keys.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--downgrade", action="store_true", help="newer units may take it too")
    args = parser.parse_args()
    try:
        keys = update_keys.there(args.keys)
        make(built(args.image, args.target), keys, args.out, downgrade=args.downgrade)
    except (BundleError, update_keys.KeysError, OSError, KeyError) as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
