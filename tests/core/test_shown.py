"""Text from outside is text only: on a terminal, in speech, in a spreadsheet, in a log."""

import csv
import io
import logging
import shutil
import wave
from pathlib import Path

import pytest
from rich.table import Table  # noqa: TID251

from outrider.console import Screen, boxed, line, lines, progress
from outrider.hotlist_import.mapping import built_in
from outrider.hotlist_import.reading import ListReader, write_own_form
from outrider.records import Response
from outrider.shown import LogLines, as_cell, complain, of_cell, say, say_json, shown
from outrider.unit.alarm.speech import text_of
from outrider.unit.devices.speaker import Speaker
from outrider.unit.run.console_events import ConsoleEvents
from tests.unit.alarm import makers

# Closing tags without an opening, tags that would be swallowed, a style, a link, an emoji.
MARKUP = ("Stolen [/PNC]", "[do not approach]", "[red]x", "[link=http://x]y[/link]", ":skull:")
UNSEEN = "a\x1b]0;owned\x07b\u202egnp\u2066c\u200bd\u00ade\ufefff\U000e0041g\u2028h\ufe0fi\ud800j"


def _screen() -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(file=out, width=120), out


@pytest.mark.parametrize("reason", MARKUP)
def test_a_reason_with_brackets_is_shown_whole_in_the_box_of_a_hit(reason: str) -> None:
    """A reason that rich took for markup ended the unit, or vanished from the screen."""
    screen, out = _screen()
    ConsoleEvents(screen).hit(makers.hit(reason=reason))
    assert reason in out.getvalue()


@pytest.mark.parametrize("text", MARKUP)
def test_no_way_to_the_terminal_takes_brackets_for_markup(text: str) -> None:
    """A print, a table's title, head and cell, a box, a line, a bar: each shows it whole."""
    screen, out = _screen()
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    screen.print(text)
    screen.print(table)
    screen.print(boxed(line(text), text, "red"))
    screen.print(lines(text, line((text, "bold"))))
    with progress(screen, disable=False) as bar:
        bar.add_task(text, total=2)
        bar.refresh()
    assert out.getvalue().count(text) >= 9


def test_what_nobody_sees_is_shown_as_a_mark() -> None:
    """Escapes, bidirectional and zero-width characters, tags, lone surrogates are marks."""
    whole = shown(UNSEEN)
    assert whole.isprintable()
    for code in ("001B", "0007", "202E", "2066", "200B", "00AD", "FEFF", "E0041", "2028", "D800"):
        assert f"⟨U+{code}⟩" in whole
    assert shown("Müller – 5° ü 車 é") == "Müller – 5° ü 車 é"
    assert shown("a\u00a0b") == "a b"


def test_every_way_out_shows_marks(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever prints, no control character reaches the terminal."""
    screen, out = _screen()
    table = Table(UNSEEN)
    table.add_row(UNSEEN)
    screen.print(UNSEEN)
    screen.print(table)
    screen.print(boxed(line(UNSEEN), UNSEEN, "red"))
    say(UNSEEN)
    complain(UNSEEN)
    say_json({"reason": UNSEEN})
    said = capsys.readouterr()
    for text in (out.getvalue(), said.out, said.err):
        assert all(one.isprintable() for one in text.splitlines())
        assert "⟨U+202E⟩" in text or "\\u202e" in text


def test_no_text_makes_a_line_that_passes_for_another(capsys: pytest.CaptureFixture[str]) -> None:
    """A line feed in an error, a print or a log record begins no line at the margin."""
    forged = "x\nDONE: all is at the centre"
    screen, out = _screen()
    screen.print(f"note: {forged}")
    complain(forged)
    record = logging.LogRecord("a", logging.ERROR, "", 1, "bad: %s", (forged,), None)
    for text in (out.getvalue(), capsys.readouterr().err, LogLines("%(message)s").format(record)):
        assert "\nDONE" not in text
        assert "DONE" in text


@pytest.mark.parametrize("reason", ["-h", "--version", "-w /tmp/x", "[[", "<voice name='x'>", "\0"])
def test_no_reason_is_an_option_or_a_command_of_the_synthesiser(reason: str) -> None:
    """A reason that began with a dash was an option: nothing was spoken."""
    if shutil.which("espeak-ng") is None:
        pytest.fail("espeak-ng is not there: apt-get install espeak-ng")
    text = text_of(makers.hit(Response.STOP, 1, reason=reason))
    assert not set("[]<>\0") & set(text)
    with wave.open(io.BytesIO(Speaker().synthesise(text))) as speech:
        assert speech.getnframes() / speech.getframerate() > 2.0
    with wave.open(io.BytesIO(Speaker().synthesise(f"-q {reason}".replace("[", "")))) as speech:
        assert speech.getnframes() > 0


@pytest.mark.parametrize("reason", ["=cmd|'/c calc'!A1", "+1", "-2+3", "@SUM(A1)", "'=1", "'-x"])
def test_no_cell_of_an_exported_list_is_a_formula(tmp_path: Path, reason: str) -> None:
    """A spreadsheet takes such a cell for a formula; read back it is what it was."""
    entry = makers.entry(reason=reason)
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_own_form(file, iter([entry]))
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert [one.reason for one in ListReader(path, built_in("own")).entries()] == [reason]


def test_other_cells_are_as_they_were() -> None:
    """Only what begins as a formula is changed."""
    for text in ("", "Stolen", "'quoted'", "a=b", "5-3"):
        assert of_cell(as_cell(text)) == as_cell(text) == text
