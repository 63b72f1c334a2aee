from __future__ import annotations

import subprocess
import sys

import pytest

from waystage.data.corpora import CORPORA
from waystage.data.source import RemoteFile, remote_files
from waystage.data.sources.hub_folder import is_commit
from waystage.data.sources.hub_tables import Published
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
        "anli-plus", "qqp-glue",
        "anli", "mnli", "qqp", "squad", "squad-v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa", "socialiqa",
        "copa",
        "multichecklist-comparison", "multichecklist-intensifiers", "multichecklist-properties",
        "multichecklist-profession", "multichecklist-animal-vehicle", "multichecklist-animal-vehicle-v2",
        "anli-plus-dev", "snli-dev", "panx-dev",
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


def hub_files(task: Task) -> list[RemoteFile]:
    """Every file of a task on the hub."""
    keys = [("train", task.source_language), ("validation", task.source_language)]
    keys += [("test", language) for language in task.languages]
    splits = {part.split for part in getattr(task.source, "parts", ())}
    return [
        file
        for split, language in keys
        if not splits or split in splits
        for file in remote_files(task.source, split, language)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("task", ALL_TASKS, ids=lambda task: task.name)
def test_files_on_the_hub_are_pinned_and_hold_no_code(task: Task) -> None:
    for file in hub_files(task):
        assert is_commit(file.revision)
        assert file.dataset.count("/") == 1
        assert file.path.endswith((".parquet", ".jsonl.gz"))
        assert "{" not in file.path


def test_published_tasks_are_on_the_hub_but_for_those_that_are_named() -> None:
    published = [task for task in ALL_TASKS if isinstance(task.source, Published)]
    assert {task.name for task in published} >= {"xnli", "xcopa", "udpos", "panx", "xquad", "mlqa", "tydiqa", "tatoeba"}
    missing = {
        (task.name, split, language) for task in published for split, language in task.expected_counts
        if not remote_files(task.source, split, language)
    }  # fmt: skip
    assert missing == {("socialiqa", "test", "en")}
    udpos = TASKS["udpos"]
    from_xtreme = {
        language for language in udpos.languages for file in remote_files(udpos.source, "test", language)
        if file.dataset == "google/xtreme"
    }  # fmt: skip
    assert set(udpos.languages) - from_xtreme == {"de", "el", "fr", "ru", "zh", "lt", "pl", "uk", "wo", "ro"}
    for language in set(udpos.languages) - from_xtreme:
        (file,) = remote_files(udpos.source, "test", language)
        assert (file.dataset, file.path) == ("izhx/xtreme-r-udpos", f"{language}/test.parquet")


def test_a_task_without_a_copy_on_the_hub_says_where_its_files_are() -> None:
    """Either every declared test language is on the hub, or the declaration says where to get the files and why."""
    for task in ALL_TASKS:
        if not isinstance(task.source, Published):
            continue
        assert task.obtain is None
    named = {task.name for task in ALL_TASKS if task.obtain is not None and task.variant_of is None}
    assert named == {"bucc2018", "lareqa", "mewslix", "ccg", "qqp"}
    assert all("hub" in (TASKS[name].obtain or "").lower() for name in named)


def test_anli_plus_is_the_sum_of_its_parts() -> None:
    parts = [TASKS[name].expected_counts for name in ("anli", "mnli", "snli")]
    expected = {key: sum(part[key] for part in parts) for key in parts[0]}
    assert TASKS["anli-plus"].expected_counts == expected
    assert expected["train", "en"] == 162_865 + 392_702 + 549_367


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
