"""One line of a self-test: what was looked at, how it is, and what to do."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How it went."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Finding:
    """measured: in words with units, for a person; remedy: what to do, empty where all is well."""

    item: str
    verdict: Verdict
    measured: str
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def passed(item: str, measured: str) -> Finding:
    """Return that all is well."""
    return Finding(item, Verdict.PASSED, measured)


def failed(item: str, measured: str, remedy: str) -> Finding:
    """Return that something is not well, and what to do."""
    return Finding(item, Verdict.FAILED, measured, remedy)


def not_tried(item: str, why: str, remedy: str = "") -> Finding:
    """Return that it was not looked at, and why."""
    return Finding(item, Verdict.NOT_TRIED, why, remedy)


def judged(item: str, well: bool, measured: str, remedy: str) -> Finding:
    """Return passed or failed."""
    return passed(item, measured) if well else failed(item, measured, remedy)
