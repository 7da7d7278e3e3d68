"""A silent entry: nothing differs from no match, but in the journal."""

import io
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Stop
from typing import Any

import pytest

from outrider.cli import main
from outrider.unit.alarm.framing import FrameReader
from outrider.unit.alarm.protocol import MessageType
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.rehearsal import simulator
from outrider.unit.run.app import Appliance
from outrider.unit.run.inputs import open_inputs
from outrider.unit.run.json_events import JsonEvents
from outrider.unit.run.wiring import open_bench
from outrider.unit.settings.sections import Settings
from tests.unit.run.test_faults import GOLDEN

Event = dict[str, Any]
BY_THE_CLOCK = {MessageType.STATUS, MessageType.HEARTBEAT}
"""Sent every so often whatever happens: a run shorter than that has none."""


@dataclass
class Seen:
    """Everything that the crew could see or hear of a run."""

    events: list[Event]
    message_types: set[int]
    pins: set[tuple[str, int]]
    log: list[str]


@pytest.fixture
def built() -> None:
    """Skip where the simulator of the alarm unit is not built."""
    try:
        simulator.find()
    except simulator.NoSimulatorError as error:
        pytest.skip(str(error))


def crew_sees(folder: Path, row: str, caplog: pytest.LogCaptureFixture) -> Seen:
    """Drive the golden drive with one entry on the list and return all that came out."""
    folder.mkdir()
    (folder / "list.csv").write_text(f"vrm,reason,response\n{row}\n")
    settings = Settings.model_validate(
        {
            "unit": {"state_dir": folder},
            "hotlist": {"path": folder / "list.csv"},
            "journal": {"sealing": "none"},
        }
    )
    inputs = open_inputs(f"drive:{GOLDEN}", None, settings)
    reader, types = FrameReader(), set[int]()

    def tap(_way: str, data: bytes) -> None:
        types.update({frame.type for frame in reader.feed(data)} - BY_THE_CLOCK)

    out = io.StringIO()
    caplog.clear()
    with caplog.at_level(logging.DEBUG), simulator.start() as board:
        port = board.port
        alarm = SerialAlarm("unit", lambda: SerialPort(port), inputs.clock, None, tap)
        Appliance(open_bench(settings, inputs, alarm), settings, JsonEvents(out)).run(Stop())
        pins = {(event.what, event.value) for event in board.events()}
    log = sorted({f"{r.name} {r.levelname} {r.getMessage()}" for r in caplog.records})
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    return Seen([plain(event) for event in events], types, pins, log)


def plain(event: Event) -> Event:
    """Leave out what differs from run to run: durations, and the name of the list's content."""
    bare = {k: v for k, v in event.items() if k not in ("hotlist_revision", "duration_s")}
    if event["event"] == "health":
        bare["components"] = {c["name"] for c in event["components"]}
        bare["level"] = ""
    return bare


def test_a_silent_hit_leaves_no_trace_but_in_the_journal(
    built: None,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Line, pins, events and log are those of no match; the journal has the hit, first in line."""
    main(["replay", str(GOLDEN), "--json"])
    printed = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    mark = next(event["vrm"] for event in printed if event["event"] == "read")
    silent = crew_sees(tmp_path / "silent", f"{mark},watched,SILENT", caplog)
    nothing = crew_sees(tmp_path / "nothing", "ZZ99ZZZ,watched,SILENT", caplog)
    loud = crew_sees(tmp_path / "loud", f"{mark},stolen,STOP", caplog)
    reads = [[e for e in seen.events if e["event"] != "health"] for seen in (silent, nothing)]
    assert reads[0] == reads[1]
    assert silent.message_types == nothing.message_types
    assert silent.pins == nothing.pins
    assert mark not in "\n".join(silent.log)
    assert loud.message_types - nothing.message_types, "the check sees no alert at all"
    capfd.readouterr()
    main(["journal", "list", "--json", "--directory", str(tmp_path / "silent" / "journal")])
    kinds = [json.loads(line)["kind"] for line in capfd.readouterr().out.splitlines()]
    assert "hit" in kinds
    assert kinds.index("hit") < kinds.index("read")
