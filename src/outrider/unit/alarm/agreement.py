"""Whether the Python side says the same as protocol.h."""

from functools import cache
from pathlib import Path

from outrider.unit.alarm.header import Header, parse
from outrider.unit.alarm.messages import LAYOUTS
from outrider.unit.alarm.protocol import CONSTANTS, ENUMERATIONS

_HEADER_LAYOUT = (("version", "U8"), ("type", "U8"), ("session", "U8"), ("seq", "U8"))


class ProtocolDisagreementError(Exception):
    """Host and protocol.h, or host and unit, do not speak the same; the message lists where."""


@cache
def python_side() -> Header:
    """Return what the Python side states, in the form of a parsed protocol.h."""
    enumerations = {
        name: {str(member.name): int(member) for member in cls}
        for name, cls in ENUMERATIONS.items()
    }
    layouts = {kind.name: fields for kind, fields in LAYOUTS.items()}
    return Header(dict(CONSTANTS), enumerations, {"HEADER": _HEADER_LAYOUT, **layouts})


def find_header() -> Path | None:
    """Return protocol.h: beside this module in an installed package, or in the source tree."""
    here = Path(__file__).resolve()
    candidates = (here.with_name("protocol.h"), here.parents[4] / "firmware/alarm/protocol.h")
    return next((path for path in candidates if path.is_file()), None)


def check_header(path: Path | None = None) -> None:
    """Compare with protocol.h where it is there (an installed unit has none and relies on HELLO).

    Raises:
        ProtocolDisagreementError: lists every fact that only one side states.
    """
    path = path or find_header()
    if path is None:
        return
    try:
        theirs = set(parse(path.read_text(encoding="utf-8")).lines())
    except ValueError as error:
        raise ProtocolDisagreementError(f"{path}: {error}") from error
    ours = set(python_side().lines())
    if ours != theirs:
        only_ours = [f"  host only:       {line}" for line in sorted(ours - theirs)]
        only_theirs = [f"  protocol.h only: {line}" for line in sorted(theirs - ours)]
        raise ProtocolDisagreementError("\n".join([f"{path}:", *only_ours, *only_theirs]))
