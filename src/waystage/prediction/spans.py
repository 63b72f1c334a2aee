"""Answers to questions: the best span of the context over all its windows. Torch.

The decoding of the SQuAD script of Devlin et al. (2019), with two differences: the n-best starts and ends are taken
among the tokens of the context alone, so that tokens of the question take no place in them; and the answer is the
text between the characters of its first and last token, not whole words separated by white space, which Thai and
Chinese do not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from waystage.data.examples import Example, QuestionExample
from waystage.encoders.windows import Window, WindowLengths
from waystage.kinds import questions
from waystage.metrics.metric import Prediction
from waystage.prediction.batches import token_batches
from waystage.prediction.labels import LabelPredictor
from waystage.prediction.predicted import Predicted

N_BEST = 20
MAX_ANSWER_TOKENS = 30

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """An answer: characters ``start`` to ``stop`` of the context, and its score (sum of the two logits)."""

    score: float
    start: int
    stop: int


def best_span(window: Window, scores: FloatArray) -> Span | None:
    """The best span of a window; None where it shows no character of the context best.

    Args:
        window: the window.
        scores: logits of its positions, ``[n_positions, 2]``.
    """
    stop = window.first_position + len(window.offsets)
    starts, ends = scores[window.first_position : stop].T
    has_text = window.offsets[:, 0] < window.offsets[:, 1]
    first = _n_best(np.where(has_text & window.has_most_context, starts, -np.inf))
    last = _n_best(np.where(has_text, ends, -np.inf))
    if not len(first):
        return None
    # A start is always a span of its own, so that there is one when no start goes with an end.
    pairs = np.array([*((i, j) for i in first for j in last if i <= j < i + MAX_ANSWER_TOKENS), (first[0], first[0])])
    sums = starts[pairs[:, 0]] + ends[pairs[:, 1]]
    best = int(np.argmax(sums[:-1])) if len(pairs) > 1 else 0
    i, j = pairs[best]
    return Span(float(sums[best]), int(window.offsets[i, 0]), int(window.offsets[j, 1]))


def _n_best(scores: FloatArray) -> NDArray[np.int64]:
    """Indices of the ``N_BEST`` largest finite scores, largest first, the first of equal ones first."""
    order = np.argsort(-scores, kind="stable")[:N_BEST]
    return order[np.isfinite(scores[order])]


@dataclass(slots=True)
class _Reading:
    """What the windows of one question have shown so far."""

    best: Span | None = None
    no_answer_score: float = np.inf

    def see(self, span: Span | None, no_answer_score: float) -> None:
        if span is not None and (self.best is None or span.score > self.best.score):
            self.best = span
        self.no_answer_score = min(self.no_answer_score, no_answer_score)


def answer(predictor: LabelPredictor, examples: Sequence[Example]) -> Predicted:
    """The best span of each context."""
    return _answers(predictor, examples, may_be_unanswered=False)


def answer_or_none(predictor: LabelPredictor, examples: Sequence[Example]) -> Predicted:
    """The best span of each context, or the empty text where no answer scores higher.

    No answer scores as much as the first special token does, in the window where that is least.
    """
    return _answers(predictor, examples, may_be_unanswered=True)


def _answers(predictor: LabelPredictor, examples: Sequence[Example], may_be_unanswered: bool) -> Predicted:
    if predictor.windows is None:
        raise RuntimeError("questions are read in windows, and no lengths of windows are given")
    lengths = WindowLengths(predictor.max_tokens, predictor.windows.stride, predictor.windows.max_question_tokens)
    windows = questions.encode(predictor.tokenizer, examples, lengths)
    readings = [_Reading() for _ in examples]
    scored: list[tuple[Span | None, float]] = [(None, np.inf)] * len(windows)
    device = next(predictor.head.parameters()).device
    with torch.inference_mode():
        sequences = [window.tokens for window in windows]
        for indices, batch in token_batches(predictor.encoder, sequences, predictor.tokenizer.pad_id, device):
            scores = questions.logits(predictor.encoder, predictor.head, batch).cpu().numpy()
            for index, of_window in zip(indices.tolist(), scores, strict=True):
                no_answer = float(of_window[questions.NO_ANSWER_POSITION].sum())
                scored[index] = best_span(windows[index], of_window), no_answer
    for window, (span, no_answer) in zip(windows, scored, strict=True):
        readings[window.example_index].see(span, no_answer)
    predictions: dict[str, Prediction] = {
        example.id: _text(example, reading, may_be_unanswered)
        for example, reading in zip(examples, readings, strict=True)
    }
    return Predicted(predictions, sum(map(len, sequences)))


def _text(example: Example, reading: _Reading, may_be_unanswered: bool) -> str:
    best = reading.best
    if best is None or not isinstance(example, QuestionExample):
        return ""
    if may_be_unanswered and reading.no_answer_score > best.score:
        return ""
    return example.context[best.start : best.stop]
