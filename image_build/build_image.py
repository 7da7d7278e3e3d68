"""Build an image from the layers and the pinned packages: the same input gives the same bytes.

    image_build/build --target qemu-amd64 --out DIR      (as root)
    image_build/build --target qemu-amd64 --repin        (writes the packages' lock anew)

Exit status: 0 done, 1 failed, 2 wrong use or a target that cannot be built here.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import image_disk
import image_papers
import image_python
import layers
import pins

HERE = Path(__file__).resolve().parent
_TOOLS = {
    "mmdebstrap": "mmdebstrap", "bdebstrap": "bdebstrap", "dpkg-scanpackages": "dpkg-dev",
    "mkfs.erofs": "erofs-utils", "veritysetup": "cryptsetup-bin", "bmaptool": "bmap-tools",
}  # fmt: skip
_CACHE = Path.home() / ".cache/outrider-image"
_PI = """\
{target} is not built here, and never was. What a Raspberry Pi's image needs (its kernel, firmware
and camera stack) comes from Raspberry Pi's own archive, through rpi-image-gen, on a machine that
reaches archive.raspberrypi.com. Ready for it: the layers image_build/layers/outrider-*.yaml,
in rpi-image-gen's form and checked (image_build/layers.py check). On that machine, after
  git clone https://github.com/raspberrypi/rpi-image-gen
`bin/ig metadata --lint FILE` checks each again. What is still missing: the folder of Python
packages for 64-bit Arm (IGconf_outrider_python), and a configuration that names the board's own
layers. Until then, set a unit up by hand: image_build/README.md."""
_ARM = """\
qemu-arm64 is not built yet: its packages are not pinned (image_build/packages/ has none for it),
and the folder of Python packages is made for this machine's processor alone. qemu-amd64 is built
here: image_build/build --target qemu-amd64"""
REFUSED = {"pi5": _PI, "pi4": _PI, "qemu-arm64": _ARM}


class BuildError(Exception):
    """The image cannot be built: what is in the way, and what to do."""


@dataclass(frozen=True)
class Target:
    """What can be built: its last layer, Debian's name for its processor, its pins."""

    name: str
    layer: str
    architecture: str
    suite: str

    @property
    def lock(self) -> Path:
        """The file of pins."""
        return HERE / "packages" / f"{self.name}.lock"

    @property
    def repin(self) -> str:
        """The command that writes the pins anew."""
        return f"image_build/build --target {self.name} --repin"


TARGETS = {"qemu-amd64": Target("qemu-amd64", "outrider-test-boot", "amd64", "bookworm")}


def say(text: str) -> None:
    """Print a step with the seconds since the start."""
    print(f"[{time.monotonic() - _START:6.1f} s] {text}", flush=True)


_START = time.monotonic()


def chain(target: Target) -> list[layers.Layer]:
    """Return the target's layers in order. Errors: BuildError where one has a fault."""
    found = layers.read_all()
    if said := list(layers.faults(found)):
        raise BuildError("\n".join(said))
    return layers.order(target.layer, found)


def repin(target: Target) -> None:
    """Write the target's pins anew, from Debian's archive as it is now."""
    wanted = {package for layer in chain(target) for package in layer.packages}
    found = pins.resolve(target.suite, target.architecture, wanted)
    newest = int(subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=HERE, check=True, capture_output=True, text=True
    ).stdout)  # fmt: skip
    pins.write(target.lock, pins.Lock(newest, found), target.repin)
    say(f"{target.lock.relative_to(HERE.parent)}: {len(found)} packages pinned")


