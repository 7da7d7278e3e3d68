"""Hits that wait for an officer, over a restart; answers that officers owe."""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.records import ActionKind, Hit, OfficerAction, Response
from outrider.unit.crew.desk import CrewDesk
from tests.unit.alarm import makers
from tests.unit.fakes import Recorder

PRESSED = UtcStamp(1_791_993_600_000_000_000, ClockQuality.GPS, 0.0)


@dataclass
class Alarm(Recorder):
    """An alarm output that notes what it was given back."""

    restored: list[tuple[Hit, float]] = field(default_factory=list)

    def restore(self, hit: Hit, age_s: float) -> None:
        self.restored.append((hit, age_s))


def desk(folder: Path) -> tuple[CrewDesk, Alarm]:
    """Return a started desk and its alarm output."""
    alarm = Alarm()
    made = CrewDesk(alarm, folder / "crew", SystemClock())
    made.start(threading.Event())
    return made, alarm


def test_a_hit_that_nobody_acknowledged_sounds_again_after_a_restart(tmp_path: Path) -> None:
    """A process that dies takes no alert with it; one that was dealt with does not come back."""
    first, alarm = desk(tmp_path)
    kept, done = makers.hit(), makers.hit(Response.ASSESS, 2)
    first.raise_alert(kept)
    first.raise_alert(done)
    alarm.pending.append(OfficerAction(done.hit_id, ActionKind.CORRECT, PRESSED))
    assert [action.hit_id for action in first.actions()] == [done.hit_id]
    _, again = desk(tmp_path)
    assert [hit.hit_id for hit, _ in again.restored] == [kept.hit_id]
    assert again.restored[0][0].match == kept.match


def test_the_true_mark_of_a_misread_is_asked_for_and_taken_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`outrider crew` lists what is owed; the answer becomes an action, also after a restart."""
    config = tmp_path / "unit.toml"
    config.write_text(f'[unit]\nruntime_dir = "{tmp_path}"\n')
    first, alarm = desk(tmp_path)
    hit = makers.hit()
    first.raise_alert(hit)
    assert main(["crew", "queue", "-c", str(config), "--json"]) == 0
    assert [row["hit"] for row in json.loads(capsys.readouterr().out)] == [str(hit.hit_id)]
    alarm.pending.append(OfficerAction(hit.hit_id, ActionKind.MISREAD, PRESSED))
    first.actions()
    second, _ = desk(tmp_path)
    assert main(["crew", "owed", "-c", str(config), "--json"]) == 0
    assert [row["did"] for row in json.loads(capsys.readouterr().out)] == ["misread"]
    assert main(["crew", "answer", str(hit.hit_id), "ab12 cdf", "-c", str(config)]) == 0
    (action,) = second.actions()
    assert (action.kind, action.note) == (ActionKind.MISREAD, "AB12CDF")
    assert main(["crew", "answer", str(hit.hit_id), "again", "-c", str(config)]) == 1


def test_a_wait_is_said_as_a_person_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hit that has waited for three hours waits `3 h`; a machine gets its seconds."""
    first, _ = desk(tmp_path)
    first.raise_alert(makers.hit())
    now_ns = time.monotonic_ns() + 3 * 3600 * 10**9
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns)
    assert main(["crew", "queue", "--runtime-dir", str(tmp_path)]) == 0
    assert re.search(r"\b3 h\b", capsys.readouterr().out)
    assert main(["crew", "queue", "--runtime-dir", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["waits_s"] >= 10_799


def test_a_damaged_paper_is_named_and_the_others_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad file hides no other hit."""
    first, _ = desk(tmp_path)
    hit = makers.hit()
    first.raise_alert(hit)
    (tmp_path / "crew" / "waiting" / "x.json").write_text("{")
    _, again = desk(tmp_path)
    assert [one.hit_id for one, _ in again.restored] == [hit.hit_id]
    assert "x.json" in caplog.text


def test_an_answer_that_cannot_be_read_ends_no_run(tmp_path: Path) -> None:
    """No text, or no file: it is refused once, what is owed stays owed, the others are taken."""
    made, alarm = desk(tmp_path)
    hits = [makers.hit(), makers.hit(Response.ASSESS, 2)]
    for hit in hits:
        made.raise_alert(hit)
        alarm.pending.append(OfficerAction(hit.hit_id, ActionKind.DISMISSED, PRESSED))
    made._look_s = time.monotonic() + 60.0
    made.actions()
    answers = tmp_path / "crew" / "answers"
    (answers / f"{hits[0].hit_id}.txt").write_bytes(b"\xff\xfe")
    (answers / "00000000.txt").mkdir()
    (answers / f"{hits[1].hit_id}.txt").write_text("the keeper showed papers")
    made._look_s = 0.0
    assert [action.hit_id for action in made.actions()] == [hits[1].hit_id]
    assert [owed.hit.hit_id for owed in made.followups.owed()] == [hits[0].hit_id]
    assert not list(answers.glob("*.txt"))
