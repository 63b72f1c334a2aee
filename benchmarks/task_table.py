"""The table of tasks: does each one train and evaluate on real files, on how many languages, with counts as published?

Every declared task is looked at in a folder of published data. Where its files allow it, one training step is made from
a tiny random encoder and a few test examples of every language with gold are predicted and scored: the scores mean
nothing, but that they come out means that files, reader, kind, head, decoder and metric fit together.

    python benchmarks/task_table.py --data DIR [--json FILE] [--task NAME]...
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from waystage import api
from waystage.data.source import Place
from waystage.errors import DataError, StageError, StudyError, WaystageError
from waystage.execution.local import run_plan
from waystage.execution.outcome import SilentWatcher
from waystage.store.store import Store
from waystage.study.folder_check import Checked, State, check_folder
from waystage.tasks.registry import PUBLISHED, TASKS
from waystage.tasks.task import Task

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.fixtures import encoders

READABLE = (State.OK, State.DIFFERS)
LIMIT = 4


@dataclass(frozen=True)
class TaskRow:
    """What became of one task.

    Attributes:
        trained_on: the task whose training file was learned from; None where nothing could be (or has to be) learned.
        n_scored: languages of which a score came out.
        reason: why none did.
        examples: examples read of each split; for the test split the sum over languages.
        counts: "yes", "differs", or "unknown" where nothing that is declared could be counted.
    """

    task: str
    kind: str
    trains_head: bool
    trained_on: str | None
    n_scored: int
    n_languages_with_files: int
    n_languages: int
    examples: dict[str, int]
    counts: str
    missing: tuple[str, ...]
    reason: str


def task_row(task: Task, data_dir: Path, encoder_dir: Path, folder: Path) -> TaskRow:
    """Check the files of a task, then train and score with them."""
    checked = [one for one in check_folder(data_dir, [task]).checked if one.task == task.name]
    tests = [one for one in checked if one.split == "test"]
    languages = [one.language for one in tests if one.state in READABLE]
    trained_on, n_scored = None, 0
    reason = "no training file" if languages else "no test file with gold"
    for candidate in training_tasks(task, data_dir) if languages else ():
        try:
            n_scored = n_scores(task, candidate, languages, data_dir, encoder_dir, folder)
        except StudyError as error:  # its training data is that of the test
            reason = str(error).splitlines()[0]
            continue
        except WaystageError as error:
            reason = str(error).splitlines()[0]
            break
        trained_on, reason = (candidate.name if candidate else None), ""
        break
    return TaskRow(
        task=task.name,
        kind=task.kind.name,
        trains_head=task.kind.trains_head,
        trained_on=trained_on,
        n_scored=n_scored,
        n_languages_with_files=sum(one.state is not State.MISSING for one in tests),
        n_languages=len(task.languages),
        examples=examples_read(checked),
        counts=counts(checked),
        missing=tuple(missing(checked)),
        reason=reason,
    )


def training_tasks(task: Task, data_dir: Path) -> Iterator[Task | None]:
    """Tasks that can teach this one from files at hand: itself, then others of its kind and labels."""
    if not task.kind.trains_head:
        yield None
        return
    others = [other for other in PUBLISHED if other.kind == task.kind and other.labels == task.labels]
    for candidate in dict.fromkeys([task.name, *(other.name for other in others)]):
        place = Place(data_dir, data_dir / "no cache", data_dir)
        try:
            TASKS[candidate].source.files("train", "en", place)
        except DataError:
            continue
        yield TASKS[candidate]


def n_scores(
    task: Task, learned: Task | None, languages: Sequence[str], data_dir: Path, encoder_dir: Path, folder: Path
) -> int:
    """Languages of which a score came out after one training step from a tiny random encoder."""
    target: dict[str, Any] = {"task": task.name, "languages": list(languages), "limits": {"test": LIMIT}}
    if learned is not None:
        target["limits"]["train"] = LIMIT
        target["budget"] = {"steps": 1}
        target["training"] = {"batch_size": LIMIT, "max_tokens": 64}
        if task.kind.reads_windows:
            target["training"] |= {"stride": 16, "max_question_tokens": 24}
        if learned.name != task.name:
            target["train_on"] = learned.name
    study = {
        "name": "task-table", "encoder": {"name": str(encoder_dir)}, "seeds": [1], "sequences": {"base": []},
        "targets": [target], "output": str(folder / "out"),
    }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    store = Store(folder / "store")
    plan = api.plan_study(api.load_checked_study(path, data_dir), store)
    outcome = run_plan(plan, store, SilentWatcher(), n_threads=1, should_stop=lambda: False)
    if not outcome.is_complete:
        raise StageError("; ".join(dict.fromkeys(outcome.failures.values())))
    return int(api.scores_frame(plan, store)["language"].nunique())


def examples_read(checked: Sequence[Checked]) -> dict[str, int]:
    """Examples by split, over languages."""
    found: dict[str, int] = {}
    for one in checked:
        found[one.split] = found.get(one.split, 0) + (one.n_found or 0)
    return found


def counts(checked: Sequence[Checked]) -> str:
    """Whether what was read is as many as published."""
    states = {one.state for one in checked if one.n_found is not None and one.n_expected is not None}
    if State.DIFFERS in states:
        return "differs: " + " ".join(
            f"{one.split}/{one.language}" for one in checked if one.state is State.DIFFERS and one.n_found is not None
        )
    return "yes" if states else "unknown"


def missing(checked: Sequence[Checked]) -> Iterator[str]:
    """Splits without a file, or without gold."""
    for state in (State.MISSING, State.WITHHELD):
        for split in ("train", "validation", "test"):
            languages = [one.language for one in checked if one.state is state and one.split == split]
            if languages:
                what = " ".join(languages[:6]) + (f" +{len(languages) - 6}" if len(languages) > 6 else "")
                yield f"{split} {what}" + (" (no gold)" if state is State.WITHHELD else "")


def markdown(rows: Sequence[TaskRow]) -> Iterator[str]:
    """The table, for a page of the documentation."""
    yield "| task | kind | trains | evaluates | languages | read (train / validation / test) | counts | missing |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        trains = "no head" if not row.trains_head else "no" if row.trained_on is None else "yes"
        if row.trained_on not in (None, row.task):
            trains = f"no file; head from `{row.trained_on}`"
        languages = "1 language" if row.n_scored == 1 else f"{row.n_scored} languages"
        evaluates = languages if row.n_scored else f"no: {row.reason}"
        read = " / ".join(f"{row.examples.get(split, 0):,}" for split in ("train", "validation", "test"))
        languages = f"{row.n_languages_with_files} / {row.n_languages}"
        cells = (f"`{row.task}`", row.kind, trains, evaluates, languages, read, row.counts, "; ".join(row.missing))
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of published data")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--task", action="append", choices=[task.name for task in PUBLISHED], help="only this task")
    arguments = parser.parse_args()
    tasks = [task for task in PUBLISHED if not arguments.task or task.name in arguments.task]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        encoders.SIZES["max_position_embeddings"] = 514  # as real ones have: the texts are as they are
        encoder_dir = encoders.write_encoder(Path(name) / "encoder")
        for task in tasks:
            folder = Path(name) / task.name
            folder.mkdir()
            rows.append(task_row(task, arguments.data.resolve(), encoder_dir, folder))
            print(f"{task.name}: {rows[-1].n_scored} languages scored", file=sys.stderr)
    print("\n".join(markdown(rows)))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
