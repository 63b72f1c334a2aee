"""What sharing stages saves, and how long planning takes.

Run: python benchmarks/study_cost.py [plan | run | cells ...] [--repeats N] [--json FILE]

Needs the extra ``demo``.

- ``plan``: the estimate for 4 sequences x 6 targets x 3 seeds with the embedded encoder: all nodes once, against every
  cell with all that it depends on by itself
- ``run``: the same shape with an encoder of 2 layers and small data, measured: the whole study in one store, against
  the sum of its jobs, and against one study a cell, each in a store of its own. Data is read by both
- ``cells``: a plan of 10,000 cells, made from prepared data, and the start-up of ``waystage plan`` on
  studies/demo.yaml (in processes of their own, everything prepared)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from waystage import api
from waystage.execution.forecast import forecast
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.store import Store

ROOT = Path(__file__).resolve().parents[1]
SEQUENCES: Mapping[str, Sequence[str]] = {
    "base": [],
    "intermediate": ["sentiment"],
    "continued": ["text"],
    "both": ["text", "sentiment"],
}
LANGUAGES = ("en", "de", "fr")
N_OWN_TASKS = 5
TARGETS = (*(f"task-{number}" for number in range(N_OWN_TASKS)), "django-retrieval")
"""The sixth target is retrieval, which trains nothing: its cells without a stage are the same for all seeds."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="*", help=f"{', '.join(TOPICS)}; all of them when left out")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if set(arguments.topics) - set(TOPICS):
        parser.error(f"expected {', '.join(TOPICS)}")
    found: dict[str, Any] = {}
    for topic in arguments.topics or TOPICS:
        found[topic] = TOPICS[topic](arguments.repeats)
        print(f"\n{topic}")
        for name, value in found[topic].items():
            print(f"  {name:58}{value:10.3f}" if isinstance(value, float) else f"  {name:58}{value:10}", flush=True)
    if arguments.json:
        about = {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version(),
                 "waystage": version("waystage")}  # fmt: skip
        arguments.json.write_text(json.dumps({"about": about, **found}, indent=1) + "\n", encoding="utf-8")


def write_data(folder: Path, n_train: int) -> None:
    """Commands with their intents as tasks of one's own: English to train on, a test set in each language."""
    from waystage.data.source import Place
    from waystage.tasks.home_intents import TASK

    place = Place(study_dir=folder, cache_dir=folder)
    for split, languages in (("train", ("en",)), ("test", LANGUAGES)):
        for language in languages:
            members = list(TASK.source.read(split, language, place))
            size = n_train if split == "train" else 32
            for number in range(N_OWN_TASKS):
                rows = [members[(number + n * N_OWN_TASKS) % len(members)] for n in range(size)]
                lines = [json.dumps({"text": row.text, "label": row.label, "id": str(n)}) for n, row in enumerate(rows)]
                path = folder / f"data/task-{number}/{split}-{language}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def study_of(folder: Path, sequences: Mapping[str, Sequence[str]], targets: Sequence[str], seeds: Sequence[int],
             *, is_small: bool) -> Any:  # fmt: skip
    """A study of these, on the data in ``folder``; ``is_small``: 2 layers and little data."""
    from waystage.tasks.home_intents import TASK

    training = {"learning_rate": 1e-4, "batch_size": 16, "max_tokens": 64}
    stages = {
        "sentiment": {"kind": "intermediate", "task": "vader-sentiment", "limits": {"train": 200 if is_small else 4000},
                      "budget": {"epochs": 1}, "training": training},
        "text": {"kind": "continued", "corpus": "app-messages", "languages": list(LANGUAGES), "held_out": 0,
                 "budget": {"tokens": 6_000 if is_small else 100_000}, "training": training},
    }  # fmt: skip
    used = {name for names in sequences.values() for name in names}
    form = {
        "name": "cost", "encoder": {"name": "e5-small-embedded", "n_layers": 2 if is_small else 12},
        "seeds": list(seeds), "sequences": sequences,
        "tasks": {
            name: {"kind": "sentence-classification", "description": "commands", "licence": "Apache-2.0",
                   "files": {split: f"data/{name}/{split}-{{lang}}.jsonl" for split in ("train", "test")},
                   "columns": {"text": "text", "label": "label", "id": "id"}, "metric": "accuracy",
                   "labels": list(TASK.labels), "languages": list(LANGUAGES)}
            for name in targets if name != "django-retrieval"
        },
        "targets": [{"task": name, "budget": {"epochs": 1}, "training": training} if name != "django-retrieval"
                    else {"task": name, "languages": ["de", "fr", "ru"], "limits": {"test": 32}} for name in targets],
        **({"stages": {name: stages[name] for name in used}} if used else {}),
    }  # fmt: skip
    if not form["tasks"]:
        del form["tasks"]
    path = folder / "study.yaml"
    path.write_text(json.dumps(form), encoding="utf-8")
    return api.load_study(path)


