"""The bundle that makes one unit of an image: a small folder for the card or a stick.

    outrider-unit/outrider.toml     settings of this unit, commented
    outrider-unit/ticket.json       lets it enrol once; erased when it has
    outrider-unit/gps-port          where the receiver is, if it is not a u-blox on USB
    outrider-unit/wifi.nmconnection the depot's Wi-Fi, for NetworkManager

The first start of the unit takes it, checks it again, and erases it (image_build/layers).
"""

import os
import re
import shutil
import uuid
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from outrider import durable
from outrider.settings_file import ConfigError
from outrider.unit.enrolment.enrol import read_ticket
from outrider.unit.settings import sections as config

FOLDER = "outrider-unit"
_SAMPLE = "unit.toml"
_PORT = re.compile(r"/dev/[A-Za-z0-9][A-Za-z0-9_./:-]{0,100}")
_WIFI = """\
[connection]
id=depot
uuid={uuid}
type=wifi
autoconnect=true

[wifi]
mode=infrastructure
ssid={ssid}

[wifi-security]
key-mgmt=wpa-psk
psk={password}

[ipv4]
method=auto

[ipv6]
method=auto
"""


class ProvisionError(Exception):
    """The bundle cannot be made: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Wifi:
    """The depot's network. ssid: 1 to 32 bytes; password: 8 to 63 characters that can be shown."""

    ssid: str
    password: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one unit is given. gps_port: None for a receiver that the image finds by itself."""

    ticket: Path
    alarm_port: str
    camera_id: str = "camera-1"
    camera_model: str = "global-shutter"
    gps_port: str | None = None
    wifi: Wifi | None = None


def make(folder: Path, wanted: Wanted) -> str:
    """Write a unit's bundle into a folder; return the unit's name, as its ticket has it.

    Raises ProvisionError, EnrolError for what is no ticket, OSError. Nothing is half written.
    """
    place = folder / FOLDER
    if not folder.is_dir():
        raise ProvisionError(f"{folder}: is no folder: put the card or the stick in, and mount it")
    if place.exists():
        raise ProvisionError(
            f"{place} is there already: one bundle makes one unit: remove it, or use another stick"
        )
    ticket = read_ticket(wanted.ticket)
    files = {"outrider.toml": settings_text(wanted), "ticket.json": ticket.encode()}
    if wanted.gps_port is not None:
        files["gps-port"] = f"{_port(wanted.gps_port)}\n".encode()
    if wanted.wifi is not None:
        files["wifi.nmconnection"] = _wifi(wanted.wifi, ticket.unit_id)
    new = folder / f".{FOLDER}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    for name, content in files.items():
        durable.write(new / name, content, 0o600)
    os.rename(new, place)
    durable.sync_folder(folder)
    return ticket.unit_id


def settings_text(wanted: Wanted) -> bytes:
    """Return the settings of a unit, the sample's comments kept. Raises ProvisionError."""
    text = resources.files(__package__).joinpath(_SAMPLE).read_text(encoding="utf-8")
    filled = {
        "@CAMERA_ID@": wanted.camera_id,
        "@CAMERA_MODEL@": wanted.camera_model,
        "@ALARM_PORT@": _port(wanted.alarm_port),
    }
    for mark, value in filled.items():
        if not re.fullmatch(r"[A-Za-z0-9_./:-]{1,110}", value):
            raise ProvisionError(f"{value!r}: letters, digits and _ . / : - only")
        text = text.replace(mark, value)
    try:
        config.parse(text, "outrider.toml")
    except ConfigError as error:
        raise ProvisionError(str(error)) from error
    return text.encode()


def _port(text: str) -> str:
    if _PORT.fullmatch(text) is None or ".." in text:
        raise ProvisionError(
            f"{text!r}: a port is a device such as /dev/ttyUSB0; for the alarm unit take its name"
            " in /dev/serial/by-id, which stays the same"
        )
    return text


def _wifi(wifi: Wifi, unit_id: str) -> bytes:
    if not 1 <= len(wifi.ssid.encode()) <= 32 or not wifi.ssid.isprintable():
        raise ProvisionError("the Wi-Fi's name has 1 to 32 bytes that can be shown")
    password = wifi.password
    if not 8 <= len(password) <= 63 or not (password.isascii() and password.isprintable()):
        raise ProvisionError("the Wi-Fi's password has 8 to 63 characters that can be shown, ASCII")
    # Bytes as numbers: nothing in a name can end its line or be read as something else.
    ssid = "".join(f"{byte};" for byte in wifi.ssid.encode())
    named = uuid.uuid5(uuid.NAMESPACE_URL, f"outrider:{unit_id}:{wifi.ssid}")
    escaped = password.replace("\\", "\\\\")
    if escaped.startswith(" "):
        escaped = "\\s" + escaped[1:]
    return _WIFI.format(uuid=named, ssid=ssid, password=escaped).encode()
