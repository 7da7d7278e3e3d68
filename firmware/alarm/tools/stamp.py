"""Write length, CRC-32 and digest of the linked program into its stamp (board/stamp.h).

Usage: stamp.py ALARM.elf ALARM.bin. Both files are changed in place; the CRC and the digest are
over the program with their own twelve bytes read as 0xFF.
"""

import hashlib
import struct
import sys
import zlib
from pathlib import Path

MAGIC = b"OutStamp"
BLANK = b"\xff" * 12


def stamped(program: bytes, at: int) -> bytes:
    """Return the program with its stamp at offset `at` filled in."""
    head = program[:at] + MAGIC + struct.pack("<I", len(program))
    tail = program[at + 24 :]
    blank = head + BLANK + tail
    return head + struct.pack("<I", zlib.crc32(blank)) + hashlib.sha256(blank).digest()[:8] + tail


def place(data: bytes, name: str) -> int:
    """Return where the one stamp in `data` is; raise SystemExit if there is not exactly one."""
    if data.count(MAGIC) != 1:
        raise SystemExit(f"{name}: {data.count(MAGIC)} stamps found, expected 1")
    return data.index(MAGIC)


def main() -> None:
    """Stamp the two files named on the command line."""
    elf, binary = (Path(name) for name in sys.argv[1:3])
    program = binary.read_bytes()
    at = place(program, binary.name)
    program = stamped(program, at)
    binary.write_bytes(program)
    image = elf.read_bytes()
    start = place(image, elf.name)
    elf.write_bytes(image[:start] + program[at : at + 24] + image[start + 24 :])
    print(f"digest {program[at + 16 : at + 24].hex()}  {len(program)} bytes")


if __name__ == "__main__":
    main()
