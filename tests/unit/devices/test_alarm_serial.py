"""The serial port: whatever pyserial raises, the port is lost and is opened again."""

import termios
from pathlib import Path

import pytest
import serial

from outrider.unit.alarm.interfaces import PortLostError
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.devices.pseudo_port import PseudoPort

RAISED = [OSError(5, "gone"), termios.error(22, "none"), TypeError("fd is None"), ValueError()]


@pytest.mark.parametrize("error", RAISED, ids=repr)
def test_whatever_pyserial_raises_the_port_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """termios.error and TypeError are no OSError: they ended the alarm's thread."""

    def fails(*_: object, **__: object) -> bytes:
        raise error

    far = PseudoPort(tmp_path / "port")
    port = SerialPort(tmp_path / "port")
    for name in ("read", "write"):
        monkeypatch.setattr(serial.Serial, name, fails)
    with pytest.raises(PortLostError, match="gone"):
        port.read()
    with pytest.raises(PortLostError, match="cannot be written"):
        port.write(b"x")
    port.close()
    far.close()
    monkeypatch.setattr(serial.Serial, "open", fails)
    with pytest.raises(PortLostError, match="cannot be opened"):
        SerialPort(Path("/dev/null"))
