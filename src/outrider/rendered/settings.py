"""What a rendered drive is asked to be."""

from dataclasses import dataclass, field
from enum import StrEnum

SENSOR_WIDTH_MM = 5.023
"""Width of the IMX296 global-shutter sensor (1456 pixels of 3.45 um)."""


class LightPlan(StrEnum):
    """The light of a drive; PASSING_DAY goes from sun over cloud and dusk to night."""

    PASSING_DAY = "passing-day"
    SUN = "sun"
    OVERCAST = "overcast"
    DUSK = "dusk"
    NIGHT = "night"
    INFRARED = "infrared"


@dataclass(frozen=True, slots=True)
class Effects:
    """What the camera adds to the scene; all off gives the bare geometry."""

    blur: bool = True
    noise: bool = True
    vignette: bool = True
    glare: bool = True
    rain: bool = False


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """A drive. The same settings give the same bytes on the same machine.

    focal_mm is that of a lens before the global-shutter sensor, whatever the picture's size.
    readable_height_px: from what plate height the truth calls a sighting readable. repeats: how
    many of the later vehicles carry the mark of an earlier one. Raises ValueError naming the
    setting that is out of range.
    """

    seed: int = 1
    duration_s: float = 60.0
    rate_hz: float = 20.0
    width_px: int = 1456
    height_px: int = 1088
    focal_mm: float = 16.0
    light: LightPlan = LightPlan.PASSING_DAY
    effects: Effects = field(default_factory=Effects)
    exposure_s: float | None = None
    readable_height_px: float = 16.0
    repeats: int = 0

    def __post_init__(self) -> None:
        for name, least, most in (
            ("seed", 0, 2**63 - 1),
            ("duration_s", 0.1, 600.0),
            ("rate_hz", 1.0, 120.0),
            ("width_px", 160, 4096),
            ("height_px", 120, 4096),
            ("focal_mm", 3.0, 50.0),
            ("readable_height_px", 1.0, 400.0),
            ("repeats", 0, 20),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"render: {name} is {value}; it goes from {least} to {most}")

    @property
    def focal_px(self) -> float:
        """Focal length in pixels of the picture."""
        return self.focal_mm / SENSOR_WIDTH_MM * self.width_px

    @property
    def frame_count(self) -> int:
        """Frames in the drive."""
        return max(1, round(self.duration_s * self.rate_hz))

    def mono_ns(self, frame: int) -> int:
        """Return the middle of a frame's exposure on the drive's clock, ns."""
        return round(frame * 1e9 / self.rate_hz)
