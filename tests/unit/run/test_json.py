"""What `--json` prints is what is written down: fields, words, and no number that is none."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from outrider.cli import main
from outrider.shown import json_text

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "replay" / "golden_drive"
SCHEMA = ROOT / "src" / "outrider" / "unit" / "run" / "events.schema.json"


def test_every_event_is_as_the_schema_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Reads, hits, health and summary of a real run: each field known, none missing."""
    listed = tmp_path / "list.csv"
    listed.write_text("vrm,reason\nWB931,stolen\nUE71DSJ,stolen\n")
    (tmp_path / "unit.toml").write_text(f'[unit]\nstate_dir = "{tmp_path}"\n')
    command = ["run", "--json", "-c", str(tmp_path / "unit.toml"), "--alarm", "none"]
    capfd.readouterr()
    assert main([*command, "--source", f"drive:{GOLDEN}", "--hotlist", str(listed)]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [event for event in events if not schema.is_valid(event)] == []
    assert {"read", "hit", "health", "summary"} <= {event["event"] for event in events}


def test_a_number_that_is_none_is_null() -> None:
    """NaN and the infinities are no JSON."""
    text = json_text({"a": float("nan"), "b": [float("inf"), 1.5], "c": (float("-inf"),)})
    assert json.loads(text) == {"a": None, "b": [None, 1.5], "c": [None]}
    assert "NaN" not in text
