"""Positions and time of day from gpsd, in one supervising thread.

gpsd repeats the last fix for ever when its receiver goes mute, and in the middle of a report shows
half of it. So a fix counts once, by its own time, and only when its report has had time to end.
"""

import logging
import threading
from dataclasses import dataclass, field

from outrider.clock import Clock, ClockQuality, said_duration
from outrider.records import ComponentHealth, Fix, Level, Part, Position
from outrider.unit.devices.gpsd_reports import NoReport, Report
from outrider.unit.devices.gpsd_session import NS_PER_S, GpsdLost, GpsdSession
from outrider.unit.gnss.timing import FixTiming
from outrider.unit.gnss.track import GnssTrack, TrackLimits
from outrider.unit.ports import PositionSource

log = logging.getLogger(__name__)

_TIME_ERROR_S = 0.1  # spread of a receiver's own delay, serial line included


@dataclass(frozen=True, slots=True)
class GpsdSettings:
    """How gpsd is asked: every poll_s; no answer within timeout_s ends the connection.

    settle_s: how long a report may take from its first sentence to its last. stale_after_s: after
    that long without a new fix the receiver is said to be mute.
    """

    host: str = "127.0.0.1"
    port: int = 2947
    poll_s: float = 0.1
    timeout_s: float = 1.0
    retry_s: float = 1.0
    settle_s: float = 0.25
    stale_after_s: float = 3.0


@dataclass(slots=True)
class _State:
    """What health tells; written by the gnss thread under the lock."""

    connected: bool = False
    reason: str = ""
    new_fix_mono_ns: int | None = None
    date_doubt: str = ""
    counts: dict[str, int] = field(
        default_factory=lambda: {"fixes": 0, "connected": 0, "lost": 0, "time_steps": 0}
    )


