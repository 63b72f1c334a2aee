"""How long does exact search among a million entities take, and how much memory?

Run: python benchmarks/entity_search.py [--candidates N] [--queries N] [--hidden N] [--threads N]

Vectors are random. Blocks of candidates come one after the other, as they do when a pool is read and encoded block by
block; the encoder's time is not part of it. Peak memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import time

import torch

from waystage.data.prepare import CANDIDATE_BLOCK
from waystage.execution.worker import peak_memory_bytes
from waystage.metrics.ranking import N_BEST
from waystage.prediction.neighbours import BestOfBlocks

SEED = 0
# Mewsli-X: entities, mentions of all languages; the width of multilingual-e5-small.
N_CANDIDATES, N_QUERIES, HIDDEN_SIZE = 1_003_893, 14_624, 384


def search(n_candidates: int, n_queries: int, hidden_size: int) -> BestOfBlocks:
    """The best candidates of random queries among random candidates, in which every query stands once."""
    generator = torch.Generator().manual_seed(SEED)
    queries = torch.nn.functional.normalize(torch.randn(n_queries, hidden_size, generator=generator))
    best = BestOfBlocks(queries, N_BEST)
    for start in range(0, n_candidates, CANDIDATE_BLOCK):
        block = torch.randn(min(CANDIDATE_BLOCK, n_candidates - start), hidden_size, generator=generator)
        block = torch.nn.functional.normalize(block)
        n_copied = max(0, min(len(block), n_queries - start))
        block[:n_copied] = queries[start : start + n_copied]
        best.add(block)
    return best


def main() -> None:
    """Search, check that every query finds itself first, and print time and memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=N_CANDIDATES)
    parser.add_argument("--queries", type=int, default=N_QUERIES)
    parser.add_argument("--hidden", type=int, default=HIDDEN_SIZE)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    started = time.perf_counter()
    best = search(options.candidates, options.queries, options.hidden)
    seconds = time.perf_counter() - started
    n_copied = min(options.queries, options.candidates)
    n_found = int((best.numbers[:n_copied, 0] == torch.arange(n_copied)).sum())
    if n_found < n_copied:
        raise SystemExit(f"{n_copied - n_found} of {n_copied} queries do not find themselves first")
    sizes = f"{options.queries:,} queries, {options.candidates:,} candidates, {options.hidden} numbers each"
    print(f"{sizes}: {seconds:.1f} s with {options.threads} threads, at most {peak_memory_bytes() / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
