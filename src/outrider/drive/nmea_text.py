"""NMEA 0183 sentences of a position: written here, read with pynmeagps.

Written: RMC, GGA and GSA, which is what a receiver sends each second and what gpsd needs for a
fix with time, course and mode (NMEA 0183 v4.10; checksums by 5.3.1).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import reduce
from operator import xor
from typing import Any

from pynmeagps import VALCKSUM, NMEAReader  # type: ignore[import-untyped]

from outrider.records import Fix, FixQuality

MONO_MARK = "# mono_ns="
"""A recorder writes this comment before each fix: when it was true on the recording's clock."""
KNOT_MPS = 1852.0 / 3600.0
RANGE_ERROR_M = 7.8
"""Signal-in-space range error, 95 % (GPS SPS Performance Standard, 5th ed., table 3.4-1).

Position error at 95 % is taken as this times the horizontal dilution of precision.
"""
_FIELDS = {
    "RMC": ("time", "status", "lat", "lon", "spd", "cog", "date"),
    "GGA": ("HDOP",),
    "GSA": ("navMode",),
}
_NS_PER_S = 1_000_000_000
_MAX_HDOP = 99.9
_FASTEST_KN = 300.0
_GSA_MODES = {FixQuality.NONE: 1, FixQuality.FIX_2D: 2, FixQuality.FIX_3D: 3}
_QUALITY_OF_MODE = {2: FixQuality.FIX_2D, 3: FixQuality.FIX_3D}


def checksum(body: str) -> int:
    """Return the checksum of what stands between `$` and `*`: its bytes, exclusive-ored."""
    return reduce(xor, body.encode("ascii"), 0)


def sentence(body: str) -> str:
    """Return a whole sentence, with its start, checksum and line end."""
    return f"${body}*{checksum(body):02X}\r\n"


def epoch(fix: Fix, *, satellites: int = 9, altitude_m: float = 50.0) -> str:
    """Return the sentences that a receiver would send for a fix (quality NONE: none held)."""
    return rmc(fix) + gga(fix, satellites, altitude_m) + gsa(fix, satellites)


class SentenceError(ValueError):
    """A sentence is not whole; the message names a field, never what a field holds."""


def parsed(text: str) -> Any:
    """Return a sentence parsed by pynmeagps, its checksum verified; raises anything."""
    message = NMEAReader.parse(text + "\r\n", validate=VALCKSUM)
    if message is None:
        raise SentenceError("not an NMEA sentence")
    missing = [name for name in _FIELDS.get(message.msgID, ()) if not hasattr(message, name)]
    if missing:
        raise SentenceError(f"cut short: it holds no {missing[0]}")
    return message


def rmc(fix: Fix) -> str:
    """Return the RMC sentence: time, place, speed (knots), course, date."""
    held = fix.quality is not FixQuality.NONE
    place = _place(fix) if held else ",,,"
    speed = _number(fix.speed_mps, 1 / KNOT_MPS, 3) if held else ""
    course = _number(fix.heading_deg, 1.0, 2) if held else ""
    day = _utc(fix).strftime("%d%m%y")
    return sentence(
        f"GPRMC,{_time(fix)},{'A' if held else 'V'},{place},{speed},{course},{day},,,"
        f"{'A' if held else 'N'}"
    )


def gga(fix: Fix, satellites: int, altitude_m: float) -> str:
    """Return the GGA sentence: time, place, satellites, dilution, altitude."""
    if fix.quality is FixQuality.NONE:
        return sentence(f"GPGGA,{_time(fix)},,,,,0,00,{_MAX_HDOP},,,,,,")
    return sentence(
        f"GPGGA,{_time(fix)},{_place(fix)},1,{satellites:02d},{_hdop(fix):.2f},"
        f"{altitude_m:.1f},M,47.0,M,,"
    )


def gsa(fix: Fix, satellites: int) -> str:
    """Return the GSA sentence: mode (none, 2D, 3D), satellites used, dilutions."""
    mode = _GSA_MODES.get(fix.quality, 3)
    used = [f"{number:02d}" for number in range(1, min(satellites, 12) + 1)] if mode > 1 else []
    slots = ",".join(used + [""] * (12 - len(used)))
    hdop = _hdop(fix)
    return sentence(f"GPGSA,A,{mode},{slots},{hdop * 1.5:.2f},{hdop:.2f},{hdop * 1.1:.2f}")


