"""Training and prediction against the transformers library's own Trainer, on the same model and sentences.

Run: python benchmarks/training_speed.py [fine-tuning|masked-lm|prediction ...] [--layers N] [--repeats N] [--json FILE]
     python benchmarks/training_speed.py fine-tuning prediction --instructions AVX
     python benchmarks/training_speed.py --check
     python benchmarks/training_speed.py [TOPIC ...] --profile

Needs the extras ``demo`` and ``bench``. The model is the embedded encoder with Waystage's head; the sentences are the
short ones of ``vader-sentiment`` (30 tokens on average), 32 a step; masked LM reads them packed, 8 x 128 tokens a step.

- ``trainer, example default``: what run_glue, run_xnli and run_mlm do when nothing is said: sequences padded to 128
  tokens, the Trainer's default optimiser, logits of the whole vocabulary at all positions; prediction in batches of 8
- ``trainer, best options``: the fastest that its options give: padding to the longest of a batch, batches by length,
  fused AdamW; for prediction sentences sorted by length in batches of 64
- ``..., bfloat16``: the same with matrix products in bfloat16 (``bf16`` of the Trainer, ``precision`` of a study, which
  ``auto`` sets where a machine gains by it); ``throughout``: states, norms and head too (``bf16_full_eval``),
  which rounds what the others keep in float32
- ``waystage``: what a study runs; for masked LM with the softmax over the whole vocabulary, and over the tokens that
  occur, which is the default of a study

Every run has a process of its own, so that its memory is its own, and the variants take turns, so that a machine whose
speed drifts treats them alike. A rate counts tokens that carry text, in the steps after the first; padding is not text.
``of GEMM`` is the rate of the model's matrix operations on text as a share of what torch reaches for such products in
the same process: ``hot`` for [512, h] x [h, 4h] again and again, whose operands stay in the cache, ``own`` for the
products of a step themselves, each layer with its own weights. Memory is the highest that the process held, above what
it held before it loaded the encoder. ``--check`` trains a few steps without dropout on the same batches and prints the
loss of each step on both sides. ``--profile`` prints where the time goes, per 1,000 tokens of text, once; the profiler
slows a step by some per cent and sees nothing outside torch (random bits of dropout, tokenising). ``--instructions``
has MKL multiply with older instructions on either side, in float32 alone: how it is on a processor whose products are
slower while its memory is as fast.
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
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from speed.task import BEST, BFLOAT16, DEFAULT, THROUGHOUT, Result, Task, best_hot_rate

VARIANTS = {
    "fine-tuning": (DEFAULT, BEST, BEST + BFLOAT16, "waystage", "waystage" + BFLOAT16),
    "masked-lm": (DEFAULT, BEST, BEST + BFLOAT16, "waystage, full softmax", "waystage", "waystage" + BFLOAT16),
    "prediction": (DEFAULT, BEST, BEST + BFLOAT16, BEST + THROUGHOUT, "waystage", "waystage" + BFLOAT16),
}
N_STEPS = {"fine-tuning": 25, "masked-lm": 4, "prediction": 25}
"""Steps of a run, the first not counted. One of the default's takes as long as a dozen of ours."""
N_PROFILE_STEPS = 8
N_DEFAULT_STEPS = {"fine-tuning": 6, "masked-lm": 3, "prediction": 5}


