"""Which objective, head and decoder belong to a kind of task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from waystage.data.examples import Example
from waystage.encoders.heads import ClassificationHead, MultipleChoiceHead, ScaleHead, SpanHead, TaggingHead
from waystage.encoders.model import Encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.windows import WindowLengths
from waystage.kinds.choices import MultipleChoiceObjective
from waystage.kinds.classification import ClassificationObjective
from waystage.kinds.dual import DualObjective
from waystage.kinds.objective import Objective
from waystage.kinds.questions import SpanObjective
from waystage.kinds.tagging import TaggingObjective
from waystage.study.study import RetrievalSettings, Training
from waystage.tasks.kinds import (
    ENTITY_RETRIEVAL,
    EXTRACTIVE_QA,
    EXTRACTIVE_QA_OR_NONE,
    MULTIPLE_CHOICE,
    PAIR_CLASSIFICATION,
    QUESTION_ANSWER_RETRIEVAL,
    SENTENCE_CLASSIFICATION,
    TAGGING,
    Kind,
)


class MakeObjective(Protocol):
    """Makes the objective of a labelled training set."""

    def __call__(
        self,
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        training: Training,
        retrieval: RetrievalSettings | None = None,
    ) -> Objective:
        """The objective; ``retrieval`` says how a dual encoder makes vectors."""


class _MakeOfLength(Protocol):
    """Makes an objective that needs to know no more of the training than its longest sequence."""

    def __call__(
        self, tokenizer: SubwordTokenizer, examples: Sequence[Example], labels: Sequence[str], max_tokens: int
    ) -> Objective:
        """The objective."""


def _of_length(make: _MakeOfLength) -> MakeObjective:
    def objective(
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        training: Training,
        retrieval: RetrievalSettings | None = None,
    ) -> Objective:
        return make(tokenizer, examples, labels, training.max_tokens)

    return objective


class _MakeOfPooled(Protocol):
    """Makes an objective whose head reads one vector a sequence."""

    def __call__(
        self,
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        max_tokens: int,
        pooling: Pooling,
    ) -> Objective:
        """The objective."""


def _of_pooled(make: _MakeOfPooled) -> MakeObjective:
    def objective(
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        training: Training,
        retrieval: RetrievalSettings | None = None,
    ) -> Objective:
        pooling = Pooling(training.pooling)
        if pooling is Pooling.CLS:
            tokenizer.require_first_token()
        return make(tokenizer, examples, labels, training.max_tokens, pooling)

    return objective


def _of_spans(is_always_answered: bool) -> MakeObjective:
    def objective(
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        training: Training,
        retrieval: RetrievalSettings | None = None,
    ) -> Objective:
        windows = training.windows
        if windows is None:
            raise RuntimeError("questions are read in windows, and no lengths of windows are given")
        lengths = WindowLengths(training.max_tokens, windows.stride, windows.max_question_tokens)
        return SpanObjective(tokenizer, examples, lengths, is_always_answered)

    return objective


def _dual(
    tokenizer: SubwordTokenizer,
    examples: Sequence[Example],
    labels: Sequence[str],
    training: Training,
    retrieval: RetrievalSettings | None = None,
) -> Objective:
    if retrieval is None:
        raise RuntimeError("a dual encoder makes vectors, and nothing says how")
    return DualObjective(tokenizer, examples, retrieval, training)


OBJECTIVES: dict[Kind, MakeObjective] = {
    SENTENCE_CLASSIFICATION: _of_pooled(ClassificationObjective),
    PAIR_CLASSIFICATION: _of_pooled(ClassificationObjective),
    TAGGING: _of_length(TaggingObjective),
    MULTIPLE_CHOICE: _of_pooled(MultipleChoiceObjective),
    EXTRACTIVE_QA: _of_spans(is_always_answered=True),
    EXTRACTIVE_QA_OR_NONE: _of_spans(is_always_answered=False),
    QUESTION_ANSWER_RETRIEVAL: _dual,
    ENTITY_RETRIEVAL: _dual,
}

_HEADS: dict[Kind, Callable[[int, int, float, torch.Generator], nn.Module]] = {
    SENTENCE_CLASSIFICATION: ClassificationHead,
    PAIR_CLASSIFICATION: ClassificationHead,
    TAGGING: TaggingHead,
    MULTIPLE_CHOICE: MultipleChoiceHead,
    EXTRACTIVE_QA: SpanHead,
    EXTRACTIVE_QA_OR_NONE: SpanHead,
    QUESTION_ANSWER_RETRIEVAL: ScaleHead,
    ENTITY_RETRIEVAL: ScaleHead,
}


def rebuild_head(kind: Kind, encoder: Encoder, n_labels: int, tensors: dict[str, Tensor]) -> nn.Module:
    """The head that a stage trained, in evaluation mode."""
    head = _HEADS[kind](encoder.hidden_size, n_labels, 0.0, torch.Generator())
    head.load_state_dict(tensors)
    return head.eval()
