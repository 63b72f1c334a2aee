"""Which objective, head and decoder belong to a kind of task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from waystage.data.examples import Example
from waystage.encoders.heads import ClassificationHead, TaggingHead
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds.classification import ClassificationObjective
from waystage.kinds.objective import Objective
from waystage.kinds.tagging import TaggingObjective
from waystage.tasks.kinds import PAIR_CLASSIFICATION, SENTENCE_CLASSIFICATION, TAGGING, Kind


class MakeObjective(Protocol):
    """Makes the objective of a labelled training set."""

    def __call__(
        self, tokenizer: SubwordTokenizer, examples: Sequence[Example], labels: Sequence[str], max_tokens: int
    ) -> Objective:
        """The objective."""


OBJECTIVES: dict[Kind, MakeObjective] = {
    SENTENCE_CLASSIFICATION: ClassificationObjective,
    PAIR_CLASSIFICATION: ClassificationObjective,
    TAGGING: TaggingObjective,
}

_HEADS: dict[Kind, Callable[[int, int, float, torch.Generator], nn.Module]] = {
    SENTENCE_CLASSIFICATION: ClassificationHead,
    PAIR_CLASSIFICATION: ClassificationHead,
    TAGGING: TaggingHead,
}


def rebuild_head(kind: Kind, encoder: Encoder, n_labels: int, tensors: dict[str, Tensor]) -> nn.Module:
    """The head that a stage trained, in evaluation mode."""
    head = _HEADS[kind](encoder.hidden_size, n_labels, 0.0, torch.Generator())
    head.load_state_dict(tensors)
    return head.eval()
