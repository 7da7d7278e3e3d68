import threading
from collections.abc import Callable, Iterator

import pytest

from outrider.clock import NS_PER_S, SystemClock
from outrider.drive.nmea_text import epoch
from outrider.records import Fix, FixQuality
from outrider.unit.devices.gnss_gpsd import GpsdPositions, GpsdSettings
from outrider.unit.rehearsal.gpsd_feeder import GpsdFeeder

DEADLINE_S = 15.0
EPOCH_S = 0.2
UTC_NS = 1_795_240_800 * NS_PER_S  # 21 November 2026, 06:00:00


def fix_at(second: float, latitude_deg: float = 53.48, **changed: object) -> Fix:
    """Return a fix of a car going north, `second` s into the recording."""
    values: dict[str, object] = {
        "mono_ns": round(second * NS_PER_S),
        "utc_ns": UTC_NS + round(second * NS_PER_S),
        "latitude_deg": latitude_deg,
        "longitude_deg": -2.2426,
        "speed_mps": 20.0,
        "heading_deg": 0.0,
        "quality": FixQuality.FIX_3D,
        "error_m": 7.8,
    }
    return Fix(**{**values, **changed})  # type: ignore[arg-type]


class Sky:
    """A receiver that reports a fix every EPOCH_S until it is muted; its own thread."""

    def __init__(self, feeder: GpsdFeeder, clock: SystemClock) -> None:
        self.feeder = feeder
        self.quality = FixQuality.FIX_3D
        self.latitude_deg = 53.48
        self.utc_shift_s = 0.0
        self._clock = clock
        self._mute = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(EPOCH_S):
            if not self._mute.is_set():
                now_ns = self._clock.mono_ns()
                utc_ns = UTC_NS + now_ns + round(self.utc_shift_s * NS_PER_S)
                fix = fix_at(0, self.latitude_deg, utc_ns=utc_ns, quality=self.quality)
                self.feeder.feed(epoch(fix))

    def mute(self) -> None:
        self._mute.set()

    def speak(self) -> None:
        self._mute.clear()

    def close(self) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def sky(clock: SystemClock) -> Iterator[Sky]:
    """Give a real gpsd with a receiver that reports; skip where gpsd is not installed."""
    with GpsdFeeder() as feeder:
        receiver = Sky(feeder, clock)
        yield receiver
        receiver.close()


@pytest.fixture
def positions(sky: Sky, clock: SystemClock) -> Iterator[GpsdPositions]:
    """Give positions from that gpsd, asked often and soon impatient."""
    settings = GpsdSettings(
        port=sky.feeder.port,
        poll_s=0.05,
        timeout_s=0.4,
        retry_s=0.1,
        settle_s=0.1,
        stale_after_s=0.8,
    )
    stop = threading.Event()
    asked = GpsdPositions(clock, settings)
    asked.start(stop)
    yield asked
    stop.set()
    asked.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Give a wait until something is so; it fails the test after DEADLINE_S."""

    def wait(condition: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(round(DEADLINE_S / 0.02)):
            if condition():
                return
            pause.wait(0.02)
        pytest.fail(f"not so within {DEADLINE_S:g} s")

    return wait
