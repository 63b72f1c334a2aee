"""Values that stand in a record against values that were found again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from waystage.record.independent.intervals import Interval

TOLERANCE = 1e-5
"""Relative to the larger of the two values, or to one hundredth where both are smaller.

Both ways compute the same quantity from the same statistics, so they differ by rounding alone: the main way adds
statistics that are not whole numbers in float32, and parts of an error are differences of nearly equal variances. What
a reader could see, a tenth of a point, is ten thousand times as large as what is let through near 0.
"""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One value that is not what the evidence gives.

    Attributes:
        file: where the recorded value stands, relative to the record.
        place: which cell or mean, in words.
        recorded: as it stands there.
        found: as it comes out.
    """

    file: str
    place: str
    field: str
    recorded: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.field}: recorded {self.recorded!r}, found {self.found!r}"


@dataclass(slots=True)
class Agreement:
    """Counts what was compared and keeps what differs."""

    file: str
    n_values: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)

    def value(self, place: str, name: str, recorded: Any, found: Any, tolerance: float = TOLERANCE) -> None:
        """Compare one value."""
        self.n_values += 1
        if not agree(recorded, found, tolerance):
            self.disagreements.append(Disagreement(self.file, place, name, recorded, found))

    def difference(
        self, place: str, recorded: Mapping[str, Any] | None, found: Interval | None, p_adjusted: float | None
    ) -> None:
        """Compare a difference: value, interval, parts of the error, p and adjusted p."""
        if recorded is None or found is None:
            self.value(place, "difference", recorded, found)
            return
        for name in ("value", "low", "high", "standard_error", "seed_error", "example_error", "language_error", "p"):
            self.value(place, name, recorded.get(name), getattr(found, name))
        # Degrees of freedom follow from ratios of the parts, and are far less sensitive than what they decide.
        self.value(place, "degrees_of_freedom", recorded.get("degrees_of_freedom"), found.degrees_of_freedom, 1e-4)
        self.value(place, "p_adjusted", recorded.get("p_adjusted"), p_adjusted)
        self.value(place, "conclusive", recorded.get("conclusive"), not found.missing)


def agree(recorded: Any, found: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two values are the same but for rounding; what is not a number has to be equal.

    >>> agree(0.5, 0.5000000001), agree(0.5, 0.501), agree(None, 0.0), agree("a", "a")
    (True, False, False, True)
    """
    if _is_number(recorded) and _is_number(found):
        scale = max(abs(recorded), abs(found), 0.01)
        return math.isfinite(recorded) and math.isfinite(found) and abs(recorded - found) <= tolerance * scale
    if isinstance(recorded, list | tuple) and isinstance(found, list | tuple):
        return len(recorded) == len(found) and all(map(agree, recorded, found, [tolerance] * len(found)))
    return type(recorded) is type(found) and bool(recorded == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
