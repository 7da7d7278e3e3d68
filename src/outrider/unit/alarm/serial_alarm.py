"""The alarm output on a real unit: one thread between the pipeline and the serial line."""

import contextlib
import logging
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Sequence

from outrider.clock import Clock
from outrider.records import ComponentHealth, Hit, OfficerAction
from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import check_header
from outrider.unit.alarm.dispatcher import Dispatcher
from outrider.unit.alarm.host_state import host_faults_of, list_age_of
from outrider.unit.alarm.interfaces import BytePort, PortLostError, SecondOutput
from outrider.unit.alarm.link import AlarmLink
from outrider.unit.alarm.outcomes import Outcomes
from outrider.unit.alarm.protocol import SignalKind
from outrider.unit.alarm.queue import AlertQueue, Unacknowledged
from outrider.unit.alarm.volume import volume_for
from outrider.unit.ports import DockOutcome

_log = logging.getLogger(__name__)
_REOPEN_EVERY_S = 0.5
_LONGEST_WAIT_S = 0.25


class SerialAlarm:
    """An `AlarmOutput` over a serial line that may vanish and come back."""

    def __init__(
        self,
        name: str,
        open_port: Callable[[], BytePort],
        clock: Clock,
        second: SecondOutput | None = None,
        tap: Callable[[str, bytes], None] | None = None,
    ) -> None:
        """Make it; nothing is opened before `start`.

        open_port is called on the alarm thread, again and again while it raises PortLostError. tap
        is given every byte that passes, with "to" or "from" the unit.

        Raises:
            ProtocolDisagreementError: this host does not speak as protocol.h says.
        """
        check_header()
        now_s = time.monotonic()
        self._dispatcher = Dispatcher(AlarmLink(1 + secrets.randbelow(255), now_s), AlertQueue())
        self._outcomes = Outcomes(name, self._dispatcher, clock, second, now_s)
        self._open_port = open_port
        self._second = second
        self._tap = tap
        self._lock = threading.Lock()
        self._wake = _Wake()
        self._port: BytePort | None = None
        self._reopen_s = now_s
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        """Begin to serve the line, on a thread named alarm that ends on stop or `close`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(stop,), name="alarm")
            self._thread.start()

    def raise_alert(self, hit: Hit) -> None:
        """Queue a hit to be sounded; returns at once. Raises ValueError for a silent one."""
        self.restore(hit, 0.0)

    def restore(self, hit: Hit, age_s: float) -> None:
        """Queue a hit raised age_s ago, such as one left unacknowledged by an earlier run."""
        if hit.silent:
            raise ValueError("a silent hit must never reach the alarm unit")
        with self._lock:
            now_s = time.monotonic()
            self._dispatcher.raise_hit(hit, now_s - age_s)
            self._outcomes.hear_elsewhere(now_s)
        self._wake.set()

    def set_context(self, speed_mps: float | None, night: bool) -> None:
        """Tell how fast the unit moves (None: unknown) and whether it is dark."""
        with self._lock:
            self._dispatcher.set_volume(volume_for(speed_mps, night), night)

    def set_faults(self, faults: Sequence[ComponentHealth]) -> None:
        """Tell which other components are in fault now, and how old the lists are."""
        with self._lock:
            self._dispatcher.set_state(
                host_faults_of(faults), list_age_of(faults), time.monotonic()
            )
        self._wake.set()

    def signal_dock(self, outcome: DockOutcome) -> None:
        """Sound whether all reads have reached the centre."""
        done = outcome is DockOutcome.DONE
        with self._lock:
            self._dispatcher.ask(m.Signal(SignalKind.DOCK_DONE if done else SignalKind.DOCK_FAILED))
        self._wake.set()

    def actions(self) -> list[OfficerAction]:
        """Return the officer's actions since the last call."""
        with self._lock:
            return self._outcomes.take_actions()

    def unacknowledged(self) -> list[Unacknowledged]:
        """Return the hits that no officer has dealt with, first to be heard first."""
        with self._lock:
            return self._dispatcher.queue.unacknowledged(time.monotonic())

    def health(self) -> ComponentHealth:
        """Return the state now; called from any thread."""
        with self._lock:
            return self._outcomes.health()

    def close(self) -> None:
        """End the session; the unit then says by itself that its host is silent."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._wake.close()
        if self._second is not None:
            self._second.close()

    def _run(self, stop: threading.Event) -> None:
        while not (stop.is_set() or self._closing.is_set()):
            try:
                self._serve_once()
            except PortLostError as error:
                self._lose_port(str(error))
        if self._port is not None:
            self._port.close()
            self._port = None

    def _serve_once(self) -> None:
        """Wait for bytes, a hit or the time of something due, then do it."""
        if self._port is None and time.monotonic() >= self._reopen_s:
            self._port = self._open_port()
            _log.info("serial port of the alarm unit is open")
        self._wait()
        data = self._port.read() if self._port is not None else b""
        out = self._step(data)
        if out and self._port is not None:
            self._port.write(out)
        if self._tap is not None:
            self._tap("from", data)
            self._tap("to", out)

    def _step(self, data: bytes) -> bytes:
        now_s = time.monotonic()
        with self._lock:
            link = self._dispatcher.link
            if data:
                link.receive(data, now_s)
            self._dispatcher.step(now_s)
            self._outcomes.take(self._dispatcher.take_notices(), now_s)
            return link.take_out()

    def _wait(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            due_s = self._dispatcher.link.next_due_s(now_s)
        limit_s = min(_LONGEST_WAIT_S, max(0.0, due_s - now_s))
        sources: list[int] = [self._wake.fileno()]
        if self._port is not None:
            sources.append(self._port.fileno())
        else:
            limit_s = _LONGEST_WAIT_S
        ready, _, _ = select.select(sources, [], [], limit_s)
        if self._wake.fileno() in ready:
            self._wake.clear()

    def _lose_port(self, reason: str) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None
        now_s = time.monotonic()
        self._reopen_s = now_s + _REOPEN_EVERY_S
        with self._lock:
            self._dispatcher.link.drop(reason, now_s)
            self._outcomes.port_lost(reason)
            self._dispatcher.link.take_out()


class _Wake:
    """Ends the alarm thread's wait from another thread."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self._open = True

    def fileno(self) -> int:
        return self._read

    def set(self) -> None:
        with self._lock:
            if not self._open:
                return
            with contextlib.suppress(BlockingIOError):  # full of wakes already
                os.write(self._write, b"!")

    def clear(self) -> None:
        os.read(self._read, 4096)

    def close(self) -> None:
        with self._lock:
            self._open = False
            os.close(self._read)
            os.close(self._write)
