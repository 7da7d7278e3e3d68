"""A real small OpenID Connect provider in a process of its own, as the README starts it."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

_READY_TRIES = 200

PEOPLE: tuple[dict[str, object], ...] = (
    {"sub": "dc-1234", "outrider_roles": ["analyst"], "outrider_rank": "constable"},
    {
        "sub": "supt-1",
        "outrider_roles": ["senior-officer"],
        "outrider_rank": "superintendent",
        "outrider_team": "command",
    },
    {"sub": "nobody", "outrider_roles": ["king"]},
    {"sub": "rankless", "outrider_roles": ["analyst"], "outrider_rank": "emperor"},
)


def _claims(person: dict[str, object]) -> str:
    return json.dumps({"outrider_force": "northshire", "outrider_team": "cid-1", **person})


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run it; yield its issuer."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
    command = [str(Path(sys.executable).parent / "oidc-provider-mock"), "--port", str(port)]
    for person in PEOPLE:
        command += ["--user-claims", _claims(person)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait(issuer, process)
        yield issuer
    finally:
        process.terminate()
        process.wait()


def _wait(issuer: str, process: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    for _ in range(_READY_TRIES):
        if process.poll() is not None:
            raise RuntimeError("the provider ended")
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{issuer}/.well-known/openid-configuration")
            return
        pause.wait(0.1)
    raise RuntimeError("the provider does not answer")


def sign_in(url: str, person: str) -> tuple[str, str]:
    """Sign in as somebody would in a browser; return state and code."""
    answer = httpx.post(url, data={"sub": person})
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    return found["state"][0], found["code"][0]
