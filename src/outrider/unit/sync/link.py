"""Which interface carries the route to the centre, and whether its traffic is paid for.

What nothing and nobody calls unmetered is taken as metered. The other mistake is the worse one: a
shift's pictures on a mobile contract use it up, and then no hit gets through either. Metered, all
rows and the hits' pictures still go at once; the other pictures are kept for the dock.
"""

import ipaddress
import json
import logging
import socket
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatch
from urllib.parse import urlsplit

from outrider.unit.settings.sections import SyncSettings

_log = logging.getLogger(__name__)
_COMMAND_S = 3.0
_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class CentreLink:
    """The way to the centre now. interface: empty where there is no route; why: who says so."""

    interface: str
    metered: bool
    why: str


def link_to(url: str, settings: SyncSettings) -> CentreLink:
    """Return the way to the centre at an address, by the settings and by NetworkManager."""
    name = interface_to(urlsplit(url).hostname or "")
    if not name:
        return CentreLink("", True, "there is no route to the centre")
    if any(fnmatch(name, pattern) for pattern in settings.metered_interfaces):
        return CentreLink(name, True, "sync.metered_interfaces")
    if any(fnmatch(name, pattern) for pattern in settings.unmetered_interfaces):
        return CentreLink(name, False, "sync.unmetered_interfaces")
    metered = _ask_network_manager(name)
    if metered is None:
        why = f"nothing says whether {name} is metered: name it in sync.unmetered_interfaces"
        return CentreLink(name, True, why)
    return CentreLink(name, metered, "NetworkManager")


def interface_to(host: str) -> str:
    """Return the name of the interface that carries the route to a host; empty for none."""
    address = _address_of(host)
    if not address:
        return ""
    try:
        routes = json.loads(_run("ip", "-j", "route", "get", address) or "[]")
        found = str(routes[0]["dev"]) if routes else ""
    except (ValueError, KeyError, IndexError, TypeError) as error:
        _log.warning("sync: `ip route get` answers in another form than expected: %s", error)
        return ""
    return found


def _address_of(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        _log.info("sync: %s: %s", host, error)
        return ""
    return str(found[0][4][0])


def _ask_network_manager(name: str) -> bool | None:
    """Return what NetworkManager says or guesses of an interface; None where it does not."""
    said = _run("nmcli", "-g", "GENERAL.METERED", "device", "show", name).split()
    return _ANSWERS.get(said[0]) if said else None


def _run(*command: str) -> str:
    """Return what a command prints; nothing where it is not there, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMMAND_S, env=_PLAIN, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        _log.info("sync: %s: %s", command[0], error)
        return ""
    return done.stdout


_PLAIN = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
