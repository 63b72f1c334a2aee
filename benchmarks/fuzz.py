"""Reads many broken files of each kind, and prints the rows of the table in docs/security.md.

    python benchmarks/fuzz.py --inputs 10000 --of studies --start 0

Ends with status 1 when any input leads to a trace, a hang or a write outside. An input follows from its number.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fixtures.fuzz import Fuzz, describe
from tests.fixtures.fuzz_seeds import KINDS, make

_IN_MEMORY = Path("/dev/shm")  # files that are synced a thousand times an input cost nothing there
_MAX_BYTES = 12 << 30
"""Address space, so that an input that fills the memory is a defect and not the end."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inputs", type=int, default=10_000)
    arguments.add_argument("--start", type=int, default=0, help="number of the first input")
    arguments.add_argument("--of", choices=KINDS, nargs="*", default=KINDS)
    arguments.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long and say where")
    options = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    n_found = 0
    for kind in options.of:
        with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
            n_found += _try(kind, make(kind, Path(folder)), options.start, options.inputs, options.seconds)
    sys.exit(1 if n_found else 0)


def _try(kind: str, fuzz: Fuzz, start: int, n_inputs: int, seconds: float) -> int:
    started, n_tried, n_accepted, places = time.monotonic(), 0, 0, dict[str, int]()
    for at in range(start, start + n_inputs, 50):
        tally = fuzz.run(range(at, min(at + 50, start + n_inputs)))
        n_tried += tally.n_inputs
        n_accepted += tally.n_accepted
        for found in tally.found:
            text = describe(found.error)
            places[text.split("\n")[-1]] = places.get(text.split("\n")[-1], 0) + 1
            if places[text.split("\n")[-1]] == 1:
                print(f"{kind} {found.number}: {text}", flush=True)
        if time.monotonic() - started > seconds:
            break
    took = time.monotonic() - started
    n_defects = sum(places.values())
    counts = f"{n_accepted} read, {n_tried - n_accepted - n_defects} refused, {n_defects} defects"
    print(f"{kind}: {n_tried} inputs from {start}, {counts}; {took:.0f} s", flush=True)
    return n_defects


if __name__ == "__main__":
    main()
