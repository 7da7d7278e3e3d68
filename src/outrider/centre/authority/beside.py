"""The file beside the centre's folder: what a restored copy of the folder must not forget.

A line each, only ever added to: a check (the first 8 bytes of the SHA-256 of what follows it, as 16
hex digits), a space, a JSON object. It is no part of a backup of the folder, and must not be put
back with one. See `revocations.py` and `tickets.py` for what stands in it.

A line is written with a line feed before and after it. So one that a power cut tore, which has no
end of its own, is followed at once by the next; one that the disk damaged later has an empty line
after it, and is a fault: it may be the one that shut a stolen unit out.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from outrider import durable
from outrider.centre.folder import CentreFault, CentreFolder, CentreSettings


class BesideError(CentreFault):
    """What is kept outside the folder cannot be used: where, why, what to do."""


class Beside:
    """The file; made by root, it is the owner's of the folder that it is about.

    Raises BesideError, OSError.
    """

    def __init__(self, path: Path, about: Path | None = None) -> None:
        self.path = path
        self._about = about

    @classmethod
    def of(cls, folder: CentreFolder, settings: CentreSettings) -> "Beside":
        """Return that of a centre."""
        return cls(settings.certificates.revocations or folder.revocations, folder.root)

    def add(self, line: dict[str, Any]) -> None:
        """Add a line; it is on the disk when this returns."""
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if new and self._about is not None and os.geteuid() == 0:
                owner = os.stat(self._about)
                os.fchown(handle, owner.st_uid, owner.st_gid)
            # A line feed first: a line that a power cut tore does not take this one with it.
            text = json.dumps(line).encode("ascii")
            os.write(handle, b"\n%b %b\n" % (_check(text), text))
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            durable.sync_folder(self.path.parent)

    def lines(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the lines with their numbers, the oldest first; what a cut tore is left out."""
        found, fault = self.readable()
        if fault is not None:
            raise fault
        return found

    def readable(self) -> tuple[list[tuple[int, dict[str, Any]]], BesideError | None]:
        """Return the lines that can be read, and what is wrong with the first that cannot."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return [], None
        found: list[tuple[int, dict[str, Any]]] = []
        fault = None
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    found.append((number, _object(line)))
                except ValueError as error:
                    is_torn = number < len(lines) and lines[number].strip()
                    if not is_torn and fault is None:
                        fault = self.wrong(number, error)
        return found, fault

    def wrong(self, number: int, error: Exception) -> BesideError:
        """Return what is wrong with a line, and what to do."""
        return BesideError(
            f"{self.path}: line {number}: {error}; it may have shut out a unit or a ticket: "
            "revoke again what the audit trail says was revoked, then take this line out"
        )


def _object(line: bytes) -> dict[str, Any]:
    check, _, text = line.partition(b" ")
    if check != _check(text):
        raise ValueError("it is not what was written")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not what this program writes")
    return found


def _check(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii")
