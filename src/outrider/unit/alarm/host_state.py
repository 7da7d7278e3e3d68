"""What the heartbeat tells the unit of the host's other components."""

from collections.abc import Sequence

from outrider.records import ComponentHealth, Level, Part
from outrider.unit.alarm.protocol import HostFaults, ListAge

BITS = {
    Part.CAMERA: HostFaults.CAMERA,
    Part.GPS: HostFaults.POSITION,
    Part.CLOCK: HostFaults.CLOCK,
    Part.RECOGNISER: HostFaults.RECOGNISER,
    Part.PIPELINE: HostFaults.OTHER,
    Part.HOTLIST: HostFaults.HOTLIST,
    Part.HOTLIST_UPDATE: HostFaults.HOTLIST,
    Part.JOURNAL: HostFaults.JOURNAL,
    Part.SYNC: HostFaults.SYNC,
    Part.SCREEN: HostFaults.OTHER,
}
"""How the unit knows each component; all but the alarm unit, which knows itself."""


def host_faults_of(components: Sequence[ComponentHealth]) -> int:
    """Return the bits of all components in fault but the unit itself."""
    bits = HostFaults(0)
    for component in components:
        if component.level is Level.FAULT and component.name is not Part.ALARM:
            bits |= BITS[component.name]
    return int(bits)


def list_age_of(components: Sequence[ComponentHealth]) -> int:
    """Return how old the lists are, by the hotlist's health: warning is amber, fault is red."""
    levels = {component.level for component in components if component.name is Part.HOTLIST}
    if not levels:
        return ListAge.UNKNOWN
    if Level.FAULT in levels:
        return ListAge.RED
    return ListAge.AMBER if Level.WARNING in levels else ListAge.FRESH
