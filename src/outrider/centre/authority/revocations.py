"""Revocations, noted a second time beside the centre's folder: a restored copy forgets none.

A line each (`beside.py`): `{"unit", "key", "why", "at", "certificates": [[serial, until], ...]}`;
key: the signing key that is trusted no more, so that a unit that was enrolled anew since, with
another, is left alone. At each start of the intake the register is held against it, and what either
lacks is added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outrider.centre.authority.beside import Beside, BesideError
from outrider.centre.store.records import Certificate, EnrolledUnit
from outrider.centre.store.register import UnitRegister


@dataclass(frozen=True, slots=True)
class Revocation:
    """A unit, by its signing key, that is trusted no longer, with its certificates."""

    unit_id: str
    key: bytes
    why: str
    at: datetime
    certificates: tuple[tuple[int, datetime], ...]


class Revocations:
    """Those that are noted. Raises BesideError, OSError."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    def note(self, register: UnitRegister, unit: EnrolledUnit) -> None:
        """Note a unit that the register has as revoked."""
        revoked = _of(register, unit)
        self._beside.add(
            {
                "unit": revoked.unit_id,
                "key": revoked.key.hex(),
                "why": revoked.why,
                "at": revoked.at.isoformat(),
                "certificates": [[f"{n:x}", at.isoformat()] for n, at in revoked.certificates],
            }
        )

    def read(self) -> list[Revocation]:
        """Return what is noted, the oldest first."""
        found, fault = self._readable()
        if fault is not None:
            raise fault
        return found

    def _readable(self) -> tuple[list[Revocation], BesideError | None]:
        lines, fault = self._beside.readable()
        found = []
        for number, line in lines:
            if "certificates" in line:
                try:
                    found.append(_parse(line))
                except (ValueError, KeyError, TypeError) as error:
                    fault = fault or self._beside.wrong(number, error)
        return found, fault

    def compare(self, register: UnitRegister) -> list[str]:
        """Bring register and file to one state; return the units that are revoked again.

        Where a line is damaged, what the others revoke is revoked all the same, and then it is
        raised. Raises StoreError too.
        """
        noted, fault = self._readable()
        again = [one.unit_id for one in noted if _revoke_again(register, one)]
        if fault is not None:
            raise fault
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
