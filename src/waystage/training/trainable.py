"""What is being trained: an encoder and a head, as named tensors that can be saved, restored and compared. Torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from waystage.encoders.dropout import NoiseStream, stream_dropout
from waystage.encoders.model import Encoder
from waystage.study.study import Training


@dataclass(frozen=True, slots=True)
class Trainable:
    """An encoder with a head; ``noise`` is what their dropout draws from, once it is told to."""

    encoder: Encoder
    head: nn.Module
    noise: NoiseStream = field(default_factory=NoiseStream)

    def parameters(self) -> dict[str, nn.Parameter]:
        """Parameters that are trained, by a stable name (``encoder.…`` or ``head.…``)."""
        named = [(f"encoder.{name}", parameter) for name, parameter in self.encoder.model.named_parameters()]
        named += [(f"head.{name}", parameter) for name, parameter in self.head.named_parameters()]
        return {name: parameter for name, parameter in named if parameter.requires_grad}

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Give the trained parameters the values that they had before, by the names of :meth:`parameters`."""
        with torch.no_grad():
            for name, parameter in self.parameters().items():
                parameter.copy_(values[name])

    def stream_dropout(self) -> None:
        """Let all dropout draw from ``noise``, to be started anew at each step."""
        for part in (self.encoder, self.head):
            stream_dropout(part, self.noise)

    def set_training(self, is_training: bool) -> None:
        """Switch dropout on or off."""
        self.encoder.train(is_training)
        self.head.train(is_training)


def make_optimiser(trainable: Trainable, training: Training) -> torch.optim.AdamW:
    """AdamW (eps 1e-8) with decoupled weight decay on matrices only: not on biases, norms and embeddings."""
    decayed: list[Tensor] = []
    others: list[Tensor] = []
    for name, parameter in trainable.parameters().items():
        is_matrix = parameter.ndim >= 2 and "embeddings" not in name
        (decayed if is_matrix else others).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": training.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=training.learning_rate, eps=1e-8, fused=True
    )


def set_dropout(module: nn.Module, probability: float | None) -> None:
    """Set every dropout of ``module``; None leaves them.

    Attention dropout of transformers models is a plain number of its own, so it is set as well.
    """
    if probability is None:
        return
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = probability
        for name in ("attention_dropout", "dropout_prob"):
            if isinstance(getattr(part, name, None), float):
                setattr(part, name, probability)
