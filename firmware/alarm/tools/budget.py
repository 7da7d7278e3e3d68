"""Print flash, RAM and worst stack of the firmware, and fail over three quarters of any.

Usage: budget.py ALARM.elf OBJECT_DIR. The stack is the deepest path of the call graph in the
disassembly, with each function's frame as the compiler states it (-fstack-usage; saved registers
and return address included), plus the deepest interrupt: interrupts do not nest here. Calls through
a pointer would hide from it, so there may be none.
"""

import re
import subprocess
import sys
from pathlib import Path

FLASH_B = 32768 - 512  # the boot loader keeps 512
RAM_B = 2048
LIMIT = 0.75
LIBRARY_FRAME_B = 16  # a libgcc or avr-libc routine without .su: none saves more than 14 registers

_FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_JUMP = re.compile(r"\t(r?call|r?jmp)\t.*<([^>+]+)>")
_LIBRARY = re.compile(r"__|mem(cpy|set|cmp)|eeprom_|eerd_|eeupd_|exit$|_exit$")
_POINTER = re.compile(r"\t(e?icall|e?ijmp)\b")


def frames(objects: Path) -> dict[str, int]:
    """Return bytes of stack per function from the compiler's .su files."""
    sizes: dict[str, int] = {}
    for path in objects.rglob("*.su"):
        for line in path.read_text(encoding="utf-8").splitlines():
            place, size, kind = line.split("\t")
            if kind != "static":
                raise SystemExit(f"{place}: stack use is {kind}, cannot be bounded")
            name = place.rsplit(":", 1)[1]
            sizes[name] = max(sizes.get(name, 0), int(size))
    return sizes


def call_graph(elf: str) -> dict[str, set[str]]:
    """Return which function reaches which by call or jump."""
    listing = subprocess.run(
        ["avr-objdump", "-d", "--no-show-raw-insn", elf], check=True, capture_output=True, text=True
    ).stdout
    graph: dict[str, set[str]] = {}
    current = ""
    for line in listing.splitlines():
        if found := _FUNCTION.match(line):
            current = found[1]
            graph[current] = set()
        elif (found := _JUMP.search(line)) and found[2] != current:
            graph[current].add(found[2])
        elif _POINTER.search(line) and not current.startswith("__tablejump"):
            raise SystemExit(f"{current}: a call through a pointer hides from the stack count")
    return graph


def frame_b(name: str, sizes: dict[str, int]) -> int:
    """Return the stack of one function. A clone such as `send.constprop.6` is listed unnumbered."""
    for candidate in (name, re.sub(r"\.\d+$", "", name), name.split(".")[0]):
        if candidate in sizes:
            return sizes[candidate]
    if not _LIBRARY.match(name):
        raise SystemExit(f"{name}: no stack use is known for it")
    return LIBRARY_FRAME_B


def deepest(
    name: str, graph: dict[str, set[str]], sizes: dict[str, int], path: tuple[str, ...]
) -> tuple[int, list[str]]:
    """Return the greatest stack below and with `name`, and the way there."""
    if name in path:
        raise SystemExit(f"{name}: recursion, cannot be bounded")
    below = [deepest(callee, graph, sizes, (*path, name)) for callee in sorted(graph.get(name, ()))]
    depth, way = max(below, default=(0, []))
    return frame_b(name, sizes) + depth, [name, *way]


def sections(elf: str) -> dict[str, int]:
    """Return the size in bytes of every section."""
    out = subprocess.run(["avr-size", "-A", elf], check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in out.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[1].isdigit()}


def main() -> None:
    """Print the table; exit with status 1 where a figure is over the limit."""
    elf, objects = sys.argv[1], Path(sys.argv[2])
    size = sections(elf)
    graph, sizes = call_graph(elf), frames(objects)
    main_b, way = deepest("main", graph, sizes, ())
    interrupts = [
        deepest(name, graph, sizes, ())[0] for name in graph if name.startswith("__vector_")
    ]
    stack = main_b + max(interrupts, default=0)
    ram = size[".data"] + size.get(".bss", 0)
    rows = [
        ("flash", size[".text"] + size[".data"], FLASH_B),
        ("RAM without stack", ram, RAM_B),
        ("worst stack, of the rest", stack, RAM_B - ram),
        ("RAM with worst stack", ram + stack, RAM_B),
    ]
    for name, used, there in rows:
        share = f"{100 * used / there:5.1f} %  (limit {100 * LIMIT:.0f} %)"
        print(f"{name:26} {used:6} of {there:6} bytes  {share}")
    print("deepest call: " + " > ".join(way))
    if any(used > LIMIT * there for _, used, there in rows):
        raise SystemExit("over the limit")


if __name__ == "__main__":
    main()
