"""What the crew sees, hears and still owes."""

import io
import shutil
import sys
import threading
import wave
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from outrider.clock import SystemClock
from outrider.console import Screen
from outrider.records import ActionKind, ComponentHealth, Level, MatchClass, Part, Response
from outrider.unit.alarm.announcer import Announcer, AudioError
from outrider.unit.alarm.driver_safe import DriverSafe
from outrider.unit.alarm.patterns import parse, pattern_of, table
from outrider.unit.alarm.render import diagram, pattern_wav
from outrider.unit.alarm.speech import spell, text_of
from outrider.unit.alarm.terminal import TerminalAlarm
from outrider.unit.alarm.volume import volume_for
from outrider.unit.crew.follow_ups import FollowUps
from outrider.unit.devices.speaker import Speaker
from tests.unit.alarm import makers
from tests.unit.alarm.bench import until

_RECORDER = """
import sys, time
heard = sys.stdin.buffer.read()
open(sys.argv[1], "ab").write(len(heard).to_bytes(4, "little") + heard)
time.sleep(float(sys.argv[2]))
"""


def _need_espeak() -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not there: apt-get install espeak-ng")


def _recorder(path: Path, seconds: float) -> tuple[str, ...]:
    return (sys.executable, "-c", _RECORDER, str(path), str(seconds))


@pytest.mark.parametrize(
    ("vrm", "said"),
    [
        ("AB12CDE", "Alpha Bravo one two, Charlie Delta Echo"),
        ("A123BCD", "Alpha one two three, Bravo Charlie Delta"),
        ("ABC123D", "Alpha Bravo Charlie, one two three Delta"),
        ("1234AB", "one two three four, Alpha Bravo"),
        ("X9", "X-ray, nine"),
    ],
)
def test_marks_are_spelt_with_a_pause_at_the_gap(vrm: str, said: str) -> None:
    """Every letter has its word of the ICAO alphabet; the pause is where the plate's gap is."""
    assert spell(vrm) == said


def test_what_is_said_of_a_hit() -> None:
    """Reason, response, mark, vehicle, in this order."""
    said = "Stolen. Stop. Alpha Bravo one two, Charlie Delta Echo. Blue Ford Focus."
    assert text_of(makers.hit()) == said


def test_possible_is_said_to_be_possible_and_never_to_stop() -> None:
    """A look-alike of a stop begins with Possible and does not say Stop."""
    said = text_of(makers.hit(match_class=MatchClass.LOOK_ALIKE))
    assert said.startswith("Possible.")
    assert "Stop" not in said


def test_warning_markers_and_lateness_are_said() -> None:
    """Firearms markers are spoken before the mark; a late alert says so first."""
    said = text_of(makers.hit(warning_markers="FIREARMS"), late=True)
    assert said.startswith("Late. Stolen. Stop. Warning, firearms. Alpha")


def test_speech_is_made_played_and_cut_short_by_a_graver_hit(tmp_path: Path) -> None:
    """Real speech goes to the player; a graver hit ends it at once, and it is said again after."""
    _need_espeak()
    heard = tmp_path / "heard"
    announcer = Announcer(Speaker(play=_recorder(heard, 0.8)), speech=True)
    try:
        announcer.unheard(makers.hit(Response.OBSERVE, 4))
        until(lambda: heard.exists() and heard.stat().st_size > 0, 10.0, "the first sound")
        announcer.unheard(makers.hit())
        until(lambda: announcer.cut == 1, 10.0, "the cut")
        until(lambda: announcer.said == 2, 20.0, "both")
    finally:
        announcer.close()
    assert announcer.failed == 0
    with wave.open(io.BytesIO(_records(heard)[-1])) as speech:
        samples = np.frombuffer(speech.readframes(speech.getnframes()), np.int16)
        assert len(samples) / speech.getframerate() > 2.0
        assert np.abs(samples.astype(int)).max() > 3000


