"""Updates for the check, made from one built image: newer, older, broken, and spoilt ones."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import build_image
import bundle
import update_keys

_MODELS = "usr/lib/outrider/venv/lib/python3.11/site-packages/outrider/unit/recognise/models"


WRONG = ("downgrade", "authority", "machine", "signature", "flipped", "truncated")


@dataclass(frozen=True)
class Bundles:
    """The updates: two that may be installed, one of which is not well; and the refused ones."""

    good: Path
    broken: Path
    downgrade: Path
    wrong: dict[str, Path]


def version_of(bundle_file: Path) -> str:
    """Return the version that a bundle's name says."""
    return bundle_file.stem.removesuffix("-downgrade").rpartition("-")[2]


def next_of(version: str, step: int) -> str:
    """Return a version that is so many steps newer in its last number; older for less than 0."""
    *head, last = (int(part) for part in version.split("."))
    if last + step < 0:
        *head, last = *head[:-1], head[-1] - 1, 99
        return ".".join(map(str, (*head, last)))
    return ".".join(map(str, (*head, last + step)))


def found(image: Path, target: str, out: Path) -> Bundles:
    """Return those that an earlier run made."""
    now, stem = bundle.built(image, target).version, f"outrider-{target}"
    return Bundles(
        out / f"{stem}-{next_of(now, 1)}.raucb",
        out / f"{stem}-{next_of(now, 2)}.raucb",
        out / f"{stem}-{next_of(now, -1)}-downgrade.raucb",
        {name: out / f"{name}.raucb" for name in WRONG},
    )


def make(image: Path, target: str, keys: update_keys.UpdateKeys, out: Path) -> Bundles:
    """Make them all in a folder. Errors: CalledProcessError, BundleError."""
    now = bundle.built(image, target)
    root = out / "root"
    subprocess.run(
        ["fsck.erofs", f"--extract={root}", str(now.root)], check=True, capture_output=True
    )
    for file in ("vmlinuz", "initrd"):
        shutil.copyfile(image / f"outrider-{target}.{file}", out / f"outrider-{target}.{file}")
    older = _variant(now, root, next_of(now.version, -1), keys, out)
    downgrade = out / f"outrider-{target}-{older.version}-downgrade.raucb"
    bundle.make(older, keys, downgrade, downgrade=True)
    refused = {"downgrade": out / "downgrade.raucb"}
    bundle.make(older, keys, refused["downgrade"])
    newer = _variant(now, root, next_of(now.version, 1), keys, out)
    good = out / f"outrider-{target}-{newer.version}.raucb"
    bundle.make(newer, keys, good)
    others = update_keys.make(out / "other-keys")
    refused["authority"] = out / "authority.raucb"
    bundle.make(newer, others, refused["authority"])
    refused["machine"] = out / "machine.raucb"
    bundle.make(replace(newer, compatible="outrider-pi5"), keys, refused["machine"])
    refused |= _spoilt(good, out)
    for model in (root / _MODELS).glob("*.tflite"):
        model.unlink()
    worse = _variant(now, root, next_of(now.version, 2), keys, out)
    broken = out / f"outrider-{target}-{worse.version}.raucb"
    bundle.make(worse, keys, broken)
    shutil.rmtree(root)
    return Bundles(good, broken, downgrade, refused)


def _variant(
    now: bundle.Parts, root: Path, version: str, keys: update_keys.UpdateKeys, out: Path
) -> bundle.Parts:
    """Write a root of another version, and the boot slot that belongs to it."""
    (root / "usr/lib/outrider/image-version").write_text(f"{version}\n", encoding="ascii")
    target = build_image.TARGETS[now.compatible.removeprefix("outrider-")]
    wanted = build_image.Wanted(target, out, version, keys)
    build_image.slots(wanted, now.epoch, root)
    made = replace(now, version=version, root=out / f"{version}.root", boot=out / f"{version}.boot")
    wanted.file("root").rename(made.root)
    wanted.file("boot").rename(made.boot)
    return made


def _spoilt(good: Path, out: Path) -> dict[str, Path]:
    """Return copies of a good bundle with one thing wrong each."""
    size, content = good.stat().st_size, bundle.payload_bytes(good)
    found = {name: out / f"{name}.raucb" for name in ("signature", "flipped", "truncated")}
    for path in found.values():
        shutil.copyfile(good, path)
    _flip(found["signature"], size - 200)  # in the signature, which is at the end
    _flip(found["flipped"], content // 8)  # in the root's image
    os.truncate(found["truncated"], size * 3 // 4)
    return found


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def stick(out: Path, label: str, files: list[Path]) -> Path:
    """Write a USB stick's file system that holds files. Errors: CalledProcessError."""
    size = sum(path.stat().st_size for path in files) + (64 << 20)
    out.unlink(missing_ok=True)
    subprocess.run(
        ["mkfs.vfat", "-F", "32", "-n", label, "-C", str(out), str(size // 1024)],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(["mcopy", "-i", str(out), *map(str, files), "::"], check=True)
    return out
