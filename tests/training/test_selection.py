"""Which checkpoint of a stage is taken, and that looking at validation data changes nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tests.fixtures.encoders import SENTENCES
from tests.training.builders import LABELS, OBJECTIVES, TEXTS
from waystage.data.examples import TextExample
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import Interrupted, StageError
from waystage.kinds.classification import ClassificationObjective
from waystage.prediction.validation import Validation
from waystage.study.study import Selection, Training
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.training.checkpoint import apply_weights, copy_encoder
from waystage.training.loop import LoopSettings, TrainingCost
from waystage.training.selection import Evaluate
from waystage.training.stage import Choice, StageInputs, run_stage

TRAINING = Training(steps=7, learning_rate=3e-3, batch_size=4, warmup_fraction=0.2)
EVERY_STEP = Selection("best", "en", "accuracy", every_steps=1)


class Scripted:
    """Gives the scores of a list, by the number of the evaluation, and keeps the weights that it saw."""

    def __init__(self, scores: Sequence[float], n_done: int = 0) -> None:
        self.scores, self.n_done = scores, n_done
        self.heads: list[Tensor] = []

    def __call__(self, encoder: Encoder, head: nn.Module) -> dict[str, float]:
        assert not encoder.training
        assert not head.training
        self.heads.append(head.output.weight.detach().clone())  # type: ignore[union-attr]
        self.n_done += 1
        return {"en": self.scores[self.n_done - 1]}


Run = Callable[..., TrainingCost]


@pytest.fixture
def run(pretrained: Encoder, tokenizer: SubwordTokenizer) -> Run:
    def run_to(
        target: Path,
        evaluate: Evaluate | None,
        rule: Selection = EVERY_STEP,
        settings: LoopSettings | None = None,
        training: Training = TRAINING,
    ) -> TrainingCost:
        choice = None if evaluate is None else Choice(rule, evaluate)
        inputs = StageInputs(pretrained, None, 2, choice)
        objective = OBJECTIVES["classification"](tokenizer)
        return run_stage(inputs, objective, training, 5, settings or LoopSettings(), target)

    return run_to


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([0.1, 0.2, 0.9, 0.3, 0.4, 0.5, 0.6], 3),
        ([0.1, 0.2, 0.7, 0.3, 0.7, 0.7, 0.6], 3),  # the earliest of equal ones
        ([0.5] * 7, 1),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 7),
    ],
)
def test_the_best_checkpoint_is_what_is_left(run: Run, tmp_path: Path, scores: list[float], best: int) -> None:
    evaluate = Scripted(scores)
    cost = run(tmp_path / "w", evaluate)
    assert [made.step for made in cost.evaluations] == [1, 2, 3, 4, 5, 6, 7]
    assert [made.scores["en"] for made in cost.evaluations] == scores
    assert torch.equal(load_file(tmp_path / "w")["head.output.weight"], evaluate.heads[best - 1])
    assert cost.n_steps == 7


def test_scores_change_nothing_but_which_checkpoint_is_taken(run: Run, tmp_path: Path) -> None:
    """Where the last is the best, the bytes are those of a stage that looked at no validation data."""
    run(tmp_path / "chosen", Scripted([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]))
    run(tmp_path / "last", None)
    assert (tmp_path / "chosen").read_bytes() == (tmp_path / "last").read_bytes()


@pytest.mark.parametrize(("patience", "n_steps"), [(1, 3), (2, 6), (3, 7), (None, 7)])
def test_patience_stops_after_so_many_scores_without_a_better_one(
    run: Run, tmp_path: Path, patience: int | None, n_steps: int
) -> None:
    evaluate = Scripted([0.1, 0.4, 0.3, 0.5, 0.5, 0.2, 0.4])
    cost = run(tmp_path / "w", evaluate, replace(EVERY_STEP, patience=patience))
    assert cost.n_steps == len(evaluate.heads) == n_steps
    best = 1 if n_steps == 3 else 3
    assert torch.equal(load_file(tmp_path / "w")["head.output.weight"], evaluate.heads[best])


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        (replace(EVERY_STEP, every_steps=3), [3, 6, 7]),
        (replace(EVERY_STEP, every_steps=100), [7]),
        # 18 sequences in batches of 4 are 5 steps an epoch.
        (replace(EVERY_STEP, every_steps=None, times_per_epoch=1), [5, 7]),
        (replace(EVERY_STEP, every_steps=None, times_per_epoch=2), [2, 4, 6, 7]),
        (replace(EVERY_STEP, every_steps=None, times_per_epoch=1000), [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_evaluations_come_as_often_as_asked_and_at_the_end(
    run: Run, tmp_path: Path, rule: Selection, steps: list[int]
) -> None:
    cost = run(tmp_path / "w", Scripted([0.5] * 7), rule)
    assert [made.step for made in cost.evaluations] == steps


class KilledError(Exception):
    """Ends a run in the middle of an evaluation, as a kill does."""


@pytest.mark.parametrize("patience", [None, 2])
def test_a_stage_that_is_killed_in_an_evaluation_ends_with_the_same_bytes(
    run: Run, tmp_path: Path, patience: int | None
) -> None:
    """Scores, weights of the best checkpoint and the place in the training survive, whenever it is killed."""
    scores, rule = [0.1, 0.4, 0.6, 0.5, 0.5, 0.2, 0.3], replace(EVERY_STEP, patience=patience)
    whole = run(tmp_path / "whole", Scripted(scores), rule)
    n_made = len(whole.evaluations)
    settings = LoopSettings(tmp_path / "work", checkpoint_seconds=0.0)
    for at in range(n_made):

        def killed(encoder: Encoder, head: nn.Module, evaluate: Scripted, at: int) -> dict[str, float]:
            if evaluate.n_done == at:
                raise KilledError
            return evaluate(encoder, head)

        # What was scored before the last checkpoint is not scored again.
        evaluate = Scripted(scores, n_done=max(0, at - 1))
        with pytest.raises(KilledError):
            run(
                tmp_path / "resumed",
                lambda encoder, head, e=evaluate, at=at: killed(encoder, head, e, at),
                rule,
                settings,
            )
        assert not (tmp_path / "resumed").exists()
    resumed = run(tmp_path / "resumed", Scripted(scores, n_done=n_made - 1), rule, settings)
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()
    assert replace(resumed, seconds=0.0) == replace(whole, seconds=0.0)


def test_an_interrupted_stage_goes_on_after_its_last_score(run: Run, tmp_path: Path) -> None:
    scores = [0.1, 0.4, 0.6, 0.5, 0.5, 0.2, 0.3]
    run(tmp_path / "whole", Scripted(scores))
    done = [0]
    settings = LoopSettings(
        tmp_path / "work", on_step=lambda step, _: done.__setitem__(0, step), should_stop=lambda: done[0] == 4
    )
    with pytest.raises(Interrupted):
        run(tmp_path / "resumed", Scripted(scores), EVERY_STEP, settings)
    run(tmp_path / "resumed", Scripted(scores, n_done=4), EVERY_STEP, LoopSettings(tmp_path / "work"))
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_score_of_nothing_is_an_error(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="validation data in en has nothing that accuracy could score"):
        run(tmp_path / "w", Scripted([float("nan")] * 7))


def test_words_outside_the_training_data_are_read_with_their_full_vectors(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    """The states that a checkpoint is scored by are those of the finished stage, and no row is trained for it."""
    few = [TextExample(str(i), text, None, LABELS[i % 3]) for i, text in enumerate(SENTENCES[:2])]
    others = [TextExample(str(i), text, None, LABELS[0]) for i, text in enumerate(SENTENCES)]
    unseen = ClassificationObjective(tokenizer, others, LABELS, 40)
    objective = ClassificationObjective(tokenizer, few, LABELS, 40)
    occurring = set(objective.vocabulary().token_ids.tolist())
    assert set(unseen.vocabulary().token_ids.tolist()) - occurring
    batch = unseen.micro_batch(unseen.lengths.argsort(), 0, torch.device("cpu")).tokens
    states: list[Tensor] = []

    def evaluate(encoder: Encoder, head: nn.Module) -> dict[str, float]:
        with torch.inference_mode():
            states.append(encoder(batch))
        return {"en": float(len(states))}

    inputs = StageInputs(pretrained, None, 2, Choice(EVERY_STEP, evaluate))
    run_stage(inputs, objective, TRAINING, 5, LoopSettings(), tmp_path / "w")
    encoder = copy_encoder(pretrained, 2)
    apply_weights(encoder, tmp_path / "w")
    with torch.inference_mode():
        assert torch.equal(encoder.eval()(batch), states[-1])
    changed = (encoder.token_embeddings.weight != pretrained.token_embeddings.weight).any(dim=1).nonzero().flatten()
    assert set(changed.tolist()) <= occurring


def test_scores_are_those_of_a_test_set(run: Run, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    """What is learned by heart scores 1 at the end, and less before."""
    validation = Validation(
        PAIR_CLASSIFICATION, LABELS, tokenizer, TRAINING, {"en": TEXTS, "de": TEXTS[:3]}, "accuracy"
    )
    rule = replace(EVERY_STEP, every_steps=20)
    training = replace(TRAINING, steps=80, dropout=0.0, batch_size=9)
    cost = run(tmp_path / "w", validation.scores, rule, training=training)
    assert [made.step for made in cost.evaluations] == [20, 40, 60, 80]
    scores = [made.scores["en"] for made in cost.evaluations]
    assert scores[-1] > 0.9
    assert all(score * len(TEXTS) == pytest.approx(round(score * len(TEXTS))) for score in scores)
    assert set(cost.evaluations[0].scores) == {"en", "de"}
