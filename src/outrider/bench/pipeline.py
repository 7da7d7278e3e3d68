"""`outrider bench pipeline`: the whole appliance on a rendered drive, played like a camera."""

import argparse
import os
import platform
import resource
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.console import Screen
from outrider.records import Frame, Hit, Read
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.shown import complain
from outrider.tables import Table
from outrider.unit.alarm.framing import FrameReader
from outrider.unit.alarm.protocol import MessageType
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.devices.paced import PacedSource
from outrider.unit.events import NoEvents, RunSummary
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.rendered_ahead import RenderedAhead
from outrider.unit.run.app import Appliance
from outrider.unit.run.inputs import Inputs, TrackPositions, track_of
from outrider.unit.run.wiring import START_ERRORS, open_bench
from outrider.unit.settings.sections import Settings

_NS_PER_MS = 1e6


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "pipeline",
        "frames per second, ms a stage, hit latency, drops, CPU a thread, memory",
        "outrider bench pipeline --seconds 20 --rate 10",
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the drive, s")
    parser.add_argument("--rate", type=float, default=10.0, help="frames a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=1456, help="width of a frame, px (4:3)")
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    console = Screen()
    settings = RenderSettings(
        seed=args.seed,
        duration_s=args.seconds,
        rate_hz=args.rate,
        width_px=args.width,
        height_px=round(args.width * 0.747),
    )
    try:
        with ExitStack() as stack:
            _measure(RenderedDrive(settings), console, stack)
    except (*START_ERRORS, simulator.NoSimulatorError) as error:
        complain(f"outrider bench pipeline: {error}")
        return 2
    return 0


class Wire:
    """Notes when the last byte of each alert went out on the serial line."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self.alerts_mono_ns: list[int] = []

    def tap(self, way: str, data: bytes) -> None:
        """Take in bytes that passed on the line."""
        now_ns = time.monotonic_ns()
        if way == "to":
            sent = self._frames.feed(data)
            alerts = sum(frame.type == MessageType.ALERT for frame in sent)
            self.alerts_mono_ns += [now_ns] * alerts


class Watch(NoEvents):
    """Notes, for each hit, the exposure of the frame that made it."""

    def __init__(self) -> None:
        self._new: list[Hit] = []
        self.exposures_mono_ns: list[int] = []
        self.reads: list[Read] = []

    def hit(self, hit: Hit) -> None:
        """Note a hit; the frame that made it is told next."""
        self._new.append(hit)

    def read(self, read: Read) -> None:
        """Note a read."""
        self.reads.append(read)

    def on_frame(self, frame: Frame) -> None:
        """Note the frame that was just decided on."""
        self.exposures_mono_ns += [frame.mono_ns] * len(self._new)
        self._new.clear()


def _measure(drive: RenderedDrive, console: Screen, stack: ExitStack) -> None:
    clock, wire, watch = SystemClock(), Wire(), Watch()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outrider-bench-")))
    board = stack.enter_context(simulator.start())
    hotlist = folder / "list.csv"
    marks = [one.vrm for one in drive.truth().passes]
    hotlist.write_text("vrm,reason\n" + "".join(f"{vrm},bench\n" for vrm in marks))
    alarm = SerialAlarm(str(board.port), lambda: SerialPort(board.port), clock, None, wire.tap)
    console.print("drawing the drive ...")
    source = PacedSource(RenderedAhead(drive), clock, late_is_dropped=True)
    positions = TrackPositions(track_of(drive.track()), clock)
    settings = Settings.model_validate(
        {
            "unit": {"id": "bench", "state_dir": folder},
            "hotlist": {"path": hotlist, "repeat_after_s": 0},
            "journal": {"sealing": "none"},
        }
    )
    unit = Appliance(
        open_bench(settings, Inputs(source, positions, clock, ""), alarm), settings, watch
    )
    summary = unit.run(threading.Event(), watch.on_frame)
    _report(unit, summary, watch, wire, console)


def _report(
    unit: Appliance, summary: RunSummary, watch: Watch, wire: Wire, console: Screen
) -> None:
    table = Table(title=f"outrider bench pipeline on {platform.machine()}, {os.cpu_count()} cores")
    table.add_column("measure")
    table.add_column("value", right=True)
    seen = summary.frames - summary.frames_dropped
    rows = [
        (
            "frames given / looked at / dropped",
            f"{summary.frames} / {seen} / {summary.frames_dropped}",
        ),
        ("frames looked at per second", f"{seen / summary.duration_s:.1f}"),
        ("reads / hits", f"{summary.reads} / {summary.hits}"),
        ("alerts on the wire", str(len(wire.alerts_mono_ns))),
        ("hit: exposure to last byte on the wire, p50 / p99", _latency(watch, wire)),
    ]
    for name, (count, p50, p99) in unit.pipeline.times.percentiles().items():
        rows.append((f"{name}, ms p50 / p99 (n = {count})", f"{p50:.1f} / {p99:.1f}"))
    for name, cpu_s in unit.pipeline.times.thread_cpu_s.items():
        rows.append((f"CPU of thread {name}", f"{cpu_s:.2f} s, {cpu_s / summary.duration_s:.0%}"))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(("peak memory, drawn drive included", f"{peak_mb:.0f} MB"))
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _latency(watch: Watch, wire: Wire) -> str:
    """Return the latency of each hit, matched in order with the alerts that followed them."""
    pairs = zip(watch.exposures_mono_ns, wire.alerts_mono_ns, strict=False)
    ms = [(sent - exposed) / _NS_PER_MS for exposed, sent in pairs]
    if not ms:
        return "no hit"
    return f"{np.percentile(ms, 50):.0f} ms / {np.percentile(ms, 99):.0f} ms (n = {len(ms)})"
