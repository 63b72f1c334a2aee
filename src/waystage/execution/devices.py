"""Threads and GPUs of a worker process: set before torch is loaded, so that no two jobs share what is one's own."""

from __future__ import annotations

import os
from pathlib import Path

_VISIBLE = "CUDA_VISIBLE_DEVICES"
# Of OpenMP and MKL (torch), OpenBLAS (numpy) and Rayon (tokenizers); each starts a thread a core unless told.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def limit_threads(n_threads: int) -> None:
    """Have every library of this process start at most so many threads; counts for what is loaded afterwards."""
    for name in _THREAD_VARIABLES:
        os.environ[name] = str(n_threads)


def visible_gpus() -> list[str]:
    """Names of the NVIDIA GPUs that this process may use, without loading torch; empty where there are none."""
    chosen = os.environ.get(_VISIBLE)
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    nodes = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    return sorted((name for name in nodes if name.isdecimal()), key=int)


def show_gpu(name: str | None) -> None:
    """Have this process see one GPU alone; None leaves everything as it is."""
    if name is not None:
        os.environ[_VISIBLE] = name
