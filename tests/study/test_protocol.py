"""A study that names a protocol takes what it leaves out from there, and its record says where it departs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from waystage.errors import StudyError
from waystage.record.protocol import task_protocols
from waystage.report.record import TaskProtocol
from waystage.study.load import parse_study
from waystage.study.study import Study


def study(*targets: dict[str, Any], **keys: Any) -> Study:
    content = {
        "name": "protocols",
        "encoder": "FacebookAI/xlm-roberta-large",
        "seeds": [1],
        "sequences": {"base": []},
        "targets": list(targets),
        "protocol": "xtreme-r-2021",
        **keys,
    }
    return parse_study(yaml.safe_dump(content))


def recorded(*targets: dict[str, Any], **keys: Any) -> TaskProtocol:
    (protocol,) = task_protocols(study(*targets, **keys))
    return protocol


def test_a_profile_gives_everything_that_is_left_out() -> None:
    made = study({"task": "xnli"}, {"task": "xquad"}, {"task": "tatoeba"})
    xnli, xquad, tatoeba = made.targets
    assert xnli.training is not None
    assert (xnli.training.epochs, xnli.training.learning_rate, xnli.training.pooling) == (5.0, 3e-5, "cls")
    assert xnli.selection is not None
    assert (xnli.selection.rule, xnli.selection.language, xnli.selection.every_steps) == ("best", "en", 100)
    assert xquad.training is not None
    assert (xquad.training.warmup_steps, xquad.training.warmup_fraction) == (500, 0.0)
    assert (xquad.task.metric_name, set(xquad.task.metric_names)) == (
        "answer-f1-em",
        {"answer-f1-em", "answer-f1", "exact-match"},
    )
    assert tatoeba.retrieval is not None
    assert (tatoeba.retrieval.layer, tatoeba.retrieval.pooling, tatoeba.retrieval.max_tokens) == (14, "mean", 512)
    assert [(protocol.profile, protocol.departures) for protocol in task_protocols(made)] == [("xtreme-r-2021", ())] * 3


def test_a_protocol_decides_which_languages_all_are() -> None:
    assert len(study({"task": "panx"}, protocol="xtreme-2020").targets[0].languages) == 40
    departed = recorded({"task": "panx", "languages": ["en", "de", "gu"]}, protocol="xtreme-2020")
    assert any(departure.startswith("without the languages") for departure in departed.departures)
    assert "also in the languages gu" in departed.departures


def test_a_selection_with_few_examples_is_limited(tmp_path: Any) -> None:
    (target,) = study({"task": "xnli"}, protocol="jiant-xstilts").targets
    assert (target.limits.validation, target.selection.patience if target.selection else None) == (500, 30)


@pytest.mark.parametrize(
    ("task", "said", "departure"),
    [
        ("xnli", {"training": {"learning_rate": 1e-4}}, "learning_rate 0.0001 instead of 3e-05"),
        ("xnli", {"training": {"pooling": "mean"}}, "pooling mean instead of cls"),
        ("xnli", {"budget": {"steps": 10}}, "10 steps instead of 5 epochs"),
        ("xnli", {"selection": {"rule": "last"}}, "instead of: best of every 100 steps"),
        ("xnli", {"selection": {"rule": "best", "language": "de", "every_steps": 100}}, "not zero-shot"),
        ("xnli", {"limits": {"validation": 50}}, "chosen on 50 validation examples instead of all"),
        ("xnli", {"limits": {"train": 50}}, "at most 50 train examples"),
        ("xquad", {"training": {"warmup_fraction": 0.1}}, "warmup_steps none instead of 500"),
        ("xquad", {"selection": {"rule": "best"}}, "instead of: last checkpoint"),
        ("tatoeba", {"retrieval": {"layer": 10}}, "hidden state 10 instead of 14"),
        ("tatoeba", {"retrieval": {"text_prefix": "query: "}}, "every sentence begins with 'query: '"),
    ],
)
def test_what_a_study_says_itself_is_a_departure(task: str, said: dict[str, Any], departure: str) -> None:
    departures = recorded({"task": task, **said}).departures
    assert any(departure in found for found in departures), departures


def test_layers_that_an_encoder_does_not_keep_are_a_departure() -> None:
    encoder = {"name": "FacebookAI/xlm-roberta-large", "n_layers": 12}
    made = recorded({"task": "tatoeba"}, encoder=encoder)
    assert "hidden state last instead of 14" in made.departures


def test_tasks_outside_the_protocol_keep_their_defaults() -> None:
    made = recorded({"task": "home-intents"})
    assert made.profile is None
    assert made.departures == ()


def test_a_target_may_name_another_protocol() -> None:
    made = study({"task": "xnli", "protocol": "jiant-xstilts"}, {"task": "pawsx", "protocol": "xtreme-2020"})
    assert [target.profile for target in made.targets] == ["jiant-xstilts", "xtreme-2020"]
    assert made.targets[0].training is not None
    assert made.targets[0].training.epochs == 2.0


def test_stages_take_their_defaults_from_it_too() -> None:
    stages = {"first": {"kind": "intermediate", "task": "socialiqa"}}
    made = study({"task": "xcopa"}, stages=stages, sequences={"base": ["first"]})
    (stage,) = made.sequences["base"]
    assert (stage.training.epochs, stage.training.learning_rate) == (5.0, 3e-5)


def test_without_a_protocol_tasks_keep_their_defaults() -> None:
    made = recorded({"task": "xnli"}, protocol=None)
    assert made.profile is None
    assert made.departures == ()
    facts = {fact.name: fact.value for fact in made.training}
    assert (facts["epochs"], facts["pooling"], facts["learning_rate"]) == ("5", "mean", "2e-05")
    assert made.selection.startswith("last checkpoint")


@pytest.mark.parametrize("where", ["study", "target"])
def test_an_unknown_protocol_has_a_nearest_name(where: str) -> None:
    keys: dict[str, Any] = {"protocol": "xtreme-r-2012"} if where == "study" else {}
    target = {"task": "xnli", **({} if keys else {"protocol": "xtreme-r-2012"})}
    with pytest.raises(StudyError, match=r"unknown protocol 'xtreme-r-2012'.*did you mean 'xtreme-r-2021'"):
        study(target, **keys)