def _utc(fix: Fix) -> datetime:
    ms = (fix.utc_ns + 500_000) // 1_000_000
    return datetime.fromtimestamp(ms // 1000, tz=UTC).replace(microsecond=ms % 1000 * 1000)


def _time(fix: Fix) -> str:
    at = _utc(fix)
    return f"{at:%H%M%S}.{at.microsecond // 1000:03d}"


def _place(fix: Fix) -> str:
    return (
        f"{_angle(fix.latitude_deg, 2)},{'N' if fix.latitude_deg >= 0 else 'S'},"
        f"{_angle(fix.longitude_deg, 3)},{'E' if fix.longitude_deg >= 0 else 'W'}"
    )


def _angle(angle_deg: float, digits: int) -> str:
    # In units of 1e-6 minutes, so that 59.9999999' never prints as 60.
    micro_minutes = round(abs(angle_deg) * 60e6)
    degrees, rest = divmod(micro_minutes, 60_000_000)
    return f"{degrees:0{digits}d}{rest // 1_000_000:02d}.{rest % 1_000_000:06d}"


def _number(value: float | None, factor: float, places: int) -> str:
    return "" if value is None else f"{value * factor:.{places}f}"


def _hdop(fix: Fix) -> float:
    if fix.quality is FixQuality.NONE:
        return _MAX_HDOP
    return 1.0 if fix.error_m is None else min(fix.error_m / RANGE_ERROR_M, _MAX_HDOP)


def _why(error: Exception) -> str:
    """Return what is wrong with a sentence; not its text, which may hold a position."""
    if isinstance(error, SentenceError):
        return str(error)
    return f"its checksum or form is wrong ({type(error).__name__})"


@dataclass(slots=True)
class NmeaLog:
    """Fixes out of the lines of a log, joined by their time; what cannot be read is counted.

    unreadable: sentences refused (bad checksum, torn, not NMEA); first_unreadable names one.
    """

    unreadable: int = 0
    first_unreadable: str = ""
    lines_read: int = 0
    _rmc: Any = None
    _hdop: float | None = None
    _quality: FixQuality = field(default=FixQuality.FIX_2D)

    def fixes(self, lines: Iterable[str]) -> Iterator[Fix]:
        """Yield a fix for each epoch that holds one; mono_ns is left 0, for the caller to set."""
        for line in lines:
            self.lines_read += 1
            text = line.strip()
            if text and not text.startswith("#"):
                yield from self._take(text)
        yield from self._finish()

    def _take(self, text: str) -> Iterator[Fix]:
        try:
            message = parsed(text)
        except Exception as error:  # noqa: BLE001 - the border: pynmeagps raises what it likes
            self.unreadable += 1
            where = f"line {self.lines_read}: {_why(error)}"
            self.first_unreadable = self.first_unreadable or where
            return
        kind = message.msgID
        if kind == "RMC":
            yield from self._finish()
            self._rmc = message
        elif kind == "GGA":
            self._hdop = _within(message.HDOP, 0, _MAX_HDOP)
        elif kind == "GSA":
            self._quality = _QUALITY_OF_MODE.get(message.navMode, FixQuality.NONE)

    def _finish(self) -> Iterator[Fix]:
        message, self._rmc = self._rmc, None
        if message is None or message.status != "A" or self._quality is FixQuality.NONE:
            return
        placed = isinstance(message.lat, float) and isinstance(message.lon, float)
        timed = isinstance(message.date, date) and isinstance(message.time, time)
        if placed and timed and abs(message.lat) <= 90 and abs(message.lon) <= 180:
            yield self._fix_of(message)

    def _fix_of(self, message: Any) -> Fix:
        at = datetime.combine(message.date, message.time, tzinfo=UTC)
        utc_ns = int(at.replace(microsecond=0).timestamp()) * _NS_PER_S + at.microsecond * 1000
        speed_kn = _within(message.spd, 0, _FASTEST_KN)
        return Fix(
            mono_ns=0,
            utc_ns=utc_ns,
            latitude_deg=message.lat,
            longitude_deg=message.lon,
            speed_mps=None if speed_kn is None else speed_kn * KNOT_MPS,
            heading_deg=_within(message.cog, 0, 360),
            quality=self._quality,
            error_m=None if self._hdop is None else self._hdop * RANGE_ERROR_M,
        )


def _within(value: Any, least: float, most: float) -> float | None:
    """Return a number that can be; one that is missing or cannot be is unknown."""
    return value if isinstance(value, float) and least <= value <= most else None
