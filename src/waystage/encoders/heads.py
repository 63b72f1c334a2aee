"""Heads that sit on an encoder. Each is created from a seed, never from a global generator. Torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_INITIAL_STD = 0.02


class ClassificationHead(nn.Module):
    """Scores of labels from a sentence vector: dense, tanh, dropout, linear (as RoBERTa's classification head)."""

    def __init__(self, hidden_size: int, n_labels: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, n_labels)
        initialise(self, generator)

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits ``[n, n_labels]`` from vectors ``[n, hidden_size]``."""
        hidden = torch.tanh(self.dense(self.dropout(vectors)))
        logits: Tensor = self.output(self.dropout(hidden))
        return logits


class TaggingHead(nn.Module):
    """Scores of tags from a token's state: dropout, linear."""

    def __init__(self, hidden_size: int, n_labels: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, n_labels)
        initialise(self, generator)

    def forward(self, states: Tensor) -> Tensor:
        """Logits ``[n, n_labels]`` from states ``[n, hidden_size]``."""
        logits: Tensor = self.output(self.dropout(states))
        return logits


class MultipleChoiceHead(ClassificationHead):
    """One score a choice from the vector of text and choice; however many choices there are."""

    def __init__(self, hidden_size: int, n_labels: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__(hidden_size, 1, dropout, generator)


class SpanHead(nn.Module):
    """Scores of a token as the first and as the last of an answer: linear, as BERT's head for SQuAD."""

    def __init__(self, hidden_size: int, n_labels: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.output = nn.Linear(hidden_size, 2)
        initialise(self, generator)

    def forward(self, states: Tensor) -> Tensor:
        """Logits ``[n, n_positions, 2]`` from states ``[n, n_positions, hidden_size]``."""
        logits: Tensor = self.output(states)
        return logits


class ScaleHead(nn.Module):
    """Inner products times a learned scale, which starts at 100 (XTREME-R's dual encoders: a plain number, no log)."""

    def __init__(self, hidden_size: int, n_labels: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), 100.0))

    def forward(self, similarities: Tensor) -> Tensor:
        """Logits from inner products, of the same shape."""
        return similarities * self.scale


class MaskedLanguageModelHead(nn.Module):
    """Scores of tokens from the state at a masked position: dense, activation, layer norm, product with the embeddings.

    The output matrix is the encoder's own table of token embeddings (tied), restricted to the rows in use.
    """

    def __init__(
        self, hidden_size: int, n_tokens: int, eps: float, generator: torch.Generator, activation: str = "gelu"
    ) -> None:
        super().__init__()
        from transformers.activations import ACT2FN

        self.dense = nn.Linear(hidden_size, hidden_size)
        self.activation = ACT2FN[activation]
        self.norm = nn.LayerNorm(hidden_size, eps=eps)
        self.bias = nn.Parameter(torch.zeros(n_tokens))
        initialise(self, generator)

    def forward(self, states: Tensor, embeddings: Tensor) -> Tensor:
        """Logits ``[n, n_tokens]`` from states ``[n, hidden_size]`` and embeddings ``[n_tokens, hidden_size]``."""
        hidden: Tensor = self.norm(self.activation(self.dense(states)))
        return torch.addmm(self.bias, hidden, embeddings.T)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """BERT's initialisation: weights normal with standard deviation 0.02, biases 0; norms are left at one and zero."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=_INITIAL_STD, generator=generator)
            nn.init.zeros_(part.bias)
