"""Extractive question answering: the first and the last token of the answer, in windows over the context.

A window that does not show the answer, and a question without one, point at the first special token (Devlin et al.
2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from waystage.data.examples import Example, QuestionExample
from waystage.encoders.heads import SpanHead
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.windows import Window, WindowLengths, encode_windows, token_span
from waystage.errors import DataError
from waystage.kinds.objective import Indices, MicroBatch, TokenObjective

NO_ANSWER_POSITION = 0


def encode(tokenizer: SubwordTokenizer, examples: Sequence[Example], lengths: WindowLengths) -> list[Window]:
    """One or more windows a question, in order."""
    questions = [example for example in examples if isinstance(example, QuestionExample)]
    return encode_windows(tokenizer, [q.question for q in questions], [q.context for q in questions], lengths)


def logits(encoder: Encoder, head: nn.Module, batch: TokenBatch) -> Tensor:
    """Scores of positions as first and last of the answer, ``[n_windows, n_positions, 2]``; -inf at padding."""
    scores: Tensor = head(encoder(batch))
    return scores.masked_fill(~batch.attention_mask.unsqueeze(2), float("-inf"))


class SpanObjective(TokenObjective):
    """Mean of the cross-entropies of the first and the last token of the answer.

    Of several accepted answers the first is learned.

    Raises:
        DataError: answers are withheld, or a question has none and ``is_always_answered``.
    """

    def __init__(
        self,
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        lengths: WindowLengths,
        is_always_answered: bool,
    ) -> None:
        windows = encode(tokenizer, examples, lengths)
        super().__init__(tokenizer, [window.tokens for window in windows])
        self.example_ids = [examples[window.example_index].id for window in windows]
        spans = [_gold_characters(example, is_always_answered) for example in examples]
        self._targets = np.array([_positions(window, spans[window.example_index]) for window in windows], np.int64)

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A head of spans."""
        return SpanHead(encoder.hidden_size, 2, dropout, generator)

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[n_windows, 2]``, the positions of the first and the last token."""
        targets = torch.from_numpy(self._targets[indices]).to(device)
        return MicroBatch(self.tokens(indices, device), targets, len(indices))

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over windows."""
        scores = logits(encoder, head, batch.tokens)
        first = nn.functional.cross_entropy(scores[..., 0], batch.targets[:, 0], reduction="sum")
        last = nn.functional.cross_entropy(scores[..., 1], batch.targets[:, 1], reduction="sum")
        return (first + last) / 2


def _gold_characters(example: Example, is_always_answered: bool) -> tuple[int, int] | None:
    answers = example.answers if isinstance(example, QuestionExample) else None
    if answers is None:
        raise DataError(f"example {example.id}: its answers are withheld")
    if answers:
        return answers[0].start, answers[0].stop
    if is_always_answered:
        found = "it has no answer in its context"
        raise DataError(f"example {example.id}: {found}; such tasks are of the kind extractive-qa-or-none")
    return None


def _positions(window: Window, characters: tuple[int, int] | None) -> tuple[int, int]:
    span = None if characters is None else token_span(window.offsets, *characters)
    if span is None:
        return NO_ANSWER_POSITION, NO_ANSWER_POSITION
    return window.first_position + span[0], window.first_position + span[1]
