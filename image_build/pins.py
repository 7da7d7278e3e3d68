"""The Debian packages of an image, each pinned by name, version and SHA-256.

A lock file has a package a line: name, version, SHA-256, bytes, and the path below a mirror.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

MIRROR = "http://deb.debian.org/"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PARTS = (
    "debian {suite}",
    "debian {suite}-updates",
    "debian-security {suite}-security",
)
_LINE = re.compile(r"([a-z0-9.+-]+) (\S+) ([0-9a-f]{64}) (\d+) ([A-Za-z0-9._~:+%/-]+\.deb)")
_URI = re.compile(r"'([^']+)' (\S+) (\d+) SHA256:([0-9a-f]{64})")
_EPOCH = re.compile(r"# epoch (\d+)")
_TIMEOUT_S = 60


class PinError(Exception):
    """A package that cannot be had as it is pinned: which, and what to do."""


@dataclass(frozen=True)
class Pin:
    """One package as it must be; `path` is below the mirror."""

    name: str
    version: str
    sha256: str
    size: int
    path: str


@dataclass(frozen=True)
class Lock:
    """The pins, and the time (seconds since 1970) that every file of the image bears."""

    epoch: int
    pins: tuple[Pin, ...]


def read(path: Path, repin: str) -> Lock:
    """Read a lock file. Errors: PinError, which says `repin` where it lacks or is not whole."""
    if not path.is_file():
        raise PinError(f"{path} is not there: re-pin: {repin}")
    epoch, pins = 0, []
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        if match := _EPOCH.fullmatch(line):
            epoch = int(match[1])
        elif match := _LINE.fullmatch(line):
            pins.append(Pin(match[1], match[2], match[3], int(match[4]), match[5]))
        elif not line.startswith("#"):
            raise PinError(f"{path}, line {number}: not name, version, SHA-256, bytes, path")
    if not (epoch and pins):
        raise PinError(f"{path}: no '# epoch' or no package: re-pin: {repin}")
    return Lock(epoch, tuple(pins))


def write(path: Path, lock: Lock, made_by: str) -> None:
    """Write a lock file."""
    lines = [f"# Debian packages of the image. Made by: {made_by}", f"# epoch {lock.epoch}"]
    lines += [f"{one.name} {one.version} {one.sha256} {one.size} {one.path}" for one in lock.pins]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def resolve(suite: str, architecture: str, packages: Iterable[str]) -> tuple[Pin, ...]:
    """Ask Debian's archive, its signature checked, for what packages need (apt, network)."""
    with tempfile.TemporaryDirectory(prefix="outrider-pins-") as folder:
        apt = _private_apt(Path(folder), suite, architecture)
        subprocess.run([*apt, "-qq", "update"], check=True)
        wanted = ("?essential", "?priority(required)", "apt", *sorted(packages))
        printed = subprocess.run(
            [*apt, "-y", "--print-uris", "install", *wanted],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    found = []
    for uri, file, size, digest in _URI.findall(printed):
        name, version, _ = unquote(file).removesuffix(".deb").split("_")
        found.append(Pin(name, version, digest, int(size), uri.removeprefix(MIRROR)))
    return tuple(sorted(found, key=lambda one: one.name))


def _private_apt(folder: Path, suite: str, architecture: str) -> list[str]:
    """Return an apt-get that knows nothing of this machine's own packages."""
    for part in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d"):
        (folder / part).mkdir(parents=True)
    (folder / "state/status").touch()
    lines = (
        f"deb [signed-by={_KEYRING}] {MIRROR}{part.format(suite=suite)} main\n" for part in _PARTS
    )
    (folder / "sources.list").write_text("".join(lines))
    options = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "state/status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc": folder / "etc",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "0",
        "Acquire::ForceHash": "SHA256",
    }
    return ["apt-get", *(f"-o{name}={value}" for name, value in options.items())]


def fetch(pin: Pin, cache: Path, mirror: str, repin: str) -> Path:
    """Return a package's file, from the cache or the mirror, its digest checked."""
    kept = cache / f"{pin.sha256}.deb"
    if kept.is_file() and _digest(kept) == pin.sha256:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{os.getpid()}.part")
    try:
        with (
            urllib.request.urlopen(mirror + pin.path, timeout=_TIMEOUT_S) as answer,
            part.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
        if _digest(part) != pin.sha256:
            raise PinError(f"{pin.name} {pin.version}: the mirror gave other bytes than the pin's")
        part.replace(kept)
    except urllib.error.HTTPError as error:
        if error.code not in (403, 404, 410):
            raise PinError(f"{pin.name} {pin.version}: {mirror}: {error}: try again") from None
        raise PinError(f"{pin.name} {pin.version} has left the archive: re-pin: {repin}") from None
    except OSError as error:
        raise PinError(f"{pin.name} {pin.version}: {mirror}: {error}: try again") from None
    finally:
        part.unlink(missing_ok=True)
    return kept


def repository(pins: Iterable[Pin], cache: Path, folder: Path, suite: str) -> str:
    """Lay out fetched packages as an apt source of these and no others; return its line.

    apt need not ask for a signature: every file was checked against its pin.
    """
    folder.mkdir(parents=True)
    for pin in pins:
        shutil.copyfile(cache / f"{pin.sha256}.deb", folder / Path(unquote(pin.path)).name)
    scan = ["dpkg-scanpackages", "--multiversion", "."]
    with (folder / "Packages").open("wb") as file:
        subprocess.run(scan, check=True, cwd=folder, stdout=file, stderr=subprocess.DEVNULL)
    listed = folder / "Packages"
    release = (  # mmdebstrap asks for the essential packages of this suite by name
        f"Suite: {suite}\nCodename: {suite}\nDate: Thu, 01 Jan 1970 00:00:00 UTC\n"
        f"SHA256:\n {_digest(listed)} {listed.stat().st_size} Packages\n"
    )
    (folder / "Release").write_text(release, encoding="ascii")
    return f"deb [trusted=yes] copy://{folder} ./"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
