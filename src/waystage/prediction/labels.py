"""Labels of sentences and tags of words. Torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from waystage.data.examples import Example, TaggedExample
from waystage.encoders.model import Encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds import classification, tagging
from waystage.metrics.metric import Prediction
from waystage.prediction.batches import token_batches
from waystage.prediction.predicted import Predicted
from waystage.study.study import Windows
from waystage.tasks.kinds import PAIR_CLASSIFICATION, SENTENCE_CLASSIFICATION, TAGGING, Kind


@dataclass(frozen=True, slots=True)
class LabelPredictor:
    """An encoder with a trained head; ``pooling`` is what that was trained on, where it reads one vector a sequence."""

    encoder: Encoder
    head: nn.Module
    tokenizer: SubwordTokenizer
    labels: tuple[str, ...]
    max_tokens: int
    windows: Windows | None = None
    pooling: Pooling = Pooling.MEAN

    def classify(self, examples: Sequence[Example]) -> Predicted:
        """The best label of each sentence or pair."""
        sequences = classification.encode(self.tokenizer, examples, self.max_tokens)
        device = next(self.head.parameters()).device
        best = np.zeros(len(sequences), np.int64)
        with torch.inference_mode():
            for indices, batch in token_batches(self.encoder, sequences, self.tokenizer.pad_id, device):
                scores = classification.logits(self.encoder, self.head, batch, self.pooling)
                best[indices] = scores.argmax(dim=1).cpu().numpy()
        predictions: dict[str, Prediction] = {
            example.id: self.labels[index] for example, index in zip(examples, best, strict=True)
        }
        return Predicted(predictions, sum(map(len, sequences)))

    def tag(self, examples: Sequence[Example]) -> Predicted:
        """The best tag of each word; the parts of a long sentence are put together again."""
        parts = tagging.encode(self.tokenizer, examples, self.max_tokens)
        sequences = [part.words.tokens for part in parts]
        device = next(self.head.parameters()).device
        tags: list[list[str]] = [
            [""] * len(example.words) if isinstance(example, TaggedExample) else [] for example in examples
        ]
        with torch.inference_mode():
            for indices, batch in token_batches(self.encoder, sequences, self.tokenizer.pad_id, device):
                chosen = [parts[index] for index in indices]
                rows, positions = tagging.first_subword_places(chosen)
                scores = tagging.logits(self.encoder, self.head, batch, rows.to(device), positions.to(device))
                self._place(tags, chosen, scores.argmax(dim=1).cpu().tolist())
        predictions: dict[str, Prediction] = {
            example.id: tuple(words) for example, words in zip(examples, tags, strict=True)
        }
        return Predicted(predictions, sum(map(len, sequences)))

    def _place(self, tags: list[list[str]], parts: Sequence[tagging.SentencePart], best: Sequence[int]) -> None:
        at = 0
        for part in parts:
            for offset in range(len(part.words.first_subwords)):
                tags[part.example_index][part.words.first_word + offset] = self.labels[best[at]]
                at += 1


LABEL_DECODERS: dict[Kind, Callable[[LabelPredictor, Sequence[Example]], Predicted]] = {
    SENTENCE_CLASSIFICATION: LabelPredictor.classify,
    PAIR_CLASSIFICATION: LabelPredictor.classify,
    TAGGING: LabelPredictor.tag,
}
"""How the outputs of a head become predictions."""
