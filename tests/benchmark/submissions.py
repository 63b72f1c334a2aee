"""A complete little submission with its gold, made of random data, and ways to damage it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from waystage.benchmark.benchmarks import Benchmark, BenchmarkTask
from waystage.tasks import nli, panx, udpos

N_EXAMPLES = 4

Content = dict[str, str]
"""Text of ``gold`` and ``predictions``."""


def write_submission(root: Path, benchmark: Benchmark, seed: int = 0) -> tuple[Path, Path]:
    """The folders of predictions and gold."""
    random = Random(seed)
    for task in benchmark.tasks:
        for language in task.languages:
            for part, text in content(task, random).items():
                path = root / part / task.name / task.file_name(language)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    return root / "predictions", root / "gold"


def content(task: BenchmarkTask, random: Random) -> Content:
    """Valid content of one language."""
    return {
        "xnli": lambda: labels(nli.LABELS, random),
        "pawsx": lambda: labels(("0", "1"), random),
        "xcopa": lambda: labels(('{"label": 0}', '{"label": 1}'), random),
        "tatoeba": lambda: labels(("0", "1", "2", "3"), random),
        "udpos": lambda: tags(udpos.LABELS, random),
        "panx": lambda: tags(panx.LABELS, random),
        "xquad": lambda: questions(random),
        "mlqa": lambda: questions(random),
        "tydiqa": lambda: questions(random),
        "bucc2018": lambda: pairs(random),
        "mewslix": lambda: rankings(1, random),
        "lareqa": lambda: rankings(3, random),
    }[task.name]()


def labels(of: tuple[str, ...], random: Random) -> Content:
    return {part: "".join(f"{random.choice(of)}\n" for _ in range(N_EXAMPLES)) for part in ("gold", "predictions")}


def tags(of: tuple[str, ...], random: Random) -> Content:
    lengths = [random.randint(1, 3) for _ in range(N_EXAMPLES)]
    # One span at least, so that there is a score.
    first = {"gold": of[1], "predictions": random.choice(of)}
    text = {}
    for part, tag in first.items():
        sentences = [[random.choice(of) for _ in range(length)] for length in lengths]
        sentences[0][0] = tag
        text[part] = "\n".join("".join(f"{tag}\n" for tag in sentence) for sentence in sentences)
    return text


def questions(random: Random) -> Content:
    words = ["one", "two", "three", "four"]
    asked = [
        {"id": f"q{number}", "question": "?", "answers": [{"text": random.choice(words), "answer_start": 0}]}
        for number in range(N_EXAMPLES)
    ]
    gold = {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": " ".join(words), "qas": asked}]}]}
    answers = {question["id"]: random.choice(words) for question in asked}
    return {"gold": json.dumps(gold, indent=1), "predictions": json.dumps(answers, indent=1)}


def right_answers(gold: str) -> str:
    """The predictions that answer every question of a gold file with its first answer."""
    asked = json.loads(gold)["data"][0]["paragraphs"][0]["qas"]
    return json.dumps({question["id"]: question["answers"][0]["text"] for question in asked})


def rankings(n_right: int, random: Random) -> Content:
    ids = [f"Q{number}" for number in range(25)]
    names = [f"m{number}" for number in range(N_EXAMPLES)]
    gold = {name: random.sample(ids, n_right) for name in names}
    found = {name: random.sample(ids, 20) for name in names}
    return {"gold": json.dumps(gold, indent=1), "predictions": json.dumps(found, indent=1)}


def pairs(random: Random) -> Content:
    text = {}
    for part in ("gold", "predictions"):
        chosen = random.sample([f"de-{a}\ten-{b}" for a in range(3) for b in range(3)], N_EXAMPLES)
        text[part] = "\n".join(chosen) + "\n"
    return text


def write_perfect(gold_dir: Path, folder: Path, benchmark: Benchmark) -> Path:
    """The submission that has everything right."""
    for task in benchmark.tasks:
        for language in task.languages:
            name = f"{task.name}/{task.file_name(language)}"
            text = (gold_dir / name).read_text(encoding="utf-8")
            (folder / task.name).mkdir(parents=True, exist_ok=True)
            answers = right_answers(text) if task.category == "qa" else text
            (folder / name).write_text(answers, encoding="utf-8")
    return folder