def bootstrap(target: Target, lock: pins.Lock, work: Path, source: str) -> Path:
    """Run bdebstrap over the layers; return the root's folder."""
    words = [word for layer in chain(target) for word in ("-c", str(layer.path))]
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(lock.epoch),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "IGconf_outrider_source": str(HERE.parent),
        "IGconf_outrider_python": str(work / "site-packages"),
    }
    log = work / "bdebstrap.log"
    with log.open("wb") as file:
        done = subprocess.run(
            ["bdebstrap", *words, "--name", target.name, "--output", str(work / "made"),
             "--architectures", target.architecture, "--mode", "root", "--target", "root.tar",
             "--mirrors", source, "--tmpdir", str(work),
             "--cleanup-hook", 'rm -rf "$1/etc/apt/sources.list" "$1/etc/apt/sources.list.d"'],
            check=False, env=environment, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if done.returncode != 0:
        tail = log.read_text(errors="replace")[-1500:]
        raise BuildError(f"{tail}\nbdebstrap failed; a package that lacks: re-pin: {target.repin}")
    root = work / "root"
    root.mkdir()
    tar = work / "made/root.tar"
    say(f"the root's tar: SHA-256 {image_papers.digest(tar)}")
    subprocess.run(["tar", "-C", str(root), "--numeric-owner", "-xpf", str(tar)], check=True)
    return root


def build(target: Target, out: Path, cache: Path, mirror: str) -> None:
    """Build a target into a folder, which gets the image and its papers."""
    missing = sorted({_TOOLS[tool] for tool in _TOOLS if shutil.which(tool, path=_path()) is None})
    if missing:
        raise BuildError(f"not here: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        raise BuildError("an image is built as root: sudo image_build/build ...")
    lock = pins.read(target.lock, target.repin)
    say(f"{target.name}: {len(lock.pins)} Debian packages")
    for pin in lock.pins:
        pins.fetch(pin, cache, mirror, target.repin)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="outrider-image-", dir=out) as name:
        work = Path(name)
        work.chmod(0o755)
        source = pins.repository(lock.pins, cache, work / "debs", target.suite)
        say("Python packages, by hash")
        (work / "site-packages").mkdir()
        image_python.make(work / "site-packages", lock.epoch)
        say("the root, by bdebstrap")
        root = bootstrap(target, lock, work, source)
        say("erofs, verity, kernel, initramfs")
        write_all(target, lock, root, out)
    say(f"done: {out}")


def write_all(target: Target, lock: pins.Lock, root: Path, out: Path) -> None:
    """Write what boots, then the papers beside it."""
    stem = f"outrider-{target.name}"
    image, kernel, start = out / f"{stem}.img", out / f"{stem}.vmlinuz", out / f"{stem}.initrd"
    version = image_disk.kernel(root, kernel)
    image_disk.initramfs(root, version, HERE / "layers/test-image/init", start)
    root_hash, offset = image_disk.verified(root, image, lock.epoch)
    image_papers.bmap(image)
    debian = image_papers.licences(root, lock.pins)
    listed = image_papers.licence_list(debian, lock.pins)
    (out / f"{stem}.licences.txt").write_text(listed, encoding="utf-8")
    (out / f"{stem}.spdx.json").write_text(image_papers.spdx(stem, lock.epoch, lock.pins))
    manifest = {
        "target": target.name,
        "epoch": lock.epoch,
        "kernel": version,
        "verity": {"root_hash": root_hash, "hash_offset": offset},
        "layers": [layer.name for layer in chain(target)],
        "files": {path.name: image_papers.digest(path) for path in (image, kernel, start)},
        "debian": {one.name: [one.version, one.sha256] for one in lock.pins},
        "python": {name: one[0] for name, one in image_papers.python_versions().items()},
    }
    (out / f"{stem}.manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    image_papers.sums((image, kernel, start))
    for name, found in manifest["files"].items():
        say(f"{found}  {name}")


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def parsed(words: Iterable[str] | None) -> argparse.Namespace:
    """Return the command's words."""
    first, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="image_build/build", description=first, epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--target", required=True, choices=(*TARGETS, *REFUSED))
    parser.add_argument("--out", type=Path, default=Path("image"), help="folder (image)")
    parser.add_argument("--cache", type=Path, default=_CACHE, help="fetched packages")
    parser.add_argument("--mirror", default=pins.MIRROR, help=f"Debian's archive ({pins.MIRROR})")
    parser.add_argument("--repin", action="store_true", help="write the packages' lock anew")
    return parser.parse_args(words if words is None else list(words))


def main(words: Iterable[str] | None = None) -> int:
    """Do what was asked."""
    args = parsed(words)
    if args.target in REFUSED:
        print(REFUSED[args.target].format(target=args.target), file=sys.stderr)
        return 2
    target = TARGETS[args.target]
    os.environ["PATH"] = _path()
    try:
        if args.repin:
            repin(target)
        else:
            build(target, args.out.resolve(), args.cache, args.mirror)
    except (BuildError, pins.PinError, layers.LayerError, image_python.PythonError) as error:
        print(f"image_build/build: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"image_build/build: {error.cmd[0]} failed: {error.stderr or ''}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
