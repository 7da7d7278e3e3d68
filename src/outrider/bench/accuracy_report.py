"""The tables of `outrider bench accuracy`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from outrider.bench import rates
from outrider.bench.rates import Rates
from outrider.bench.scoring import Scored, ScoredPlate
from outrider.console import Screen
from outrider.tables import Table
from outrider.unit.devices.recogniser_models import OpenedRecogniser
from outrider.unit.recognise.calibration import ReliabilityBin, expected_error, reliability

_LEGIBLE_PX = 20
_GROUPS: dict[str, Callable[[ScoredPlate], str]] = {
    "height": rates.height_group,
    "family": lambda plate: plate.family.value,
    "ground": lambda plate: plate.colour.value,
    "light": lambda plate: plate.light.value,
}


def show(
    console: Screen,
    opened: OpenedRecogniser,
    scored: Scored,
    roads: Scored,
    cpu_ms: tuple[float, ...],
) -> None:
    """Print everything for people."""
    console.print(opened.recogniser.health().detail)
    _show_rates(console, scored)
    vehicles, share = rates.by_vehicle(scored.plates)
    console.print(f"by vehicle: {share:.1%} of {vehicles} (mean of each vehicle's own share)")
    _show_points(console, opened, scored, roads)
    _show_reliability(console, table_of(scored))
    _show_bands(console, scored)
    if cpu_ms:
        low, mid, high = np.percentile(cpu_ms, [5, 50, 95])
        console.print(
            f"CPU a picture: {mid:.1f} ms median, {low:.1f} at best (p5), {high:.1f} at p95,"
            f" over {len(cpu_ms)} pictures"
        )


def as_json(
    opened: OpenedRecogniser, scored: Scored, roads: Scored, cpu_ms: tuple[float, ...]
) -> dict[str, Any]:
    """Return the same for a machine."""
    points = {name: getattr(opened.points, name) for name in ("kept", "possible", "alarm")}
    return {
        "pictures": scored.pictures,
        "all": asdict(Rates.of(scored.plates)),
        "by_vehicle": dict(
            zip(("vehicles", "right"), rates.by_vehicle(scored.plates), strict=True)
        ),
        f"from_{_LEGIBLE_PX}_px": asdict(Rates.of(legible(scored))),
        "groups": {
            title: {name: asdict(one) for name, one in rates.by_group(scored.plates, group).items()}
            for title, group in _GROUPS.items()
        },
        "operating_points": {
            name: {
                **asdict(rates.at_confidence(scored, value)),
                "roads_per_100": rates.at_confidence(roads, value).elsewhere_per_100,
            }
            for name, value in points.items()
        },
        "reliability": [asdict(one) for one in table_of(scored)],
        "reliability_by_band": {
            title: {name: asdict(one) for name, one in bands_of(scored, group).items()}
            for title, group in _GROUPS.items()
        },
        "cpu_ms_median": float(np.median(cpu_ms)) if cpu_ms else None,
    }


def figures(opened: OpenedRecogniser, scored: Scored) -> dict[str, str | int | float]:
    """Return the few figures that a line of the validation log holds."""
    every, tall = Rates.of(scored.plates), Rates.of(legible(scored))
    vehicles, share = rates.by_vehicle(scored.plates)
    alarm = rates.at_confidence(scored, opened.points.alarm)
    return {
        "pictures": scored.pictures,
        "plates": every.plates,
        "captured": every.share(every.captured),
        "read": every.share(every.right),
        "vehicles": vehicles,
        "by vehicle": share,
        f"from {_LEGIBLE_PX} px": tall.share(tall.right),
        "at the alarm point right": alarm.right_share,
        "wrong there": alarm.wrong,
        "elsewhere there": alarm.elsewhere,
        "calibration error": expected_error(table_of(scored)),
    }


def legible(scored: Scored) -> list[ScoredPlate]:
    """Return the plates that are at least 20 px high."""
    return [one for one in scored.plates if one.truth.height_px >= _LEGIBLE_PX]


def table_of(scored: Scored) -> list[ReliabilityBin]:
    """Return the reliability of what was read on plates."""
    told = [(one.read.text.confidence, one.right) for one in scored.plates if one.read]
    return reliability([sure for sure, _ in told], [right for _, right in told])


def bands_of(
    scored: Scored, group: Callable[[ScoredPlate], str]
) -> dict[str, rates.BandReliability]:
    """Return the reliability of each band that has reads enough."""
    return rates.reliability_by(scored.plates, group)


def _show_rates(console: Screen, scored: Scored) -> None:
    table = Table("plates", "n", "captured", "read right", "exactly", "right of captured")
    _row(table, "all", Rates.of(scored.plates))
    _row(table, f"{_LEGIBLE_PX} px and more", Rates.of(legible(scored)), end=True)
    for group in _GROUPS.values():
        groups = rates.by_group(scored.plates, group)
        for i, (name, one) in enumerate(groups.items()):
            _row(table, name, one, end=i == len(groups) - 1)
    console.print(table)


def _row(table: Table, name: str, one: Rates, end: bool = False) -> None:
    captured = f"{one.right / one.captured:6.1%}" if one.captured else "-"
    shares = [f"{one.share(count):6.1%}" for count in (one.captured, one.right, one.exact)]
    table.add_row(name, str(one.plates), *shares, captured, end_section=end)


def _show_points(console: Screen, opened: OpenedRecogniser, scored: Scored, roads: Scored) -> None:
    table = Table(
        "reads from", "confidence", "plates right", "wrong on plates", "of reads",
        "elsewhere / 100 pictures", f"on {roads.pictures} roads / 100",
    )  # fmt: skip
    for name in ("kept", "possible", "alarm"):
        point = rates.at_confidence(scored, getattr(opened.points, name))
        on_roads = rates.at_confidence(roads, point.confidence).elsewhere_per_100
        table.add_row(
            name,
            f"{point.confidence:.3f}",
            f"{point.right_share:.1%}",
            str(point.wrong),
            f"{point.wrong_share:.1%}",
            f"{point.elsewhere_per_100:.1f}",
            f"{on_roads:.1f}" if roads.pictures else "-",
        )
    console.print(table)


def _show_reliability(console: Screen, bins: list[ReliabilityBin]) -> None:
    table = Table("confidence", "reads", "mean confidence", "right")
    for one in bins:
        span = f"{one.low:.2f}-{one.high:.2f}"
        table.add_row(span, str(one.marks), f"{one.mean_confidence:.3f}", f"{one.share_right:.3f}")
    console.print(table)
    console.print(f"expected calibration error {expected_error(bins):.3f}")


def _show_bands(console: Screen, scored: Scored) -> None:
    """Print where the confidence holds: bands with few reads are left out, and that is said."""
    table = Table("reliability by band", "reads", "mean confidence", "right", "gap, points")
    for title, group in _GROUPS.items():
        for name, one in bands_of(scored, group).items():
            shares = (f"{one.mean_confidence:.3f}", f"{one.share_right:.3f}", f"{one.gap:+.1%}")
            table.add_row(f"{title}: {name.strip()}", str(one.reads), *shares)
    console.print(table)
    console.print(f"bands with fewer than {rates.LEAST_IN_BAND} reads are left out")
