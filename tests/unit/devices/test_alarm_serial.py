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


def test_each_way_to_lose_the_port_has_its_own_cause(tmp_path: Path) -> None:
    """A board that hung was said to be "no serial port, or in use": the wrong thing to look for."""
    far = PseudoPort(tmp_path / "port")
    port = SerialPort(tmp_path / "port")
    with pytest.raises(PortLostError, match="cannot be opened: another program has it open"):
        SerialPort(tmp_path / "port")
    with pytest.raises(PortLostError, match=r"cannot be written: it took nothing for 0\.2 s"):
        port.write(bytes(1_000_000))  # nobody reads at the far end
    far.close()
    with pytest.raises(PortLostError, match=r"gone: (it was unplugged|Input/output error)"):
        port.read()
    port.close()
    with pytest.raises(PortLostError, match=r"cannot be opened: it is no serial port$"):
        SerialPort(Path("/dev/null"))
