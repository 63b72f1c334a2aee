"""How much faster are two worker processes of one thread than one, on a study of independent stages?

Run: python benchmarks/worker_scaling.py [--pairs N] [--seeds N] [--examples N] [--json]

Each pair runs the same study twice in fresh copies of a store that holds encoder and data: with one worker of one
thread, and with two. Starting the processes and loading torch is part of the time. Both stores have to hold the same
bytes. Needs two processors with nothing else on them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from waystage import api
from waystage.execution.executor import WorkerSetting
from waystage.execution.local import InProcess
from waystage.execution.outcome import SilentWatcher
from waystage.execution.processes import Processes
from waystage.execution.resources import needs_of
from waystage.execution.schedule import Guidance, run_nodes
from waystage.plan.plan import Plan
from waystage.store.store import Store
from waystage.study.study import Study

STUDY = """
name: scaling
encoder: {{name: e5-small-embedded, n_layers: 3}}
seeds: {seeds}
sequences: {{base: []}}
targets:
  - task: home-intents
    languages: [en, de]
    limits: {{train: {n_examples}, test: 50}}
    training: {{learning_rate: 2.0e-4, batch_size: 16, max_tokens: 32, freeze_embeddings: true}}
"""


def prepared(study: Study, folder: Path) -> Plan:
    """A store with the data and the encoder, and the plan."""
    store = Store(folder)
    plan = api.plan_study(study, store)
    encoder = [node for node in plan.nodes if node.kind == "encoder"]
    with InProcess().start(WorkerSetting(store, 1), lambda: False) as executor:
        run_nodes(encoder, store, executor, SilentWatcher())
    return plan


def timed(plan: Plan, folder: Path, n_workers: int) -> float:
    """Seconds that the rest of the plan takes."""
    store = Store(folder)
    started = time.perf_counter()
    with Processes(n_workers).start(WorkerSetting(store, 1), lambda: False) as executor:
        guidance = Guidance(needs=lambda node: needs_of(node, 1))
        outcome = run_nodes(plan.nodes, store, executor, SilentWatcher(), guidance)
        seconds = time.perf_counter() - started
    if not outcome.is_complete:
        raise RuntimeError("; ".join(outcome.failures.values()))
    return seconds


def digests(folder: Path) -> dict[str, str]:
    """Digest of the content of each artefact, by its id."""
    store = Store(folder)
    return {info.id: store.open(info.id).manifest.content_digest for info in store.artefacts()}


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--examples", type=int, default=600)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    study = api.parse_study(STUDY.format(seeds=list(range(1, arguments.seeds + 1)), n_examples=arguments.examples))
    with tempfile.TemporaryDirectory() as root:
        base = Path(root) / "base"
        plan = prepared(study, base)
        pairs = []
        for number in range(arguments.pairs):
            # Which goes first alternates, so that a machine that warms up or slows down favours neither.
            order = (1, 2) if number % 2 == 0 else (2, 1)
            folders = {n_workers: Path(root) / f"{number}-{n_workers}" for n_workers in order}
            seconds = {}
            for n_workers in order:
                shutil.copytree(base, folders[n_workers])
                seconds[n_workers] = timed(plan, folders[n_workers], n_workers)
            if digests(folders[1]) != digests(folders[2]):
                raise RuntimeError("the two stores differ")
            pairs.append({"one_worker_seconds": seconds[1], "two_workers_seconds": seconds[2]})
    ratios = [pair["two_workers_seconds"] / pair["one_worker_seconds"] for pair in pairs]
    result = {"n_stages": arguments.seeds, "pairs": pairs, "ratios": ratios, "median_ratio": statistics.median(ratios)}
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    for pair, ratio in zip(pairs, ratios, strict=True):
        print(f"1 worker {pair['one_worker_seconds']:.1f} s, 2 {pair['two_workers_seconds']:.1f} s, ratio {ratio:.3f}")
    print(f"median ratio {result['median_ratio']:.3f}; the same bytes in every pair")


if __name__ == "__main__":
    main()
