"""How loud: louder with speed, softer when it is dark and slow, full where the speed is unknown."""

from outrider.unit.alarm.protocol import VOLUME_MAX

_BY_SPEED = ((3.0, 5), (15.0, 6), (25.0, 7))  # below so many m/s: this volume
_NIGHT_STEPS = 2
_NIGHT_BELOW_MPS = 15.0  # above that the road's noise is the same by night


def volume_for(speed_mps: float | None, night: bool) -> int:
    """Return the volume, 1 to VOLUME_MAX; the firmware holds grave alerts above its floor."""
    if speed_mps is None:
        return VOLUME_MAX
    volume = next((level for limit, level in _BY_SPEED if speed_mps < limit), VOLUME_MAX)
    return volume - _NIGHT_STEPS if night and speed_mps < _NIGHT_BELOW_MPS else volume
