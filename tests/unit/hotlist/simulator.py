"""python-tuf's own RepositorySimulator, which ships in its source distribution only."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
import tuf

_SDISTS = {"7.0.1": "5ada1db78da3518fa851e28588f4b2249b8662a28ae528f54afa2a1de541fb31"}
_MEMBER = "tests/repository_simulator.py"


def load(cache: Path) -> ModuleType:
    """Return the simulator's module; skip, saying why, where it cannot be had.

    The archive is that of $OUTRIDER_TUF_SDIST, or fetched from the package index by pip.
    """
    version = tuf.__version__
    if version not in _SDISTS:
        pytest.skip(f"no digest noted for the source distribution of tuf {version}")
    archive = _archive(version, cache)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != _SDISTS[version]:
        pytest.fail(f"{archive} is not the tuf {version} that was noted")
    target = cache / "repository_simulator.py"
    with tarfile.open(archive) as bundle:
        member = bundle.extractfile(f"tuf-{version}/{_MEMBER}")
        assert member is not None
        target.write_bytes(member.read())
    spec = importlib.util.spec_from_file_location("tuf_repository_simulator", target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _archive(version: str, cache: Path) -> Path:
    if given := os.environ.get("OUTRIDER_TUF_SDIST"):
        return Path(given)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        "tuf",
    ]
    got = subprocess.run(
        [*command, "--dest", str(cache), f"tuf=={version}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if got.returncode:
        pytest.skip(
            f"tuf's source distribution cannot be had: set OUTRIDER_TUF_SDIST ({got.stderr[-200:]})"
        )
    return cache / f"tuf-{version}.tar.gz"
