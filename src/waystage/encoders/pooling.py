"""Token states to one sentence vector. Torch."""

from __future__ import annotations

from enum import Enum

from torch import Tensor


class Pooling(Enum):
    """How the states of a sentence become one vector."""

    MEAN = "mean"
    CLS = "cls"

    def pool(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors ``[n, hidden]`` from states ``[n, positions, hidden]`` and a mask ``[n, positions]``.

        ``MEAN`` averages over all tokens, special tokens included, as XTREME's Tatoeba script does; ``CLS`` takes the
        first token.

        >>> import torch
        >>> states = torch.tensor([[[1.0], [3.0], [9.0]]]); mask = torch.tensor([[True, True, False]])
        >>> Pooling.MEAN.pool(states, mask).tolist(), Pooling.CLS.pool(states, mask).tolist()
        ([[2.0]], [[1.0]])
        """
        if self is Pooling.CLS:
            return states[:, 0]
        weights = attention_mask.to(states.dtype).unsqueeze(-1)
        return (states * weights).sum(dim=1) / weights.sum(dim=1)


POOLING_NAMES = tuple(pooling.value for pooling in Pooling)
