"""Are matrix products in bfloat16 faster than in float32 on this machine, for training an encoder?

Run: python benchmarks/precision.py [--repeats N] [--threads N]

Times training steps of a BERT of multilingual-e5-small's sizes (4 layers), float32 and bfloat16 by turns, as
`precision: auto` does once; prints the ratios as JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics

import torch

from waystage.encoders.registry import EncoderShape
from waystage.execution.calibration import bfloat16_gain

SHAPE = EncoderShape(n_layers=12, hidden_size=384, intermediate_size=1536, vocabulary_size=250037)


def main() -> None:
    """Measure, and print medians and spreads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    gains = [bfloat16_gain(SHAPE, options.threads) for _ in range(options.repeats)]
    result = {
        "machine": platform.machine(),
        "threads": options.threads,
        "torch": torch.__version__,
        "bfloat16_capability": torch.backends.cpu.get_cpu_capability(),
        "gain_of_bfloat16": {"median": statistics.median(gains), "lowest": min(gains), "highest": max(gains)},
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
