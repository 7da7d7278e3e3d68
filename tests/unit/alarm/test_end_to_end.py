"""A hit on the pipeline, the wire, the pins, a press on a pin, the journal."""

import re
import threading
from pathlib import Path

from outrider.clock import SystemClock
from outrider.records import Level
from outrider.unit.alarm.decode import Decoder
from outrider.unit.alarm.patterns import table
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.hotlist.lookback import LookBack
from outrider.unit.journal import SealedJournal
from outrider.unit.journal.reader import JournalReader
from outrider.unit.pipeline.decide import Decider, Outputs, Rules
from outrider.unit.pipeline.tag import Tagger, drawn_bits
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.pin_witness import sounds_as
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.read_record import RecordKind
from tests.unit import fakes
from tests.unit.alarm.bench import built, until


def test_from_pipeline_to_pins_and_back_to_the_journal(tmp_path: Path) -> None:
    """One decided read becomes one ALERT on the line, STOP on the pins, one acknowledged hit."""
    clock, lines, decoder = SystemClock(), list[str](), Decoder()
    journal = SealedJournal(
        tmp_path, JournalSettings.model_validate({"sealing": "none"}), clock, live=True
    )
    journal.start(threading.Event())
    with simulator.start(built=built()) as board:
        alarm = SerialAlarm(
            "test",
            lambda: SerialPort(board.port),
            clock,
            tap=lambda way, data: lines.extend(decoder.take(way, data, 0.0)),
        )
        alarm.start(threading.Event())
        until(lambda: alarm.health().level is Level.OK, what="the session")
        stages = Decider(
            fakes.Tracker([[fakes.result("AB12CDE")]]),
            Tagger(clock, fakes.Nowhere(), fakes.ORIGIN, drawn_bits),
            fakes.Matcher(matches={"AB12CDE": fakes.match("AB12CDE")}),
            Rules(OperatingPoints(alarm=0.9, possible=0.5), fakes.Once(), LookBack()),
            Outputs(alarm, journal, fakes.Recorder()),  # type: ignore[arg-type]
        )
        stages.take(fakes.frame(0), [])
        until(lambda: sounds_as(board.events(), table()["STOP"]), 30.0, "the pattern")
        board.press("acknowledge")

        def acknowledged() -> bool:
            stages.rounds(fakes.Nowhere())
            return stages.counts.acknowledged > 0

        until(acknowledged, what="the press")
        board.release("acknowledge")
        alarm.close()
    journal.close()
    alerts = [line for line in lines if "-> ALERT" in line]
    assert len({re.search(r"seq +\d+", line)[0] for line in alerts}) == 1  # type: ignore[index]
    assert any("<- BUTTON" in line and "ACKNOWLEDGE" in line for line in lines)
    with JournalReader(tmp_path) as reader:
        kinds = [opened.row.kind for opened in reader.rows()]
    assert kinds.count(RecordKind.HIT) == 1
    assert kinds.count(RecordKind.ACTION) == 1
