"""Energy is read from counters, or it is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from waystage.execution import energy
from waystage.execution.energy import Counter, EnergyMeter, gpu_counters, rapl_counters


def write_zone(folder: Path, name: str, label: str, micro_joules: int) -> Path:
    zone = folder / name
    zone.mkdir()
    (zone / "name").write_text(f"{label}\n")
    (zone / "max_energy_range_uj").write_text("262143328850\n")
    (zone / "energy_uj").write_text(f"{micro_joules}\n")
    return zone / "energy_uj"


def test_packages_and_memory_count_and_their_parts_do_not(tmp_path: Path) -> None:
    first = write_zone(tmp_path, "intel-rapl:0", "package-0", 262_143_000_000)
    write_zone(tmp_path, "intel-rapl:0:0", "core", 5)
    memory = write_zone(tmp_path, "intel-rapl:0:1", "dram", 1_000_000)
    write_zone(tmp_path, "intel-rapl:1", "psys", 7)
    write_zone(tmp_path, "intel-rapl:2", "package-1", 0).unlink()  # as it is for those who may not read it
    meter = EnergyMeter(rapl_counters(tmp_path))
    first.write_text("1671150\n")  # it has started again
    memory.write_text("4000000\n")
    assert meter.joules() == pytest.approx(2.0 + 3.0)
    first.write_text("2671150\n")
    assert meter.joules() == pytest.approx(6.0)


def test_without_a_counter_there_is_no_value(tmp_path: Path) -> None:
    assert EnergyMeter(rapl_counters(tmp_path)).joules() is None


def test_gpus_count_where_their_library_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nvml:
        values = iter([1000, 5000, 2000, 9000])

        def nvmlInit(self) -> None: ...  # noqa: N802
        def nvmlDeviceGetCount(self) -> int:  # noqa: N802
            return 2

        def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
            return index

        def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
            return next(self.values)

    monkeypatch.setattr(energy.importlib, "import_module", lambda name: Nvml())
    assert EnergyMeter(gpu_counters()).joules() == pytest.approx(1.0 + 4.0)


def test_a_counter_that_never_starts_again() -> None:
    values = iter([1.0, 4.0, 9.0])
    counter = Counter(lambda: next(values))
    counter.advance()
    counter.advance()
    assert counter.total == 8.0
