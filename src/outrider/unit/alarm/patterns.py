"""The patterns of the alarm unit, read from the firmware's own table (`patterns.h`)."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from outrider.records import Hit, Response

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STEPS = re.compile(r"^#define PATTERN_(\w+)\(S\)(.*)$", re.MULTILINE)
_STEP = re.compile(r"\bS\(\s*(\d+)\s*,\s*(\d+)\s*,\s*([RAG0| ]+)\)")
_TABLE = re.compile(r"^#define PATTERNS\(P\)(.*)$", re.MULTILINE)
_ROW = re.compile(r"\bP\(\s*(\w+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*([RAG0| ]+)\)")
_LAMPS = {"R": "red", "A": "amber", "G": "green"}


@dataclass(frozen=True, slots=True)
class Step:
    """tone_hz 0 is silence; lamps are names of `red`, `amber`, `green`."""

    tone_hz: int
    duration_ms: int
    lamps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is played `repeats` times; resting_lamps flash until the alert is acknowledged."""

    name: str
    number: int
    steps: tuple[Step, ...]
    repeats: int
    remind_s: int
    resting_lamps: tuple[str, ...]

    @property
    def round_ms(self) -> int:
        """Length of one round."""
        return sum(step.duration_ms for step in self.steps)

    @property
    def length_s(self) -> float:
        """Length of all rounds."""
        return self.round_ms * self.repeats / 1000


def _lamps(text: str) -> tuple[str, ...]:
    return tuple(name for letter, name in _LAMPS.items() if letter in text)


def parse(text: str) -> dict[str, Pattern]:
    """Return the patterns of a patterns.h by name.

    Raises:
        ValueError: there is no table, or it names a pattern that has no steps.
    """
    plain = _COMMENT.sub("", text).replace("\\\n", " ")
    steps = {
        name: tuple(Step(int(hz), int(ms), _lamps(lamps)) for hz, ms, lamps in _STEP.findall(body))
        for name, body in _STEPS.findall(plain)
    }
    table = _TABLE.search(plain)
    if table is None:
        raise ValueError("patterns.h holds no list PATTERNS(P)")
    rows = _ROW.findall(table[1])
    missing = [name for name, *_ in rows if not steps.get(name)]
    if missing:
        raise ValueError(f"patterns.h gives no steps for {', '.join(missing)}")
    return {
        name: Pattern(name, int(number), steps[name], int(repeats), int(remind), _lamps(lamps))
        for name, number, repeats, remind, lamps in rows
    }


@cache
def table() -> dict[str, Pattern]:
    """Return the patterns that this installation came with, by name (STOP, ASSESS, ...)."""
    return parse(Path(__file__).with_name("patterns.h").read_text(encoding="utf-8"))


def pattern_of(hit: Hit) -> Pattern:
    """Return what the unit plays for a hit: the same choice as the firmware's."""
    if hit.possible:
        name = "POSSIBLE"
    elif hit.look_back:
        name = "LOOK_BACK"
    else:
        name = {Response.STOP: "STOP", Response.ASSESS: "ASSESS"}.get(hit.response, "OBSERVE")
    return table()[name]
