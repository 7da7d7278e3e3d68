"""What the alarm unit is told of the host's components."""

import ast
from pathlib import Path

import pytest

import outrider
from outrider.records import ComponentHealth, Level, Part
from outrider.unit.alarm.host_state import BITS, host_faults_of, list_age_of
from outrider.unit.alarm.protocol import HostFaults, ListAge

WANTED = {
    Part.CAMERA: HostFaults.CAMERA,
    Part.GPS: HostFaults.POSITION,
    Part.CLOCK: HostFaults.CLOCK,
    Part.RECOGNISER: HostFaults.RECOGNISER,
    Part.PIPELINE: HostFaults.OTHER,
    Part.HOTLIST: HostFaults.HOTLIST,
    Part.HOTLIST_UPDATE: HostFaults.HOTLIST,
    Part.ALARM: HostFaults(0),
    Part.JOURNAL: HostFaults.JOURNAL,
    Part.SYNC: HostFaults.SYNC,
    Part.SCREEN: HostFaults.OTHER,
}


@pytest.mark.parametrize("part", Part)
def test_a_fault_of_each_part_sets_its_own_bit(part: Part) -> None:
    """A GPS fault reached the unit as "other": each part's bit is named, the unit's own is none."""
    for level in Level:
        bits = host_faults_of([ComponentHealth(part, level, "")])
        assert bits == (WANTED[part] if level is Level.FAULT else 0)


def test_every_bit_of_the_wire_is_some_parts() -> None:
    """No bit of protocol.h is left that nothing can set, and no part without one."""
    assert set(BITS.values()) == set(HostFaults)
    assert set(BITS) == set(Part) - {Part.ALARM}


def test_faults_of_several_parts_come_together() -> None:
    """The heartbeat tells of all of them at once."""
    both = [ComponentHealth(part, Level.FAULT, "") for part in (Part.GPS, Part.JOURNAL)]
    assert host_faults_of(both) == HostFaults.POSITION | HostFaults.JOURNAL


@pytest.mark.parametrize(
    ("level", "age"),
    [(Level.OK, ListAge.FRESH), (Level.WARNING, ListAge.AMBER), (Level.FAULT, ListAge.RED)],
)
def test_the_lists_age_is_told(level: Level, age: ListAge) -> None:
    """A warning of the lists is amber, a fault red; no other part changes that."""
    other = ComponentHealth(Part.HOTLIST_UPDATE, Level.FAULT, "")
    assert list_age_of([ComponentHealth(Part.HOTLIST, level, ""), other]) == age
    assert list_age_of([other]) == ListAge.UNKNOWN


def test_no_part_is_named_by_a_text() -> None:
    """A misspelt or new name cannot come in past the type: each ComponentHealth names a Part."""
    found = []
    for path in Path(outrider.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id == "ComponentHealth":  # type: ignore[attr-defined]
                first = node.args[0] if node.args else None  # type: ignore[attr-defined]
                if isinstance(first, ast.Constant):
                    found.append(f"{path.name}:{node.lineno}")  # type: ignore[attr-defined]
    assert found == []
