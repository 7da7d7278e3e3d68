"""Rows that came, were receipted and do not open: an alarm, because the unit erases its own."""

from collections.abc import Mapping

REMEDY = (
    "`outrider centre open --backlog` says why of each. Where a private key is missing, put it "
    "into the folder of keys. Where a read says that it is another unit's, find out how the unit "
    "came by it, and revoke it if nobody can say. For anything else look at the unit's card before "
    "it docks again. Then: outrider centre open --retry"
)


def alarm_text(aside: Mapping[str, int]) -> str:
    """Return the alarm for rows set aside, by unit, with what to do about them."""
    units = ", ".join(f"{count:,} of {unit}" for unit, count in sorted(aside.items()))
    return f"ALARM: {sum(aside.values()):,} rows do not open ({units}). {REMEDY}"
