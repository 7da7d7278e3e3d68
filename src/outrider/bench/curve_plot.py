"""Draw the curve that the operating points are chosen from."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from outrider.bench.rates import PointRates
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.operating_points import OperatingPoints


def write_curve(
    curve: Sequence[PointRates],
    rows: Sequence[Mapping[str, Any]],
    points: OperatingPoints,
    path: Path,
) -> Path:
    """Write the curve as PNG, and its numbers as CSV beside it; return the CSV's path.

    Raises ModelError, naming the package, where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError("the curve needs matplotlib: pip install 'outrider[bench]'") from error
    figure = Figure(figsize=(7, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([100 * one.right_share for one in curve], [100 * one.wrong_share for one in curve])
    for name in ("alarm", "possible", "kept"):
        at = min(curve, key=lambda one: abs(one.confidence - getattr(points, name)))
        axes.plot(
            100 * at.right_share, 100 * at.wrong_share, "o", label=f"{name}: {at.confidence:.2f}"
        )
    axes.set_xlabel("plates read right, %")
    axes.set_ylabel("wrong reads among reads of plates, %")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(path)
    numbers = path.with_suffix(".csv")
    with numbers.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return numbers
