"""From a unit's journal to a picture in an officer's hand, by the commands that people type."""

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from outrider.centre.access.people import Role as PersonRole
from outrider.cli import main
from outrider.clock import SystemClock
from outrider.records import Read, Role
from outrider.unit.journal import SealedJournal
from tests.centre.opening.makers import some_reads
from tests.centre.people.signed_in import signed_in
from tests.fault.places import CentrePlace, UnitPlace
from tests.fault.processes import abandoning, outrider, wait_listening
from tests.unit.journal import makers

BY = ("--purpose", "serious", "--case", "CR/45/26", "--words", "find out whose car it was")


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[CentrePlace]:
    place = CentrePlace.make(tmp_path, None)
    serving = place.serve()
    with abandoning(serving):
        serving.start()
        wait_listening(serving, place.enrol_port)
        yield place
        serving.end()


def write_and_send(unit: UnitPlace, reads: list[Read], correction: int) -> None:
    """Journal reads and an officer's correction on the unit, and sync them."""
    settings = unit.journal_settings()
    journal = SealedJournal(unit.journal, settings, SystemClock(), live=True, unit_id="unit-7")
    journal.start(threading.Event())
    for read in reads:
        journal.put_read(*makers.pictured(read))
    journal.put_action(makers.action(correction))
    journal.close()
    outrider("sync", "--once", "-c", unit.settings_file, "--json")


def test_reads_of_before_and_after_a_rotation_reach_an_officer(
    centre: CentrePlace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Enrol, send, rotate the key, enrol anew, send, open, look, hand on, verify: all of it."""
    place = ("--dir", str(centre.folder.root))
    keys = ("--keys", str(centre.keys))
    unit = UnitPlace.make(tmp_path, centre, tmp_path / "journal")
    first, second = _recent(some_reads(4)), _recent(some_reads(4, first=10))
    write_and_send(unit, first, correction=1)
    old = unit.settings().journal.centre_public_key
    assert old is not None
    before = old.read_text()
    assert main(["centre", "rotate-key", *place, *keys]) == 0
    ticket = tmp_path / "again.json"
    outrider("centre", "enrol-ticket", "unit-7", *place, "-o", ticket)
    outrider("enrol", "--ticket", ticket, "--again", "-c", unit.settings_file)
    new = unit.settings().journal.centre_public_key
    assert new is not None
    assert new.read_text() != before
    write_and_send(unit, second, correction=2)
    assert main(["centre", "open", *place, *keys, "--once"]) == 0
    session = ("--session", str(tmp_path / "session"))
    signed_in(centre.folder.root, tmp_path / "session", PersonRole.INVESTIGATOR)
    _look_at_a_picture((*place, *session), keys, first[0], tmp_path)
    _look_at_a_picture((*place, *session), keys, second[0], tmp_path)
    _hand_on((*place, *session), first + second, tmp_path)
    _check_trail(place, tmp_path)
    assert main(["centre", "open", *place, "--backlog", "--json"]) == 0
    assert '"set_aside": 0' in capsys.readouterr().out


def _recent(reads: list[Read]) -> list[Read]:
    """Return reads as of yesterday: most people see none of more than 90 days ago."""
    clock = SystemClock()
    shift_ns = clock.stamp(clock.mono_ns()).utc_ns - 86_400 * 10**9 - reads[0].at.utc_ns
    return [replace(read, at=replace(read.at, utc_ns=read.at.utc_ns + shift_ns)) for read in reads]


def _look_at_a_picture(
    place: tuple[str, ...], keys: tuple[str, ...], read: Read, folder: Path
) -> None:
    target = folder / f"{read.read_id}.jpg"
    words = ["centre", "picture", str(read.read_id), *place, *keys, "--role", "patch"]
    assert main([*words, "-o", str(target), *BY]) == 0
    assert target.read_bytes() == makers.pictures_of(read)[Role.PATCH]
    assert target.stat().st_mode & 0o777 == 0o600
    assert main([*words, "-o", str(target), *BY]) == 2


def _hand_on(place: tuple[str, ...], reads: list[Read], folder: Path) -> None:
    target = folder / "out.ndjson"
    words = ["centre", "export", *place, "-o", str(target), *BY, "--recipient", "CID"]
    since, until = (f"{at:%Y-%m-%dT%H:%M}" for at in _around(reads))
    assert main([*words, "--since", since, "--until", until]) == 0
    heading, *lines = (json.loads(line) for line in target.read_text().splitlines())
    assert (heading["recipient"], heading["case"]) == ("CID", "CR/45/26")
    assert uuid.UUID(heading["decision"])
    assert sorted(line["read_id"] for line in lines) == sorted(str(read.read_id) for read in reads)
    assert {line["position_precision"] for line in lines} == {"coarse"}
    assert target.stat().st_mode & 0o777 == 0o600


def _around(reads: list[Read]) -> tuple[datetime, datetime]:
    hour = timedelta(hours=1)
    return min(r.at.utc for r in reads) - hour, max(r.at.utc for r in reads) + hour


def _check_trail(place: tuple[str, ...], folder: Path) -> None:
    checkpoint, key, trail = folder / "cp.json", folder / "cp.pub", folder / "trail.ndjson"
    assert main(["centre", "audit", "checkpoint", *place, "-o", str(checkpoint),
                 "--public-key", str(key)]) == 0  # fmt: skip
    assert main(["centre", "audit", "verify", *place, "--checkpoint", str(checkpoint)]) == 0
    assert main(["centre", "audit", "export", *place, "-o", str(trail)]) == 0
    against = ["--checkpoint", str(checkpoint), "--key", str(key)]
    assert main(["centre", "audit", "verify", "--file", str(trail), *against]) == 0
    lines = trail.read_text().splitlines(keepends=True)
    kinds = [json.loads(line)["record"]["kind"] for line in lines]
    # Each correction twice: as the unit logged it, and as it joined the record at the centre; and
    # the officer's session and acceptance of the rules.
    assert kinds.count("alteration") == 6
    assert kinds.count("consultation") == 4
    assert kinds.count("disclosure") >= 2
    assert {"collection", "disclosure"} <= set(kinds)
    trail.write_text("".join(lines[:-1]))
    assert main(["centre", "audit", "verify", "--file", str(trail), *against]) == 1
