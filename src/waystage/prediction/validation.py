"""Scores of a model on labelled data while it is trained: predicted and scored as test data is. Torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import nn

from waystage.data.examples import Example
from waystage.encoders.model import Encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import StageError
from waystage.metrics.registry import make_metric, score_examples
from waystage.prediction.decoders import DECODERS
from waystage.prediction.labels import LabelPredictor
from waystage.prediction.together import language_groups, predict_together
from waystage.study.study import Training
from waystage.tasks.kinds import Kind


@dataclass(frozen=True, slots=True)
class Validation:
    """Labelled data of one task in some languages, and what is scored on it.

    Attributes:
        examples: by language.
        metric_name: of the score.
    """

    kind: Kind
    labels: tuple[str, ...]
    tokenizer: SubwordTokenizer
    training: Training
    examples: Mapping[str, Sequence[Example]]
    metric_name: str

    def scores(self, encoder: Encoder, head: nn.Module) -> dict[str, float]:
        """The score in each language, a fraction; NaN where the metric finds nothing to score."""
        pooling = Pooling(self.training.pooling)
        predictor = LabelPredictor(
            encoder, head, self.tokenizer, self.labels, self.training.max_tokens, self.training.windows, pooling
        )
        scores: dict[str, float] = {}
        for group in language_groups({language: len(examples) for language, examples in self.examples.items()}):
            gold = {language: self.examples[language] for language in group}
            predicted = predict_together(partial(DECODERS[self.kind], predictor), gold)
            for language, examples in gold.items():
                metric = make_metric(self.metric_name, self.labels, language)
                scored = score_examples(metric, examples, predicted.predictions[language])
                scores[language] = float(metric.score(scored.statistics.sum(axis=0)))
        return scores


@dataclass(frozen=True, slots=True)
class MixtureValidation:
    """Validation data of some members of a mixture.

    Attributes:
        members: name to the number of the member's head and its validation data, in one language.
    """

    members: Mapping[str, tuple[int, Validation]]

    def scores(self, encoder: Encoder, head: nn.Module) -> dict[str, float]:
        """The score of each member, a fraction; ``head`` is the list of heads of a mixture.

        Raises:
            StageError: the validation data of a member has nothing that its metric could score.
        """
        if not isinstance(head, nn.ModuleList):
            raise TypeError("the head of a mixture is a list of heads")
        scores: dict[str, float] = {}
        for name, (number, validation) in self.members.items():
            ((language, score),) = validation.scores(encoder, head[number]).items()
            if math.isnan(score):
                metric = validation.metric_name
                raise StageError(f"{name}: its validation data in {language} has nothing that {metric} could score")
            scores[name] = score
        return scores
