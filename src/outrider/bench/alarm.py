"""`outrider bench alarm`: how long from the host's call to the first edge on the sounder's pin.

The host's part is real time: from `raise_alert` to the last byte handed to the serial port, over a
pseudo-terminal to the running firmware. The firmware's part is simulated time: an ALERT frame into
the same ELF at the speed of the line, at another phase of its millisecond each time, until the pin
moves.
"""

import argparse
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.records import (
    NO_POSITION,
    Direction,
    Hit,
    Level,
    Match,
    MatchClass,
    Origin,
    PlateText,
    Read,
    Response,
    VehicleOfInterest,
)
from outrider.shown import complain, say_json
from outrider.tables import Table
from outrider.unit.alarm import messages as m
from outrider.unit.alarm.framing import FrameReader, encode_message
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.lockstep import Board
from outrider.vrm import Family

_SESSION = 1
_BOOT_US = 800_000
_WAIT_S = 10.0
_PHASE_US = 137  # a prime step through the firmware's millisecond


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    purpose = "latency from the host's call to the first edge on the sounder's pin"
    parser = new_parser(commands, "alarm", purpose, "outrider bench alarm --alerts 100")
    parser.add_argument("--alerts", type=int, default=60, help="how many (60)")
    add_json(parser)
    parser.set_defaults(handler=_run)


class _TimedPort(SerialPort):
    """Notes when the bytes of an alert have been written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written_s: list[float] = []

    def write(self, data: bytes) -> None:
        super().write(data)
        if any(frame.type == m.Alert.TYPE for frame in FrameReader().feed(data)):
            self.written_s.append(time.monotonic())


def _hit() -> Hit:
    stamp = UtcStamp(0, ClockQuality.FREE_RUNNING, 0.0)
    text = PlateText("AB12CDE", "AB12CDE", Family.CURRENT, 1.0, ())
    origin = Origin("bench", "bench", "bench", ())
    read = Read(
        uuid.uuid4(), text, stamp, 0, NO_POSITION, origin, Direction.UNKNOWN, 1, (),
        (), "bench",
    )  # fmt: skip
    entry = VehicleOfInterest("AB12CDE", "bench", Response.STOP, 1)
    return Hit(uuid.uuid4(), read, Match("bench", "1", 0.0, MatchClass.EXACT, entry))


def _host_part(count: int) -> list[float]:
    """Return ms from `raise_alert` to the written frame; each is acknowledged before the next."""
    ports: list[_TimedPort] = []
    found: list[float] = []

    def open_port() -> _TimedPort:
        ports.append(_TimedPort(board.port))
        return ports[-1]

    with simulator.start() as board:
        alarm = SerialAlarm("bench", open_port, SystemClock())
        alarm.start(threading.Event())
        try:
            _until(lambda: alarm.health().level is Level.OK)
            for number in range(1, count + 1):
                began_s = time.monotonic()
                alarm.raise_alert(_hit())
                _until(lambda: alarm.health().counts["sounded"] >= number)  # noqa: B023 - used at once
                found.append((ports[-1].written_s[0] - began_s) * 1000)
                ports[-1].written_s.clear()
                _acknowledge(alarm, board)
        finally:
            alarm.close()
    return found


def _acknowledge(alarm: SerialAlarm, board: simulator.Simulator) -> None:
    pause = threading.Event()
    while alarm.health().counts["unacknowledged"]:
        pause.wait(0.4)  # over the firmware's reaction time
        board.press("acknowledge")
        pause.wait(0.06)
        board.release("acknowledge")
        pause.wait(0.1)


def _until(holds: Callable[[], bool]) -> None:
    pause, end_s = threading.Event(), time.monotonic() + _WAIT_S
    while not holds():
        if time.monotonic() > end_s:
            raise TimeoutError(f"the simulated unit did not answer within {_WAIT_S} s")
        pause.wait(0.01)


def _firmware_part(count: int) -> list[float]:
    """Return simulated ms from the first byte of each frame to the first edge of its tone."""
    found = []
    with Board(simulator.find()) as board:
        board.run(_BOOT_US)
        board.run(50_000, encode_message(m.HelloRequest(), _SESSION, 0))
        for number in range(1, count + 1):
            seq = number * 2 % 256
            beat = encode_message(m.Heartbeat(0, 0), _SESSION, 0)
            board.run(120_000 + number * _PHASE_US % 1000, beat)
            start_us, seen = board.now_us, len(board.events)
            alert = m.Alert(number, 1, 1, 1, 0, 0, 0)
            board.run(60_000, encode_message(alert, _SESSION, seq))
            tones = (event for event in board.events[seen:] if event.what == "tone" and event.value)
            found.append((next(tones).time_us - start_us) / 1000)
            board.run(40_000, encode_message(m.Clear(0), _SESSION, (seq + 1) % 256))
    return found


def _run(args: argparse.Namespace) -> int:
    """Exit 0, or 1 where the simulator is not built."""
    try:
        parts = {"host": _host_part(args.alerts), "firmware": _firmware_part(args.alerts)}
    except simulator.NoSimulatorError as error:
        complain(f"outrider bench alarm: {error}")
        return 1
    parts["both"] = [host + firmware for host, firmware in zip(*parts.values(), strict=True)]
    figures = {
        name: {f"p{q}_ms": float(np.percentile(values, q)) for q in (50, 99, 100)}
        for name, values in parts.items()
    }
    if args.json:
        say_json({"alerts": args.alerts, **figures}, indent=1)
        return 0
    rows = Table("part", "p50 ms", "p99 ms", "max ms", title=f"{args.alerts} alerts")
    for name, values in figures.items():
        rows.add_row(name, *(f"{value:.1f}" for value in values.values()))
    Screen().print(rows)
    return 0
