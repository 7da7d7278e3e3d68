"""`outrider alarm`: test, listen, flash, patterns."""

import argparse
from dataclasses import asdict
from pathlib import Path

from outrider.clock import said_duration
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import finish
from outrider.console import Screen, ask, styled
from outrider.shown import say, say_json
from outrider.tables import Table
from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import ProtocolDisagreementError
from outrider.unit.alarm.firmware import (
    BOOT_LOADERS,
    FlashError,
    avrdude_command,
    check_running,
    image_in,
    write,
)
from outrider.unit.alarm.interfaces import PortLostError
from outrider.unit.alarm.patterns import table
from outrider.unit.alarm.protocol import Result
from outrider.unit.alarm.render import pattern_wav, write_diagrams, write_sounds
from outrider.unit.alarm.session import AlarmSession, UnitNotHeardError
from outrider.unit.alarm.technician import GROUPS, Check, Round, Technician, Witness
from outrider.unit.commands import alarm_listen
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.devices.speaker import Speaker
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.pin_witness import PinWitness

_DEFAULT_PORT = Path("/dev/ttyUSB0")
_BUILD = Path("firmware/alarm/build")
_ERRORS = (
    PortLostError,
    UnitNotHeardError,
    FlashError,
    ProtocolDisagreementError,
    simulator.NoSimulatorError,
)


def register(commands: Subparsers) -> None:
    """Add the command and its four."""
    purpose = "the alarm unit: test, listen, flash, patterns"
    parser = new_parser(commands, "alarm", purpose, "outrider alarm test --port /dev/ttyUSB0")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_test(actions)
    alarm_listen.register(actions, _DEFAULT_PORT)
    _add_flash(actions)
    _add_patterns(actions)


def _add_test(actions: Subparsers) -> None:
    purpose = "walk through every lamp, sound and button of a unit"
    parser = new_parser(actions, "test", purpose, "outrider alarm test --port /dev/ttyUSB0")
    parser.add_argument("--port", type=Path, default=_DEFAULT_PORT, help="serial port")
    parser.add_argument(
        "--simulator", action="store_true", help="a simulated board, whose pins bear witness"
    )
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="not all of it")
    add_json(parser)
    finish(parser, _test, *_ERRORS)


def _add_flash(actions: Subparsers) -> None:
    purpose = "put the firmware on a board and prove that it runs there"
    example = "outrider alarm flash --port /dev/ttyUSB0 --board-serial OA-000123"
    parser = new_parser(actions, "flash", purpose, example)
    parser.add_argument("--port", type=Path, default=_DEFAULT_PORT, help="serial port")
    parser.add_argument("--build", type=Path, default=_BUILD, help=f"built firmware ({_BUILD})")
    parser.add_argument(
        "--programmer", default="arduino", help="arduino: the boot loader; else an ISP of avrdude's"
    )
    parser.add_argument(
        "--boot-loader", choices=BOOT_LOADERS, default="new", help="new: 115200 baud, old: 57600"
    )
    parser.add_argument("--board-serial", help="write this serial (12 characters at most)")
    parser.add_argument("--verify-only", action="store_true", help="only compare what runs")
    finish(parser, _flash, *_ERRORS)


def _add_patterns(actions: Subparsers) -> None:
    purpose = "draw, render or play the patterns, from the firmware's own table"
    parser = new_parser(actions, "patterns", purpose, "outrider alarm patterns --svg pictures/")
    parser.add_argument("--svg", type=Path, metavar="DIR", help="write a timing diagram of each")
    parser.add_argument("--wav", type=Path, metavar="DIR", help="write the sound of each")
    parser.add_argument("--play", choices=[*table()], metavar="NAME", help="play one here")
    add_json(parser)
    finish(parser, _patterns, *_ERRORS)


def _test(args: argparse.Namespace) -> int:
    """Exit 0: all passed; 1: something failed, or no unit answers."""
    if args.simulator:
        with simulator.start() as board:
            return _test_on(board.port, PinWitness(board), args)
    console = Screen(stderr=args.json)
    witness = Technician(lambda question: ask(question, console), console.print)
    return _test_on(args.port, witness, args)


def _test_on(port: Path, witness: Witness, args: argparse.Namespace) -> int:
    checks: list[Check] = []
    with AlarmSession(SerialPort(port)) as session:
        for check in Round(session, session.greet(), witness).checks(args.only):
            checks.append(check)
            if not args.json:
                say(f"{'passed' if check.passed else 'FAILED':<7} {check.item}", flush=True)
    if args.json:
        say_json([asdict(check) for check in checks], indent=1)
    else:
        _show_checks(checks)
    return 0 if all(check.passed for check in checks) else 1


def _show_checks(checks: list[Check]) -> None:
    rows = Table("item", "result", "detail", title="Alarm unit")
    for check in checks:
        rows.add_row(
            check.item,
            styled("pass", "green") if check.passed else styled("FAIL", "bold red"),
            check.detail,
        )
    Screen().print(rows)


def _flash(args: argparse.Namespace) -> int:
    """Exit 0: the unit runs what was built; 1: it does not, and why."""
    image = image_in(args.build)
    if not args.verify_only:
        command = avrdude_command(image, args.port, args.programmer, args.boot_loader)
        say(" ".join(command))
        write(command)
        say(f"written and read back: {image.length_b} bytes")
    with AlarmSession(SerialPort(args.port)) as session:
        hello = session.greet(timeout_s=10.0)
        check_running(image, hello)
        if args.board_serial:
            _provision(session, args.board_serial)
    serial = args.board_serial or hello.serial or "none"
    say(f"runs firmware {hello.version}, digest {hello.firmware_digest.hex()}, serial {serial}")
    return 0


def _provision(session: AlarmSession, serial: str) -> None:
    if not 1 <= len(serial) <= 12 or not serial.isascii():
        raise FlashError(f"board serial {serial!r}: 1 to 12 letters, digits, - or _ are allowed")
    answer = session.command(m.Provision(serial.encode()))
    if answer.result is not Result.ACCEPTED:
        raise FlashError(f"board serial {serial!r}: the unit answers {answer.result.name}")


def _patterns(args: argparse.Namespace) -> int:
    patterns = list(table().values())
    paths = write_diagrams(patterns, args.svg) if args.svg else []
    paths += write_sounds(patterns, args.wav) if args.wav else []
    if args.play:
        speaker = Speaker()
        speaker.play(pattern_wav(table()[args.play]))
        speaker.finish()
    if args.json:
        say_json([asdict(pattern) for pattern in patterns], indent=1)
    elif paths:
        for path in paths:
            say(path)
    else:
        _show_patterns()
    return 0


def _show_patterns() -> None:
    rows = Table("pattern", "first 400 ms (Hz:ms)", "length", "reminder", "stays lit")
    for pattern in table().values():
        start = " ".join(f"{s.tone_hz or '-'}:{s.duration_ms}" for s in pattern.steps[:7])
        again = said_duration(pattern.remind_s) if pattern.remind_s else ""
        rows.add_row(
            pattern.name,
            start,
            said_duration(pattern.length_s),
            again,
            " ".join(pattern.resting_lamps),
        )
    Screen().print(rows)
