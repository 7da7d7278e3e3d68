"""A drive drawn by the machine: a road, its traffic, its plates, and the exact truth of it."""

from outrider.rendered.recording import hero_picture, write_drive
from outrider.rendered.settings import Effects, LightPlan, RenderSettings
from outrider.rendered.source import RenderedDrive

__all__ = [
    "Effects",
    "LightPlan",
    "RenderSettings",
    "RenderedDrive",
    "hero_picture",
    "write_drive",
]
