"""A journal that another process holds for long: syncing waits for it, and does not end."""

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.unit.journal.schema import DATABASE
from outrider.unit.settings.sections import Settings
from outrider.unit.sync import dock as docks
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import Summary
from outrider.wire.signing import SigningIdentity
from tests.unit.journal.filled import CENTRE, fill, reads, settings_for
from tests.unit.sync.centre import TestCentre, serve


def test_a_watching_sync_outlives_a_journal_that_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is locked it says so and tries again; then everything is sent."""
    monkeypatch.setattr("outrider.unit.journal.schema.BUSY_S", 0.01)
    monkeypatch.setattr(docks, "_FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(docks, "_LOOK_AGAIN_S", 0.01)
    fill(tmp_path / "journal", reads(0, 5, patch_bytes=300, overview_bytes=900))
    unit = SigningIdentity.generate()
    centre, stop = TestCentre(unit.public), threading.Event()
    unit.write(tmp_path / "unit.key")
    centre.identity.public.write(tmp_path / "receipt.key")
    holder = sqlite3.connect(tmp_path / "journal" / DATABASE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    sent: list[Summary] = []

    complaints: list[str] = []

    def complain(text: str, *arguments: object) -> None:
        complaints.append(text % arguments)
        if len(complaints) == 2:
            holder.execute("ROLLBACK")

    monkeypatch.setattr(docks._log, "warning", complain)

    def report(summary: Summary) -> None:
        sent.append(summary)
        if summary.done:
            stop.set()

    with serve(centre) as url, contextlib.closing(holder):
        settings = Settings.model_validate(
            {
                "unit": {"id": "unit-7", "state_dir": tmp_path},
                "journal": settings_for(tmp_path / "journal", CENTRE).model_dump(),
                "sync": {
                    "url": url,
                    "signing_key": tmp_path / "unit.key",
                    "receipt_key": tmp_path / "receipt.key",
                },
            }
        )
        Dock(settings, SystemClock()).watch(Manner(metered=False), stop, report)
    assert len(complaints) >= 2
    assert all("in use" in text for text in complaints[:2])
    assert sent[-1].done
    assert len(centre.rows) >= 5
