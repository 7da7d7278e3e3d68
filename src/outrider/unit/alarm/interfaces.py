"""What the alarm side asks of the world: a serial port, and the host's own audio."""

from typing import Protocol

from outrider.records import Hit


class PortLostError(Exception):
    """The serial port is not there, or went away; the message says which and why."""


class BytePort(Protocol):
    """An open serial port that never blocks for long; read and write may raise PortLostError."""

    def fileno(self) -> int:
        """Return a descriptor that select can wait on."""
        ...

    def read(self) -> bytes:
        """Return what has come, perhaps nothing."""
        ...

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def close(self) -> None:
        """Let go of the port; never raises."""
        ...


class SecondOutput(Protocol):
    """The other way to be heard: the host's own audio, and speech. Every method returns at once."""

    def sounded(self, hit: Hit, late: bool) -> None:
        """The unit's tone for a hit has begun: say the hit after it."""
        ...

    def unheard(self, hit: Hit) -> None:
        """A hit was raised while the unit is away: sound it and say it."""
        ...

    def fault(self, text: str) -> None:
        """Sound and say a fault of the alarm unit."""
        ...

    def acted(self, hit: Hit) -> None:
        """An officer has dealt with a hit: stop speaking of it."""
        ...

    def close(self) -> None:
        """Be silent and let go of the device."""
        ...
