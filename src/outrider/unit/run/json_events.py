"""Events as JSON, one line each, for `--json`."""

import sys
import threading
from collections.abc import Sequence
from typing import Any, TextIO

from outrider.records import ComponentHealth, Hit, OfficerAction, PlateText, Position, Read
from outrider.shown import json_text
from outrider.unit.events import RunSummary
from outrider.unit.health import as_json, worst


def read_fields(read: Read) -> dict[str, Any]:
    """Return a read as plain data, without its pictures."""
    return {
        "id": str(read.read_id),
        "vrm": read.text.vrm,
        "raw": read.text.raw,
        "conf": round(read.text.confidence, 4),
        "family": read.text.family.value,
        "ambiguous": read.text.ambiguous,
        **standing_fields(read.text),
        "chars": [round(char.confidence, 4) for char in read.text.characters],
        "utc": read.at.iso_ms(),
        "clock": read.at.quality.value,
        "clock_error_s": round(read.at.error_s, 4),
        **_position_fields(read.position),
        "direction": read.direction.value,
        "frames": read.frames_fused,
        "corners": [list(corner) for corner in read.corners],
        "source": read.origin.source_id,
        "hotlist_revision": read.hotlist_revision,
    }


def standing_fields(text: PlateText) -> dict[str, Any]:
    """Return whether it is a plate and all of it, as probabilities; null where not judged."""
    standing = text.standing
    return {
        "plate": _rounded(standing.plate if standing else None, 4),
        "whole": _rounded(standing.whole if standing else None, 4),
        "incomplete": standing.incomplete if standing else None,
    }


def _position_fields(position: Position) -> dict[str, Any]:
    return {
        "lat": _rounded(position.latitude_deg, 7),
        "lon": _rounded(position.longitude_deg, 7),
        "speed_mps": _rounded(position.speed_mps, 2),
        "heading_deg": _rounded(position.heading_deg, 1),
        "fix": position.quality.value,
        "fix_age_s": _rounded(position.age_s, 3),
    }


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)


def hit_fields(hit: Hit) -> dict[str, Any]:
    """Return a hit as plain data: what matched, how, on which list, and the read."""
    match = hit.match
    return {
        "id": str(hit.hit_id),
        "read_id": str(hit.read.read_id),
        "vrm": hit.read.text.vrm,
        "listed": match.entry.vrm,
        "match": match.match_class.value,
        "possible": hit.possible,
        "response": hit.response.value,
        "priority": match.entry.priority,
        "reason": match.entry.reason,
        "list": match.list_name,
        "list_revision": match.list_revision,
        "list_age_s": _rounded(match.list_age_s, 1),
        "differences": [
            {
                "place": d.place,
                "read": d.read,
                "listed": d.listed,
                "p": round(d.probability_listed, 4),
            }
            for d in match.differences
        ],
        "look_back": hit.look_back,
        "conf": round(hit.read.text.confidence, 4),
        "utc": hit.read.at.iso_ms(),
        **_position_fields(hit.read.position),
    }


class JsonEvents:
    """Writes one JSON object a line, whole lines only, from whichever thread."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._said: dict[str, tuple[str, str]] = {}

    def read(self, read: Read) -> None:
        """Write a read."""
        self._write("read", read_fields(read))

    def hit(self, hit: Hit) -> None:
        """Write a hit."""
        self._write("hit", hit_fields(hit))

    def action(self, action: OfficerAction) -> None:
        """Write an officer's action."""
        fields = {"hit_id": str(action.hit_id), "action": action.kind.value, "note": action.note}
        self._write("action", {**fields, "utc": action.at.iso_ms()})

    def health(self, components: Sequence[ComponentHealth]) -> None:
        """Write the health, when any component's state or detail has changed."""
        said = {c.name.value: (c.level.value, c.detail) for c in components}
        if said == self._said:
            return
        self._said = said
        document = {
            "level": worst(components).value,
            "components": [as_json(c) for c in components],
        }
        self._write("health", document)

    def summary(self, summary: RunSummary) -> None:
        """Write the totals."""
        fields = {name: getattr(summary, name) for name in summary.__slots__}
        self._write("summary", {**fields, "duration_s": round(summary.duration_s, 3)})

    def _write(self, event: str, fields: dict[str, Any]) -> None:
        line = json_text({"event": event, **fields})
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()
