"""What the heartbeat tells the unit of the host's other components."""

from collections.abc import Sequence

from outrider.records import ComponentHealth, Level
from outrider.unit.alarm.protocol import HostFaults, ListAge

_BITS = {
    "camera": HostFaults.CAMERA,
    "source": HostFaults.CAMERA,
    "gnss": HostFaults.POSITION,
    "position": HostFaults.POSITION,
    "recogniser": HostFaults.RECOGNISER,
    "recognise": HostFaults.RECOGNISER,
    "journal": HostFaults.JOURNAL,
    "hotlist": HostFaults.HOTLIST,
    "sync": HostFaults.SYNC,
    "clock": HostFaults.CLOCK,
}


def host_faults_of(components: Sequence[ComponentHealth]) -> int:
    """Return the bits of all components in fault but the unit itself; an unknown one is OTHER."""
    bits = HostFaults(0)
    for component in components:
        if component.level is Level.FAULT and component.name != "alarm":
            bits |= _BITS.get(component.name, HostFaults.OTHER)
    return int(bits)


def list_age_of(components: Sequence[ComponentHealth]) -> int:
    """Return how old the lists are, by the hotlist's health: warning is amber, fault is red."""
    levels = {component.level for component in components if component.name == "hotlist"}
    if Level.FAULT in levels:
        return ListAge.RED
    return ListAge.AMBER if Level.WARNING in levels else ListAge.FRESH
