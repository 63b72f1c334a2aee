"""Energy that the machine says it has used: the counters of processors (RAPL, Linux) and of NVIDIA GPUs.

Counters are those of the whole machine: what other programs do meanwhile counts as well. Where no counter can be read
there is no value.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POWERCAP_DIR = Path("/sys/class/powercap")
NO_COUNTER = "this machine has no counter of energy that may be read"


@dataclass(slots=True)
class Counter:
    """A counter of joules that starts again at ``limit`` (None: never).

    >>> values = iter([90.0, 95.0, 5.0])
    >>> counter = Counter(lambda: next(values), limit=100.0)
    >>> counter.advance(); counter.advance(); counter.total
    15.0
    """

    read: Callable[[], float]
    limit: float | None = None
    total: float = 0.0
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._last = self.read()

    def advance(self) -> None:
        """Add what was used since the last look."""
        now = self.read()
        used = now - self._last
        self.total += used + self.limit if used < 0 and self.limit is not None else used
        self._last = now


class EnergyMeter:
    """Joules since it was made.

    Args:
        counters: what is read; by default all that the machine has.
    """

    def __init__(self, counters: Sequence[Counter] | None = None) -> None:
        self._counters = list(counters) if counters is not None else [*rapl_counters(), *gpu_counters()]

    def joules(self) -> float | None:
        """Joules up to now; None where nothing counts. It has to be asked more often than a counter overflows."""
        if not self._counters:
            return None
        for counter in self._counters:
            counter.advance()
        return sum(counter.total for counter in self._counters)


def rapl_counters(folder: Path = POWERCAP_DIR) -> list[Counter]:
    """Packages of processors and their memory; parts of a package are in the package already.

    Reference: Linux, Documentation/power/powercap/powercap.rst.
    """
    counters = []
    for zone in sorted(folder.glob("intel-rapl:*")):
        try:
            name = (zone / "name").read_text(encoding="ascii").strip()
            if not name.startswith(("package", "dram")):
                continue
            limit = int((zone / "max_energy_range_uj").read_text(encoding="ascii")) / 1e6
            counters.append(Counter(lambda path=zone / "energy_uj": int(path.read_text()) / 1e6, limit))  # type: ignore[misc]
        except (OSError, ValueError):  # not there, or only for the administrator
            continue
    return counters


def gpu_counters() -> list[Counter]:
    """Every NVIDIA GPU, where the package pynvml is installed and the GPU counts."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return [Counter(lambda own=own: nvml.nvmlDeviceGetTotalEnergyConsumption(own) / 1e3) for own in handles]  # type: ignore[misc]
    except Exception:  # the package is not there, or says in errors of its own that there is no GPU
        return []
