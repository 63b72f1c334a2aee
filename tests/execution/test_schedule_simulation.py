"""The scheduler on many made-up workers that fail (benchmarks/schedule_simulation.py, in small)."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.docs.checkout import CHECKOUT


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    path = CHECKOUT / "benchmarks" / "schedule_simulation.py"
    spec = importlib.util.spec_from_file_location("schedule_simulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [1, 2])
def test_the_makespan_is_close_to_the_bound_though_workers_fail(simulation: ModuleType, seed: int) -> None:
    trial = simulation.simulate(seed, n_jobs=1500, n_workers=40, mean_hours_to_failure=100.0)
    assert trial.n_failures > 0
    assert 1.0 - 1e-9 <= trial.ratio <= 1.10


def test_the_order_is_what_brings_it_there(simulation: ModuleType) -> None:
    ordered, unordered = (
        simulation.simulate(1, n_jobs=1500, n_workers=40, mean_hours_to_failure=1e9, has_order=has_order)
        for has_order in (True, False)
    )
    assert ordered.makespan_hours < unordered.makespan_hours
