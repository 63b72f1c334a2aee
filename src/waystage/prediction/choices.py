"""Multiple choice: the position of the choice with the highest score. Torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from waystage.data.examples import Example
from waystage.kinds import choices
from waystage.metrics.metric import Prediction
from waystage.prediction.batches import token_batches
from waystage.prediction.labels import LabelPredictor
from waystage.prediction.predicted import Predicted


def choose(predictor: LabelPredictor, examples: Sequence[Example]) -> Predicted:
    """The best choice of each example, the first among equals: its position from 0, as text."""
    sequences = choices.encode(predictor.tokenizer, examples, predictor.max_tokens)
    first = choices.first_sequences(examples)
    device = next(predictor.head.parameters()).device
    scores = np.zeros(len(sequences), np.float32)
    with torch.inference_mode():
        for indices, batch in token_batches(predictor.encoder, sequences, predictor.tokenizer.pad_id, device):
            of_batch = choices.logits(predictor.encoder, predictor.head, batch, predictor.pooling)
            scores[indices] = of_batch.cpu().numpy()
    predictions: dict[str, Prediction] = {
        example.id: str(int(scores[first[index] : first[index + 1]].argmax())) for index, example in enumerate(examples)
    }
    return Predicted(predictions, sum(map(len, sequences)))
