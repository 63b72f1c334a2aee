"""Dropout whose random bits cost little, from a stream that is started anew at each step. Torch.

On a CPU, drawing from torch's generator takes more time than anything else in a step but the products of matrices. Here
an element is dropped where 16 random bits are below a threshold. A probability that is not a multiple of 2^-16 lies
between two thresholds; each mask takes the upper one with the probability that makes that of every element exact.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

_N_DRAWS = 1 << 16
_LOWEST_DRAW = -(1 << 15)
_DTYPES = (torch.float32, torch.bfloat16)


class NoiseStream:
    """Factors of dropout, one mask after the other; the same seed gives the same masks."""

    def __init__(self) -> None:
        self._bits = np.random.SFC64(0)

    def restart(self, seed: int) -> None:
        """Go on as a new stream with this seed."""
        self._bits = np.random.SFC64(seed)

    def factors(self, shape: torch.Size, probability: float, dtype: torch.dtype = torch.float32) -> Tensor:
        """Factors of ``shape``: 0 with ``probability`` (below 1), else 1 / (1 - ``probability``), rounded to ``dtype``.

        >>> stream = NoiseStream(); stream.restart(3)
        >>> factors = stream.factors(torch.Size([1000]), 0.5)
        >>> factors.unique().tolist(), 400 < int((factors == 0).sum()) < 600
        ([0.0, 2.0], True)
        """
        n_elements = shape.numel()
        words = self._bits.random_raw(1 + -(-n_elements // 4))
        draws = torch.from_numpy(words[1:].view(np.int16))[:n_elements].view(shape)
        below, remainder = divmod(probability * _N_DRAWS, 1.0)
        takes_upper = int(words[0]) * 2.0**-64 < remainder
        kept = torch.ge(draws, _LOWEST_DRAW + int(below) + takes_upper, out=torch.empty(shape, dtype=dtype))
        return kept.mul_(1.0 / (1.0 - probability))


class StreamedDropout(nn.Dropout):
    """Dropout with the factors of a stream on the CPU, and torch's own elsewhere."""

    def __init__(self, probability: float, stream: NoiseStream) -> None:
        super().__init__(probability)
        self._stream = stream

    def forward(self, input: Tensor) -> Tensor:
        """Drop and scale while training."""
        if not self.training or self.p == 0.0:
            return input
        if input.device.type != "cpu" or input.dtype not in _DTYPES or self.p == 1.0:
            return super().forward(input)
        return input * self._stream.factors(input.shape, self.p, input.dtype)


def stream_dropout(module: nn.Module, stream: NoiseStream) -> None:
    """Let every dropout inside ``module`` take its factors from ``stream``."""
    for part in module.modules():
        for name, child in part.named_children():
            if type(child) is nn.Dropout:
                setattr(part, name, StreamedDropout(child.p, stream).train(child.training))
