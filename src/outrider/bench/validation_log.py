"""One line a scoring of a validation set: so that no scoring of it goes unseen, failures least.

A set that is reported is never learnt from and nothing is chosen on it; how often it was looked
at, with which models and what it gave, stands in this file for ever.
"""

import csv
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from outrider.built_from import commit_of

COLUMNS = ("utc", "commit", "reader", "set", "figures")


def append(path: Path, utc: datetime, reader_sha256: str, name: str, figures: str) -> None:
    """Add a line, with a head where the file is new; it is on the disk when this returns.

    Raises OSError where the file cannot be written.
    """
    fresh = not path.exists() or not path.stat().st_size
    with path.open("a", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        stamp = utc.strftime("%Y-%m-%dT%H:%MZ")
        writer.writerow((stamp, commit_of(path.parent), reader_sha256[:12], name, figures))
        out.flush()
        os.fsync(out.fileno())


def as_text(figures: Mapping[str, str | int | float]) -> str:
    """Return figures as `name value; name value`, shares in per cent."""
    return "; ".join(
        f"{name} {value:.1%}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )
