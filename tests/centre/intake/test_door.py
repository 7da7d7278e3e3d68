"""Who connects and says nothing takes nobody's place, before TLS stands."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.centre.intake import listener
from outrider.centre.intake.door import Door
from outrider.centre.intake.listener import bind
from tests.centre.intake import raw
from tests.centre.intake.running import Running, enrolled, eventually, running


@contextlib.contextmanager
def silent(port: int, count: int, address: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Connect so often from an address, and say nothing."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", port), 5.0, source_address=(address, 0))
            )
            for _ in range(count)
        ]


def is_over(line: socket.socket) -> bool:
    """Whether the other side ends a connection within five seconds."""
    with contextlib.suppress(ConnectionError):
        return line.recv(1) == b""
    return True


def health(centre: Running) -> dict[str, object]:
    """Return how the service says it is."""
    return dict(centre.service._health())


def test_the_silent_of_an_address_make_room_for_the_next_of_it(tmp_path: Path) -> None:
    """Of one address so many wait for their handshake; the oldest goes, and a unit gets through."""
    with running(tmp_path / "centre", handshakes_of_one=3) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        for port in (centre.service.ports.units, centre.service.ports.enrolment):
            with silent(port, 6) as lines:
                assert all(map(is_over, lines[:3]))
                if port == centre.service.ports.units:
                    with unit.client() as client:
                        assert client.get("/v1/health").json()["turned_away"] >= 3
        assert enrolled(centre, tmp_path / "other", "other").files


def test_the_silent_of_one_address_leave_places_to_another(tmp_path: Path) -> None:
    """Where all places are taken, one of the address that has most of them goes."""
    with running(tmp_path / "centre", handshakes=4, handshakes_of_one=4) as centre:
        port = centre.service.ports.units
        with silent(port, 4, "127.0.0.2") as many, silent(port, 1, "127.0.0.3") as one:
            assert is_over(many[0])
            one[0].settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                assert one[0].recv(1) != b""
        eventually(lambda: not any(centre.at_doors))
        assert health(centre)["turned_away"] == 1


def test_a_handshake_that_is_done_waits_no_more(tmp_path: Path) -> None:
    """Connections at work, and those that have gone, count for nothing at the door."""
    with running(tmp_path / "centre", handshakes_of_one=2) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        port, tls = centre.service.ports.units, unit.tls()
        with contextlib.ExitStack() as stack:
            lines = [stack.enter_context(raw.line(port, tls)) for _ in range(6)]
            eventually(lambda: centre.at_doors[0] == 0)
            assert len(lines) == 6
        assert health(centre)["turned_away"] == 0


def test_a_door_forgets_who_left() -> None:
    """What was accepted and closed is not counted, and turned away is only who stands there."""
    with Door(bind("127.0.0.1", 0), 8, 2) as door:
        with socket.create_connection(door.getsockname()) as line:
            guest, address = door.accept()
            assert (door.waiting, address) == (1, line.getsockname())
            guest.close()
        assert (door.waiting, door.turned_away) == (0, 0)
        assert door._waiting == {}, "an address that has been there costs nothing"


def test_one_that_has_gone_by_itself_makes_room_too() -> None:
    """Whom the door would turn away may have hung up just then."""
    with Door(bind("127.0.0.1", 0), 8, 1) as door:
        with socket.create_connection(door.getsockname()) as first:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone, _ = door.accept()
        with contextlib.suppress(ConnectionResetError):
            assert gone.recv(1) == b""
        with socket.create_connection(door.getsockname()):
            guest, _ = door.accept()
            assert (door.waiting, door.turned_away) == (1, 1)
            guest.close()
        gone.close()


def test_a_flood_at_the_door_is_said_once_a_second(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With how many had to go: whoever floods does not fill the disk."""
    now_s = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    with Door(bind("127.0.0.1", 0), 8, 1) as door, contextlib.ExitStack() as stack:
        for now_s[0] in (100.0, 100.0, 100.9, 101.0, 101.1):
            stack.enter_context(socket.create_connection(door.getsockname()))
            guest, _ = door.accept()
            stack.callback(guest.close)
    said = [(one.getMessage(), getattr(one, "fields", {})) for one in caplog.records]
    assert said == [("too many at the door", {"turned_away": n}) for n in (1, 3)]


def test_a_handshake_that_does_not_begin_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says nothing holds a place for a while, and not for ever."""
    monkeypatch.setattr(listener, "_HANDSHAKE_S", 0.2)
    with running(tmp_path / "centre") as centre, silent(centre.service.ports.units, 1) as lines:
        assert is_over(lines[0])
