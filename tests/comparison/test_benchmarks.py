"""The benchmarks of comparison run, and print JSON; their numbers are not looked at here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.docs.checkout import CHECKOUT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "key"), [("calibration.py", "holds, like"), ("comparison_speed.py", "compare_seconds")]
)
def test_the_quick_form_runs(name: str, key: str) -> None:
    command = [sys.executable, str(CHECKOUT / "benchmarks" / name), "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert key in json.dumps(json.loads(done.stdout))
