"""Lettering that is no plate: shop fronts, road signs, buses' blinds, adverts, a camera's overlay.

Drawn in installed fonts (font_faces.py). Mostly words; times, telephone numbers and prices too,
for what a detector takes for a plate often holds digits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from camera_model import Grey, Quad, Rng, Scene, bodywork, lit
from font_faces import fonts, text_mask

WORDS: Final = (
    "FOR SALE", "TO LET", "SOLD", "ONE WAY", "BUS LANE", "BUS STOP", "TAXI", "NO ENTRY", "SLOW",
    "STOP", "GIVE WAY", "SCHOOL", "POLICE", "AMBULANCE", "FIRE", "CAR PARK", "PAY HERE", "EXIT",
    "WAY OUT", "DIESEL", "UNLEADED", "OPEN", "CLOSED", "PIZZA", "KEBAB", "CAFE", "COFFEE", "BAKERY",
    "BARBER", "NAILS", "FLOWERS", "BANK", "HOTEL", "BAR", "PUB", "THE CROWN", "FISH & CHIPS",
    "NEWS", "LOTTO", "ATM", "CASH", "TOILETS", "MARKET", "PHARMACY", "CHEMIST", "OPTICIAN",
    "DENTIST", "TYRES", "MOT", "EXHAUSTS", "VAN HIRE", "SELF DRIVE", "REMOVALS", "PLUMBING",
    "HEATING", "ROOFING", "SCAFFOLD", "FLOORING", "KITCHENS", "WINDOWS", "BUILDERS", "ELECTRICAL",
    "CITY CENTRE", "STATION", "VICTORIA", "AIRPORT", "HOSPITAL", "UNIVERSITY", "NOT IN SERVICE",
    "SORRY", "EXPRESS", "PARK & RIDE", "HIGH STREET", "NORTH", "SOUTH", "WEST", "EAST", "LONDON",
    "TURBO", "SPORT", "HYBRID", "ELECTRIC", "QUATTRO", "VOLVO", "SCANIA", "TRANSIT", "SPRINTER",
    "LIMITED", "CLEARANCE", "REDUCED", "SALE", "HALF PRICE", "NEW", "FREE", "LIVE MUSIC", "TONIGHT",
    "CAUTION", "DANGER", "KEEP CLEAR", "NO PARKING", "PRIVATE", "LOADING", "DISABLED", "RESIDENTS",
    "WASH", "CAR WASH", "DRIVE", "SERVICES", "AHEAD", "ROAD WORKS", "DIVERSION", "ACCESS ONLY",
)  # fmt: skip
TEXT_PX: Final = 56


def lettering(rng: Rng) -> Scene:
    """A piece of lettering as plate-shaped corners might frame it; needs an installed font."""
    found = fonts()
    font = found[int(rng.integers(len(found)))]
    ink = _lines(font, rng)
    overlay = rng.random() < 0.15
    ground = _ground(ink.shape, rng, overlay)
    light = float(ground.mean()) > 128
    level = rng.uniform(0, 90) if light else rng.uniform(165, 255)
    if overlay:
        level = 245.0
        rim = np.asarray(cv2.dilate(ink, np.ones((7, 7), np.uint8)), np.float32) / 255
        ground = ground * (1 - rim * rng.choice([0.0, 1.0]))
    alpha = ink.astype(np.float32) / 255
    laid = np.asarray(ground * (1 - alpha) + level * alpha, np.float32)
    return _framed(laid, ink, rng)


def a_text(rng: Rng) -> str:
    """A word or two, or now and then a number of a kind that no plate bears."""
    kind = rng.random()
    if kind < 0.76:
        text = WORDS[int(rng.integers(len(WORDS)))]
        if kind < 0.12:
            text += " " + WORDS[int(rng.integers(len(WORDS)))]
        return text.title() if rng.random() < 0.2 else text
    a, b, c = (int(v) for v in rng.integers(0, 60, 3))
    shapes = (
        f"{a % 24:02d}:{b:02d}:{c:02d}", f"2026-{a % 12 + 1:02d}-{b % 28 + 1:02d}", f"{a} MPH",
        f"0{1000 + 100 * a + c} {100000 + 7919 * b}", f"£{a}.99", f"{b}% OFF", f"{a % 24} Hours",
        f"N{51 + a % 7}.{b:02d}{c:02d} W{c % 3}.{a:02d}", f"{a % 24}:{b:02d} AM",
        f"{2 + a % 3}.{b % 9}m",
        f"www.{WORDS[a].split()[0].lower()}.co.uk", f"{a % 9 + 1}{a % 9 + 1} {WORDS[b]}",
    )  # fmt: skip
    return shapes[int(rng.integers(len(shapes)))]


def _lines(font: Path, rng: Rng) -> npt.NDArray[np.uint8]:
    """One text, or two one above the other, as ink."""
    upper = text_mask(font, a_text(rng), TEXT_PX)
    if rng.random() > 0.2:
        return upper
    lower = text_mask(font, a_text(rng), TEXT_PX)
    width = max(upper.shape[1], lower.shape[1])
    gap = np.zeros((int(rng.integers(6, 24)), width), np.uint8)
    wide = [np.pad(m, ((0, 0), (0, width - m.shape[1]))) for m in (upper, lower)]
    return np.vstack([wide[0], gap, wide[1]])


def _ground(shape: tuple[int, ...], rng: Rng, overlay: bool) -> Grey:
    if overlay or rng.random() < 0.2:
        return bodywork(shape[0], shape[1], rng)
    return np.full(shape, rng.uniform(5, 250), np.float32)


def _framed(sign: Grey, ink: npt.NDArray[np.uint8], rng: Rng) -> Scene:
    """Room around the text, perhaps a border, and the corners around all or a part of it."""
    height, width = ink.shape
    room_x, room_y = int(height * rng.uniform(0.5, 1.2)), int(height * rng.uniform(0.5, 1.0))
    edge = [float(v) for v in (sign[0, 0],)]
    canvas = cv2.copyMakeBorder(
        sign, room_y, room_y, room_x, room_x, cv2.BORDER_CONSTANT, value=edge
    )
    if rng.random() < 0.3:
        inset = max(2, round(room_y * rng.uniform(0.1, 0.6)))
        ends = (inset, inset), (canvas.shape[1] - inset, canvas.shape[0] - inset)
        cv2.rectangle(canvas, *ends, float(rng.uniform(0, 255)), max(1, round(height * 0.05)))
    pad_x, pad_y = height * rng.uniform(0.0, 0.35), height * rng.uniform(0.05, 0.4)
    x0, x1 = room_x - pad_x, room_x + width + pad_x
    longest = height * rng.uniform(3.0, 7.0)
    if x1 - x0 > longest:
        x0 += rng.uniform(0, x1 - x0 - longest)
        x1 = x0 + longest
    y0, y1 = room_y - pad_y, room_y + height + pad_y
    quad: Quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    return Scene(lit(np.asarray(canvas, np.float32), rng), quad)
