"""`outrider selftest`: every part of a mounted unit, with pass or fail and what to do."""

import argparse
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from outrider import __version__, durable
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import DONE, FAILED, finish
from outrider.console import Screen, ask, styled
from outrider.shown import say, say_json
from outrider.sources import SourceError
from outrider.tables import Table
from outrider.unit.alarm.technician import Technician
from outrider.unit.commissioning.camera import check_camera, keep_picture, look
from outrider.unit.commissioning.far_ends import check_alarm_unit, check_centre, check_lists
from outrider.unit.commissioning.finding import Finding, Verdict, failed, not_tried
from outrider.unit.commissioning.page import as_page
from outrider.unit.commissioning.place_and_time import check_clock, check_position
from outrider.unit.commissioning.recognition import check_recogniser, no_models
from outrider.unit.commissioning.storage import check_storage
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.devices.recogniser_models import (
    OpenedRecogniser,
    RecogniserOptions,
    open_recogniser,
)
from outrider.unit.hotlist.open_matcher import open_matcher
from outrider.unit.recognise.network import ModelError
from outrider.unit.run.inputs import Inputs, open_inputs
from outrider.unit.settings import sections as config
from outrider.unit.settings.sections import Settings

_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_TRIED: "dim"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of the command line the checks need."""

    settings: Settings
    source: str
    gps: str | None
    seconds: float
    fix_wait_s: float
    ask: bool
    picture: Path | None


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "selftest",
        "every part of a mounted unit: pass or fail, and what to do",
        "outrider selftest\n  outrider selftest --ask --page selftest.html --picture view.jpg",
    )
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    parser.add_argument("--source", default="picamera2", help="frames, as for `run` (picamera2)")
    parser.add_argument("--gps", help="positions, as for `run` (as set, else gpsd)")
    parser.add_argument("--seconds", type=_seconds, default=5.0, help="of camera (5)")
    parser.add_argument("--fix-wait", type=_seconds, default=60.0, help="for a GPS fix, s (60)")
    parser.add_argument("--ask", action="store_true", help="ask whether lamps and sounds came")
    parser.add_argument("--page", type=Path, help="file for a page to print (HTML)")
    parser.add_argument("--picture", type=Path, help="file for what the camera sees (JPEG)")
    add_json(parser)
    finish(parser, _run)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r}: seconds above 0 and at most 3600 are needed")
    return seconds


def _run(args: argparse.Namespace) -> int:
    """Test. Exit 0: nothing failed; 1: something failed; 2: wrong use."""
    settings = config.load(args.config)
    asked = _Asked(
        settings, args.source, args.gps, args.seconds, args.fix_wait, args.ask, args.picture
    )
    inputs = open_inputs(asked.source, asked.gps, settings)
    findings = []
    for one in _checks(asked, inputs):
        findings.append(one)
        if not args.json:
            say(f"{one.verdict.value:<9} {one.item}", flush=True)
    _tell(args, settings, inputs, findings)
    return FAILED if any(one.verdict is Verdict.FAILED for one in findings) else DONE


def _checks(asked: _Asked, inputs: Inputs) -> Iterator[Finding]:
    stop = threading.Event()
    inputs.positions.start(stop)  # the receiver looks for its fix while the rest is tested
    try:
        yield from _pictures(asked, inputs)
        yield from check_storage(asked.settings.unit.state_dir, asked.settings.journal.min_free_mb)
        yield from _alarm(asked)
        yield _lists(asked, inputs)
        yield from check_centre(asked.settings.sync, inputs.clock)
        yield check_position(inputs.positions, asked.fix_wait_s, stop)
        yield from check_clock(inputs.clock)
    finally:
        stop.set()
        inputs.positions.close()


def _pictures(asked: _Asked, inputs: Inputs) -> Iterator[Finding]:
    try:
        opened = _open_models(asked.settings)
    except ModelError as error:
        yield no_models(error)
        yield not_tried("camera", "without models")
        return
    today = inputs.clock.stamp(inputs.clock.mono_ns()).utc.date()
    yield from check_recogniser(opened, today)
    try:
        seen = look(inputs.source, opened.recogniser, asked.seconds)
    except SourceError as error:
        yield failed("camera", str(error), "name a source that can be read")
        return
    yield from check_camera(inputs.source, seen)
    if asked.picture is not None:
        keep_picture(seen, asked.picture)


def _open_models(settings: Settings) -> OpenedRecogniser:
    wanted = settings.recogniser
    return open_recogniser(
        RecogniserOptions(
            models_dir=wanted.models_dir,
            runtime=wanted.runtime,
            precision=wanted.precision,
            threads=1,
            detector_width_px=wanted.detector_width_px,
        )
    )


def _alarm(asked: _Asked) -> Iterator[Finding]:
    port = asked.settings.alarm.port
    if port in ("none", "terminal"):
        remedy = "set alarm.port to the alarm unit's serial port, such as /dev/ttyUSB0"
        yield failed("alarm unit", f"alarm.port is {port!r}: nobody hears an alert", remedy)
        return
    screen = Screen(stderr=True)
    witness = (
        Technician(lambda question: ask(question, screen), screen.print) if asked.ask else None
    )
    yield from check_alarm_unit(lambda: SerialPort(Path(port)), witness)


def _lists(asked: _Asked, inputs: Inputs) -> Finding:
    with closing(open_matcher(asked.settings.hotlist_dir, inputs.clock)) as matcher:
        return check_lists(matcher.health())


def _tell(
    args: argparse.Namespace, settings: Settings, inputs: Inputs, findings: list[Finding]
) -> None:
    at = inputs.clock.stamp(inputs.clock.mono_ns()).iso_ms()
    if args.page is not None:
        page = as_page(settings.unit.id, at, __version__, findings)
        durable.write(args.page, page.encode("utf-8"))
    if args.json:
        told = {"unit": settings.unit.id, "utc": at, "version": __version__}
        say_json(told | {"findings": [one.as_json() for one in findings]}, indent=1)
        return
    table = Table("part", "result", "measured", "what to do", title="Self-test")
    for one in findings:
        style = _STYLES[one.verdict]
        table.add_row(one.item, styled(one.verdict.value, style), one.measured, one.remedy)
    Screen().print(table)
