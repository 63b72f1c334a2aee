"""Stages that learn several things at once, parallel text, and training languages, in study files."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from waystage.errors import StudyError
from waystage.study.export import study_to_dict
from waystage.study.load import parse_study
from waystage.study.mixing import Sampling
from waystage.study.positions import read_document
from waystage.study.pretraining import MaskUnit, Positions
from waystage.study.registries import Registries
from waystage.study.study import ContinuedStage, IntermediateStage, MixedStage, ParallelStage, Stage, Study

from .conftest import GOOD

BITEXT = {
    "texts": [
        {"files": {"en": "a.en", "de": "a.de", "no": "a.no"}, "pivot": "en"},
        {"file": "b.tsv", "columns": {"de": "german", "no": "norwegian"}},
    ]
}


def study_with(registries: Registries, stage: dict[str, Any], target: dict[str, Any] | None = None) -> Study:
    content = read_document(GOOD, "study.yaml").value
    content["stages"] = {"own": stage}
    content["sequences"] = {"base": [], "staged": ["own"]}
    content["parallel_corpora"] = {"bitext": BITEXT}
    content["targets"][0] |= target or {}
    return parse_study(yaml.safe_dump(content), "study.yaml", registries=registries)


def stage_of(registries: Registries, **keys: Any) -> Stage:
    return study_with(registries, keys).sequences["staged"][0]


def said(registries: Registries, stage: dict[str, Any], target: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(StudyError) as caught:
        study_with(registries, stage, target)
    return [(problem.field or "", problem.found) for problem in caught.value.problems]


def test_several_tasks_become_a_mixture(registries: Registries) -> None:
    stage = stage_of(
        registries, kind="intermediate", tasks=["feelings", "intents"], sampling={"cap": 100, "temperature": 2.0},
        mixed_in={"corpus": "messages", "languages": ["de"], "rate": 0.2, "mask": "words"},
        budget={"epochs": 2}, training={"learning_rate": 1e-3, "max_tokens": 40}, limits={"train": 7},
    )  # fmt: skip
    assert isinstance(stage, MixedStage)
    first, second, text = stage.parts
    assert isinstance(first, IntermediateStage)
    assert isinstance(second, IntermediateStage)
    assert isinstance(text, ContinuedStage)
    assert [part.task.name for part in (first, second)] == ["feelings", "intents"]
    assert {part.limits.train for part in (first, second)} == {7}
    assert (text.languages, text.masked_lm.mask) == (("de",), MaskUnit.WORDS)
    assert stage.rates == (None, None, 0.2)
    assert (stage.sampling, stage.shares_head) == (Sampling(100, 2.0), False)
    assert (stage.training.epochs, stage.training.learning_rate) == (2, 1e-3)
    assert {part.training.max_tokens for part in stage.parts} == {40}


def test_a_task_is_read_at_its_own_lengths_unless_the_study_says_otherwise(registries: Registries) -> None:
    stage = stage_of(registries, kind="intermediate", tasks=["feelings", "intents"])
    assert isinstance(stage, MixedStage)
    # The defaults of a task say how it is read; how all of them are trained is the stage's own.
    assert (stage.training.learning_rate, stage.training.batch_size, stage.training.epochs) == (2e-5, 32, 1.0)
    assert stage.sampling == Sampling()


def test_one_task_with_text_is_a_mixture_and_without_is_not(registries: Registries) -> None:
    mixed = stage_of(registries, kind="intermediate", task="feelings", mixed_in={"corpus": "messages", "rate": 0.5})
    assert isinstance(mixed, MixedStage)
    assert isinstance(stage_of(registries, kind="intermediate", task="feelings"), IntermediateStage)


def test_parallel_text_alone_or_in_turn(registries: Registries) -> None:
    alone = stage_of(registries, kind="continued", parallel={"corpus": "bitext"}, budget={"epochs": 1}, mask_rate=0.2)
    assert isinstance(alone, ParallelStage)
    assert alone.pairs == (("de", "en"), ("de", "no"), ("en", "no"))
    assert (alone.translation_lm.positions, alone.translation_lm.mask_rate) == (Positions.RESET, 0.2)
    both = stage_of(
        registries, kind="continued", corpus="messages", languages=["de"], budget={"tokens": 100},
        parallel={"corpus": "bitext", "languages": ["en", "de"], "positions": "running", "rate": 0.25},
    )  # fmt: skip
    assert isinstance(both, MixedStage)
    raw, pairs = both.parts
    assert isinstance(raw, ContinuedStage)
    assert isinstance(pairs, ParallelStage)
    assert raw.languages == ("de",)
    assert (pairs.pairs, pairs.translation_lm.positions) == ((("de", "en"),), Positions.RUNNING)
    assert both.rates == (0.75, 0.25)


def test_training_languages(registries: Registries) -> None:
    study = study_with(
        registries,
        {"kind": "intermediate", "task": "intents", "train_languages": ["en", "de"], "shots": 8},
        {"train_languages": ["no"]},
    )
    (stage,) = study.sequences["staged"]
    assert isinstance(stage, IntermediateStage)
    assert (stage.learned.languages, stage.learned.most_in("de"), stage.learned.most_in("en")) == (
        ("en", "de"), 8, None,
    )  # fmt: skip
    learned = study.targets[0].learned
    assert learned is not None
    assert (learned.languages, learned.foreign_languages, learned.is_drawn) == (("no",), ("no",), False)
    assert study.targets[1].learned is None


def test_the_plain_form_has_all_of_it(registries: Registries) -> None:
    plain = study_to_dict(
        study_with(
            registries,
            {"kind": "intermediate", "tasks": ["feelings", "intents"], "mixed_in": {"corpus": "messages", "rate": 0.2}},
        )
    )
    own = plain["stages"]["own"]
    assert [part["kind"] for part in own["parts"]] == ["intermediate", "intermediate", "continued"]
    assert own["parts"][2]["rate"] == 0.2
    assert set(plain["tasks"]) >= {"feelings", "intents"}
    parallel = study_to_dict(
        study_with(registries, {"kind": "continued", "parallel": {"corpus": "bitext"}, "budget": {"steps": 1}})
    )
    assert parallel["corpora"]["bitext"]["pairs"] == ["de+en", "de+no", "en+no"]


INTERMEDIATE = {"kind": "intermediate"}
TWO = {**INTERMEDIATE, "tasks": ["feelings", "intents"]}
CONTINUED = {"kind": "continued", "budget": {"steps": 1}}


@pytest.mark.parametrize(
    ("stage", "field", "found"),
    [
        (INTERMEDIATE, "stages.own", "neither 'task' nor 'tasks'"),
        ({**TWO, "task": "feelings"}, "stages.own.tasks", "both 'task' and 'tasks'"),
        ({**INTERMEDIATE, "tasks": ["feelings", "moods"]}, "stages.own.tasks[1]", "unknown task 'moods'"),
        ({**INTERMEDIATE, "tasks": ["feelings"] * 2}, "stages.own.tasks[1]", "the task 'feelings' is listed twice"),
        ({**INTERMEDIATE, "tasks": ["feelings", "sentences"]}, "stages.own.tasks[1]", "'sentences' is retrieval"),
        ({**TWO, "heads": "shared"}, "stages.own.heads", "one head for tasks of several kinds or label sets"),
        ({**INTERMEDIATE, "task": "feelings", "heads": "own"}, "stages.own.heads", "'heads' for one task"),
        ({**TWO, "selection": {"rule": "best", "task": "it"}}, "stages.own.selection.task", "'it', which the stage"),
        (
            {**INTERMEDIATE, "task": "feelings", "selection": {"rule": "best", "task": "feelings"}},
            "stages.own.selection.task",
            "'task' where one task is learned",
        ),
        ({**TWO, "training": {"stride": 4}}, "stages.own.training.stride", "'stride' for a task of"),
        ({**TWO, "mixed_in": {"corpus": "mesages", "rate": 0.1}}, "stages.own.mixed_in.corpus", "unknown corpus"),
        ({**TWO, "mixed_in": {"corpus": "messages", "rate": 1.0}}, "stages.own.mixed_in.rate", "the number 1.0"),
        ({**TWO, "sampling": {"temperature": 0.5}}, "stages.own.sampling.temperature", "the number 0.5"),
        ({**TWO, "train_languages": ["de"]}, "stages.own.train_languages[0]", "unknown language 'de' for the task"),
        ({**INTERMEDIATE, "task": "intents", "shots": 4}, "stages.own.shots", "shots of no language"),
        (CONTINUED, "stages.own", "neither 'corpus' nor 'parallel'"),
        ({**CONTINUED, "parallel": {"corpus": "bi"}}, "stages.own.parallel.corpus", "unknown parallel corpus 'bi'"),
        (
            {**CONTINUED, "parallel": {"corpus": "bitext", "languages": ["fr", "en"]}},
            "stages.own.parallel.languages[0]",
            "unknown language 'fr'",
        ),
        ({**CONTINUED, "parallel": {"corpus": "bitext", "languages": ["en"]}}, "stages.own.parallel.languages", "'en'"),
        ({**CONTINUED, "parallel": {"corpus": "bitext", "rate": 0.5}}, "stages.own.parallel.rate", "a rate where"),
        (
            {**CONTINUED, "parallel": {"corpus": "bitext"}, "packing": "blocks"},
            "stages.own.packing",
            "'packing' without raw text",
        ),
        (
            {**CONTINUED, "corpus": "messages", "parallel": {"corpus": "bitext"}, "budget": {"epochs": 1}},
            "stages.own.budget.epochs",
            "epochs of raw and parallel text in turn",
        ),
    ],
)
def test_mistakes_are_named(registries: Registries, stage: dict[str, Any], field: str, found: str) -> None:
    problems = said(registries, stage)
    assert len(problems) == 1, problems
    assert problems[0][0] == field
    assert problems[0][1].startswith(found)


@pytest.mark.parametrize(
    ("text", "field", "found"),
    [
        ({"files": {"en": "a"}}, "texts[0].files", "a mapping"),
        ({}, "texts[0]", "neither 'files' nor 'file'"),
        ({"files": {"en": "a", "de": "b"}, "file": "c.tsv"}, "texts[0].file", "both 'files' and 'file'"),
        ({"files": {"en": "a", "de": "b"}, "pivot": "fr"}, "texts[0].pivot", "the language 'fr'"),
        ({"files": {"en": "a", "de": "b"}, "format": "tsv"}, "texts[0].format", "'format' of text files"),
        ({"file": "c.tsv"}, "texts[0].file", "a table without 'columns'"),
        (
            {"file": "c.txt", "columns": {"en": "a", "de": "b"}},
            "texts[0].file",
            "the ending of 'c.txt' tells no format",
        ),
    ],
)
def test_mistakes_in_parallel_corpora_are_named(
    registries: Registries, text: dict[str, Any], field: str, found: str
) -> None:
    content = read_document(GOOD, "study.yaml").value
    content["parallel_corpora"] = {"bitext": {"texts": [text]}}
    with pytest.raises(StudyError) as caught:
        parse_study(yaml.safe_dump(content), "study.yaml", registries=registries)
    (problem,) = caught.value.problems
    assert (problem.field or "").removeprefix("parallel_corpora.bitext.") == field
    assert problem.found.startswith(found)


def test_untrained_and_retrieval_targets_learn_in_no_language(registries: Registries) -> None:
    content = read_document(GOOD, "study.yaml").value
    content["targets"][1]["train_languages"] = ["de"]
    with pytest.raises(StudyError, match="'train_languages' for 'sentences'"):
        parse_study(yaml.safe_dump(content), "study.yaml", registries=registries)