class GpsdPositions(PositionSource):
    """The fixes that gpsd reports, on the unit's monotonic clock.

    Every trusted fix also tells the clock the time of day. A gpsd that stalls, dies or was never
    there is a fault in the health, tried again every retry_s; nothing here blocks a reader.
    """

    def __init__(self, clock: Clock, settings: GpsdSettings | None = None) -> None:
        self._clock = clock
        self._settings = settings or GpsdSettings()
        self._track = GnssTrack(TrackLimits())
        self._timing = FixTiming()
        self._epochs = Epochs(self._settings.settle_s)
        self._state = _State()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._session: GpsdSession | None = None
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        """Start the gnss thread, which ends on stop or close."""
        self._thread = threading.Thread(target=self._run, args=(stop,), name="gnss", daemon=True)
        self._thread.start()

    def at(self, mono_ns: int) -> Position:
        """Return the position at an instant, interpolated between fixes."""
        return self._track.at(mono_ns)

    def latest(self) -> Fix | None:
        """Return the newest fix, or None where that is too old to say how fast the unit goes."""
        fix = self._track.latest()
        if fix is None:
            return None
        age_s = (self._clock.mono_ns() - fix.mono_ns) / NS_PER_S
        return fix if age_s <= self._settings.stale_after_s else None

    def close(self) -> None:
        """End the thread and the connection."""
        self._closed.set()
        with self._lock:
            session = self._session
        if session is not None:
            session.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(self._settings.timeout_s * 2)

    def health(self) -> ComponentHealth:
        """Return how the receiver is: a fault for no gpsd or a mute receiver, with what to do."""
        with self._lock:
            connected, reason = self._state.connected, self._state.reason
            new_fix_mono_ns = self._state.new_fix_mono_ns
            counts = dict(self._state.counts)
            date_doubt = self._state.date_doubt
        if self._thread is not None and not self._thread.is_alive() and not self._closed.is_set():
            reason = "the gnss thread has died: `journalctl -u outrider` says why; restart the unit"
            return ComponentHealth(Part.GPS, Level.FAULT, reason, counts)
        if not connected and not reason:
            return ComponentHealth(Part.GPS, Level.WARNING, "starting", counts)
        if not connected:
            return ComponentHealth(Part.GPS, Level.FAULT, reason, counts)
        return self._receiver_health(reason, new_fix_mono_ns, date_doubt, counts)

    def _receiver_health(
        self, reason: str, new_fix_mono_ns: int | None, date_doubt: str, counts: dict[str, int]
    ) -> ComponentHealth:
        if new_fix_mono_ns is None:
            return ComponentHealth(Part.GPS, Level.WARNING, reason or "waiting for a fix", counts)
        silent_s = (self._clock.mono_ns() - new_fix_mono_ns) / NS_PER_S
        if silent_s <= self._settings.stale_after_s and date_doubt:
            detail = f"{date_doubt}: its place is taken, its time is not; replace or update it"
            return ComponentHealth(Part.GPS, Level.WARNING, detail, counts)
        if silent_s <= self._settings.stale_after_s:
            return ComponentHealth(Part.GPS, Level.OK, "fixes come in", counts)
        why = reason or "the receiver is mute: check its cable and power"
        detail = f"no new fix for {said_duration(silent_s)}: {why}"
        return ComponentHealth(Part.GPS, Level.FAULT, detail, counts)

    def _run(self, stop: threading.Event) -> None:
        while not self._ending(stop):
            try:
                self._serve(stop)
            except GpsdLost as lost:
                self._note_lost(lost)
                self._wait(stop, self._settings.retry_s)

    def _serve(self, stop: threading.Event) -> None:
        chosen = self._settings
        session = GpsdSession(chosen.host, chosen.port, chosen.timeout_s, self._clock)
        with self._lock:
            self._session = session
            self._state.connected = True
            self._state.reason = ""
            self._state.counts["connected"] += 1
        log.info("gps: connected to gpsd at %s:%d", chosen.host, chosen.port)
        try:
            while not self._ending(stop):
                self._poll(session)
                self._wait(stop, chosen.poll_s)
        finally:
            session.close()

    def _poll(self, session: GpsdSession) -> None:
        try:
            report = session.poll()
        except NoReport as nothing:
            self._note_reason(str(nothing))
            return
        self._note_reason("")
        ended = self._epochs.take(report, self._clock.mono_ns())
        if ended is not None:
            self._take(*ended)

    def _take(self, report: Report, came_mono_ns: int) -> None:
        placed = self._timing.place(report.utc_ns, came_mono_ns)
        dated = not report.date_doubt
        utc_ns = report.utc_ns if dated else self._clock.stamp(placed.mono_ns).utc_ns
        fix = Fix(
            mono_ns=placed.mono_ns,
            utc_ns=utc_ns,
            latitude_deg=report.latitude_deg,
            longitude_deg=report.longitude_deg,
            speed_mps=report.speed_mps,
            heading_deg=report.heading_deg,
            quality=report.quality,
            error_m=report.error_m,
        )
        if not self._track.add(fix):
            return
        if placed.trusted and dated:
            self._clock.observe(report.utc_ns, placed.mono_ns, ClockQuality.GPS, _TIME_ERROR_S)
        with self._lock:
            self._state.new_fix_mono_ns = came_mono_ns
            self._state.date_doubt = report.date_doubt
            self._state.counts["fixes"] += 1
            self._state.counts["time_steps"] = self._timing.steps

    def _note_reason(self, reason: str) -> None:
        with self._lock:
            self._state.reason = reason

    def _note_lost(self, lost: GpsdLost) -> None:
        with self._lock:
            again = not self._state.connected and self._state.counts["lost"] > 0
            self._state.connected = False
            self._state.reason = f"{lost}; trying again (is gpsd running?)"
            self._state.counts["lost"] += 1
        if not again:  # once a fault, not once a try
            log.error("gps: %s; trying again every %g s", lost, self._settings.retry_s)

    def _ending(self, stop: threading.Event) -> bool:
        return stop.is_set() or self._closed.is_set()

    def _wait(self, stop: threading.Event, wait_s: float) -> None:
        if not self._closed.is_set():
            stop.wait(wait_s)


class Epochs:
    """Gives out each report once, in its last form: when its time to settle has passed.

    Before, a report may lack what its later sentences hold (2D for 3D, no speed).
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_ns = round(settle_s * NS_PER_S)
        self._pending: Report | None = None
        self._given_utc_ns: int | None = None
        self._came_mono_ns = 0

    def take(self, report: Report, now_mono_ns: int) -> tuple[Report, int] | None:
        """Take in what gpsd has now; return a report that has ended, and when it first came."""
        if report.utc_ns == self._given_utc_ns:
            return None
        pending, came_mono_ns = self._pending, self._came_mono_ns
        self._pending = report
        if pending is None or pending.utc_ns != report.utc_ns:
            self._came_mono_ns = now_mono_ns
            return None if pending is None else (pending, came_mono_ns)
        if now_mono_ns - came_mono_ns < self._settle_ns:
            return None
        self._pending, self._given_utc_ns = None, report.utc_ns
        return report, came_mono_ns