def plan_figures(repeats: int) -> dict[str, Any]:
    """Estimated seconds, at the rates of this machine."""
    from waystage.execution.calibration import machine_rates

    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), 2000)
        store = Store(Path(folder) / "store")
        study = study_of(Path(folder), SEQUENCES, TARGETS, (1, 2, 3), is_small=False)
        plan = api.plan_study(study, store)
        seconds = forecast(plan, store, machine_rates(store, plan.shape, api.default_threads())).node_seconds
    alone = sum(sum(seconds[node_id] for node_id in needed(plan, goal)) for goal in goals(plan))
    unique = sum(seconds.values())
    return {"cells": len(goals(plan)), "trainings, unique": plan.n_trainings,
            "trainings, every cell by itself": plan.n_naive_trainings, "seconds, unique": unique,
            "seconds, every cell by itself": alone, "ratio": unique / alone}  # fmt: skip


def goals(plan: Plan) -> list[tuple[str, ...]]:
    """What each cell is for: its scores."""
    return [tuple(id_ for id_ in (cell.score_id, cell.validation_score_id) if id_) for cell in plan.cells]


def needed(plan: Plan, goal: Sequence[str]) -> set[str]:
    """Nodes that must be done for some."""
    by_id = {node.id: node for node in plan.nodes}
    found: set[str] = set()
    waiting = list(goal)
    while waiting:
        node_id = waiting.pop()
        if node_id in by_id and node_id not in found:
            found.add(node_id)
            waiting += by_id[node_id].spec.get("parents", ())
    return found


class Stopwatch:
    """Sums the seconds of jobs."""

    def __init__(self) -> None:
        self.seconds, self._started = 0.0, 0.0

    def started(self, node: Node) -> None:
        self._started = time.perf_counter()

    def advanced(self, node: Node, fraction: float) -> None:
        pass

    def ended(self, node: Node, state: Any) -> None:
        if self._started:
            self.seconds += time.perf_counter() - self._started
        self._started = 0.0


def timed_run(
    sequences: Mapping[str, Sequence[str]], targets: Sequence[str], seeds: Sequence[int]
) -> tuple[float, float]:
    """Seconds of a whole small study in a store of its own, and of its jobs."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), 100)
        study = study_of(Path(folder), sequences, targets, seeds, is_small=True)
        watch, started = Stopwatch(), time.perf_counter()
        api.run_study(study, Store(Path(folder) / "store"), watcher=watch)
        return time.perf_counter() - started, watch.seconds


def run_figures(repeats: int) -> dict[str, Any]:
    """Measured once: the whole takes minutes."""
    timed_run({"base": []}, TARGETS[-1:], (1,))  # imports
    together, jobs = timed_run(SEQUENCES, TARGETS, (1, 2, 3))
    alone = [
        timed_run({name: stages}, [target], (seed,))[0]
        for name, stages in SEQUENCES.items() for target in TARGETS for seed in (1, 2, 3)
        if seed == 1 or stages or target != "django-retrieval"
    ]  # fmt: skip
    return {"studies of one cell": len(alone), "seconds together": together, "seconds of its jobs": jobs,
            "together / jobs": together / jobs, "seconds, every cell by itself": sum(alone),
            "together / every cell by itself": together / sum(alone)}  # fmt: skip


def cells_figures(repeats: int) -> dict[str, Any]:
    """Medians of several."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), 100)
        store = Store(Path(folder) / "store")
        study = study_of(Path(folder), SEQUENCES, TARGETS, range(1, 437), is_small=True)
        first = seconds_of(lambda: api.plan_study(study, store))
        plans = [seconds_of(lambda: api.plan_study(study, store)) for _ in range(repeats)]
        n_cells = len(api.plan_study(study, store).cells)
        starts = start_up_seconds(Path(folder) / "demo", repeats)
    return {"cells": n_cells, "seconds, data read for the first time": first,
            "seconds, data prepared, median": statistics.median(plans), "seconds, data prepared, worst": max(plans),
            "waystage plan, seconds, median": statistics.median(starts),
            "waystage plan, seconds, best": min(starts)}  # fmt: skip


def seconds_of(action: Callable[[], object]) -> float:
    """The time of a call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def start_up_seconds(store_dir: Path, repeats: int) -> list[float]:
    """Of the whole command, with compiled modules as an installation has them; the first one not counted."""
    command = [sys.executable, "-m", "waystage", "plan", str(ROOT / "studies/demo.yaml"), "--store", str(store_dir)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(store_dir.with_name("compiled"))
    runs = [
        seconds_of(lambda: subprocess.run(command, check=True, capture_output=True, env=environment))
        for _ in range(repeats + 1)
    ]
    return runs[1:]


TOPICS: dict[str, Callable[[int], dict[str, Any]]] = {
    "plan": plan_figures,
    "run": run_figures,
    "cells": cells_figures,
}


if __name__ == "__main__":
    main()