def _records(path: Path) -> list[bytes]:
    data, found = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:4], "little")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


def test_a_hit_dealt_with_is_not_spoken_of_any_more(tmp_path: Path) -> None:
    """Acknowledged while its tone still sounds, a hit is not said."""
    _need_espeak()
    announcer = Announcer(Speaker(play=_recorder(tmp_path / "heard", 0.0)), speech=True)
    hit = makers.hit()
    announcer.sounded(hit, False)
    announcer.acted(hit)
    announcer.close()
    assert announcer.said == 0


def test_missing_player_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    """Without aplay or espeak-ng the message names the package; the announcer counts, and lives."""
    nowhere = str(tmp_path / "nowhere")
    with pytest.raises(AudioError, match="apt-get install alsa-utils"):
        Speaker(play=(nowhere,)).play(pattern_wav(table()["STOP"]))
    with pytest.raises(AudioError, match="apt-get install espeak-ng"):
        Speaker(speak=(nowhere,)).synthesise("x")
    announcer = Announcer(Speaker(play=(nowhere,), speak=(nowhere,)), speech=True)
    announcer.fault("Alarm unit not answering.")
    until(lambda: announcer.failed == 1, what="the failure")
    announcer.close()


def test_text_is_hidden_while_moving_or_while_the_speed_is_unknown() -> None:
    """Regulation 109: text only after 3 s under walking pace; unknown counts as moving."""
    safe = DriverSafe()
    assert not safe.text_allowed(0.0)
    safe.update(0.5, 0.0)
    assert not safe.text_allowed(2.0)
    assert safe.text_allowed(3.0)
    safe.update(None, 4.0)
    assert not safe.text_allowed(100.0)
    safe.update(20.0, 5.0)
    assert not safe.text_allowed(100.0)
    assert DriverSafe(on=False).text_allowed(0.0)


class _Terminal:
    def __init__(self, **options: object) -> None:
        self.now_s = 0.0
        self.out = io.StringIO()
        screen = Screen(file=self.out, width=120)
        screen._force_terminal, screen.no_color = True, False
        self.alarm = TerminalAlarm(
            SystemClock(),
            screen,
            monotonic_s=lambda: self.now_s,
            keys=False,
            **options,  # type: ignore[arg-type]
        )


def test_terminal_shows_no_word_to_a_driver() -> None:
    """Moving: a coloured symbol and nothing that can be read. Standing: the whole text."""
    terminal = _Terminal()
    terminal.alarm.set_context(20.0, False)
    terminal.alarm.raise_alert(makers.hit())
    terminal.alarm.set_faults([ComponentHealth(Part.JOURNAL, Level.FAULT, "")])
    assert not any(char.isalnum() for char in terminal.out.getvalue())
    terminal.alarm.set_context(0.0, False)
    terminal.now_s = 5.0
    terminal.alarm.raise_alert(makers.hit())
    assert "Alpha Bravo one two" in terminal.out.getvalue()


def test_terminal_acts_on_the_gravest_and_refuses_silent() -> None:
    """Keys close the gravest, newest first; a silent hit raises and shows nothing."""
    terminal = _Terminal()
    lesser, graver = makers.hit(Response.OBSERVE, 3), makers.hit()
    terminal.alarm.raise_alert(lesser)
    terminal.alarm.raise_alert(graver)
    shown = terminal.out.getvalue()
    terminal.now_s = 9.0
    open_hits = [(one.hit, one.age_s) for one in terminal.alarm.unacknowledged()]
    assert open_hits == [(graver, 9.0), (lesser, 9.0)]
    with pytest.raises(ValueError, match="silent"):
        terminal.alarm.raise_alert(makers.hit(Response.SILENT))
    assert terminal.out.getvalue() == shown
    for kind in (ActionKind.MISREAD, ActionKind.DISMISSED, ActionKind.CORRECT):
        terminal.alarm.act(kind)
    done = [(action.hit_id, action.kind) for action in terminal.alarm.actions()]
    assert done == [(graver.hit_id, ActionKind.MISREAD), (lesser.hit_id, ActionKind.DISMISSED)]


