"""Flashing: the real avrdude against a boot loader, the proof against the running firmware."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.unit.alarm import firmware
from outrider.unit.alarm.session import AlarmSession
from outrider.unit.devices.alarm_serial import SerialPort
from outrider.unit.rehearsal import simulator
from tests.firmware.boot_loader import BootLoader
from tests.unit.alarm.bench import built


@pytest.fixture
def boot_loader() -> Iterator[BootLoader]:
    if shutil.which("avrdude") is None:
        pytest.skip("avrdude is not there: apt-get install avrdude")
    made = BootLoader()
    yield made
    made.close()


def test_avrdude_writes_what_was_built_and_reads_it_back(boot_loader: BootLoader) -> None:
    """Every byte of the built program is in the board's flash after `write`."""
    image = firmware.image_in(built().firmware.parent)
    port = Path(boot_loader.port)
    firmware.write(firmware.avrdude_command(image, port, "arduino", "new"))
    program = built().firmware.with_name("alarm.bin").read_bytes()
    assert bytes(boot_loader.flash[: len(program)]) == program


def test_no_board_is_said_to_be_none(tmp_path: Path) -> None:
    """The words of avrdude come through, and nothing pretends to have worked."""
    if shutil.which("avrdude") is None:
        pytest.skip("avrdude is not there: apt-get install avrdude")
    image = firmware.image_in(built().firmware.parent)
    command = firmware.avrdude_command(image, tmp_path / "none", "arduino", "new")
    with pytest.raises(firmware.FlashError, match="avrdude ended with status 1"):
        firmware.write(command)


def test_programmer_sets_brown_out_and_watchdog() -> None:
    """Through an ISP the fuses are written: brown-out 4.3 V, watchdog always on."""
    image = firmware.Image(Path("alarm.hex"), 1, b"")
    command = " ".join(firmware.avrdude_command(image, Path("/dev/x"), "usbasp", "new"))
    assert "efuse:w:0xfc:m" in command
    assert "hfuse:w:0xc7:m" in command
    assert "-P" not in command


def test_running_unit_is_proved_by_its_digest() -> None:
    """The unit that runs what was built passes; another digest is refused with both digests."""
    image = firmware.image_in(built().firmware.parent)
    with simulator.start(built=built()) as board, AlarmSession(SerialPort(board.port)) as session:
        hello = session.greet()
    firmware.check_running(image, hello)
    with pytest.raises(firmware.FlashError, match="flash it again"):
        firmware.check_running(replace(image, digest=bytes(8)), hello)


def test_folder_without_a_build_says_how_to_build(tmp_path: Path) -> None:
    """No firmware, or an unstamped one, is refused with the command that makes it."""
    with pytest.raises(firmware.FlashError, match="make -C firmware/alarm"):
        firmware.image_in(tmp_path)
    (tmp_path / "alarm.bin").write_bytes(b"not stamped")
    with pytest.raises(firmware.FlashError, match="no stamped firmware"):
        firmware.image_in(tmp_path)


def test_verify_only_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`outrider alarm flash --verify-only` names version, digest and the serial it has written."""
    with simulator.start(built=built()) as board:
        words = ["alarm", "flash", "--verify-only", "--board-serial", "OA-7"]
        words += ["--port", str(board.port), "--build", str(built().firmware.parent)]
        assert main(words) == 0
        assert "serial OA-7" in capsys.readouterr().out
        assert main([*words[:-2], "--build", "/nowhere"]) == 1
        assert "make -C firmware/alarm" in capsys.readouterr().err


def test_listen_shows_the_traffic(capsys: pytest.CaptureFixture[str]) -> None:
    """`outrider alarm listen` greets the unit and prints both directions in words."""
    with simulator.start(built=built()) as board:
        assert main(["alarm", "listen", "--port", str(board.port), "--seconds", "0.6"]) == 0
    said = capsys.readouterr().out
    assert "-> HELLO_REQUEST" in said
    assert "<- HELLO " in said
    assert "supply_mv=50" in said


def test_relay_passes_everything_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A host that opens the relay's port talks to the unit, and all of it is shown."""
    relay = tmp_path / "relay"
    with simulator.start(built=built()) as board:
        words = ["alarm", "listen", "--port", str(board.port), "--relay", str(relay)]
        listener = threading.Thread(target=main, args=([*words, "--seconds", "3"],))
        listener.start()
        pause = threading.Event()
        while not relay.exists():
            pause.wait(0.01)
        with AlarmSession(SerialPort(relay)) as session:
            assert session.greet().version == "1.0.0"
        listener.join()
    assert "<- HELLO " in capsys.readouterr().out


def test_technicians_round_on_the_simulator(capsys: pytest.CaptureFixture[str]) -> None:
    """`outrider alarm test --simulator` passes lamps and buttons by the traced pins."""
    built()
    words = [
        "alarm",
        "test",
        "--simulator",
        "--json",
        "--only",
        "board",
        "lamps",
        "buttons",
        "line",
    ]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.count('"passed": true') == 10
    assert '"passed": false' not in said
