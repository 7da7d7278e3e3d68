"""What an argument may be: each function makes a type for argparse, whose refusal names both."""

import argparse
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

_MOST_DIGITS = 20


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a type: a whole number of least..most."""

    def parse(text: str) -> int:
        try:
            number = int(text[:_MOST_DIGITS])
        except ValueError:
            raise argparse.ArgumentTypeError(f"{short(text)} is not a whole number") from None
        if len(text) > _MOST_DIGITS or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{short(text)} is not within {least}..{most}")
        return number

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    """Return a type: a finite number of least..most."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{short(text)} is not a number") from None
        if not (math.isfinite(value) and least <= value <= most):
            raise argparse.ArgumentTypeError(f"{short(text)} is not within {least:g}..{most:g}")
        return value

    return parse


def instant(text: str) -> datetime:
    """Return a day or an instant in ISO 8601; one without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        words = f"{short(text)} is no day or time such as 2026-11-30T12:00"
        raise argparse.ArgumentTypeError(words) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def words(text: str) -> str:
    """Return words for the record: not none, on one line, and text (UTF-8)."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty: it is for the record")
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"{short(text)} has characters that cannot be shown")
    return text


def existing_file(text: str) -> Path:
    """Return the path of a file (or device) that is there."""
    path = named(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{short(text)} is a folder; a file is needed")
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{short(text)} does not exist")
    return path


def folder(text: str) -> Path:
    """Return the path of a folder, which may be missing yet."""
    path = named(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{short(text)} is a file; a folder is needed")
    return path


def new_file(text: str) -> Path:
    """Return the path of a file to be written, in a folder that is there."""
    path = named(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{short(text)} is a folder; name a file")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{short(text)}: its folder does not exist")
    return path


def named(text: str) -> Path:
    """Return a path; an empty or an endless one is none."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    if "\0" in text:
        raise argparse.ArgumentTypeError("a NUL stands in the name")
    path = Path(text)
    try:
        path.exists()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{short(text)}: {error.strerror}") from None
    return path


def short(text: str) -> str:
    """Return an argument as it is named in an error: quoted, its middle left out if long."""
    shown = text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}"
    return repr(shown)
