"""All that a crew without root can get of a unit, with a silent hit and without: the same bytes.

Each channel by itself: what the commands print, what is logged, what goes over a metered line.
"""

import io
import logging
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.clock import SystemClock
from outrider.records import Response
from outrider.unit.health import write_status
from outrider.unit.journal.writer import SealedJournal
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.cadence import PICTURES_EVERY
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import Summary
from outrider.unit.sync.state import SyncWatch
from tests.centre.intake.running import Running, Unit, enrolled
from tests.unit.journal import makers

READS = 12
_SIGNATURES = (*range(85, 106), *range(868, 886))  # a handshake's own, and its certificate's
_VOLATILE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # names that chance gives
    r"|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"  # times of day
    r"|\"(pid|mono_ns|took_s|age_s)\": [\d.]+|\b\d+(\.\d+)? m?s\b *"
    r"|crew-view-\d"
)


def plain(text: str) -> str:
    """What is left of a text without the time of day, and what names this unit."""
    return _VOLATILE.sub("*", text)


class Wire:
    """A line to the centre on which the sizes of TLS records are read, as a passer-by can."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.seen: list[tuple[list[int], list[int]]] = []

    @contextmanager
    def open(self) -> Iterator[None]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._accept)
        thread.start()
        try:
            yield
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            up, down = bytearray(), bytearray()
            with client, socket.create_connection(self._target) as server:
                ways = ((client, server, up), (server, client, down))
                threads = [threading.Thread(target=self._pump, args=way) for way in ways]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            self.seen.append((records(bytes(up)), records(bytes(down))))

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, seen: bytearray) -> None:
        try:
            while data := source.recv(1 << 16):
                seen += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # one side has gone: the other is let go of when both ways have ended


def records(stream: bytes) -> list[int]:
    """Return the lengths of the TLS records of encrypted data, the handshake's too."""
    found, place = [], 0
    while place + 5 <= len(stream):
        kind, _, length = struct.unpack_from(">BHH", stream, place)
        if kind == 23:
            found.append(length)
        place += 5 + length
    return found


def said(*words: str) -> str:
    """Run a command as somebody at the unit does; return all that it says, and how it ended."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(words))
    return f"{status}\n{plain(out.getvalue())}\n{plain(err.getvalue())}"


def view(
    unit: Unit, wire: Wire, *, silent: bool, caplog: pytest.LogCaptureFixture
) -> dict[str, str]:
    """Drive, sync on the road, then dock; return every channel."""
    settings, channels = unit.settings, dict[str, str]()
    config, clock = str(unit.settings_file), SystemClock()
    caplog.clear()
    journal = SealedJournal(settings.journal_dir, settings.journal, clock, live=True)
    journal.start(threading.Event())
    for number in range(READS):
        if silent and number == READS // 2:
            journal.put_hit(*makers.pictured(makers.hit(number, response=Response.SILENT)))
        journal.put_read(*makers.pictured(makers.read(number)))
    journal.close()
    channels["journal's health"] = plain(str(journal.health()))
    on_the_road(settings, wire)
    channels["metered line, requests"] = sizes(wire, 0)
    channels["metered line, answers"] = sizes(wire, 1)
    watch = SyncWatch(settings.unit.runtime_dir or settings.unit.state_dir)
    write_status(settings.status_file, clock, [journal.health(), watch.health()])
    for name, words in {
        "status": ("status",),
        "status --json": ("status", "--json"),
        "journal list": ("journal", "list"),
        "journal list --json": ("journal", "list", "--json"),
        "journal status": ("journal", "status"),
        "journal status --json": ("journal", "status", "--json"),
        "journal verify": ("journal", "verify"),
        "journal verify --json": ("journal", "verify", "--json"),
        "sync, docked": ("sync", "--once", "--unmetered"),
        "sync --json, docked": ("sync", "--once", "--unmetered", "--json"),
        "journal status, docked": ("journal", "status", "--json"),
    }.items():
        channels[name] = said(*words, "-c", config)
    channels["status after docking"] = plain(str(watch.health()))
    channels["log, every level"] = "\n".join(
        plain(f"{r.name} {r.levelname} {r.getMessage()}")
        for r in caplog.records
        if r.name.startswith("outrider.unit")
    )
    return channels


def on_the_road(settings: Settings, wire: Wire) -> None:
    """Sync over a metered line until pictures have had their slot."""
    sync = settings.sync.model_copy(
        update={"url": f"https://localhost:{wire.port}", "metered_every_s": 0.1}
    )
    dock, stop = Dock(settings.model_copy(update={"sync": sync}), SystemClock()), threading.Event()
    slots: list[Summary] = []

    def count(summary: Summary) -> None:
        slots.append(summary)
        if len(slots) == PICTURES_EVERY:
            stop.set()

    with wire.open():
        dock.watch(Manner(metered=True), stop, count)
    assert not [fault for one in slots for fault in one.faults]


def sizes(wire: Wire, way: int) -> str:
    """Return the sizes of what was exchanged, but for what in a handshake holds a signature.

    Those (ECDSA in DER) differ by a byte or two by chance.
    """
    return "\n".join(
        str([size for size in seen[way] if size not in _SIGNATURES]) for seen in wire.seen
    )


def test_a_silent_hit_changes_no_byte_of_what_a_crew_can_get(
    centre: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Channel by channel: the same with and without; and the centre has the hit."""
    views, held = [], []
    for silent in (False, True):
        name = f"crew-view-{int(silent)}"
        unit = enrolled(centre, tmp_path / name, name)
        with caplog.at_level(logging.DEBUG):
            wire = Wire(centre.service.ports.units)
            views.append(view(unit, wire, silent=silent, caplog=caplog))
        spans = [s for j in centre.store.journals() if j.unit_id == name for s in j.present]
        held.append(sum(span.last - span.first + 1 for span in spans))
    without, with_hit = views
    different = [name for name in without if without[name] != with_hit[name]]
    for name, text in without.items():
        print(f"{name:28} {len(text):6} bytes {'DIFFERENT' if name in different else 'identical'}")
    for name in different:
        print(without[name], "\n--\n", with_hit[name])
    assert not different
    assert all(text.strip() for name, text in without.items() if "log" not in name)
    assert held[1] > held[0]
