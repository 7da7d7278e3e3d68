"""Patterns as sound (WAV samples) and as drawings (SVG timing diagrams)."""

import io
import wave
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from outrider.clock import said_duration
from outrider.unit.alarm.patterns import Pattern, Step

RATE_HZ = 44_100
_HARMONICS = 9  # of the square wave; the sounder's resonance takes off the rest
_EDGE_S = 0.001

_SCALE_PX_PER_MS = 0.5
_LEFT_PX = 120
_LANE_PX = 46
_COLOURS = {"red": "#c62828", "amber": "#ef8f00", "green": "#2e7d32"}


def samples(steps: Sequence[Step], volume: float = 1.0) -> NDArray[np.int16]:
    """Return the sound of the steps, the unit's square wave: int16, mono, at RATE_HZ."""
    parts = [_tone(step.tone_hz, round(step.duration_ms * RATE_HZ / 1000)) for step in steps]
    sound = np.concatenate(parts) if parts else np.zeros(0)
    return (sound * volume * 0.6 * np.iinfo(np.int16).max).astype(np.int16)


def _tone(hz: int, count: int) -> NDArray[np.float64]:
    if hz == 0:
        return np.zeros(count)
    time_s = np.arange(count) / RATE_HZ
    odd = [k for k in range(1, 2 * _HARMONICS, 2) if k * hz < RATE_HZ / 2]
    wave_form = sum(np.sin(2 * np.pi * k * hz * time_s) / k for k in odd) * (4 / np.pi) / 1.2
    edge = min(count // 2, round(_EDGE_S * RATE_HZ))
    envelope = np.ones(count)
    envelope[:edge] = np.linspace(0, 1, edge)
    envelope[count - edge :] = np.linspace(1, 0, edge)
    return np.asarray(wave_form * envelope, np.float64)


def wav_bytes(sound: NDArray[np.int16]) -> bytes:
    """Return mono samples at RATE_HZ as a WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(sound.tobytes())
    return out.getvalue()


def pattern_wav(pattern: Pattern) -> bytes:
    """Return a pattern with all its rounds as a WAV file."""
    return wav_bytes(samples(pattern.steps * pattern.repeats))


def diagram(pattern: Pattern) -> str:
    """Return one round of a pattern as an SVG timing diagram: tone in Hz above, lamps below."""
    width = _LEFT_PX + pattern.round_ms * _SCALE_PX_PER_MS + 30
    height = 5 * _LANE_PX + 70
    svg = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height}",
        width=f"{width:.0f}",
        height=str(height),
    )
    svg.set("font-family", "sans-serif")
    svg.set("font-size", "12")
    ET.SubElement(svg, "rect", width="100%", height="100%", fill="white")
    title = f"{pattern.name}: {pattern.round_ms} ms, {pattern.repeats} times"
    title += f", again after {said_duration(pattern.remind_s)}" if pattern.remind_s else ""
    _text(svg, 10, 22, title, weight="bold")
    _time_axis(svg, pattern, height)
    _tone_lane(svg, pattern, 40)
    for lane, (lamp, colour) in enumerate(_COLOURS.items(), start=2):
        _lamp_lane(svg, pattern, 40 + lane * _LANE_PX, lamp, colour)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _text(parent: ET.Element, x: float, y: float, text: str, weight: str = "normal") -> None:
    label = ET.SubElement(parent, "text", x=f"{x:.1f}", y=f"{y:.1f}", fill="#222")
    label.set("font-weight", weight)
    label.text = text


def _line(parent: ET.Element, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    ET.SubElement(parent, "line", ends, stroke="#bbb")


def _spans(pattern: Pattern) -> list[tuple[float, float, Step]]:
    """Return (x, width, step) in px."""
    spans, at_ms = [], 0
    for step in pattern.steps:
        x = _LEFT_PX + at_ms * _SCALE_PX_PER_MS
        spans.append((x, step.duration_ms * _SCALE_PX_PER_MS, step))
        at_ms += step.duration_ms
    return spans


def _time_axis(svg: ET.Element, pattern: Pattern, height: int) -> None:
    for at_ms in range(0, pattern.round_ms + 1, 100):
        x = _LEFT_PX + at_ms * _SCALE_PX_PER_MS
        _line(svg, x, 34, x, height - 24)
        _text(svg, x - 8, height - 8, str(at_ms))
    _text(svg, 10, height - 8, "time, ms")


def _tone_lane(svg: ET.Element, pattern: Pattern, top: float) -> None:
    """Bars whose height is the logarithm of the pitch: 400 Hz at the bottom, 3.2 kHz at the top."""
    lane = 2 * _LANE_PX - 14
    _text(svg, 10, top + lane / 2, "sounder, Hz")
    said = 0
    for x, width, step in _spans(pattern):
        if step.tone_hz:
            tall = lane * float(np.clip(np.log2(step.tone_hz / 400) / 3, 0.08, 1.0))
            box = {"x": f"{x:.1f}", "y": f"{top + lane - tall:.1f}"}
            size = {"width": f"{width:.1f}", "height": f"{tall:.1f}"}
            ET.SubElement(svg, "rect", {**box, **size}, fill="#37474f", stroke="white")
        if step.tone_hz and step.tone_hz != said:
            label = ET.SubElement(svg, "text", x=f"{x + 2:.1f}", y=f"{top + lane - 3:.1f}")
            label.set("fill", "white")
            label.set("font-size", "8")
            label.text = str(step.tone_hz)
        said = step.tone_hz


def _lamp_lane(svg: ET.Element, pattern: Pattern, top: float, lamp: str, colour: str) -> None:
    _text(svg, 10, top + 26, f"{lamp} lamp")
    _line(svg, _LEFT_PX, top + 36, _LEFT_PX + pattern.round_ms * _SCALE_PX_PER_MS, top + 36)
    for x, width, step in _spans(pattern):
        if lamp in step.lamps:
            box = {"x": f"{x:.1f}", "y": f"{top + 10:.1f}", "width": f"{width:.1f}", "height": "26"}
            ET.SubElement(svg, "rect", box, fill=colour)


def write_diagrams(patterns: Sequence[Pattern], folder: Path) -> list[Path]:
    """Write NAME.svg for each pattern; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{pattern.name.lower()}.svg" for pattern in patterns]
    for pattern, path in zip(patterns, paths, strict=True):
        path.write_text(diagram(pattern), encoding="utf-8")
    return paths


def write_sounds(patterns: Sequence[Pattern], folder: Path) -> list[Path]:
    """Write NAME.wav for each pattern; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{pattern.name.lower()}.wav" for pattern in patterns]
    for pattern, path in zip(patterns, paths, strict=True):
        path.write_bytes(pattern_wav(pattern))
    return paths
