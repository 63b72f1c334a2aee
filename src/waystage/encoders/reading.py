"""What training reads, and the floating-point operations that this takes. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.encoders.registry import EncoderShape

# A backward pass costs twice a forward pass.
_TRAINING_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read in training.

    Attributes:
        n_examples: what batches are counted in: sequences, or examples of several sequences.
        n_tokens: tokens of text, special tokens included and padding not.
        n_pairs: pairs of tokens that attention compares: the sum of the squared lengths of all sequences.
        n_rows: tokens over which the softmax of masked language modelling runs; 0 for tasks.
    """

    n_examples: int
    n_tokens: int
    n_pairs: int
    n_rows: int = 0

    @property
    def tokens_per_example(self) -> float:
        """Mean length."""
        return self.n_tokens / self.n_examples

    @property
    def attended_length(self) -> float:
        """Tokens that a token attends to, in the mean."""
        return self.n_pairs / self.n_tokens


def training_flops(shape: EncoderShape, n_layers: int, reading: Reading, n_tokens: float, n_predicted: float) -> float:
    """Operations of forward and backward passes over ``n_tokens`` tokens of text that are like those of ``reading``.

    They are those of the layers, and of the output of masked language modelling at ``n_predicted`` positions (a dense
    layer and the logits). Heads of tasks, embeddings, norms and the optimiser are left out, and padding is not work.

    >>> shape = EncoderShape(12, 384, 1536, 250037)
    >>> full, occurring = (Reading(1, 128, 128**2, n_rows) for n_rows in (250037, 5000))
    >>> [round(training_flops(shape, 12, reading, 1e6, 15e4) / 1e12) for reading in (full, occurring)]
    [221, 136]
    """
    layers = shape.forward_flops(1, reading.attended_length, n_layers) * n_tokens
    output = 2.0 * shape.hidden_size * (shape.hidden_size + reading.n_rows) * n_predicted if reading.n_rows else 0.0
    return _TRAINING_FACTOR * (layers + output)
