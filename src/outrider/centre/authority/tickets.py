"""One-time tickets, noted beside the centre's folder: one that is used or void stays so.

Two lines of each (`beside.py`), by the digest of its code: `{"ticket", "unit", "made"}`, and
`{"ticket", "unit", "used", "key", "tls_key"}` with the keys that it was used for. A register that
was restored from a copy would take the code again, from whoever found the ticket meanwhile, and
make him the unit. A unit's last one that was made is the only one that may still be good.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outrider.centre.authority.beside import Beside
from outrider.centre.store.records import EnrolmentTicket, TicketUse
from outrider.centre.store.register import UnitRegister


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is noted: of each unit the last ticket made, and of each used one what for."""

    last: dict[str, bytes]
    made: frozenset[bytes]
    used: dict[bytes, TicketUse]


class Tickets:
    """Those that are noted. Raises BesideError, OSError."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    def made(self, unit_id: str, digest: bytes, at: datetime) -> None:
        """Note a ticket that is about to be made: those of the unit before it are void."""
        self._beside.add({"ticket": digest.hex(), "unit": unit_id, "made": at.isoformat()})

    def used(self, unit_id: str, digest: bytes, use: TicketUse) -> None:
        """Note that a ticket is used, if it is not noted yet; before its unit has the answer."""
        if digest not in self._read().used:
            self._beside.add(
                {
                    "ticket": digest.hex(),
                    "unit": unit_id,
                    "used": use.at.isoformat(),
                    "key": use.signing_key.hex(),
                    "tls_key": use.tls_key.hex(),
                }
            )

    def compare(self, register: UnitRegister) -> list[str]:
        """Bring register and file to one state; return the units whose tickets are void again.

        Raises StoreError too.
        """
        noted, again = self._read(), []
        for ticket in register.tickets():
            use = noted.used.get(ticket.code_digest)
            if ticket.use is None and use is not None:
                register.use_ticket(ticket.code_digest, use)
                again.append(ticket.unit_id)
            elif ticket.use is None and self._is_void(ticket, noted):
                register.drop_ticket(ticket.code_digest)
                again.append(ticket.unit_id)
            else:
                self._note(ticket, noted)
        return again

    @staticmethod
    def _is_void(ticket: EnrolmentTicket, noted: _Noted) -> bool:
        return noted.last.get(ticket.unit_id, ticket.code_digest) != ticket.code_digest

    def _note(self, ticket: EnrolmentTicket, noted: _Noted) -> None:
        """Note what the register alone knows."""
        if ticket.use is None and ticket.code_digest not in noted.made:
            self.made(ticket.unit_id, ticket.code_digest, ticket.expires_at)
        elif ticket.use is not None and ticket.code_digest not in noted.used:
            self.used(ticket.unit_id, ticket.code_digest, ticket.use)

    def _read(self) -> _Noted:
        last: dict[str, bytes] = {}
        used: dict[bytes, TicketUse] = {}
        made: set[bytes] = set()
        for number, line in self._beside.lines():
            if "ticket" in line:
                try:
                    digest = bytes.fromhex(line["ticket"])
                    if "used" in line:
                        used[digest] = _use(line)
                    else:
                        last[str(line["unit"])] = digest
                        made.add(digest)
                except (ValueError, KeyError, TypeError) as error:
                    raise self._beside.wrong(number, error) from error
        return _Noted(last, frozenset(made), used)


def _use(line: dict[str, Any]) -> TicketUse:
    at, key = datetime.fromisoformat(line["used"]), bytes.fromhex(line["key"])
    return TicketUse(at, key, bytes.fromhex(line["tls_key"]))
