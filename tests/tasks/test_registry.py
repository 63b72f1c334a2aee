from __future__ import annotations

import subprocess
import sys

import pytest

from waystage.data.corpora import CORPORA
from waystage.metrics.registry import METRIC_NAMES
from waystage.tasks.registry import TASKS
from waystage.tasks.task import Task

HEAVY = ("torch", "transformers", "hassil", "django", "gflanguages", "pyarrow", "huggingface_hub", "numpy")
ALL_TASKS = sorted(TASKS.values(), key=lambda task: task.name)


def test_names() -> None:
    assert set(TASKS) == {
        "home-intents", "home-slots", "django-retrieval", "vader-sentiment",
        "xnli", "snli", "udpos", "panx", "tatoeba", "xcopa", "xquad", "mlqa", "tydiqa", "pawsx",
        "bucc2018", "lareqa", "mewslix", "bucc2018-dev", "lareqa-squad-dev",
        "anli", "mnli", "qqp", "squad", "squad-v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa", "socialiqa",
        "copa",
        "anli-dev", "qqp-dev", "squad-dev", "squad-dev-without-xquad", "squad-v2-dev", "hellaswag-dev",
        "cosmosqa-dev", "socialiqa-dev", "mlqa-dev", "tydiqa-train-files",
    }  # fmt: skip
    assert set(CORPORA) == {"app-messages", "raw-text"}
    assert all(task.name == name for name, task in TASKS.items())


def test_looking_at_declarations_loads_nothing_heavy() -> None:
    code = "import sys, waystage.tasks.registry, waystage.data.corpora; print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(result.stdout.split())


@pytest.mark.parametrize("task", ALL_TASKS, ids=lambda task: task.name)
def test_declarations_are_consistent(task: Task) -> None:
    assert set(task.metric_names) <= set(METRIC_NAMES)
    assert task.variant_of is None or TASKS[task.variant_of].kind is task.kind
    assert bool(task.labels) == task.kind.has_labels
    assert len(set(task.labels)) == len(task.labels)
    assert len(set(task.languages)) == len(task.languages)
    assert task.description
    assert task.licence
    assert task.reference
    for (split, language), n_examples in task.expected_counts.items():
        assert language in ((*task.languages,) if split == "test" else (task.source_language,))
        assert n_examples > 0


@pytest.mark.parametrize("task", ALL_TASKS, ids=lambda task: task.name)
def test_sources_are_values(task: Task) -> None:
    assert hash(task.source) == hash(TASKS[task.name].source)
    assert task.source.version >= 1


@pytest.mark.parametrize(
    ("name", "n_languages"),
    [
        ("xnli", 15),
        ("panx", 48),
        ("udpos", 38),
        ("tatoeba", 41),
        ("lareqa", 11),
        ("mewslix", 11),
        ("bucc2018", 4),
        ("home-intents", 28),
    ],
)
def test_languages_are_those_of_the_benchmark(name: str, n_languages: int) -> None:
    assert len(TASKS[name].languages) == n_languages
