"""Profiles say what the published scripts say."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from waystage.benchmark.benchmarks import XTREME, XTREME_R, Benchmark
from waystage.cli import cli
from waystage.errors import StudyError
from waystage.metrics.registry import METRIC_NAMES
from waystage.protocols.diff import differences
from waystage.protocols.profile import Profile
from waystage.protocols.registry import PROFILES, task_defaults
from waystage.tasks.registry import TASKS

XTREME_2020, XTREME_R_2021, JIANT = PROFILES["xtreme-2020"], PROFILES["xtreme-r-2021"], PROFILES["jiant-xstilts"]

# Epochs, learning rate, batch, max_tokens, selection: as in the scripts.
PUBLISHED = {
    "xnli": (5, 2e-5, 32, 128, "best of every 100 steps"),
    "pawsx": (5, 2e-5, 32, 128, "best of every 200 steps"),
    "udpos": (10, 2e-5, 32, 128, "best of every 500 steps"),
    "panx": (10, 2e-5, 32, 128, "best of every 1000 steps"),
    "xquad": (3, 3e-5, 32, 384, "last checkpoint"),
    "mlqa": (3, 3e-5, 32, 384, "last checkpoint"),
    "tydiqa": (3, 3e-5, 32, 384, "last checkpoint"),
    "xcopa": (5, 2e-5, 32, 128, "last checkpoint"),
    "socialiqa": (5, 2e-5, 32, 128, "last checkpoint"),
    "lareqa": (3, 2e-5, 16, 256, "last checkpoint"),
    "mewslix": (2, 2e-5, 256, 64, "last checkpoint"),
}
JIANT_PUBLISHED = {
    "xnli": (2, 32, 256),
    "pawsx": (5, 32, 256),
    "udpos": (10, 32, 256),
    "panx": (10, 32, 256),
    "xquad": (2, 16, 384),
    "mlqa": (2, 16, 384),
    "tydiqa": (2, 16, 384),
}


@pytest.mark.parametrize("profile", [XTREME_2020, XTREME_R_2021], ids=lambda profile: profile.name)
def test_hyperparameters_of_xtreme(profile: Profile) -> None:
    for name, entry in profile.tasks.items():
        if entry.training is None:
            continue
        training = entry.training
        found = (training.epochs, training.learning_rate, training.batch_size, training.max_tokens)
        assert (*found, str(entry.selection)) == PUBLISHED[{"squad": "xquad", "copa": "xcopa"}.get(name, name)]
        is_question = name in ("xquad", "mlqa", "tydiqa", "squad")
        assert (training.warmup_steps, training.weight_decay) == ((500, 1e-4) if is_question else (None, 0.0))
        assert (training.warmup_fraction, training.clip_norm) == (0.0, 1.0)
        if is_question:
            assert (training.stride, training.max_question_tokens) == (128, 64)


def test_hyperparameters_of_jiant() -> None:
    for name, published in JIANT_PUBLISHED.items():
        entry = JIANT.tasks[name]
        assert entry.training is not None
        assert (entry.training.epochs, entry.training.batch_size, entry.training.max_tokens) == published
    for entry in JIANT.tasks.values():
        if entry.training is not None:
            training = entry.training
            assert (training.learning_rate, training.warmup_fraction, training.weight_decay) == (1e-5, 0.1, 0.01)
            assert str(entry.selection) == "best of every 1000 steps on 500 examples, patience 30"
    nine = {"anli", "mnli", "qqp", "squad", "squad-v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa"}
    assert nine <= set(JIANT.tasks)


@pytest.mark.parametrize(("profile", "benchmark"), [(XTREME_2020, XTREME), (XTREME_R_2021, XTREME_R)])
def test_every_task_of_a_benchmark_has_an_entry_with_its_languages(profile: Profile, benchmark: Benchmark) -> None:
    for task in benchmark.tasks:
        assert set(profile.tasks[task.name].languages) == set(task.languages)


def test_some_settings_depend_on_the_encoder() -> None:
    xnli, tatoeba = XTREME_R_2021.tasks["xnli"], XTREME_R_2021.tasks["tatoeba"]
    rates = [xnli.learning_rate(name) for name in ("FacebookAI/xlm-roberta-large", "FacebookAI/xlm-roberta-base")]
    assert rates == [3e-5, 2e-5]
    layers = [tatoeba.layer(f"x/{name}") for name in ("xlm-roberta-large", "bert-base-multilingual-cased", "e5")]
    assert layers == [14, 8, None]
    assert XTREME_R_2021.tasks["mewslix"].learning_rate("xlm-roberta-large") == 1e-5


def test_entries_are_of_tasks_and_metrics_that_are_there() -> None:
    """Three tasks of retrieval have their protocol before their declaration."""
    known = {*TASKS, "lareqa", "mewslix", "bucc2018"}
    for profile in PROFILES.values():
        assert set(profile.tasks) <= known
        for name, entry in profile.tasks.items():
            assert entry.metric_name is None or entry.metric_name in METRIC_NAMES
            assert (entry.training is None) == (entry.selection is None)
            if name in TASKS:
                assert set(entry.languages) <= set(TASKS[name].languages)
                assert TASKS[name].kind.trains_head == (entry.training is not None)
                pools = TASKS[name].kind.pools_states or TASKS[name].kind.is_dual_encoder
                assert pools == (entry.training is not None and entry.training.pooling == "cls")


def test_a_variant_has_the_settings_of_its_task() -> None:
    assert XTREME_R_2021.of(TASKS["mlqa-dev"]) is XTREME_R_2021.tasks["mlqa"]
    assert XTREME_R_2021.of(TASKS["home-intents"]) is None


def test_defaults_of_tasks_come_from_protocols_but_for_pooling_and_warmup() -> None:
    questions = task_defaults(TASKS["mlqa-dev"])
    assert (questions.epochs, questions.learning_rate, questions.warmup_steps) == (3.0, 3e-5, None)
    assert questions.warmup_fraction == 0.06
    assert task_defaults(TASKS["xnli"]).pooling == "mean"
    assert task_defaults(TASKS["mnli"]).learning_rate == 1e-5
    assert task_defaults(TASKS["home-intents"]) == TASKS["home-intents"].training


def test_a_profile_does_not_differ_from_itself_and_differences_mirror() -> None:
    for profile in PROFILES.values():
        assert differences(profile, profile) == ()
    there, back = differences(XTREME_2020, JIANT), differences(JIANT, XTREME_2020)
    mirrored = {replace(item, first=item.second, second=item.first) for item in back}
    assert set(there) == mirrored
    found = {(item.task, item.field): (item.first, item.second) for item in there}
    assert found["xnli", "epochs"] == ("5", "2")
    assert found["xquad", "warmup_steps"] == ("500", None)
    assert found["mnli", "task"] == (None, "part of it")
    added = {item.task: item.second for item in differences(XTREME_2020, XTREME_R_2021) if "languages" in item.field}
    assert added["udpos"] is not None
    assert set(added["udpos"].split()) == {"lt", "pl", "uk", "wo", "ro"}


def test_commands() -> None:
    runner = CliRunner()
    listed = json.loads(runner.invoke(cli, ["protocol", "list", "--json"]).output)
    assert [item["name"] for item in listed] == list(PROFILES)
    shown = json.loads(runner.invoke(cli, ["protocol", "show", "xtreme-r-2021", "--json"]).output)
    assert shown["tasks"]["xnli"]["learning_rate of xlm-roberta-large"] == "3e-05"
    assert shown["tasks"]["udpos"]["history"]
    text = runner.invoke(cli, ["protocol", "show", "xtreme-2020"]).output
    assert "best of every 1000 steps" in text
    compared = json.loads(runner.invoke(cli, ["protocol", "diff", "xtreme-2020", "jiant-xstilts", "--json"]).output)
    assert {"task": "xnli", "field": "epochs", "first": "5", "second": "2"} in compared["differences"]
    assert "epochs" in runner.invoke(cli, ["protocol", "diff", "xtreme-2020", "jiant-xstilts"]).output
    mistake = runner.invoke(cli, ["protocol", "show", "xtreme-r-2012"])
    assert isinstance(mistake.exception, StudyError)
    assert "did you mean 'xtreme-r-2021'" in str(mistake.exception)
