"""Telling systemd how a service is, where systemd started it."""

import os
import socket


class SystemdNotifier:
    """Speaks sd_notify(3) to systemd where it started us, else does nothing."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET")

    def send(self, message: str) -> None:
        """Send one state, such as READY=1 or WATCHDOG=1. Raises OSError."""
        if not self._address:
            return
        address = self._address.replace("@", "\0", 1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(message.encode(), address)
