"""How many characters the real reader doubts: what the false-match shares are to be read with."""

from datetime import date
from typing import Any

from outrider.bench.drive import drive
from outrider.records import PlateText
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.unit.devices.recogniser_models import RecogniserOptions, open_recogniser
from outrider.unit.hotlist.candidates import doubts
from outrider.vrm import fold


def measure_doubts(seed: int, seconds: float, on: date, min_probability: float) -> dict[str, Any]:
    """Return the share of characters in doubt over the passes of a rendered drive."""
    source = RenderedDrive(RenderSettings(seed=seed, duration_s=seconds))
    opened = open_recogniser(RecogniserOptions())
    texts = [one.text for one in drive(source, opened, on).reads]
    sure = [text for text in texts if text.confidence >= opened.points.possible]
    return {
        "passes read": len(texts),
        "of them sure enough for a possible": len(sure),
        **_figures("all", texts, min_probability),
        **_figures("sure", sure, min_probability),
    }


def _figures(name: str, texts: list[PlateText], min_probability: float) -> dict[str, Any]:
    characters = [guess for text in texts for guess in text.characters]
    doubtful = sum(any(p >= min_probability for _, p in g.alternatives) for g in characters)
    tried = sum(len(doubts(text, fold(text.vrm), min_probability)) for text in texts)
    return {
        f"characters in doubt, {name}": f"{doubtful / max(1, len(characters)):.2%}",
        f"look-alikes tried a read, {name}": round(tried / max(1, len(texts)), 3),
    }
