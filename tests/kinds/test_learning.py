"""The objectives and the decoders agree: what is learned by heart is answered right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from waystage.data.examples import Answer, Example, MultipleChoiceExample, QuestionExample
from waystage.encoders.model import load_encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.windows import WindowLengths
from waystage.errors import DataError
from waystage.kinds.choices import MultipleChoiceObjective
from waystage.kinds.questions import SpanObjective
from waystage.kinds.registry import OBJECTIVES, rebuild_head
from waystage.prediction.decoders import DECODERS
from waystage.prediction.labels import LabelPredictor
from waystage.study.study import Training
from waystage.tasks.kinds import EXTRACTIVE_QA, EXTRACTIVE_QA_OR_NONE, MULTIPLE_CHOICE, Kind
from waystage.training.checkpoint import WEIGHTS_NAME, apply_weights, copy_encoder
from waystage.training.loop import LoopSettings
from waystage.training.stage import StageInputs, run_stage

from .conftest import ANSWERS, CONTEXTS

TRAINING = Training(steps=60, learning_rate=5e-3, batch_size=16, max_tokens=40, dropout=0.0, stride=10,
                    max_question_tokens=8)  # fmt: skip


def questions(with_none: bool) -> list[Example]:
    """One question a language: which it is can be told by its context."""
    examples: list[Example] = []
    for language, context in CONTEXTS.items():
        answer = ANSWERS[language][0]
        is_open = with_none and language in ("en", "de")
        answers = () if is_open else (Answer(context.index(answer), answer),)
        examples.append(QuestionExample(language, "?", context, answers))
    return examples


def choices() -> list[Example]:
    return [
        MultipleChoiceExample("1", CONTEXTS["en"], ("1871", "Oslo", "1893"), 1),
        MultipleChoiceExample("2", CONTEXTS["de"], ("1893", "zwei"), 0),
        MultipleChoiceExample("3", CONTEXTS["zh"], ("中国", "长城", "山海关", "东"), 3),
    ]


def answers_after_training(kind: Kind, examples: list[Example], encoder_dir: Path, folder: Path) -> dict[str, object]:
    pretrained, tokenizer = load_encoder(encoder_dir), SubwordTokenizer(encoder_dir)
    objective = OBJECTIVES[kind](tokenizer, examples, (), TRAINING)
    run_stage(StageInputs(pretrained, None, None), objective, TRAINING, 1, LoopSettings(), folder / WEIGHTS_NAME)
    encoder = copy_encoder(pretrained, None)
    head = rebuild_head(kind, encoder, 0, apply_weights(encoder, folder / WEIGHTS_NAME))
    predictor = LabelPredictor(encoder.eval(), head, tokenizer, (), TRAINING.max_tokens, TRAINING.windows)
    return dict(DECODERS[kind](predictor, examples).predictions)


@pytest.mark.parametrize("with_none", [False, True])
def test_answers_learned_by_heart_are_given_to_the_character(
    with_none: bool, script_encoder_dir: Path, tmp_path: Path
) -> None:
    kind = EXTRACTIVE_QA_OR_NONE if with_none else EXTRACTIVE_QA
    found = answers_after_training(kind, questions(with_none), script_encoder_dir, tmp_path)
    for example in questions(with_none):
        assert isinstance(example, QuestionExample)
        assert example.answers is not None
        expected = example.answers[0].text if example.answers else ""
        # A token may hold more than the answer; see test_windows.
        assert expected in str(found[example.id])
        assert len(str(found[example.id])) <= len(expected) + 3 * bool(expected)


def test_choices_learned_by_heart_are_chosen(script_encoder_dir: Path, tmp_path: Path) -> None:
    found = answers_after_training(MULTIPLE_CHOICE, choices(), script_encoder_dir, tmp_path)
    assert found == {"1": "1", "2": "0", "3": "3"}


def test_the_loss_of_a_batch_is_the_sum_of_its_examples(script_encoder_dir: Path) -> None:
    encoder, tokenizer = load_encoder(script_encoder_dir), SubwordTokenizer(script_encoder_dir)
    spans = SpanObjective(tokenizer, questions(True), WindowLengths(40, 10, 8), False)
    for objective in (MultipleChoiceObjective(tokenizer, choices(), (), 40), spans):
        head = objective.make_head(encoder, 0.0, torch.Generator().manual_seed(1)).eval()
        places = np.arange(len(objective.lengths))
        with torch.inference_mode():
            losses = [
                float(objective.loss_sum(encoder, head, objective.micro_batch(part, 1, torch.device("cpu"))))
                for part in (places, *np.split(places, len(places)))
            ]
        assert losses[0] == pytest.approx(sum(losses[1:]), rel=1e-5)


def test_lengths_count_all_choices_of_an_example(script_encoder_dir: Path) -> None:
    tokenizer = SubwordTokenizer(script_encoder_dir)
    objective = MultipleChoiceObjective(tokenizer, choices(), (), 40)
    assert [len(choices()[i].choices) for i in range(3)] == [3, 2, 4]  # type: ignore[union-attr]
    assert objective.lengths.sum() == sum(map(len, objective.sequences))
    assert len(objective.lengths) == 3


def test_gold_that_is_missing_is_an_error(script_encoder_dir: Path) -> None:
    tokenizer = SubwordTokenizer(script_encoder_dir)
    unanswered = questions(True)
    with pytest.raises(DataError, match="extractive-qa-or-none"):
        OBJECTIVES[EXTRACTIVE_QA](tokenizer, unanswered, (), TRAINING)
    (withheld,) = [replace(choices()[0], answer=None)]  # type: ignore[type-var]
    with pytest.raises(DataError, match="withheld"):
        OBJECTIVES[MULTIPLE_CHOICE](tokenizer, [withheld], (), TRAINING)