def main() -> None:
    """Run what was asked for, or, in a process started for it, one variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="*", help=f"{', '.join(VARIANTS)}; all of them when left out")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--check", action="store_true", help="compare the losses of a few steps without dropout")
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    parser.add_argument("--sentences", choices=["vader-sentiment", "home-intents"], default="vader-sentiment")
    parser.add_argument("--instructions", choices=["SSE4_2", "AVX", "AVX2"], help="for products of matrices")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(asdict(run_one(Task(**json.loads(arguments.one))))))
        return
    unknown = set(arguments.topics) - set(VARIANTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(VARIANTS)}")
    topics = arguments.topics or [topic for topic in VARIANTS if not arguments.check or topic != "prediction"]
    with tempfile.TemporaryDirectory() as folder:
        write_encoder(Path(folder))
        about = {"n_layers": arguments.layers, "n_threads": arguments.threads, "sentences": arguments.sentences}
        found = {topic: measure(Task(topic, "", folder, **about), arguments) for topic in topics}  # fmt: skip
    if arguments.json:
        about |= {"repeats": arguments.repeats, "instructions": arguments.instructions} | machine()
        runs = {topic: {name: [asdict(run) for run in of] for name, of in by.items()} for topic, by in found.items()}
        text = json.dumps({"about": about, "medians": medians(found), "runs": runs}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")


def write_encoder(folder: Path) -> None:
    """The embedded encoder as a transformers folder."""
    from waystage.encoders.sources import encoder_source

    encoder_source("e5-small-embedded", None, False, folder).write(folder)


def machine() -> dict[str, Any]:
    """Of what the figures are."""
    names = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "waystage")
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())  # fmt: skip
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(),
            "python": platform.python_version(), "versions": {name: version(name) for name in names}}  # fmt: skip


def measure(task: Task, arguments: argparse.Namespace) -> dict[str, list[Result]]:
    """All variants in turn, so many times; prints their table, or their losses."""
    names = VARIANTS[task.topic] if not arguments.check else tuple(n for n in VARIANTS[task.topic] if BEST not in n)
    if arguments.check and task.topic == "masked-lm":
        names = (DEFAULT, "waystage, full softmax", "waystage, full softmax" + BFLOAT16)
    if arguments.instructions:
        os.environ["MKL_ENABLE_INSTRUCTIONS"] = arguments.instructions
        names = tuple(name for name in names if BFLOAT16 not in name)
    results: dict[str, list[Result]] = {name: [] for name in names}
    for _ in range(1 if arguments.check or arguments.profile else arguments.repeats):
        for name in names:
            n_steps = (N_DEFAULT_STEPS if name == DEFAULT or arguments.check else N_STEPS)[task.topic]
            n_steps = min(n_steps, N_PROFILE_STEPS) if arguments.profile else n_steps
            how = {"is_check": arguments.check, "is_profile": arguments.profile}
            results[name].append(in_process(replace(task, variant=name, n_steps=n_steps, **how)))
    if arguments.check:
        show_losses(task, results)
    elif arguments.profile:
        show_profile(task, results)
    else:
        show(task, arguments.repeats, results)
    return results


def in_process(task: Task) -> Result:
    """Run one variant in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(task.n_threads), "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, __file__, "--one", json.dumps(asdict(task))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{task.topic}, {task.variant}:\n{done.stderr}")
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def run_one(task: Task) -> Result:
    """Time one variant of one topic."""
    import torch
    from transformers import Trainer  # noqa: F401 - so that neither side counts the library's code as its memory

    torch.set_num_threads(task.n_threads)
    if task.variant.startswith("waystage"):
        from speed.waystage_side import run
    else:
        from speed.trainer_side import run
    before = best_hot_rate(task)
    result = run(task)
    return replace(result, hot_rate=(before + best_hot_rate(task)) / 2)


def show(task: Task, repeats: int, results: dict[str, list[Result]]) -> None:
    """A row a variant: medians, and the range of the rate."""
    print(f"\n{task.topic}: {task.n_layers} layers, {task.n_threads} threads, {repeats} repeats")
    print(f"{'':34}{'tokens/s':>10}{'(range)':>14}{'ratio':>8}{'hot':>9}{'own':>8}{'GB':>7}")
    first = None
    for name, runs in results.items():
        rates = sorted(run.rate for run in runs)
        middle = of(runs, "rate")
        first = first or middle
        print(f"{name:34}{middle:10.0f}{f'({rates[0]:.0f}-{rates[-1]:.0f})':>14}{middle / first:8.2f}"
              f"{of(runs, 'hot_share'):9.0%}{of(runs, 'own_share'):8.0%}{of(runs, 'peak_gigabytes'):7.2f}",
              flush=True)  # fmt: skip


def show_losses(task: Task, results: dict[str, list[Result]]) -> None:
    """The loss of each step, a row a variant, and the largest difference of each from the first row."""
    print(f"\n{task.topic}: loss of each step without dropout, {task.n_layers} layers")
    losses = {name: runs[0].losses for name, runs in results.items()}
    first = next(iter(losses.values()))
    for name, of_steps in losses.items():
        largest = max(abs(ours - theirs) for ours, theirs in zip(of_steps, first, strict=True))
        row = "".join(f"{loss:12.6f}" for loss in of_steps)
        print(f"{name:34}{row}   largest difference {largest:.1e}", flush=True)


def show_profile(task: Task, results: dict[str, list[Result]]) -> None:
    """Milliseconds per 1,000 tokens of text: a row a group of operations, a column a variant."""
    print(f"\n{task.topic}: milliseconds per 1,000 tokens of text, {task.n_layers} layers, {task.n_threads} threads")
    runs = [runs[0] for runs in results.values()]
    for number, name in enumerate(results, start=1):
        print(f"  {number}: {name}")
    print(f"{'':24}" + "".join(f"{number:>9}" for number in range(1, len(runs) + 1)))
    for group in runs[0].milliseconds:
        print(f"{group:24}" + "".join(f"{run.milliseconds[group] / run.n_tokens * 1000:9.1f}" for run in runs))
    sums = (sum(run.milliseconds.values()) / run.n_tokens * 1000 for run in runs)
    print(f"{'together':24}" + "".join(f"{total:9.1f}" for total in sums), flush=True)


def medians(found: dict[str, dict[str, list[Result]]]) -> dict[str, Any]:
    """Of every column, by topic and variant."""
    columns = ("rate", "hot_share", "own_share", "peak_gigabytes")
    return {topic: {name: {column: of(runs, column) for column in columns} for name, runs in by.items()}
            for topic, by in found.items()}  # fmt: skip


def of(runs: Sequence[Result], column: str) -> float:
    """The median of a column."""
    return statistics.median(getattr(run, column) for run in runs)


if __name__ == "__main__":
    main()
