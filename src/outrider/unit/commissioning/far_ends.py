"""The alarm unit, the centre and the hotlists: what the unit depends on."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from outrider.clock import NS_PER_S, Clock
from outrider.records import ComponentHealth, Level
from outrider.unit.alarm.interfaces import BytePort, PortLostError
from outrider.unit.alarm.session import AlarmSession, UnitNotHeardError
from outrider.unit.alarm.technician import Round, Witness
from outrider.unit.certificates import (
    CertificateError,
    TransportSettingsError,
    life_of,
    tls_context,
)
from outrider.unit.commissioning.finding import Finding, failed, judged, not_tried, passed
from outrider.unit.settings.sections import SyncSettings
from outrider.unit.sync.transport import HttpsCentre, Patience, UnreachableError
from outrider.unit.sync.upkeep import REVOKED_PATH

_BOARD_ALONE = ("board", "line")
_NO_BOARD = "is it plugged in, is alarm.port right, was it flashed (`outrider alarm flash`)?"
_PATIENCE = Patience(connect_s=5.0, silence_s=5.0, exchange_s=10.0)
_DAYS_LEFT = 14
_MAX_ANSWER = 1 << 20


def check_alarm_unit(
    open_port: Callable[[], BytePort], witness: Witness | None
) -> Iterator[Finding]:
    """Yield the board's own checks, and with a witness each lamp, sound and button."""
    try:
        with AlarmSession(open_port()) as session:
            hello = session.greet()
            groups: Sequence[str] = _BOARD_ALONE
            if witness is None:
                yield from _round(Round(session, hello, _NoWitness()), groups)
                yield not_tried("alarm sounds", "nobody was asked", "outrider selftest --ask")
            else:
                groups = ("board", "lamps", "sounds", "buttons", "line")
                yield from _round(Round(session, hello, witness), groups)
    except (UnitNotHeardError, PortLostError, OSError) as error:
        yield failed("alarm unit", str(error), _NO_BOARD)


def _round(tests: Round, groups: Sequence[str]) -> Iterator[Finding]:
    for check in tests.checks(groups):
        remedy = "look at the wiring; `outrider alarm test` repeats this"
        yield judged(f"alarm {check.item}", check.passed, check.detail or "as it should", remedy)


class _NoWitness:
    """Nobody watches: only what the board says of itself is tested."""

    def lamp(self, name: str) -> bool:
        """Nobody saw it."""
        return False

    def sound(self, pattern: str) -> bool:
        """Nobody heard it."""
        return False

    def press(self, button: object) -> None:
        """Nobody presses."""


def check_lists(health: ComponentHealth) -> Finding:
    """Judge the hotlists by what the matcher itself says of them."""
    return judged(
        "hotlists",
        health.level is Level.OK,
        health.detail,
        "dock it, or bring them now: `outrider hotlist update`",
    )


def check_centre(sync: SyncSettings, clock: Clock) -> Iterator[Finding]:
    """Yield the certificate's life, and whether the centre answers this unit."""
    if sync.url is None or sync.client_certificate is None:
        yield failed("centre", "not enrolled", "outrider enrol --ticket FILE")
        return
    yield _certificate(sync, clock)
    yield _answer(sync)


def _certificate(sync: SyncSettings, clock: Clock) -> Finding:
    assert sync.client_certificate is not None
    try:
        life = life_of(sync.client_certificate.read_bytes())
    except (OSError, CertificateError) as error:
        return failed("certificate", str(error), "enrol the unit anew")
    now = datetime.fromtimestamp(clock.stamp(clock.mono_ns()).utc_ns / NS_PER_S, UTC)
    left = (life.ends - now).days
    return judged(
        "certificate", left >= _DAYS_LEFT, f"{left} days left", "dock it: it is renewed there"
    )


def _answer(sync: SyncSettings) -> Finding:
    assert sync.url is not None
    try:
        tls = tls_context(
            sync.ca_certificate, sync.client_certificate, sync.client_key, sync.revocation_list
        )
        with HttpsCentre(sync.url, tls, _PATIENCE) as centre:
            answer = centre.get(REVOKED_PATH, _MAX_ANSWER)
    except (UnreachableError, TransportSettingsError, OSError) as error:
        return failed(
            "centre", str(error), "is there a network, is the centre up? try at the depot"
        )
    if answer.status != 200:
        told = f"{sync.url} answers {answer.status}"
        return failed("centre", told, "ask the centre whether this unit is known and not revoked")
    return passed("centre", f"{sync.url} answers this unit")
