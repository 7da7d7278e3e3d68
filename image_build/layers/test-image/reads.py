#!/usr/lib/outrider/venv/bin/python
"""Keeps writing reads and hits into a real journal on the data partition (test image only).

An emulated processor looks at a picture in many seconds; the journal is what updates must not harm,
so what is put into it is made up, as in the campaign of kills and power cuts.
"""

import secrets
import sys
from pathlib import Path

sys.path.insert(0, "/usr/lib/outrider/test-drive")

from tests.fault import load
from tests.unit.journal.filled import settings_for

_JOURNAL = Path("/var/lib/outrider/load/journal")
_PAUSE_S = 0.2


def main() -> None:
    """Write until it is stopped."""
    _JOURNAL.parent.mkdir(exist_ok=True)
    settings = settings_for(_JOURNAL, segment_mb=4)
    first = secrets.randbelow(1 << 24) * 1_000_000  # no two starts share a record
    load.run(_JOURNAL, settings, first, lambda line: None, _PAUSE_S)


if __name__ == "__main__":
    main()
