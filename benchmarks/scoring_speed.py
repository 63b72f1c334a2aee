"""How long does scoring take? A submission to XTREME-R of full size, made of random data, is scored and timed.

Run: python benchmarks/scoring_speed.py [--share S] [--json FILE]

About 700,000 examples in 203 pairs of files. Answers are right four times out of five. ``--share 0.1`` takes a
tenth of the examples of each language. Writing the files is not part of the time; starting Python is not either.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from waystage.benchmark.benchmarks import XTREME_R, BenchmarkTask
from waystage.benchmark.submission import score_submission
from waystage.execution.worker import peak_memory_bytes
from waystage.tasks import nli, panx, udpos

SEED = 0
SHARE_RIGHT = 0.8
N_CANDIDATES = 13_014
N_WORDS_OF_CONTEXT = 120

N_EXAMPLES = {
    "xnli": 5010, "xcopa": 500, "udpos": 3000, "panx": 8000, "xquad": 1190, "mlqa": 6000, "tydiqa": 560,
    "tatoeba": 1000, "mewslix": 1370, "lareqa": 1190,
}  # fmt: skip
"""Of one language: the published number where all languages have the same, else about the mean."""


@dataclass(frozen=True)
class Timing:
    """Seconds are those of one call of ``score_submission``; memory is the most that the process ever had."""

    n_examples: int
    n_files: int
    n_megabytes: float
    wall_seconds: float
    processor_seconds: float
    peak_memory_megabytes: float
    overall_percent: float


def write_labels(folder: Path, name: str, n: int, labels: tuple[str, ...], rng: np.random.Generator) -> None:
    gold = rng.choice(labels, n)
    for part, answers in (("gold", gold), ("predictions", damaged(gold, rng.choice(labels, n), rng))):
        (folder / part / name).write_text("\n".join(answers) + "\n", encoding="utf-8")


def write_tags(folder: Path, name: str, n: int, tags: tuple[str, ...], rng: np.random.Generator) -> None:
    lengths = rng.integers(1, 2 * (20 if tags is udpos.LABELS else 8), n)
    ends = set(np.cumsum(lengths).tolist())
    gold = rng.choice(tags, int(lengths.sum()))
    for part, answers in (("gold", gold), ("predictions", damaged(gold, rng.choice(tags, gold.size), rng))):
        lines = (f"{tag}\n" if place in ends else tag for place, tag in enumerate(answers.tolist(), 1))
        (folder / part / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_objects(folder: Path, name: str, n: int, rng: np.random.Generator) -> None:
    write_labels(folder, name, n, ('{"label": 0}', '{"label": 1}'), rng)


def write_questions(folder: Path, name: str, n: int, rng: np.random.Generator) -> None:
    words = [f"w{number}" for number in range(5000)]
    paragraphs, answers = [], {}
    for number in range(n):
        chosen = [words[place] for place in rng.integers(0, len(words), N_WORDS_OF_CONTEXT)]
        first, length = int(rng.integers(0, 100)), int(rng.integers(1, 6))
        text, name_of_question = " ".join(chosen[first : first + length]), f"question-{number}"
        shift = int(rng.random() > SHARE_RIGHT)
        answers[name_of_question] = " ".join(chosen[first + shift : first + shift + length])
        question = {"id": name_of_question, "question": "?", "answers": [{"text": text}]}
        paragraphs.append({"context": " ".join(chosen), "qas": [question]})
    write_json(folder / "gold" / name, {"data": [{"paragraphs": paragraphs}]})
    write_json(folder / "predictions" / name, answers)


def write_rankings(folder: Path, name: str, n: int, n_right: int, rng: np.random.Generator) -> None:
    gold, rankings = {}, {}
    for number in range(n):
        ids = [f"c{place}" for place in rng.choice(N_CANDIDATES, 20 + n_right, replace=False)]
        gold[f"query-{number}"] = ids[:n_right]
        rankings[f"query-{number}"] = rng.permutation(ids)[:20].tolist()
    write_json(folder / "gold" / name, gold)
    write_json(folder / "predictions" / name, rankings)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def damaged(gold: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(gold.size) < SHARE_RIGHT, gold, others)


Writer = Callable[[Path, str, int, np.random.Generator], None]

WRITERS: dict[str, Writer] = {
    "xnli": lambda folder, name, n, rng: write_labels(folder, name, n, nli.LABELS, rng),
    "xcopa": write_objects,
    "udpos": lambda folder, name, n, rng: write_tags(folder, name, n, udpos.LABELS, rng),
    "panx": lambda folder, name, n, rng: write_tags(folder, name, n, panx.LABELS, rng),
    "xquad": write_questions,
    "mlqa": write_questions,
    "tydiqa": write_questions,
    "tatoeba": lambda folder, name, n, rng: write_labels(folder, name, n, tuple(map(str, range(n))), rng),
    "mewslix": lambda folder, name, n, rng: write_rankings(folder, name, n, 1, rng),
    "lareqa": lambda folder, name, n, rng: write_rankings(folder, name, n, 11, rng),
}


def write_task(root: Path, task: BenchmarkTask, share: float, rng: np.random.Generator) -> int:
    n_examples = max(1, round(share * N_EXAMPLES[task.name]))
    for part in ("gold", "predictions"):
        (root / part / task.name).mkdir(parents=True)
    for language in task.languages:
        WRITERS[task.name](root, f"{task.name}/{task.file_name(language)}", n_examples, rng)
    return n_examples * len(task.languages)


def measure(share: float) -> Timing:
    with tempfile.TemporaryDirectory() as name:
        root, rng = Path(name), np.random.default_rng(SEED)
        n_examples = sum(write_task(root, task, share, rng) for task in XTREME_R.tasks)
        files = [path for path in root.rglob("*") if path.is_file()]
        n_bytes = sum(path.stat().st_size for path in files)
        started, processor_started = time.perf_counter(), time.process_time()
        scores = score_submission(root / "predictions", root / "gold", XTREME_R)
        seconds, processor_seconds = time.perf_counter() - started, time.process_time() - processor_started
    if scores.overall is None:
        raise RuntimeError(f"not complete: {scores.reason}")
    # Kilobytes on Linux, bytes on macOS.
    return Timing(
        n_examples=n_examples,
        n_files=len(files),
        n_megabytes=n_bytes / 1e6,
        wall_seconds=seconds,
        processor_seconds=processor_seconds,
        peak_memory_megabytes=peak_memory_bytes() / 1e6,
        overall_percent=100 * scores.overall,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="share of the examples of each language")
    parser.add_argument("--json", type=Path, help="also write the timing to this file")
    arguments = parser.parse_args()
    timing = json.dumps(asdict(measure(arguments.share)), indent=2)
    print(timing)
    if arguments.json:
        arguments.json.write_text(timing + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
