"""Events for people, on a terminal: one line a read, a hit that cannot be missed."""

from collections.abc import Sequence

from outrider.clock import said_duration
from outrider.console import Screen, boxed, line, lines, styled
from outrider.records import ComponentHealth, Hit, Level, OfficerAction, Position, Read, Response
from outrider.unit.events import RunSummary

_STYLES = {
    Response.STOP: "bold white on red",
    Response.ASSESS: "bold black on yellow",
    Response.OBSERVE: "bold white on blue",
}
_SURE = 0.95
_DOUBTFUL = 0.7


class ConsoleEvents:
    """Writes to a rich console (its own lock makes it safe from several threads)."""

    def __init__(self, console: Screen | None = None) -> None:
        self._console = console or Screen()
        self._one_line = not self._console.is_terminal  # a terminal gets its lines at words
        self._levels: dict[str, tuple[Level, str]] = {}

    def read(self, read: Read) -> None:
        """Print a read: mark, confidence, time, place, direction."""
        confidence = read.text.confidence
        style = "green" if confidence >= _SURE else "yellow" if confidence >= _DOUBTFUL else "red"
        standing = read.text.standing
        partial = standing is not None and standing.incomplete
        shown_read = line(
            (read.at.utc.strftime("%H:%M:%S "), "dim"),
            (f" {read.text.vrm:<9}", "bold"),
            (f" {confidence:4.0%} ", style),
            f"{read.text.family.value:<10} {read.direction.value:<11}",
            (f"{read.frames_fused:>3} frames  {place(read.position)}", "dim"),
            ("  not all of the plate seen" if partial else "", "yellow"),
        )
        self._console.print(shown_read, soft_wrap=self._one_line)

    def hit(self, hit: Hit) -> None:
        """Print a hit in a box, by the response asked for."""
        entry, match = hit.match.entry, hit.match
        style = _STYLES[hit.response]
        words = "POSSIBLE" if hit.possible else hit.response.value.upper()
        vehicle = " ".join(filter(None, (entry.colour, entry.make, entry.model)))
        age = "" if match.list_age_s is None else f", {said_duration(match.list_age_s)} old"
        body = lines(
            f"{hit.read.text.vrm}  read at {hit.read.text.confidence:.0%}",
            f"{entry.reason}  {vehicle}",
            f"{match.match_class.value} match of {entry.vrm}, list {match.list_name}{age}",
        )
        self._console.print(boxed(body, f" {words} ", style))

    def action(self, action: OfficerAction) -> None:
        """Print what an officer did."""
        note = f": {action.note}" if action.note else ""
        self._console.print(line(("officer:", "bold"), f" {action.kind.value}{note}"))

    def health(self, components: Sequence[ComponentHealth]) -> None:
        """Print each component whose level has changed."""
        for component in components:
            before = self._levels.get(component.name, (Level.OK, ""))
            self._levels[component.name] = (component.level, component.detail)
            if component.level is before[0] or component.level is Level.OFF:
                continue
            style = {Level.FAULT: "bold red", Level.WARNING: "yellow"}.get(component.level, "green")
            text = f"{component.name} {component.level.value}: {component.detail}"
            self._console.print(styled(text, style), soft_wrap=self._one_line)

    def summary(self, summary: RunSummary) -> None:
        """Print the totals."""
        self._console.print(
            f"{summary.reads} reads, {summary.hits} hits ({summary.acknowledged} acknowledged),"
            f" {summary.frames} frames in {said_duration(summary.duration_s)},"
            f" {summary.frames_dropped} frames dropped"
        )


def place(position: Position) -> str:
    """Return a position for people, or that there is none."""
    if position.latitude_deg is None or position.longitude_deg is None:
        return "no position"
    return f"{position.latitude_deg:.5f},{position.longitude_deg:.5f}"
