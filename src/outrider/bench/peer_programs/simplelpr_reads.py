"""SimpleLPR: finds and reads plates of one country, named by the first argument."""

import json
import sys
import time
from typing import Any

import simplelpr


def _processor(country: str) -> Any:
    engine = simplelpr.SimpleLPR(simplelpr.EngineSetupParms())
    for index in range(engine.numSupportedCountries):
        engine.set_countryWeight(index, 0.0)
    engine.set_countryWeight(country, 1.0)
    engine.realizeCountryWeights()
    made = engine.createProcessor()
    made.plateRegionDetectionEnabled = True
    made.cropToPlateRegionEnabled = True
    return made


def _read(candidate: Any) -> dict[str, Any] | None:
    matches = [one for one in candidate.matches if one.text and one.country]
    if not matches:
        return None
    best = max(matches, key=lambda one: one.confidence)
    box = best.boundingBox
    text = "".join(char for char in best.text if char.isalnum())
    place = [box.left, box.top, box.width, box.height]
    return {"text": text, "conf": float(best.confidence), "box": place}


def main() -> None:
    """Answer every line of standard input."""
    processor = _processor(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        start_s = time.process_time()
        candidates = processor.analyze(asked["file"])
        cpu_ms = (time.process_time() - start_s) * 1e3
        reads = [read for one in candidates if (read := _read(one)) is not None]
        print(json.dumps({"reads": reads, "cpu_ms": cpu_ms}), flush=True)  # noqa: T201


main()
