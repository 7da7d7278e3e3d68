"""Units carry checkpoints out of the building, over the real intake, and show them again."""

import threading
from pathlib import Path

from outrider.clock import SystemClock
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import Summary
from outrider.wire import checkpoint as checkpoints
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import SigningIdentity
from tests.centre.intake.running import Unit, enrolled, running


def dock(unit: Unit) -> Summary:
    """Dock once, as `outrider sync` does each time."""
    return Dock(unit.settings, SystemClock()).once(Manner(metered=False), threading.Event())


def test_a_docking_carries_the_checkpoint_out_and_the_next_brings_it_back(tmp_path: Path) -> None:
    """After two dockings the centre holds, from outside, what it had signed."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        unit.fill(3)
        assert dock(unit).faults == []
        carried = unit.settings.unit.state_dir / "checkpoint.json"
        brought = centre.folder.checkpoints / "brought" / "unit-7.json"
        assert checkpoints.decode(carried.read_bytes(), centre.receipt_key).number >= 1
        assert not brought.exists()
        assert dock(unit).faults == []
        assert brought.read_bytes() == carried.read_bytes()


def test_a_centre_that_was_set_back_is_a_fault_at_the_dock(tmp_path: Path) -> None:
    """The unit was shown more than the centre knows of: it says so, and keeps the proof."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        unit.fill(1)
        dock(unit)
        identity = SigningIdentity.read(centre.folder.receipt_key)
        later = Checkpoint(10_000, "ab" * 32, "2026-11-30T12:00:00.000Z")
        carried = unit.settings.unit.state_dir / "checkpoint.json"
        carried.write_bytes(checkpoints.encode(later, identity))
        summary = dock(unit)
        assert any("audit trail contradicts" in fault for fault in summary.faults)
        assert summary.grave
        assert checkpoints.decode(carried.read_bytes(), centre.receipt_key) == later


def test_a_checkpoint_of_another_centre_is_not_shown(tmp_path: Path) -> None:
    """After enrolling elsewhere the old one is no accusation against the new centre."""
    with running(tmp_path / "centre") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        unit.fill(1)
        foreign = Checkpoint(10_000, "ab" * 32, "2026-11-30T12:00:00.000Z")
        carried = unit.settings.unit.state_dir / "checkpoint.json"
        carried.write_bytes(checkpoints.encode(foreign, SigningIdentity.generate()))
        assert dock(unit).faults == []
        assert checkpoints.decode(carried.read_bytes(), centre.receipt_key).number < 10_000
