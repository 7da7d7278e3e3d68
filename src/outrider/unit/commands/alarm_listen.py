"""`outrider alarm listen`: the traffic on the alarm unit's line, decoded."""

import argparse
import select
import threading
import time
from pathlib import Path

from outrider.command_line import Subparsers, new_parser
from outrider.command_line.exits import finish
from outrider.command_line.values import number
from outrider.shown import complain, say
from outrider.unit.alarm.decode import Decoder
from outrider.unit.alarm.interfaces import BytePort, PortLostError
from outrider.unit.alarm.session import AlarmSession, UnitNotHeardError
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.devices.pseudo_port import PseudoPort

_ROUND_S = 0.1


def register(actions: Subparsers, default_port: Path) -> None:
    """Add the command."""
    purpose = "show the traffic decoded"
    example = "outrider alarm listen --relay /tmp/alarm  # then: outrider run --alarm /tmp/alarm"
    parser = new_parser(actions, "listen", purpose, example)
    parser.add_argument("--port", type=Path, default=default_port, help="the unit's serial port")
    parser.add_argument(
        "--relay",
        type=Path,
        metavar="PATH",
        help="make a port PATH for `outrider run` and pass all on; without it, greet the unit here",
    )
    parser.add_argument(
        "--seconds", type=number(0, 1e9), default=float("inf"), help="end after so long"
    )
    finish(parser, _run, PortLostError, UnitNotHeardError)


class _Printer:
    """Prints each frame as it passes."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._start_s = time.monotonic()

    def __call__(self, direction: str, data: bytes) -> None:
        for line in self._decoder.take(direction, data, time.monotonic() - self._start_s):
            say(line, flush=True)


def _run(args: argparse.Namespace) -> int:
    """Exit 0 at the end of the time or on Ctrl-C, 1 where a port is gone or nobody answers."""
    try:
        if args.relay is None:
            _talk(args.port, args.seconds)
        else:
            _relay(args.port, args.relay, args.seconds)
    except KeyboardInterrupt:
        return 0
    return 0


def _talk(port: Path, seconds: float) -> None:
    with AlarmSession(SerialPort(port), _Printer()) as session:
        session.greet()
        session.idle(seconds)


def _relay(port: Path, path: Path, seconds: float) -> None:
    unit: BytePort = SerialPort(port)
    host: BytePort = PseudoPort(path)
    show = _Printer()
    end_s = time.monotonic() + seconds
    complain(f"relaying {path} <-> {port}")
    try:
        while time.monotonic() < end_s:
            select.select([unit.fileno(), host.fileno()], [], [], _ROUND_S)
            from_host, from_unit = host.read(), unit.read()
            show("to", from_host)
            show("from", from_unit)
            unit.write(from_host)
            host.write(from_unit)
            if not from_host and not from_unit:
                threading.Event().wait(0.01)  # a host that is away keeps its side readable
    finally:
        unit.close()
        host.close()
