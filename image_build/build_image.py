"""Build an image from the layers and the pinned packages: the same input gives the same bytes.

    image_build/build --target qemu-amd64 --out DIR      (as root)
    image_build/build --target qemu-amd64 --repin        (writes the packages' lock anew)

Exit status: 0 done, 1 failed, 2 wrong use or a target that cannot be built here.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import bundle
import card
import image_disk
import image_papers
import image_python
import layers
import pins
import update_keys

import outrider

HERE = Path(__file__).resolve().parent
_TOOLS = {
    "mmdebstrap": "mmdebstrap", "bdebstrap": "bdebstrap", "dpkg-scanpackages": "dpkg-dev",
    "mkfs.erofs": "erofs-utils", "veritysetup": "cryptsetup-bin", "bmaptool": "bmap-tools",
    "mkfs.vfat": "dosfstools", "mcopy": "mtools", "sfdisk": "fdisk", "rauc": "rauc",
}  # fmt: skip
_CACHE = Path.home() / ".cache/outrider-image"
_CMDLINE = (
    "console=ttyS0 panic=5 systemd.show_status=no outrider.hash={hash} outrider.offset={offset}\n"
)
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


_VERSION = re.compile(r"\d+(\.\d+)*")
_OWN = _VERSION.match(outrider.__version__)[0]  # type: ignore[index]


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


@dataclass(frozen=True)
class Wanted:
    """What is asked for: where it is put, its version, whom its updates are trusted from."""

    target: Target
    out: Path
    version: str
    keys: update_keys.UpdateKeys

    @property
    def stem(self) -> str:
        """How the files' names begin."""
        return f"outrider-{self.target.name}"

    def file(self, kind: str) -> Path:
        """Return one of the files."""
        return self.out / f"{self.stem}.{kind}"


TARGETS = {"qemu-amd64": Target("qemu-amd64", "outrider-test-boot", "amd64", "bookworm")}


_ERRORS = (
    BuildError, bundle.BundleError, card.CardError, pins.PinError, layers.LayerError,
    image_python.PythonError, update_keys.KeysError,
)  # fmt: skip


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


def bootstrap(wanted: Wanted, lock: pins.Lock, work: Path, source: str) -> Path:
    """Run bdebstrap over the layers; return the root's folder."""
    target = wanted.target
    words = [word for layer in chain(target) for word in ("-c", str(layer.path))]
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(lock.epoch),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "IGconf_outrider_source": str(HERE.parent),
        "IGconf_outrider_python": str(work / "site-packages"),
        "IGconf_outrider_target": target.name,
        "IGconf_outrider_version": wanted.version,
        "IGconf_outrider_authority": str(wanted.keys.authority),
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


def build(wanted: Wanted, cache: Path, mirror: str) -> None:
    """Build a target into a folder, which gets the image and its papers."""
    target, out = wanted.target, wanted.out
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
        root = bootstrap(wanted, lock, work, source)
        say("erofs, verity, kernel, initramfs, card, bundle")
        write_all(wanted, lock, root)
    say(f"done: {out}")


def write_all(wanted: Wanted, lock: pins.Lock, root: Path) -> None:
    """Write the slots' images, the card and the update, then the papers beside them."""
    kernel, start = wanted.file("vmlinuz"), wanted.file("initrd")
    version = image_disk.kernel(root, kernel)
    image_disk.initramfs(root, version, HERE / "layers/test-image/init", start)
    debian = image_papers.licences(root, lock.pins)
    verity = slots(wanted, lock.epoch, root)
    card.lay_out(wanted.file("img"), wanted.file("boot"), wanted.file("root"), lock.epoch)
    image_papers.bmap(wanted.file("img"))
    listed = image_papers.licence_list(debian, lock.pins)
    wanted.file("licences.txt").write_text(listed, encoding="utf-8")
    wanted.file("spdx.json").write_text(image_papers.spdx(wanted.stem, lock.epoch, lock.pins))
    images = [wanted.file(kind) for kind in ("img", "boot", "root")]
    digests = {path.name: image_papers.digest(path) for path in images}
    manifest = {
        "target": wanted.target.name,
        "version": wanted.version,
        "epoch": lock.epoch,
        "kernel": version,
        "verity": verity,
        "layers": [layer.name for layer in chain(wanted.target)],
        "files": digests,
        "debian": {one.name: [one.version, one.sha256] for one in lock.pins},
        "python": {name: one[0] for name, one in image_papers.python_versions().items()},
    }
    wanted.file("manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    image_papers.sums(images)
    for name, found in digests.items():
        say(f"{found}  {name}")
    update(wanted)


def slots(wanted: Wanted, epoch: int, root: Path) -> dict[str, object]:
    """Write the root's and the boot slot's image; return the root's hash and its tree's place."""
    root_hash, offset = image_disk.verified(root, wanted.file("root"), epoch)
    files: dict[str, bytes | Path] = {
        "vmlinuz": wanted.file("vmlinuz"),
        "initrd": wanted.file("initrd"),
        "cmdline.txt": _CMDLINE.format(hash=root_hash, offset=offset).encode(),
    }
    card.fat(wanted.file("boot"), card.BOOT_MIB, "BOOT", files, epoch)
    return {"root_hash": root_hash, "hash_offset": offset}


def update(wanted: Wanted) -> None:
    """Write the image once more, as the update that units with an older one take."""
    out = wanted.out / f"{wanted.stem}-{wanted.version}.raucb"
    bundle.make(bundle.built(wanted.out, wanted.target.name), wanted.keys, out)
    content = bundle.payload_digest(out)
    out.with_suffix(".raucb.content.sha256").write_text(f"{content}\n", encoding="ascii")
    say(f"{content}  the content of {out.name} (its signature is new each time)")


def _version(text: str) -> str:
    if _VERSION.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r}: units compare versions: numbers and dots")
    return text


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
    parser.add_argument(
        "--version", type=_version, default=_OWN, help=f"of the image, numbers and dots ({_OWN})"
    )
    parser.add_argument(
        "--keys", type=Path, default=Path("update-keys"), help="of updates (update-keys)"
    )
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
            keys = update_keys.there(args.keys.resolve())
            build(Wanted(target, args.out.resolve(), args.version, keys), args.cache, args.mirror)
    except _ERRORS as error:
        print(f"image_build/build: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"image_build/build: {error.cmd[0]} failed: {error.stderr or ''}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