def test_terminal_acknowledges_by_itself_only_when_told_to() -> None:
    """Without the option an alert stays for ever; with it, it is acknowledged after the delay."""
    for after_s, count in ((None, 0), (0.0, 1)):
        terminal = _Terminal(acknowledge_after_s=after_s)
        terminal.alarm.raise_alert(makers.hit())
        stop = threading.Event()
        terminal.alarm.start(stop)
        stop.wait(0.4)
        terminal.alarm.close()
        assert len(terminal.alarm.actions()) == count


def test_what_officers_owe_is_asked_until_it_is_answered() -> None:
    """A misread asks for the true mark, a dismissal for its reason; a bad answer leaves it open."""
    terminal, owed = _Terminal(), FollowUps(SystemClock())
    hits = makers.hit(), makers.hit(Response.OBSERVE, 3)
    for hit in hits:
        terminal.alarm.raise_alert(hit)
    terminal.alarm.act(ActionKind.MISREAD)
    terminal.alarm.act(ActionKind.DISMISSED)
    for hit, action in zip(hits, terminal.alarm.actions(), strict=True):
        owed.add(hit, action)
    assert [one.question for one in owed.owed()] == ["true mark", "reason"]
    for bad in ("", "not a mark!"):
        with pytest.raises(ValueError, match="true mark"):
            owed.answer(hits[0].hit_id, bad)
    assert owed.answer(hits[0].hit_id, "ab12 cdf").note == "AB12CDF"
    assert owed.answer(hits[1].hit_id, "owner  known").note == "owner known"
    assert owed.owed() == []
    with pytest.raises(KeyError):
        owed.answer(hits[0].hit_id, "AB12CDF")


def test_louder_with_speed_softer_by_night_full_when_unknown() -> None:
    """The volume never falls with speed, and is full where the speed is not known."""
    for night in (False, True):
        volumes = [volume_for(speed, night) for speed in (0.0, 10.0, 20.0, 35.0)]
        assert volumes == sorted(volumes)
    assert volume_for(None, True) == 8
    assert volume_for(0.0, True) < volume_for(0.0, False)


def test_diagram_and_sound_come_from_the_table() -> None:
    """The drawing has a bar for each step that sounds; the WAV has the length and the pitch."""
    for pattern in table().values():
        ET.fromstring(diagram(pattern))
        with wave.open(io.BytesIO(pattern_wav(pattern))) as file:
            assert abs(file.getnframes() / file.getframerate() - pattern.length_s) < 0.01
    steps = [step for step in table()["STOP"].steps if step.tone_hz]
    bars = diagram(table()["STOP"]).count('fill="#37474f"')
    assert bars == len(steps)


def test_pitch_of_the_rendered_sound_is_the_tables() -> None:
    """The strongest frequency of the rendered OBSERVE is its 1000 Hz."""
    with wave.open(io.BytesIO(pattern_wav(table()["OBSERVE"]))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)[:17_640]
    peak = np.abs(np.fft.rfft(samples)).argmax() * 44_100 / len(samples)
    assert abs(peak - 1000) < 5


def test_table_without_steps_is_refused() -> None:
    """A patterns.h whose table names a pattern without steps is an error that names it."""
    with pytest.raises(ValueError, match="STOP"):
        parse("#define PATTERNS(P) P(STOP, 1, 3, 8, R)\n")
    with pytest.raises(ValueError, match="no list"):
        parse("")


def test_host_and_firmware_choose_the_same_pattern() -> None:
    """Possible before look-back before response, as in core/alerts.c."""
    assert pattern_of(makers.hit(match_class=MatchClass.LOOK_ALIKE, look_back=True)).number == 4
    assert pattern_of(makers.hit(look_back=True)).number == 5
    assert pattern_of(makers.hit(Response.OBSERVE)).number == 3
