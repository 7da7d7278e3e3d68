"""What gpsd says of its receivers: TPV reports, each checked. Pure: no socket, no clock.

A key that a report leaves out is unknown, never 0; a value that cannot be is unknown too. Of
several receivers one that has a fix is listened to, and no other while it keeps it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outrider.clock import NS_PER_S, is_believable, rolled_into_era
from outrider.records import FixQuality

_MOVING_MPS = 0.5  # below this a receiver's course is noise, and gpsd leaves it out
_FASTEST_MPS = 150.0
_FARTHEST_ERROR_M = 100_000.0
_FRESH_NS = 3 * NS_PER_S
_QUALITIES = {2.0: FixQuality.FIX_2D, 3.0: FixQuality.FIX_3D}
_RANK = (FixQuality.FIX_2D, FixQuality.FIX_3D)


class NoReport(Exception):
    """gpsd answers, but has no position: why."""


@dataclass(frozen=True, slots=True)
class Report:
    """A position as gpsd has it now; utc_ns is the receiver's own time of it.

    date_doubt: why that time is no time of day (empty: it is one). utc_ns is then moved by whole
    1,024 weeks to where it may be: fit to order reports, and for nothing else.
    """

    utc_ns: int
    latitude_deg: float
    longitude_deg: float
    speed_mps: float | None
    heading_deg: float | None
    quality: FixQuality
    error_m: float | None
    date_doubt: str = ""


def report_of(tpv: Mapping[str, Any]) -> Report:
    """Return the report of one receiver. Raises NoReport where it holds no position."""
    quality = _QUALITIES.get(_number(tpv, "mode", 0, 3) or 0.0)
    if quality is None:
        raise NoReport("the receiver has no fix: it needs a clear view of the sky")
    latitude_deg, longitude_deg = _number(tpv, "lat", -90, 90), _number(tpv, "lon", -180, 180)
    if latitude_deg is None or longitude_deg is None or "time" not in tpv:
        raise NoReport("the receiver is in the middle of a report")
    at = _time(tpv["time"])
    utc_ns = int(at.replace(microsecond=0).timestamp()) * NS_PER_S + at.microsecond * 1000
    doubt = "" if is_believable(utc_ns) else f"the receiver gives {at:%Y-%m-%d}, which cannot be"
    speed_mps = _number(tpv, "speed", 0, _FASTEST_MPS)
    moving = speed_mps is not None and speed_mps >= _MOVING_MPS
    return Report(
        utc_ns=rolled_into_era(utc_ns),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        speed_mps=speed_mps,
        heading_deg=_number(tpv, "track", 0, 360) if moving else None,
        quality=quality,
        error_m=_error_m(tpv),
        date_doubt=doubt,
    )


def _time(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
        at.timestamp()
    except (ValueError, OverflowError) as error:
        raise NoReport("the receiver gives a time that is none") from error
    if at.tzinfo is None:
        raise NoReport("the receiver gives a time of no zone")
    return at


def _error_m(tpv: Mapping[str, Any]) -> float | None:
    errors = [_number(tpv, name, 0, _FARTHEST_ERROR_M) for name in ("epx", "epy")]
    worst = max((error for error in errors if error is not None), default=0.0)
    return worst if worst > 0 else None


def _number(tpv: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    value = tpv.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None  # no NaN, no number beyond floats


class Receivers:
    """Which of gpsd's receivers is listened to. Not thread-safe: one owner."""

    def __init__(self) -> None:
        self._chosen = ""
        self._news: dict[str, tuple[int, int]] = {}

    def newest(self, tpvs: Sequence[Any], now_mono_ns: int) -> Report:
        """Return the report of the receiver that is listened to.

        It is kept while it has a fix and its time goes on; else the best of the others is taken.
        Raises NoReport, saying why, where no receiver has a position.
        """
        found: dict[str, Report] = {}
        reasons: list[str] = []
        for tpv in tpvs:
            try:
                device, report = _named(tpv)
            except NoReport as nothing:
                reasons.append(str(nothing))
                continue
            found[device] = report
        if not found:
            raise NoReport("; ".join(dict.fromkeys(reasons)) or "gpsd has no receiver that sends")
        self._note(found, now_mono_ns)
        best = max(found, key=lambda device: self._worth(device, found[device], now_mono_ns))
        self._chosen = best
        return found[best]

    def _note(self, found: Mapping[str, Report], now_mono_ns: int) -> None:
        news = {}
        for device, report in found.items():
            utc_ns, _ = known = self._news.get(device, (-1, 0))
            news[device] = known if utc_ns == report.utc_ns else (report.utc_ns, now_mono_ns)
        self._news = news  # no more than gpsd tells of now

    def _worth(self, device: str, report: Report, now_mono_ns: int) -> tuple[bool, bool, bool, int]:
        fresh = now_mono_ns - self._news[device][1] <= _FRESH_NS
        rank = _RANK.index(report.quality)
        return fresh, not report.date_doubt, device == self._chosen, rank


def _named(tpv: Any) -> tuple[str, Report]:
    if not isinstance(tpv, Mapping):
        raise NoReport("gpsd tells of a receiver in no form that is known")
    return str(tpv.get("device", "")), report_of(tpv)
