"""The unit against the real gpsd, its receiver a pseudo-terminal that the test feeds."""

import signal
import socket
import threading
from collections.abc import Callable

import pytest

from outrider.clock import NS_PER_S, ClockQuality, SystemClock
from outrider.records import FixQuality, Level
from outrider.unit.devices.gnss_gpsd import GpsdPositions, GpsdSettings
from outrider.unit.devices.gpsd_session import MAX_LINE_BYTES, GpsdLost, GpsdSession
from outrider.unit.rehearsal.gpsd_feeder import HOST, free_port
from tests.unit.gnss.conftest import UTC_NS, Sky

Until = Callable[[Callable[[], bool]], None]


def has_level(positions: GpsdPositions, level: Level, word: str = "") -> Callable[[], bool]:
    def so() -> bool:
        health = positions.health()
        return health.level is level and word in health.detail

    return so


def test_fixes_of_a_real_gpsd_arrive_with_place_speed_and_instant(
    positions: GpsdPositions, clock: SystemClock, until: Until
) -> None:
    """What the receiver reports comes out of gpsd as position, motion and quality."""
    until(has_level(positions, Level.OK))
    position = positions.at(clock.mono_ns())
    assert position.latitude_deg == pytest.approx(53.48, abs=2e-4)
    assert position.longitude_deg == pytest.approx(-2.2426, abs=1e-6)
    assert position.speed_mps == pytest.approx(20.0, abs=0.01)
    assert position.quality is FixQuality.FIX_3D
    fix = positions.latest()
    assert fix is not None
    assert abs(fix.mono_ns + UTC_NS - fix.utc_ns) < 0.5 * NS_PER_S


def test_a_fix_disciplines_the_clock(
    positions: GpsdPositions, clock: SystemClock, until: Until
) -> None:
    """The time of day of the unit becomes the receiver's, and says so."""
    until(has_level(positions, Level.OK))
    stamp = clock.stamp(clock.mono_ns())
    assert stamp.quality is ClockQuality.GPS
    assert abs(stamp.utc_ns - UTC_NS - clock.mono_ns()) < 0.5 * NS_PER_S


def test_a_mute_receiver_is_a_fault_and_its_last_fix_is_not_repeated(
    sky: Sky, positions: GpsdPositions, clock: SystemClock, until: Until
) -> None:
    """The last fix stays in gpsd for ever; the unit says mute, gives none anew, recovers."""
    until(has_level(positions, Level.OK))
    fix = positions.latest()
    assert fix is not None
    sky.mute()
    until(has_level(positions, Level.FAULT, "mute"))
    assert positions.latest() is None, "its speed would be that of long ago"
    assert positions.at(clock.mono_ns()).age_s == pytest.approx(
        (clock.mono_ns() - fix.mono_ns) / NS_PER_S, abs=1.0
    )
    sky.speak()
    until(has_level(positions, Level.OK))


def test_a_stalled_gpsd_is_a_fault_and_nobody_waits_for_it(
    sky: Sky, positions: GpsdPositions, clock: SystemClock, until: Until
) -> None:
    """A gpsd that stands still (SIGSTOP) is left, and used again when it goes on."""
    until(has_level(positions, Level.OK))
    sky.feeder.signal(signal.SIGSTOP)
    until(has_level(positions, Level.FAULT, "trying again"))
    before_ns = clock.mono_ns()
    positions.at(before_ns)
    assert clock.mono_ns() - before_ns < 0.1 * NS_PER_S
    sky.feeder.signal(signal.SIGCONT)
    until(has_level(positions, Level.OK))


def test_a_killed_gpsd_is_a_fault_until_it_is_started_again(
    sky: Sky, positions: GpsdPositions, until: Until
) -> None:
    """A gpsd killed and restarted: a fault in between, fixes after, without a restart."""
    until(has_level(positions, Level.OK))
    fixes = positions.health().counts["fixes"]
    sky.feeder.kill()
    until(has_level(positions, Level.FAULT, "trying again"))
    sky.feeder.start()
    until(has_level(positions, Level.OK))
    until(lambda: positions.health().counts["fixes"] > fixes)
    assert positions.health().counts["lost"] >= 1


def test_a_receiver_without_a_fix_is_told_from_a_mute_one(
    sky: Sky, positions: GpsdPositions, until: Until
) -> None:
    """Void reports are 'no fix', not mute, and no position is made of them."""
    sky.quality = FixQuality.NONE
    until(has_level(positions, Level.WARNING, "no fix"))
    assert positions.latest() is None
    sky.quality = FixQuality.FIX_3D
    until(has_level(positions, Level.OK))


def test_a_step_of_the_receivers_time_moves_no_instant(
    sky: Sky, positions: GpsdPositions, until: Until
) -> None:
    """An hour's step of the receiver's clock leaves instants in order; it is taken as a step."""
    until(has_level(positions, Level.OK))
    before = positions.latest()
    sky.utc_shift_s = 3600.0
    until(lambda: positions.health().counts["time_steps"] == 1)
    after = positions.latest()
    assert before is not None
    assert after is not None
    assert after.utc_ns - before.utc_ns > 3600 * NS_PER_S
    assert 0 < after.mono_ns - before.mono_ns < 15 * NS_PER_S


def test_an_absent_gpsd_is_a_fault_and_close_is_quick(clock: SystemClock, until: Until) -> None:
    """Nobody listens on the port: a fault that says so; stopping takes no time."""
    positions = GpsdPositions(clock, GpsdSettings(port=free_port(), retry_s=5.0))
    stop = threading.Event()
    positions.start(stop)
    until(has_level(positions, Level.FAULT, "refused"))
    began_ns = clock.mono_ns()
    stop.set()
    positions.close()
    positions.close()
    assert clock.mono_ns() - began_ns < 1 * NS_PER_S


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"", "no whole line|timed out"),
        (b"220 mail.example ESMTP\n", "does not answer as gpsd"),
        (b'{"class":"TPV"}\n', "not VERSION"),
        (b"[]\n", "does not answer as gpsd"),
        (b"x" * (MAX_LINE_BYTES + 5000), "not gpsd"),
        (b'{"class":"VERSION"}\n{"class":"DEVICES","devi', "no whole line|timed out"),
        (b'{"class":"VERSION"}\n{"class":"ERROR","message":"no"}\n', "not DEVICES"),
    ],
)
def test_a_server_that_is_not_gpsd_is_refused_in_time(
    clock: SystemClock, answer: bytes, complaint: str
) -> None:
    """Silence, other protocols, torn and endless lines end the connection within its time-out."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(answer)
                done.wait(10.0)

        done = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        began_ns = clock.mono_ns()
        try:
            with pytest.raises(GpsdLost, match=complaint):
                GpsdSession(HOST, port, 0.3, clock)
        finally:
            done.set()
            thread.join()
        assert clock.mono_ns() - began_ns < 2 * NS_PER_S
