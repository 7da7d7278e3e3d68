"""Telling systemd that the service moves, and in words how it is."""

import logging

from outrider.systemd import SystemdNotifier

_log = logging.getLogger(__name__)


class Watchdog:
    """Fed after each batch: a service that hangs in its store is started anew."""

    def __init__(self) -> None:
        self._notifier = SystemdNotifier()
        self._said = ""

    def ready(self) -> None:
        """Say that the service has begun."""
        self._send("READY=1")

    def feed(self, status: str) -> None:
        """Say that it moves; the status only where it changed."""
        told = "" if status == self._said else f"\nSTATUS={status}"
        self._said = status
        self._send(f"WATCHDOG=1{told}")

    def stopping(self) -> None:
        """Say that it ends by itself."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        try:
            self._notifier.send(message)
        except OSError as error:
            _log.warning("opening: systemd cannot be told %r: %s", message[:40], error)
