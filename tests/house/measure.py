"""Prints how large the house is: rooms, modules, functions. `python -m tests.house.measure [SRC]`.

SRC is the `src` of another checkout, to compare with (default: this one's).
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from outrider.console import Screen
from outrider.tables import Table

LONG_LINES = 40


@dataclass(frozen=True, slots=True)
class Size:
    """A package's modules, lines, and the lengths of its functions in lines."""

    modules: int
    lines: int
    functions: tuple[int, ...]

    @property
    def long_functions(self) -> int:
        """How many do not fit on a screen."""
        return sum(length > LONG_LINES for length in self.functions)


def packages(src: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield each room of the first two levels with its modules."""
    root = src / "outrider"
    yield "outrider (loose)", sorted(root.glob("*.py"))
    for room in sorted(p for p in root.iterdir() if (p / "__init__.py").exists()):
        inner = [p for p in sorted(room.iterdir()) if (p / "__init__.py").exists()]
        if len(inner) < 3:
            yield room.name, sorted(room.rglob("*.py"))
            continue
        yield f"{room.name} (loose)", sorted(room.glob("*.py"))
        for one in inner:
            yield f"{room.name}/{one.name}", sorted(one.rglob("*.py"))


def size_of(modules: list[Path]) -> Size:
    """Measure some modules."""
    texts = [path.read_text(encoding="utf-8") for path in modules]
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return Size(len(modules), sum(text.count("\n") for text in texts), tuple(lengths))


def main(given: list[str]) -> None:
    """Print the table."""
    src = Path(given[0]) if given else Path(__file__).resolve().parents[2] / "src"
    found = [(name, size_of(modules)) for name, modules in packages(src)]
    every = Size(
        sum(size.modules for _, size in found),
        sum(size.lines for _, size in found),
        tuple(length for _, size in found for length in size.functions),
    )
    table = Table("room")
    for name in ("modules", "lines", "functions", "median", "longest", f"over {LONG_LINES}"):
        table.add_column(name, right=True)
    for name, size in [*found, ("all", every)]:
        lengths = size.functions or (0,)
        figures = (size.modules, size.lines, len(size.functions), round(median(lengths)))
        table.add_row(name, *map(str, (*figures, max(lengths), size.long_functions)))
    Screen().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
