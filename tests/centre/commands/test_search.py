"""The operator's commands: sign in with a browser, accept the rules, search, be refused."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from outrider.centre.demo import story
from outrider.centre.demo.maker import Plan, make_demo
from outrider.clock import SystemClock
from tests.centre.people.provider import running

OUTRIDER = str(Path(sys.executable).parent / "outrider")
WHY = ["--purpose", "serious", "--case", "CR/45/26", "--words", "trace the car that was stolen"]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo of 30 days whose people sign in at a real provider."""
    root = tmp_path_factory.mktemp("demo") / "centre"
    make_demo(root, Plan(days=30, reads_a_day=0.5, vehicles=300, searches=False), SystemClock())
    with running() as issuer, socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
        settings = (root / "centre.toml").read_text().replace("http://127.0.0.1:9400", issuer)
        line.close()
        back = f'[people]\nredirect = "http://127.0.0.1:{port}/v1/signed-in"\n'
        (root / "centre.toml").write_text(settings.replace("\n[people]\n", f"\n{back}"))
        yield root


def run(centre: Path, *words: str) -> subprocess.CompletedProcess[str]:
    session = ["--dir", str(centre), "--session", str(centre / "session")]
    command = [OUTRIDER, "centre", *words, *session]
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))


def sign_in(centre: Path, person: str) -> str:
    """Sign in as a browser does; return what the command said."""
    command = [OUTRIDER, "centre", "sign-in", "--dir", str(centre)]
    command += ["--session", str(centre / "session")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("open in a browser: ").strip()
        httpx.post(url, data={"sub": person}, follow_redirects=True)
        said = process.stdout.read()
    assert process.returncode == 0, said
    return said


def test_from_signing_in_to_a_route_and_a_refusal(centre: Path) -> None:
    """The whole way, with the real commands."""
    before = run(centre, "search", "route", story.STOLEN, *WHY)
    assert (before.returncode, "sign-in" in before.stderr) == (2, True)
    assert "signed in as analyst" in sign_in(centre, "dc-1234")
    assert (centre / "session").stat().st_mode & 0o077 == 0
    barred = run(centre, "search", "route", story.STOLEN, *WHY)
    assert (barred.returncode, "accept the rules" in barred.stderr) == (2, True)
    assert run(centre, "accept", "--version", "1").returncode == 0
    since = ["--since", "2020-01-01"]
    found = run(centre, "search", "route", story.STOLEN, *WHY, "--json", "--since", _days_ago(28))
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)
    assert answer["reads"][0]["force"] == "northshire"
    text = run(centre, "search", "ends", story.STOLEN, *WHY, "--since", _days_ago(28))
    assert "first: " in text.stdout
    assert "newest upload" in text.stdout
    none = run(centre, "search", "mark", "XX99XXX", *WHY)
    assert (none.returncode, none.stdout.startswith("Not seen: ")) == (1, True)
    old = run(centre, "search", "mark", story.STOLEN, *WHY, *since)
    assert (old.returncode, "ask for an authorisation" in old.stderr) == (2, True)
    assert run(centre, "sign-out").returncode == 0
    after = run(centre, "search", "route", story.STOLEN, *WHY)
    assert (after.returncode, "sign-in" in after.stderr) == (2, True)


def _days_ago(days: int) -> str:
    clock = SystemClock()
    return (clock.stamp(clock.mono_ns()).utc - timedelta(days=days)).isoformat()
