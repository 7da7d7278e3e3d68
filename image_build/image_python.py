"""The image's folder of Python packages: what constraints.lock pins, by hash, and Outrider."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import supply

ROOT = Path(__file__).resolve().parents[1]
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "image_build/wheel_backend.py")
_BUILD = "import sys; sys.path.insert(0, 'image_build'); import setuptools; setuptools.setup()"
_TREES = ("src", "firmware/alarm")


class PythonError(Exception):
    """The folder cannot be made: what is in the way, and what to do."""


def pinned() -> dict[str, str]:
    """Return the lock's lines by name for what the unit needs. Errors: PythonError."""
    text = supply.LOCK.read_text(encoding="utf-8")
    parts = [part for part in re.split(r"\n(?=[A-Za-z0-9])", text) if "--hash=" in part]
    locked = {name: part.strip() for part in parts for name in supply.pins(part)}
    wanted = supply.needed("")
    if missing := sorted(wanted.keys() - locked.keys()):
        raise PythonError(
            f"{', '.join(missing)}: no pin in {supply.LOCK.name}:"
            " re-pin: .venv/bin/python image_build/supply.py lock"
        )
    return {name: locked[name] for name in sorted(wanted)}


def make(folder: Path, epoch: int) -> None:
    """Fill an empty folder with packages, of which the same pins give the same files."""
    with tempfile.TemporaryDirectory(prefix="outrider-python-") as name:
        needs = Path(name) / "needs.txt"
        needs.write_text("\n".join(pinned().values()) + "\n", encoding="utf-8")
        subprocess.run(
            [*_PIP, "install", "--require-hashes", "--no-deps", "--no-compile",
             "--no-build-isolation", "--target", str(folder), "-r", str(needs)],
            check=True, env=_environment(epoch),
        )  # fmt: skip
        shutil.rmtree(folder / "bin", ignore_errors=True)  # their paths are this machine's
        _own(Path(name), folder, epoch)
    for cache in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    for record in folder.glob("*.dist-info/RECORD"):  # names what was taken out
        record.unlink()


def _own(work: Path, folder: Path, epoch: int) -> None:
    """Add Outrider from a clean copy: what an earlier build left in the tree is no part of it."""
    copy = work / "outrider"
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for tree in _TREES:
        shutil.copytree(ROOT / tree, copy / tree, symlinks=True, ignore=left_out)
    (copy / "image_build").mkdir()
    for file in _SOURCES:
        shutil.copyfile(ROOT / file, copy / file)
    (copy / "models").mkdir()
    for model in (*ROOT.glob("models/*.tflite"), *ROOT.glob("models/*.json")):
        shutil.copyfile(model, copy / "models" / model.name)
    subprocess.run(
        [sys.executable, "-c", _BUILD, "--quiet", "build_py", "--build-lib", str(folder)],
        check=True, cwd=copy, env=_environment(epoch), capture_output=True, text=True,
    )  # fmt: skip


def _environment(epoch: int) -> dict[str, str]:
    return {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C", "PYTHONHASHSEED": "0"}
