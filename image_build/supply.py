#!/usr/bin/env python3
"""What Outrider is made of besides its own code: licences, hashes, known faults.

  .venv/bin/python image_build/supply.py licences   writes LICENCES.md from what is installed here
  .venv/bin/python image_build/supply.py lock       writes constraints.lock: every pin with hashes
  .venv/bin/python image_build/supply.py audit      asks the advisory service about every pin

`lock` and `audit` need a package index; `audit` installs pip-audit into an environment of its own
and needs PyPI's advisory service as well. `--check` with the first two only
tells whether the file is as it should be.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
LICENCES = HERE / "LICENCES.md"
PINS = HERE / "constraints.txt"
LOCK = HERE / "constraints.lock"
_TIERS = {"unit": "", "centre": "centre", "demo": "demo", "test": "test"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MARKER_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_LONGEST = 60
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
_DRY = ("--dry-run", "--ignore-installed")
_ARM = (
    "--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--target", "/nonexistent",
    *(f"--platform={name}_aarch64" for name in (
        "linux", "manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28",
        "manylinux_2_31", "manylinux_2_34",
    )),
)  # fmt: skip
_LOCK_HEAD = """\
# Every package of outrider[test] for Python 3.11 on x86-64 and 64-bit Arm, with hashes.
# Made by: image_build/supply.py lock
# Installed by: OUTRIDER_LOCKED=1 bash image_build/setup.sh test
"""
_HEAD = """# Licences of what is installed

Made by `image_build/supply.py licences` from the installed distributions' own words; a package
stands in the first tier that needs it (`demo`, `test`: on no appliance and no centre).

| tier | package | version | licence |
|---|---|---|---|
"""
_CARRIED = """
## Libraries inside the wheels

They come under licences of their own. `libpostproc` or `libx264` says that this FFmpeg is built
under the GPL: an appliance takes `av` from Debian (`python3-av`, which picamera2 needs anyway), and
so does whoever ships an image that must hold nothing under it.

| tier | package | libraries |
|---|---|---|
"""


def folded(name: str) -> str:
    """Return a distribution's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(extra: str) -> dict[str, metadata.Distribution]:
    """Return the installed distributions that outrider with an extra needs, itself left out."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [("outrider", frozenset({extra} - {""}))]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python
        found[folded(name)] = distribution
        waiting.extend(_requirements(distribution, extras))
    found.pop("outrider")
    return found


def _requirements(
    distribution: metadata.Distribution, extras: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    for text in distribution.requires or []:
        only_with = _MARKER_EXTRA.search(text)
        if only_with is not None and only_with[1] not in extras:
            continue
        name = _NAME.match(text)
        bracket = re.match(r"[^\[;]*\[([^\]]+)\]", text)
        inner = frozenset(map(str.strip, bracket[1].split(","))) if bracket else frozenset()
        if name is not None:
            yield folded(name[0]), inner


def licence_of(distribution: metadata.Distribution) -> str:
    """Return what a distribution says of its licence; empty where it says nothing."""
    about = distribution.metadata
    said = about.get("License-Expression") or ""
    classified = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    free = (about.get("License") or "").strip().splitlines()
    first = free[0] if free and len(free[0]) <= _LONGEST else ""
    named = said or ", ".join(classified) or ("" if first == "UNKNOWN" else first)
    return named or _title_of_text(distribution)


def _title_of_text(distribution: metadata.Distribution) -> str:
    """Return the first line of the licence's text, where a distribution brings one."""
    for file in distribution.files or ():
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            lines = file.read_text(encoding="utf-8").split("\n")
            return next((line.strip() for line in lines if line.strip()), "")[:_LONGEST]
    return ""


def carried_by(distribution: metadata.Distribution) -> list[str]:
    """Return the native libraries that a wheel carries beside its own code, without versions."""
    names = (
        file.name.split(".so")[0].rpartition("-")[0] or file.name.split(".so")[0]
        for file in distribution.files or ()
        if file.parts[0].endswith(".libs")
    )
    return sorted(set(names))


def licences_text() -> str:
    """Return LICENCES.md."""
    lines, carried, listed = [], [], set()
    for tier, extra in _TIERS.items():
        for name, distribution in sorted(needed(extra).items()):
            if name not in listed:
                listed.add(name)
                licence = licence_of(distribution) or "NOT STATED: find out before it ships"
                lines.append(f"| {tier} | {name} | {distribution.version} | {licence} |")
                if libraries := carried_by(distribution):
                    carried.append(f"| {tier} | {name} | {', '.join(libraries)} |")
    return _HEAD + "\n".join(lines) + "\n" + _CARRIED + "\n".join(carried) + "\n"


