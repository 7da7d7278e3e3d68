"""The real centre and the real sync, as processes: what the benchmark measures is first right."""

import argparse
from pathlib import Path

from outrider.bench.sync import measure


def test_cut_line_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Enrolled, filled, docked over a line that is cut twice a second: all is at the centre."""
    options = argparse.Namespace(reads=60, cut_every=0.5, patch_kb=3.0, overview_kb=25.0)
    figures = measure(tmp_path, options)
    assert (figures.pictures, figures.lost, figures.left_on_the_unit) == (120, 0, 0)
    assert figures.chain_breaks == 0
    assert figures.rows >= 60
