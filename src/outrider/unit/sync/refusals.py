"""What the centre says when it does not take something: in a sentence, with what to do next."""

from dataclasses import dataclass

from outrider.outside import OutsideError, json_value
from outrider.shown import shown
from outrider.unit.reaching import UNITS_PORT, address_of
from outrider.unit.sync.transport import Answer

# The centre's codes (its intake's README) that nothing mends but somebody who does something.
_TO_DO = {
    "unknown-unit": "it does not know this unit: enrol it (outrider enrol --ticket FILE)",
    "revoked": "it trusts this unit no longer: ask its operator",
    "other-unit": "the unit's certificate is in another name: enrol it anew",
    "no-certificate": "it was shown no certificate: enrol this unit",
    "clock": "this unit's clock is too far off: set it, or wait for GPS",
}


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Why. grave: somebody must act. permanent: it is in vain to try again in this session."""

    text: str
    grave: bool = False
    permanent: bool = False


def of(answer: Answer, url: str) -> NotTaken:
    """Return what an answer means that is neither a receipt nor a refusal of the content."""
    where, status = address_of(url), answer.status
    if status in (404, 405):
        text = f"{where} answers, but takes nothing from units ({status}): {UNITS_PORT} (sync.url)"
        return NotTaken(text, grave=True, permanent=True)
    to_do = _TO_DO.get(code_of(answer), "")
    if status in (401, 403):
        reason = to_do or f"{said(answer)}; ask its operator"
        text = f"the centre at {where} does not accept this unit ({status}): {reason}"
        return NotTaken(text, grave=True, permanent=status == 403 or bool(to_do))
    return NotTaken(f"the centre at {where} cannot take it now ({status}: {said(answer)})")


def code_of(answer: Answer) -> str:
    """Return the centre's code for a refusal; empty where it gives none."""
    try:
        found = json_value(answer.body)
    except OutsideError:
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""


def said(answer: Answer) -> str:
    """Return what the centre says for itself, cut short and made safe to print."""
    try:
        found = json_value(answer.body)
        text = str(found.get("message", found)) if isinstance(found, dict) else str(found)
    except OutsideError:
        text = answer.body[:200].decode("ascii", "replace")
    return shown(text[:200])
