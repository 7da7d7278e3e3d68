"""Tables at any width: no figure is ever cut, and every table is of the one kind."""

import ast
import io
import json
import re
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import outrider
from outrider.cli import main
from outrider.console import Screen
from outrider.tables import Table

WIDTHS = (60, 80, 120)
GOLDEN = Path(__file__).resolve().parents[1] / "replay" / "golden_drive"
_figures = st.text(string.digits + ".,%:+-", min_size=1, max_size=28)
_prose = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=16), max_size=30)


def drawn(table: Table, width: int) -> str:
    """Return a table as it is drawn on a terminal of a width."""
    out = io.StringIO()
    Screen(file=out, width=width).print(table)
    return out.getvalue()


def words_missing(table: Table, text: str) -> list[str]:
    """Return the words of a table that do not stand whole in a text."""
    there = {word.removesuffix(":") for word in re.split(r"[\s│┃]+", text)}
    cells = [cell.plain for row in table._rows for cell in row]
    return [word for cell in cells for word in cell.split() if word.removesuffix(":") not in there]


@pytest.mark.parametrize("width", WIDTHS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_figure_of_any_table_is_cut(width: int, data: st.DataObject) -> None:
    """Whatever the columns and their figures: each word of each cell stands there whole."""
    kinds = data.draw(st.lists(st.booleans(), min_size=1, max_size=12))
    table = Table(*(f"column {n}" for n in range(len(kinds))))
    for _ in range(data.draw(st.integers(1, 4))):
        table.add_row(
            *(" ".join(data.draw(_prose)) if kind else data.draw(_figures) for kind in kinds)
        )
    text = drawn(table, width)
    assert words_missing(table, text) == []
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_facts_fold_their_words_and_keep_their_figures(width: int) -> None:
    """A table of names and values, one of them long: folded at words, nothing lost."""
    table = Table(show_header=False, title="facts")
    table.add_row("bytes", "123,456,789,012,345")
    table.add_row(
        "why", "the link was cut while the last batch was sent, and it is sent again " * 3
    )
    text = drawn(table, width)
    assert words_missing(table, text) == []
    assert max(map(len, text.splitlines())) <= width


def test_there_is_one_kind_of_table() -> None:
    """No module draws with rich's own tables, which cut what does not fit."""
    root = Path(outrider.__file__).parent
    users = [
        path.name
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "rich.table"
    ]
    assert users == ["tables.py"]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[Table]:
    """Every table that is drawn."""
    met: list[Table] = []
    draw = Table.__rich_console__

    def note(self: Table, *given: Any) -> Any:
        met.append(self)
        return draw(self, *given)

    monkeypatch.setattr(Table, "__rich_console__", note)
    return met


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a unit that has read the golden drive."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "unit.toml").write_text(f'[unit]\nstate_dir = "{folder}"\n')
    config = str(folder / "unit.toml")
    assert main(["run", "--quiet", "-c", config, "--source", f"drive:{GOLDEN}"]) == 0
    assert main(["centre", "init", str(folder / "centre"), "--keys-here"]) == 0
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "command",
    [
        "status -c {0}/unit.toml",
        "journal list -c {0}/unit.toml",
        "journal status -c {0}/unit.toml",
        "alarm patterns",
        "bench drive drive:tests/replay/golden_drive",
    ],
)
def test_each_commands_tables_are_whole(
    command: str,
    width: int,
    driven: Path,
    tables: list[Table],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The real commands, piped, at each width: every figure of every table is printed whole."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(GOLDEN.parents[2])
    main(command.format(driven).split())
    text = capsys.readouterr().out
    assert tables, text
    assert [words_missing(table, text) for table in tables] == [[]] * len(tables)
    assert json.dumps(text).count("\\u2026") == 0
