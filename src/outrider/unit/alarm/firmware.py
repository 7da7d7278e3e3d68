"""Put the firmware on a board with avrdude, and prove by version and digest that it runs there."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from outrider.unit.alarm.messages import Hello

_MAGIC = b"OutStamp"
_MAGIC_B, _LENGTH_B, _CRC_B, _DIGEST_B = 8, 4, 4, 8

# Crystal; brown-out at 4.3 V; watchdog always on; EEPROM kept over an erase; no boot loader.
ISP_FUSES = {"lfuse": 0xFF, "hfuse": 0xC7, "efuse": 0xFC}
BOOT_LOADERS = {"new": 115_200, "old": 57_600}


class FlashError(Exception):
    """The board could not be flashed, or does not run what was flashed; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Image:
    """A built firmware."""

    hex_path: Path
    length_b: int
    digest: bytes


def image_in(folder: Path) -> Image:
    """Return the firmware built in a folder. Raises FlashError."""
    hex_path, binary = folder / "alarm.hex", folder / "alarm.bin"
    try:
        program = binary.read_bytes()
    except OSError as error:
        raise FlashError(f"{binary}: {error.strerror}: build it: make -C firmware/alarm") from error
    if program.count(_MAGIC) != 1 or not hex_path.is_file():
        raise FlashError(f"{folder}: holds no stamped firmware: build it: make -C firmware/alarm")
    at = program.index(_MAGIC) + _MAGIC_B
    length = int.from_bytes(program[at : at + _LENGTH_B], "little")
    start = at + _LENGTH_B + _CRC_B
    return Image(hex_path, length, program[start : start + _DIGEST_B])


def avrdude_command(image: Image, port: Path, programmer: str, boot_loader: str) -> list[str]:
    """Return the command line. programmer: `arduino` (through the boot loader) or an ISP's name."""
    base = ["avrdude", "-p", "m328p", "-c", programmer]
    flash = ["-U", f"flash:w:{image.hex_path}:i"]
    if programmer == "arduino":
        return [*base, "-P", str(port), "-b", str(BOOT_LOADERS[boot_loader]), "-D", *flash]
    fuses: list[str] = []
    for name, value in ISP_FUSES.items():
        fuses += ["-U", f"{name}:w:{value:#04x}:m"]
    return [*base, *fuses, *flash]


def write(command: Sequence[str]) -> str:
    """Run avrdude, which reads back what it wrote; return what it said. Raises FlashError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except FileNotFoundError:
        raise FlashError("avrdude is not there: apt-get install avrdude") from None
    except subprocess.TimeoutExpired:
        raise FlashError("avrdude did not end within 3 minutes: is the board plugged in?") from None
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-6:])
        raise FlashError(f"avrdude ended with status {done.returncode}:\n{last}")
    return done.stderr


def check_running(image: Image, hello: Hello) -> None:
    """Compare what the unit says of itself with what was built. Raises FlashError."""
    if hello.firmware_digest != image.digest:
        raise FlashError(
            f"the unit runs firmware {hello.version} with digest {hello.firmware_digest.hex()},"
            f" built was {image.digest.hex()}: flash it again"
        )
