"""A plan is to be there at once: what it does not need is not imported."""

from __future__ import annotations

import subprocess
import sys

LATER = (
    *("torch", "transformers", "pandas", "scipy", "pyarrow", "jinja2"),
    *("numpy", "psutil", "tokenizers", "waystage.execution.worker", "waystage.metrics", "waystage.kinds"),
    *("waystage.report.render", "waystage.benchmark", "waystage.comparison.compare", "waystage.record.build"),
)


def test_planning_imports_neither_what_computes_nor_what_reports() -> None:
    code = "import sys, waystage.cli, waystage.api, waystage.console.plan_view; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(LATER) & set(done.stdout.split())
