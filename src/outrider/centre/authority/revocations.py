"""Revocations, noted a second time beside the centre's folder: a restored copy forgets none.

A line of JSON each: `{"unit", "key", "why", "at", "certificates": [[serial, until], ...]}`; key:
the signing key that is trusted no more, so that a unit that was enrolled anew since, with another,
is left alone. At each start of the intake the register is held against it, and what either lacks
is added. The file is no part of a backup of the folder, and must not be put back with one.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from outrider import durable
from outrider.centre.folder import CentreFault
from outrider.centre.store.ports import UnitRegister
from outrider.centre.store.records import Certificate, EnrolledUnit


class RevocationsError(CentreFault):
    """The revocations kept outside the folder cannot be used: where, why, what to do."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """A unit, by its signing key, that is trusted no longer, with its certificates."""

    unit_id: str
    key: bytes
    why: str
    at: datetime
    certificates: tuple[tuple[int, datetime], ...]


class Revocations:
    """The file. Raises RevocationsError, OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, register: UnitRegister, unit: EnrolledUnit) -> None:
        """Note a unit that the register has as revoked."""
        revoked = _of(register, unit)
        line = json.dumps(
            {
                "unit": revoked.unit_id,
                "key": revoked.key.hex(),
                "why": revoked.why,
                "at": revoked.at.isoformat(),
                "certificates": [[f"{n:x}", at.isoformat()] for n, at in revoked.certificates],
            }
        )
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A line feed first: a line that a power cut tore does not take this one with it.
            os.write(handle, b"\n" + line.encode("ascii") + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            durable.sync_folder(self.path.parent)

    def read(self) -> list[Revocation]:
        """Return what is noted, the oldest first; the last line may be torn."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found = []
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    found.append(_parse(json.loads(line)))
                except (ValueError, KeyError, TypeError) as error:
                    if number < len(lines) - 1:
                        continue  # torn by a cut while it was written; the next line is whole
                    raise RevocationsError(f"{self.path}: line {number}: {error}") from error
        return found

    def compare(self, register: UnitRegister) -> list[str]:
        """Bring register and file to one state; return the units that are revoked again.

        Raises StoreError too.
        """
        noted = self.read()
        again = [one.unit_id for one in noted if _revoke_again(register, one)]
        known = {(one.unit_id, one.key) for one in noted}
        for unit in register.units():
            if unit.revoked_at is not None and (unit.unit_id, unit.signing_key.raw) not in known:
                self.note(register, unit)
        return again


def _of(register: UnitRegister, unit: EnrolledUnit) -> Revocation:
    if unit.revoked_at is None:
        raise ValueError(f"{unit.unit_id} is not revoked")
    certificates = [c for c in register.certificates(unit.unit_id) if c.revoked_at is not None]
    held = tuple((c.serial, c.not_after) for c in certificates)
    return Revocation(unit.unit_id, unit.signing_key.raw, unit.revoked_why, unit.revoked_at, held)


def _parse(raw: dict[str, Any]) -> Revocation:
    certificates = tuple(
        (int(serial, 16), datetime.fromisoformat(until)) for serial, until in raw["certificates"]
    )
    at = datetime.fromisoformat(raw["at"])
    return Revocation(
        str(raw["unit"]), bytes.fromhex(raw["key"]), str(raw["why"]), at, certificates
    )


def _revoke_again(register: UnitRegister, noted: Revocation) -> bool:
    """Revoke what the register has forgotten to be revoked; whether anything was."""
    unit = register.unit(noted.unit_id)
    forgotten = unit is not None and unit.revoked_at is None and unit.signing_key.raw == noted.key
    if forgotten:
        register.revoke(noted.unit_id, noted.why, noted.at)
    held = _by_serial(register.certificates(noted.unit_id))
    unknown = [(serial, until) for serial, until in noted.certificates if serial not in held]
    for serial, until in unknown:
        register.add_certificate(Certificate(serial, noted.unit_id, until, noted.at))
    return forgotten or bool(unknown)


def _by_serial(certificates: Sequence[Certificate]) -> dict[int, Certificate]:
    return {certificate.serial: certificate for certificate in certificates}
