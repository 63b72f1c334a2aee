"""Colours of the heat maps: perceptually even, safe for colour-blind readers, each with legible text.

Blends run in the Oklab space (Ottosson 2020), so equal steps of score look like equal steps of colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from waystage.comparison.results import FloatArray

Rgb: TypeAlias = tuple[int, int, int]

N_STEPS = 21
"""Steps of each scale; odd, so that a difference of nothing has a step of its own."""
DARK_TEXT, LIGHT_TEXT = "#000000", "#ffffff"

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True, slots=True)
class Swatch:
    """A background and the text colour on it, as CSS."""

    background: str
    text: str


@dataclass(frozen=True, slots=True)
class Scales:
    """The scale of scores (low to high) and that of differences (loss, none, gain), for one background."""

    score: tuple[Swatch, ...]
    difference: tuple[Swatch, ...]


def scales(dark: bool) -> Scales:
    """The scales for a light or a dark page; colour-blind readers too tell orange losses from blue gains."""
    if dark:
        return Scales(
            _blend(["#1b222c", "#1f4f6b", "#2f8f96", "#a5d8a0"]),
            _blend(["#f2a154", "#9a5a1e", "#20262f", "#2a66a8", "#7fb6f5"]),
        )
    return Scales(
        _blend(["#f4f7f5", "#b5dcd0", "#4f9fae", "#1f4f7f"]),
        _blend(["#b35806", "#f3b574", "#f6f6f4", "#92bfe3", "#1f5fa8"]),
    )


def score_step(score: float, low: float, high: float) -> int:
    """The step of a score on a scale that runs from ``low`` to ``high``."""
    return _step((score - low) / (high - low)) if high > low else N_STEPS // 2


def difference_step(difference: float, largest: float) -> int:
    """The step of a difference on a scale that is even about zero.

    >>> difference_step(0.0, 0.1), difference_step(0.1, 0.1), difference_step(-0.2, 0.1)
    (10, 20, 0)
    """
    return _step(0.5 + difference / largest / 2) if largest > 0 else N_STEPS // 2


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2).

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _step(share: float) -> int:
    return round(min(max(share, 0.0), 1.0) * (N_STEPS - 1))


def _blend(anchors: Sequence[str]) -> tuple[Swatch, ...]:
    lab = np.array([_oklab(_rgb(anchor)) for anchor in anchors])
    places = np.linspace(0, len(anchors) - 1, N_STEPS)
    blended = [np.interp(places, np.arange(len(anchors)), lab[:, axis]) for axis in range(3)]
    return tuple(_swatch(colour) for colour in np.stack(blended, axis=1))


def _swatch(lab: FloatArray) -> Swatch:
    background = _css(lab)
    text = max((DARK_TEXT, LIGHT_TEXT), key=lambda colour: contrast(colour, background))
    return Swatch(background, text)


def _rgb(css: str) -> Rgb:
    return int(css[1:3], 16), int(css[3:5], 16), int(css[5:7], 16)


def _linear(rgb: Rgb) -> FloatArray:
    values = np.array(rgb, dtype=np.float64) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _luminance(css: str) -> float:
    return float(_linear(_rgb(css)) @ np.array([0.2126, 0.7152, 0.0722]))


def _oklab(rgb: Rgb) -> FloatArray:
    return np.asarray(_TO_LAB @ np.cbrt(_TO_LMS @ _linear(rgb)))


def _css(lab: FloatArray) -> str:
    linear = np.clip(np.linalg.solve(_TO_LMS, np.linalg.solve(_TO_LAB, lab) ** 3), 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (round(float(value) * 255) for value in encoded)
    return f"#{red:02x}{green:02x}{blue:02x}"
