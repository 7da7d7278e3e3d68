"""The terminal, through rich: markup is off, and what is drawn is `shown` first.

Only this module knows rich's consoles, texts, panels and prompts (ruff, TID251): each of them takes
square brackets for markup unless it is told not to. Tables are free for all: what they draw goes
through the console.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType  # noqa: TID251
from rich.panel import Panel  # noqa: TID251
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn  # noqa: TID251
from rich.prompt import Confirm  # noqa: TID251
from rich.segment import Segment
from rich.text import Text  # noqa: TID251

from outrider.shown import shown, shown_lines

__all__ = ["Line", "Screen", "ask", "boxed", "line", "lines", "progress", "styled", "tracked"]

Line = Text
_T = TypeVar("_T")


class Screen(Console):
    """A rich console on which every text is text only."""

    def __init__(
        self, *, file: TextIO | None = None, stderr: bool = False, width: int | None = None
    ) -> None:
        super().__init__(
            file=file, stderr=stderr, width=width, markup=False, emoji=False, highlight=False
        )

    def render_str(self, text: str, **options: object) -> Text:
        """Return a text as it is drawn; the marks are made before anything is measured."""
        return super().render_str(shown_lines(text), **options)  # type: ignore[arg-type]

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is drawn; the last net for what a renderable brings in by itself."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n":
                yield segment
            else:
                yield Segment(_drawn(segment.text), segment.style)


def _drawn(text: str) -> str:
    return "\n".join(map(shown, text.split("\n")))


def line(*parts: str | tuple[str, str]) -> Line:
    """Return one line of parts, each a text or a text with its style."""
    made = Text()
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        made.append(shown(text), style=style)
    return made


def styled(text: str, style: str) -> Line:
    """Return a text in a style."""
    return line((text, style))


def lines(*each: str | Line) -> Line:
    """Return several lines as one text."""
    return Text("\n").join(line(one) if isinstance(one, str) else one for one in each)


def boxed(body: Line, title: str, style: str) -> RenderableType:
    """Return a text in a box with a title."""
    return Panel(body, title=line(title), style=style, expand=False)


def ask(question: str, screen: Screen) -> bool:
    """Ask a yes-or-no question until it is answered."""
    return Confirm.ask(line(question), console=screen)


def progress(screen: Screen, *, disable: bool, redirect_stdout: bool = True) -> Progress:
    """Return a bar with a description, gone when it ends."""
    description = TextColumn("{task.description}", markup=False)
    return Progress(
        description,
        BarColumn(),
        TaskProgressColumn(markup=False),
        console=screen,
        transient=True,
        disable=disable,
        redirect_stdout=redirect_stdout,
    )


def tracked(items: Sequence[_T], what: str, screen: Screen) -> Iterator[_T]:
    """Yield the items; on a terminal, show how far it is."""
    with progress(screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=len(items))
        for item in items:
            yield item
            bar.advance(task)
