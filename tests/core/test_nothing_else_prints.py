"""Whatever people see goes through one door: no module reaches a terminal by another way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import outrider

_ROOT = Path(outrider.__file__).parent
_DOORS = {"shown.py", "console.py", "tables.py"}
# Bytes of a document, whose text is JSON in ASCII or CSV cells; the terminal's keys.
_OTHER_USES = {
    "bench/peer_programs/rapidocr_reads.py": {"print"},  # JSON to our own bench, as the next
    "bench/peer_programs/simplelpr_reads.py": {"print"},
    "unit/alarm/header.py": {"print"},  # a program of the firmware's build: a number
    "cli.py": {"sys.stdout", "sys.stderr"},  # flushed at the end; asked whether it is a log
    "logs.py": {"sys.stderr"},  # the log's handler
    "unit/commands/run.py": {"sys.stdout"},  # an outlet over it, for ConsoleEvents and JsonEvents
    "unit/run/wiring.py": {"sys.stderr"},  # only asked whether it is the system's log
    "unit/run/json_events.py": {"sys.stdout"},  # JSON lines
    "unit/commands/hotlist_lists.py": {"sys.stdout"},  # CSV by write_own_form
    "unit/commands/read.py": {"sys.stdout"},  # only asked whether it is a terminal
    "centre/commands/audit.py": {"sys.stdout"},  # JSON lines
}
_BANNED_RICH = {"console", "live", "markup", "panel", "print", "progress", "prompt", "text"}


def test_every_module_prints_only_through_the_door() -> None:
    """No print, no stream, no rich console, no template without escaping."""
    ways = {}
    for path in sorted(_ROOT.rglob("*.py")):
        name = str(path.relative_to(_ROOT))
        found = set(_outlets(ast.parse(path.read_text(encoding="utf-8"))))
        if name not in _DOORS and (more := found - _OTHER_USES.get(name, set())):
            ways[name] = more
    assert ways == {}


def _outlets(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _called(node)
        elif isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr", "__stdout__"):
            if isinstance(node.value, ast.Name) and node.value.id == "sys":
                yield f"sys.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rich"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (f"rich.{name}" for name in names if name.lower() in _BANNED_RICH)


def _called(node: ast.Call) -> Iterator[str]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    attr = node.func.attr if isinstance(node.func, ast.Attribute) else name
    if name in ("print", "breakpoint", "input"):
        yield name
    if attr == "from_markup" or (attr == "print" and _markup_on(node)):
        yield "markup"
    if attr == "Environment" and not _autoescapes(node):
        yield "a template environment without autoescape"


def _markup_on(node: ast.Call) -> bool:
    return any(word.arg == "markup" for word in node.keywords)


def _autoescapes(node: ast.Call) -> bool:
    given = (word.value for word in node.keywords if word.arg == "autoescape")
    return any(not isinstance(value, ast.Constant) or bool(value.value) for value in given)


def test_the_check_sees_each_way() -> None:
    """The check itself: each way round the door is found."""
    ways = (
        "print('x')",
        "import sys\nsys.stdout.write('x')",
        "import sys\nsys.stderr.write('x')",
        "from rich.console import Console",
        "from rich import print",
        "from rich.text import Text",
        "Text.from_markup(x)",
        "console.print(x, markup=True)",
        "jinja2.Environment(loader=x)",
        "jinja2.Environment(autoescape=False)",
    )
    for way in ways:
        assert list(_outlets(ast.parse(way))), way
    assert not list(_outlets(ast.parse("console.print(x)\njinja2.Environment(autoescape=True)")))
