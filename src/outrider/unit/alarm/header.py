"""Parse `protocol.h`, the one truth for the wire.

Uses the standard library only and imports nothing of Outrider, because the firmware's Makefile runs
this file as a script: `python3 header.py PROTOCOL.H` prints the digest that the firmware carries.
"""

from __future__ import annotations

import re
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CONSTANT = re.compile(r"^#define\s+([A-Z][A-Z0-9_]*)\s+(\w+)\s*$", re.MULTILINE)
_LIST = re.compile(r"^#define\s+([A-Z][A-Z0-9_]*)\((X|F)\)(.*)$", re.MULTILINE)
_ITEM = re.compile(r"\b[XF]\(\s*(\w+)\s*,\s*(\w+)\s*\)")


@dataclass(frozen=True, slots=True)
class Header:
    """What protocol.h states: constants, enumerations, layouts as (field, type) in wire order."""

    constants: dict[str, int]
    enumerations: dict[str, dict[str, int]]
    layouts: dict[str, tuple[tuple[str, str], ...]]

    def lines(self) -> list[str]:
        """Return one line a fact, whatever the comments, the spacing and the order of lists."""
        facts = [f"{name} = {value}" for name, value in self.constants.items()]
        for name, members in self.enumerations.items():
            facts += [f"{name}.{member} = {value}" for member, value in members.items()]
        for name, fields in self.layouts.items():
            facts.append(f"{name}({', '.join(f'{field}: {kind}' for field, kind in fields)})")
        return sorted(facts)

    def digest(self) -> int:
        """Return the CRC-32 of `lines`, which firmware and host compare in HELLO."""
        return zlib.crc32("\n".join(self.lines()).encode())


def parse(text: str) -> Header:
    """Parse the text of protocol.h.

    Raises:
        ValueError: a number that is not one, or a list with no items where a value is expected.
    """
    plain = _COMMENT.sub("", text).replace("\\\n", " ")
    enumerations: dict[str, dict[str, int]] = {}
    layouts: dict[str, tuple[tuple[str, str], ...]] = {}
    for name, kind, body in _LIST.findall(plain):
        items = _ITEM.findall(body)
        if kind == "X":
            enumerations[name] = {member: int(value, 0) for member, value in items}
        else:
            layouts[name.removeprefix("LAYOUT_")] = tuple((field, kind) for kind, field in items)
    constants = {name: int(value, 0) for name, value in _CONSTANT.findall(plain)}
    return Header(constants, enumerations, layouts)


if __name__ == "__main__":
    print(f"0x{parse(Path(sys.argv[1]).read_text(encoding='utf-8')).digest():08X}UL")  # noqa: T201
