"""The policy of `outrider.logs`: no content of a read, a list or a fix in any log."""

import ast
import io
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider import logs
from outrider.centre.intake.journal_lines import JsonLines
from outrider.drive.nmea_text import NmeaLog
from outrider.records import VehicleOfInterest
from outrider.unit.alarm.announcer import AudioError
from outrider.unit.devices.speaker import Speaker
from outrider.wire.hotlist_entry import EntryError, from_row, to_row

SOURCE = Path(logs.__file__).parent
LOGGERS = {"log", "_log", "logger", "logging"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
NEVER = {
    *("vrm", "raw", "marks", "read", "entry", "hit", "utterance", "spoken", "characters", "plate"),
    *("position", "latitude_deg", "longitude_deg", "fix", "comment", "officer", "note"),
    *(
        "warning_markers",
        "instruction",
        "colour",
        "make",
        "model",
        "owner",
        "sentence",
        "sentences",
    ),
}
COUNTS = {"len", "type"}
WHOLE = {"notice", "record", "row", "rows", "match", "alert", "action", "summary"}
"""Objects that may hold content: a part of one may be said, the object itself may not."""
HARMLESS_PARTS = {"hit_id", "read_id", "seq", "name"}
"""Of one of the above: an identifier, a number."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call that logs, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            to = node.args[0] if node.args else None
            says = isinstance(to, ast.Name) and to.id in LOGGERS
            logs_it = (
                isinstance(called, ast.Attribute)
                and called.attr in LEVELS
                and isinstance(called.value, ast.Name)
                and called.value.id in LOGGERS
            )
            if says or logs_it:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def content_in(node: ast.AST) -> Iterator[str]:
    """Names in an argument that stand for content."""
    if isinstance(node, ast.Attribute) and node.attr in HARMLESS_PARTS:
        return
    if isinstance(node, ast.Attribute) and node.attr in {*NEVER, "text"}:
        yield node.attr
    if isinstance(node, ast.Name) and node.id in NEVER | WHOLE:
        yield node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        node = ast.Name("") if node.value.id in WHOLE else node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in COUNTS:
        return
    for child in ast.iter_child_nodes(node):
        yield from content_in(child)


def test_no_call_that_logs_takes_content() -> None:
    """No log call is given a read, a hit, an entry, a text to be said, a fix, or a part of one."""
    found = [
        f"{place}: {', '.join(names)}"
        for place, call in calls()
        if (names := [n for part in (*call.args, *call.keywords) for n in content_in(part)])
    ]
    assert found == []


def test_the_check_of_calls_sees_what_it_looks_for() -> None:
    """A call as the announcer once had it is found, and an identifier is not."""
    bad = ast.parse('_log.error("not heard: %s", utterance.text)', mode="eval").body
    good = ast.parse('_log.error("not taken: %s", hit.hit_id)', mode="eval").body
    assert isinstance(bad, ast.Call)
    assert isinstance(good, ast.Call)
    assert list(content_in(bad.args[1]))
    assert not list(content_in(good.args[1]))
    assert len(list(calls())) > 50


_MARK, _WHY = "AB12CDE", "stolen by J. Smith"


def _raise_with_content() -> None:
    try:
        int(_MARK)
    except ValueError as error:
        raise KeyError(_WHY) from error


@pytest.mark.parametrize("formatter", [logs.Formatter("%(message)s"), JsonLines()])
def test_a_traceback_holds_places_and_no_values(formatter: logging.Formatter) -> None:
    """What an exception quotes stays out, of its causes too; what the system says stays in."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    log = logging.Logger("x")
    log.addHandler(handler)
    for fail in (_raise_with_content, lambda: Path("/not/there").read_bytes()):
        try:
            fail()
        except (KeyError, OSError) as error:
            log.error("a stage failed", exc_info=error)
    said = out.getvalue()
    assert "AB12CDE" not in said
    assert "Smith" not in said
    assert all(word in said for word in ("ValueError", "KeyError", "_raise_with_content"))
    assert "No such file or directory: '/not/there'" in said


@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_program_that_dies_quotes_nothing(where: str) -> None:
    """Not even the last words of a thread or a process hold content."""
    program = f"""
import threading
from outrider import logs
logs.start(False)
def fail():
    raise ValueError("AB12" + "CDE")
if {where == "thread"}:
    one = threading.Thread(target=fail, name="decide"); one.start(); one.join()
else:
    fail()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "AB12CDE" not in done.stderr
    assert "ValueError" in done.stderr
    assert "in fail" in done.stderr


def test_the_system_log_is_known_by_its_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream to journald is told from a file, a pipe, and a socket of somebody else."""
    ours, theirs = socket.socketpair()
    with ours, theirs, open(ours.fileno(), "w", closefd=False) as stream:
        assert not logs.is_system_log(stream)
        found = os.fstat(ours.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert logs.is_system_log(stream)
    with (tmp_path / "x").open("w") as file:
        assert not logs.is_system_log(file)
    assert not logs.is_system_log(io.StringIO())


def test_faults_of_content_name_the_place_alone(tmp_path: Path) -> None:
    """A list's row, a receiver's sentence and a text to be said are not quoted in their faults."""
    row = list(to_row(VehicleOfInterest(vrm="AB12CDE", reason="stolen")))
    for bad in (["AB12CDE", *row[1:-1], 7], [7, *row[1:]], ["AB12CDE"]):
        with pytest.raises(EntryError) as fault:
            from_row(bad)
        assert "AB12CDE" not in str(fault.value)
        assert "stolen" not in str(fault.value)
    log = NmeaLog()
    list(log.fixes(["$GPRMC,123519,A,5130.038,N,00007.000,W", "5130.038,N"]))
    assert log.unreadable == 2
    assert "5130" not in log.first_unreadable
    with pytest.raises(AudioError) as silent:
        Speaker(speak=("false",)).synthesise("Stolen. Alpha Bravo one two.")
    assert "Alpha" not in str(silent.value)


@pytest.mark.parametrize("how", ["--json", "--lines"])
def test_reads_are_refused_to_the_system_log(how: str) -> None:
    """`outrider run` that would print reads does not start with the system's log as its output."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        found = os.fstat(theirs.fileno())
        done = subprocess.run(
            [sys.executable, "-m", "outrider.cli", "run", "--source", "render:", how],
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"},
        )
    assert done.returncode == 2
    assert "--quiet" in done.stderr
