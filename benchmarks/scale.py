"""What does all of XTREME-R with XLM-R Large cost, and how is it laid out on 1, 8 and 64 GPUs?

Run: python benchmarks/scale.py [--teraflops N] [--seeds N] [--json]

Operations are counted by the functions that plan a study (plan/estimate.py, EncoderShape.forward_flops), from the
numbers of examples that the tasks declare and mean lengths that are assumed below; times follow from the rate that is
given. The layout is that of the scheduler (schedule.py), on workers that do not fail.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from waystage.encoders.registry import EncoderShape
from waystage.execution.order import seconds_to_end
from waystage.execution.outcome import SilentWatcher
from waystage.execution.schedule import Guidance, run_nodes
from waystage.plan.estimate import training_work
from waystage.plan.nodes import Node, ScoreJob, Work
from waystage.store.canonical import digest_bytes
from waystage.store.store import Store
from waystage.study.study import Training

XLM_R_LARGE = EncoderShape(n_layers=24, hidden_size=1024, intermediate_size=4096, vocabulary_size=250_002)
LOADING_SECONDS = 60.0
"""To start a process and load the encoder; assumed."""


@dataclass(frozen=True)
class Target:
    """Training sequences, their mean length in tokens, epochs; test sequences in all languages and their length."""

    n_train: int
    length: float
    epochs: float
    n_test: int
    test_length: float


# Numbers of examples are those that the tasks declare (several sequences an example for choices and questions); epochs
# are those of the profile xtreme-r-2021. Lengths are assumed: of English training data, longer in test languages.
TARGETS = {
    "xnli": Target(392_702, 40, 5, 75_150, 50),
    "xcopa": Target(2 * 400, 25, 5, 2 * 5_500, 30),
    "udpos": Target(21_253, 30, 10, 50_523, 35),
    "panx": Target(20_000, 15, 10, 303_600, 18),
    "xquad": Target(90_000, 190, 3, 15_000, 230),
    "mlqa": Target(90_000, 190, 3, 45_000, 230),
    "tydiqa": Target(4_000, 200, 3, 5_500, 230),
    "lareqa": Target(2 * 87_599, 90, 3, 13_090 + 100_000, 60),
    "mewslix": Target(2 * 167_719, 60, 2, 14_624 + 1_003_893, 60),
    "tatoeba": Target(0, 0, 0, 2 * 36_692, 20),
}
STAGES = {"continued": Training(tokens=100_000_000, max_tokens=256), "intermediate": Training(epochs=2.0)}
SEQUENCES: tuple[tuple[str, ...], ...] = ((), ("intermediate",), ("continued",), ("continued", "intermediate"))
INTERMEDIATE = (392_702, 40.0)


def training_flops(training: Training, n_sequences: int, length: float) -> float:
    """Of one training, as the plan counts them."""
    return training_work(XLM_R_LARGE, XLM_R_LARGE.n_layers, training, n_sequences, length).training_flops


def stage_flops(name: str) -> float:
    """Of a stage before the target."""
    n_sequences, length = INTERMEDIATE if name == "intermediate" else (0, 256.0)
    return training_flops(STAGES[name], n_sequences, length)


def target_flops(target: Target) -> tuple[float, float]:
    """Of learning a target, and of predicting it in every language."""
    trained = training_flops(Training(epochs=target.epochs), target.n_train, target.length) if target.n_train else 0.0
    predicted = XLM_R_LARGE.forward_flops(round(target.n_test * target.test_length), target.test_length)
    return trained, predicted


def graph(n_seeds: int, flops_per_second: float) -> tuple[list[Node], dict[str, float]]:
    """The jobs of the study, and their seconds on one GPU."""
    nodes: dict[str, Node] = {}
    seconds: dict[str, float] = {}

    def add(label: str, flops: float, parent: Node | None) -> Node:
        name = digest_bytes(label.encode())
        parents = (parent.id,) if parent else ()
        nodes[name] = Node(name, label, {"kind": "train"}, parents, ScoreJob("", (), {}, ()), Work())
        seconds[name] = LOADING_SECONDS + flops / flops_per_second
        return nodes[name]

    for seed in range(n_seeds):
        for stages in SEQUENCES:
            last = None
            for place, stage in enumerate(stages):
                last = add(f"{seed} {stages[: place + 1]}", stage_flops(stage), last)
            for task, target in TARGETS.items():
                trained, predicted = target_flops(target)
                learned = add(f"{seed} {stages} {task}", trained, last) if trained else last
                add(f"{seed} {stages} {task} predict", predicted, learned)
    return list(nodes.values()), seconds


def _simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simulation", Path(__file__).with_name("schedule_simulation.py"))
    if spec is None or spec.loader is None:
        raise RuntimeError("schedule_simulation.py is not beside this file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def makespan(nodes: list[Node], seconds: dict[str, float], n_gpus: int) -> float:
    """Seconds that the scheduler takes on so many GPUs, one job each."""
    executor = _simulation().Simulated(np.random.default_rng(0), seconds, n_gpus, 1e12)
    with tempfile.TemporaryDirectory() as folder:
        run_nodes(nodes, Store(Path(folder)), executor, SilentWatcher(), Guidance(seconds))
    return float(executor.now)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teraflops", type=float, default=13.65, help="a second, that one GPU reaches in training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    nodes, seconds = graph(arguments.seeds, arguments.teraflops * 1e12)
    work, path = sum(seconds.values()), max(seconds_to_end(nodes, seconds).values())
    layouts = {n_gpus: makespan(nodes, seconds, n_gpus) for n_gpus in (1, 8, 16, 32, 64, 128)}
    result = {
        "stage_flops": {name: stage_flops(name) for name in STAGES},
        "target_flops": {name: target_flops(target) for name, target in TARGETS.items()},
        "n_jobs": len(nodes),
        "gpu_hours": work / 3600,
        "critical_path_hours": path / 3600,
        "layouts": {
            n_gpus: {"hours": taken / 3600, "speedup": work / taken, "busy": work / taken / n_gpus}
            for n_gpus, taken in layouts.items()
        },
    }
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    for name, flops in result["stage_flops"].items():
        print(f"{name}: {flops:.2e}")
    for name, (trained, predicted) in result["target_flops"].items():
        print(f"{name}: {trained:.2e} to learn, {predicted:.2e} to predict")
    print(f"{len(nodes)} jobs, {work / 3600:.1f} GPU hours, longest chain {path / 3600:.1f} h")
    for n_gpus, taken in layouts.items():
        print(
            f"{n_gpus} GPUs: {taken / 3600:.1f} h, {work / taken:.1f} times one GPU, {work / taken / n_gpus:.0%} busy"
        )


if __name__ == "__main__":
    main()