def pins(text: str) -> dict[str, str]:
    """Return versions by name of a constraints or lock file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", text, re.MULTILINE)
    return {folded(name): version for name, version in found}


def lock_faults() -> list[str]:
    """Return how the lock differs from the pins, and which of its lines have no hash."""
    text = LOCK.read_text(encoding="utf-8")
    pinned, locked = pins(PINS.read_text(encoding="utf-8")), pins(text)
    faults = [
        f"{name}: pinned {pinned.get(name, 'not at all')}, locked {locked.get(name, 'not at all')}"
        for name in sorted(pinned.keys() & locked.keys())
        if pinned[name] != locked[name]
    ]
    parts = re.split(r"\n(?=[A-Za-z0-9])", text)
    bare = [part for part in parts if "==" in part and "--hash=sha256:" not in part]
    return faults + [f"{part.split()[0]}: no hash" for part in bare]


def lock() -> int:
    """Write the lock: what outrider[test] needs here and on 64-bit Arm, by the index's own hashes.

    What is locked at the pinned version stays as it is. Exit 1: for some package the index has no
    file for Arm; it is named.
    """
    here = _report("--constraint", str(PINS), ".[test]", "setuptools>=69")
    before, lines, only_here = _locked(), [], []
    for name, (version, digest) in sorted(here.items()):
        if name == "outrider":
            continue
        hashes = before.get((name, version)) or {digest}
        if len(hashes) == 1 and not _is_for_all(name):
            hashes |= _on_arm(name, version)
            only_here += [name] if len(hashes) == 1 else []
        rest = [f"    --hash=sha256:{one}" for one in sorted(hashes)]
        lines.append(" \\\n".join([f"{name}=={version}", *rest]))
    LOCK.write_text(_LOCK_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    for name in only_here:
        print(f"{name}: no file for Arm: locked for this machine alone", file=sys.stderr)
    return int(bool(only_here))


def _locked() -> dict[tuple[str, str], set[str]]:
    """Return the hashes that the lock holds by name and version."""
    text = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
    parts = (part for part in re.split(r"\n(?=[A-Za-z0-9])", text) if "==" in part)
    return {
        next(iter(pins(part).items())): set(re.findall(r"sha256:([0-9a-f]{64})", part))
        for part in parts
    }


def _report(*words: str) -> dict[str, tuple[str, str]]:
    """Return version and SHA-256 by name of what pip would install."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = (*_PIP, "install", *_DRY, "--report", file.name, *words)
        subprocess.run(command, check=True, cwd=HERE.parent)
        report = json.load(file)
    return {
        folded(one["metadata"]["name"]): (
            one["metadata"]["version"],
            one["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256", ""),
        )
        for one in report["install"]
    }


def _on_arm(name: str, version: str) -> set[str]:
    """Return the hash of a package's file for 64-bit Arm, or of its source where there is none."""
    for words in (_ARM, ("--no-deps", "--no-binary", name)):
        try:
            return {digest for _, digest in _report(*words, f"{name}=={version}").values()}
        except subprocess.CalledProcessError:
            continue
    return set()


def _is_for_all(name: str) -> bool:
    """Whether the installed distribution is pure Python: one file for every machine."""
    try:
        wheel = metadata.distribution(name).read_text("WHEEL") or ""
    except metadata.PackageNotFoundError:
        return False
    return "Root-Is-Purelib: true" in wheel


def _tool(package: str, *words: str) -> int:
    """Run a tool of the index's in an environment of its own; return its exit status."""
    with tempfile.TemporaryDirectory(prefix="outrider-supply-") as folder:
        venv.create(folder, with_pip=True)
        place = Path(folder) / "bin"
        subprocess.run([place / "pip", "install", "--quiet", package], check=True)
        done = subprocess.run([place / words[0], *words[1:]], cwd=HERE.parent, check=False)
        return done.returncode


def audit() -> int:
    """Ask about every pin. Exit 0: no known fault; 1: some, or one that could not be asked about.

    An index that is a mirror serves no advisories: then every pin is one that was not found.
    """
    return _tool(
        "pip-audit", "pip-audit", "--strict", "--progress-spinner", "off", "--no-deps",
        "--disable-pip", "--timeout", "20", "-r", str(PINS),
    )  # fmt: skip


def main() -> int:
    """Do what was asked. Exit 1: a file is not as it should be, or a fault is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("licences", "lock", "audit"))
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    if args.part == "audit":
        return audit()
    if args.part == "lock":
        faults = lock_faults() if args.check else []
        for fault in faults:
            print(fault, file=sys.stderr)
        return int(bool(faults)) if args.check else lock()
    text = licences_text()
    if not args.check:
        LICENCES.write_text(text, encoding="utf-8")
        return 0
    same = LICENCES.read_text(encoding="utf-8") == text
    if not same:
        print("LICENCES.md is not what is installed: supply.py licences", file=sys.stderr)
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
