"""The self-assessment by page: run, looked at, answered."""

import json
import re
import threading
from pathlib import Path

import pytest

from outrider.cli import main
from tests.centre.pages.conftest import Centre


def test_the_twelve_principles_are_shown_with_the_checks_that_were_run(centre: Centre) -> None:
    """As the operator: run as long work, then each principle with its checks and their results."""
    operator = centre.sign_in("adm-1")
    assert "never" in operator.get("/self-assessment")
    assert "not run" in operator.get("/self-assessment/mobile")
    operator.post("/self-assessment/mobile/run")
    pause = threading.Event()
    for _ in range(600):
        if "All checks are run" in operator.text:
            break
        pause.wait(0.05)
        operator.get(operator.path)
    shown = operator.get("/self-assessment/mobile")
    assert "by adm-1" in shown
    for number in range(1, 13):
        assert re.search(rf"\b{number}\. [A-Z]", shown), number
    assert "6 of 6 mobile units have a need entered" in shown
    assert "rows hold together" in shown
    assert "no contact" in shown
    assert "not run" not in shown


def test_what_cannot_be_measured_is_answered_on_the_page(centre: Centre) -> None:
    """By name and day; a supervisor sees it, and answers nothing."""
    auditor = centre.sign_in("aud-1")
    auditor.get("/self-assessment/fixed")
    path = "/self-assessment/fixed/answer"
    assert "There is a problem" in auditor.post(path, question="training", answer="yes", words="ok")
    told = auditor.post(path, question="training", answer="partly", words="two of three so far")
    assert "aud-1, 2026-11-21: two of three so far" in told
    supervisor = centre.sign_in("sgt-3")
    assert "two of three so far" in supervisor.get("/self-assessment/fixed")
    assert "Keep the answer" not in supervisor.text
    supervisor.get("/self-assessment/flying")
    assert supervisor.status == 404


def test_the_command_runs_them_by_a_timer(made: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON; exit 1 while something is not well."""
    assert main(["centre", "self-assess", "--dir", str(made), "--kind", "fixed", "--json"]) == 1
    (run,) = json.loads(capfd.readouterr().out)
    assert run["kind"] == "fixed"
    (contact,) = [one for one in run["checks"] if one["check"] == "contact published"]
    assert contact["good"] is False
