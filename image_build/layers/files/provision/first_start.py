#!/usr/bin/python3
"""Takes the bundle that makes this unit one of its own, and erases it from the card or the stick.

`outrider provision` wrote it into the folder `outrider-unit` of the partition bootsel, or of a USB
stick named OUTRIDER. Everything in it goes onto the encrypted data partition before it is erased
here; the ticket waits there until the centre has answered (outrider-enrol.service). A bundle whose
settings are wrong is left where it is, and why is written beside it, in `WRONG.txt`.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

SETTINGS = Path("/data/settings")
STATE = Path("/data/outrider")
SOURCES = (Path("/dev/disk/by-partlabel/bootsel"), Path("/dev/disk/by-label/OUTRIDER"))
PLACE = Path("/run/outrider-first-start")
OUTRIDER = ("/usr/bin/outrider",)
FOLDER = "outrider-unit"
OWNER = "outrider"
_MOST_BYTES = 256 * 1024


class BundleError(Exception):
    """The bundle is not taken: what is wrong with it."""


def content(bundle: Path) -> dict[str, bytes]:
    """Return the bundle's files by name. Errors: BundleError."""
    known = {"outrider.toml", "ticket.json", "gps-port", "wifi.nmconnection", "WRONG.txt"}
    names = {one.name for one in bundle.iterdir()}
    if strange := sorted(names - known):
        raise BundleError(f"{', '.join(strange)}: no file of a bundle: write it anew")
    if missing := sorted({"outrider.toml", "ticket.json"} - names):
        raise BundleError(f"{', '.join(missing)} is missing: write it anew")
    found = {}
    for name in sorted(names - {"WRONG.txt"}):
        with (bundle / name).open("rb") as file:
            found[name] = file.read(_MOST_BYTES + 1)
        if len(found[name]) > _MOST_BYTES:
            raise BundleError(f"{name} is longer than {_MOST_BYTES} bytes")
    return found


def keep(files: dict[str, bytes]) -> None:
    """Put the files where they belong, the settings checked first. Errors: BundleError."""
    _write(SETTINGS / "outrider.toml.new", files["outrider.toml"], 0o644)
    checked = subprocess.run(
        [*OUTRIDER, "config", "check", "-c", SETTINGS / "outrider.toml.new"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if checked.returncode != 0:
        (SETTINGS / "outrider.toml.new").unlink()
        raise BundleError(f"outrider.toml: {checked.stderr.strip()[-500:]}")
    (SETTINGS / "outrider.toml.new").replace(SETTINGS / "outrider.toml")
    if "gps-port" in files:
        _write(SETTINGS / "gps-port", files["gps-port"], 0o644)
    if "wifi.nmconnection" in files:
        (SETTINGS / "network").mkdir(mode=0o700, exist_ok=True)  # as data-partition makes it
        _write(SETTINGS / "network/depot.nmconnection", files["wifi.nmconnection"], 0o600)
    _write(STATE / "ticket.json", files["ticket.json"], 0o600)
    owner = pwd.getpwnam(OWNER)
    os.chown(STATE / "ticket.json", owner.pw_uid, owner.pw_gid)
    os.sync()


def _write(path: Path, data: bytes, mode: int) -> None:
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def erase(bundle: Path) -> None:
    """Write zeros over each file, then remove the folder. Flash may keep old cells: see README."""
    for path in bundle.iterdir():
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    shutil.rmtree(bundle)
    os.sync()


def take(root: Path) -> bool:
    """Take the bundle of a mounted file system; return whether there was one."""
    bundle = root / FOLDER
    if not bundle.is_dir():
        return False
    if (STATE / "enrolment.json").exists():
        print("first_start: this unit is enrolled: the bundle is another unit's, and is left")
        return False
    try:
        keep(content(bundle))
    except BundleError as error:
        print(f"first_start: the bundle is not taken: {error}", file=sys.stderr)
        (bundle / "WRONG.txt").write_text(f"{error}\n", encoding="utf-8")
        return False
    erase(bundle)
    print("first_start: the bundle is taken and erased")
    return True


def main() -> int:
    """Look at the card and at the stick."""
    PLACE.mkdir(mode=0o700, exist_ok=True)
    for source in SOURCES:
        if not source.exists():
            continue
        options = "noatime,nodev,nosuid,noexec,sync"
        subprocess.run(["mount", "-o", f"ro,{options}", source, PLACE], check=True)
        try:
            if not (PLACE / FOLDER).is_dir():
                continue  # at nearly every start: nothing is written where the slot's choice is
            subprocess.run(["mount", "-o", f"remount,rw,{options}", PLACE], check=True)
            if take(PLACE):
                return 0
        finally:
            subprocess.run(["umount", PLACE], check=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"first_start: {error}", file=sys.stderr)
        sys.exit(1)
