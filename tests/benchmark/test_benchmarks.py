"""What the benchmarks consist of."""

from __future__ import annotations

import subprocess
import sys

import pytest

from waystage.benchmark.benchmarks import BENCHMARKS, XTREME, XTREME_R, benchmark_named
from waystage.cli import cli
from waystage.errors import StudyError
from waystage.tasks.registry import TASKS

N_LANGUAGES = {
    "xtreme": {"pawsx": 7, "xnli": 15, "panx": 40, "udpos": 33, "bucc2018": 4, "tatoeba": 36, "xquad": 11, "mlqa": 7,
               "tydiqa": 9},
    "xtreme-r": {"xnli": 15, "xcopa": 11, "panx": 48, "udpos": 38, "tatoeba": 41, "xquad": 12, "mlqa": 7, "tydiqa": 9,
                 "mewslix": 11, "lareqa": 11},
}  # fmt: skip


@pytest.mark.parametrize("name", BENCHMARKS)
def test_tasks_and_languages_are_the_published_ones(name: str) -> None:
    tasks = benchmark_named(name).tasks
    assert {task.name: len(task.languages) for task in tasks} == N_LANGUAGES[name]
    assert all(len(set(task.languages)) == len(task.languages) for task in tasks)


def test_unions_of_languages() -> None:
    unions = [{language for task in benchmark.tasks for language in task.languages} for benchmark in (XTREME, XTREME_R)]
    assert [len(union) for union in unions] == [40, 50]
    assert unions[0] < unions[1]


def test_every_task_is_in_one_category() -> None:
    assert {name: [task.name for task in tasks] for name, tasks in XTREME_R.categories.items()} == {
        "classification": ["xnli", "xcopa"],
        "tagging": ["udpos", "panx"],
        "qa": ["xquad", "mlqa", "tydiqa"],
        "retrieval": ["tatoeba", "mewslix", "lareqa"],
    }
    assert [len(tasks) for tasks in XTREME.categories.values()] == [2, 2, 3, 2]


def test_facts_of_known_tasks_stand_in_their_declarations() -> None:
    for task in XTREME_R.tasks:
        if task.name in TASKS:
            assert task.languages == TASKS[task.name].languages


def test_unknown_names_are_refused() -> None:
    with pytest.raises(StudyError, match="did you mean 'xtreme-r'"):
        benchmark_named("xtreme_r")


def test_the_command_knows_every_benchmark() -> None:
    options = {parameter.name: parameter for parameter in cli.commands["score"].params}
    assert list(options["name"].type.choices) == list(BENCHMARKS)


def test_scoring_loads_neither_torch_nor_pandas() -> None:
    code = "import sys, waystage.benchmark.submission, waystage.console.score_view; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "pandas", "scipy", "pyarrow"} & set(result.stdout.split())
