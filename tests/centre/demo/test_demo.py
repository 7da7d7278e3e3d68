"""`outrider centre demo`: one command, and people of each role sign in to its pages."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest

from outrider.centre.demo.people import STAFF
from outrider.centre.demo.serving import DemoFault, check_provider

_COMMAND = (sys.executable, "-m", "outrider.cli", "centre", "demo")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as line:
        return int(line.getsockname()[1])


@contextlib.contextmanager
def _demo(*words: str) -> Iterator[str]:
    """Run the command; yield the address of its pages; it ends well at Ctrl-C."""
    process = subprocess.Popen([*_COMMAND, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield _address(process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _address(out: IO[str]) -> str:
    for line in out:
        found = re.search(r"pages: (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("the demo ended before its pages were there")


def test_one_command_and_everybody_signs_in(tmp_path: Path) -> None:
    """It makes the centre, serves it, and each of its people comes to the first page by name."""
    words = ["--dir", str(tmp_path / "demo"), "--port", "0", "--days", "7", "--reads-a-day", "3"]
    with _demo(*words, "--provider-port", str(_free_port())) as address:
        for staff in STAFF:
            with httpx.Client(base_url=address, timeout=60) as client:
                name = staff.person.person_id
                _sign_in(client, name)
                shown = client.get("/", follow_redirects=True)
                assert shown.status_code == 200
                assert name in shown.text
    with contextlib.ExitStack() as stack:
        with _demo(*words) as address:  # again: the same centre, at once
            client = stack.enter_context(httpx.Client(base_url=address, timeout=60))
            assert "Sign in" in client.get("/").text
            lines = stack.enter_context(_live(client)).iter_lines()
            assert next(lines) == "event: now"
        assert list(lines)  # a page that is open holds up no end, and what it reads is whole


def _sign_in(client: httpx.Client, name: str) -> None:
    begun = client.get("/sign-in").headers["location"]
    back = httpx.post(begun, data={"sub": name}).headers["location"]
    assert client.get(back).status_code == 200


def _live(client: httpx.Client) -> contextlib.AbstractContextManager[httpx.Response]:
    """Return what tells an open page of new hits."""
    _sign_in(client, "dc-45")
    token = re.findall(r'name="form-token" value="([0-9a-f]+)"', client.get("/purpose").text)[0]
    said = {"form-token": token, "case": "CR/1/26", "code": "serious", "words": "see what is new"}
    assert client.post("/purpose", data=said).status_code == 303
    path = re.findall(r'data-stream="([^"]+)"', client.get("/hits").text)[0]
    return client.stream("GET", path)


def test_a_taken_port_is_said_before_anything_is_made() -> None:
    """And what to do."""
    with socket.create_server(("127.0.0.1", 0)) as line, pytest.raises(DemoFault, match="taken"):
        check_provider(line.getsockname()[1])
