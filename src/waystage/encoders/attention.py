"""Attention over sequences of different lengths that lie one after the other, without padding. Torch.

Padding costs as much as text in every product of matrices. In a batch that is *laid out* as one row ``[1, n_tokens]``,
there is none: the layers see tokens only, and attention goes over stretches of sequences of equal length, which needs
neither copies nor masks. The function that is computed is that of the padded batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from waystage.encoders.dropout import StreamedDropout

ATTENTION_NAME = "waystage"
"""Under which transformers knows :func:`attend`."""

ARCHITECTURES = frozenset({"bert", "roberta", "xlm-roberta"})
"""Those whose layers hand everything to the function of attention, and take the positions of tokens as an input."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sequences of equal length, one after the other."""

    n_sequences: int
    length: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tokens of a padded batch ``[n_sequences, n_positions]`` stand in a row, sequences by their length.

    Attributes:
        places: index of each token in the flattened batch, ``[n_tokens]``.
        positions: position of each token in its sequence, ``[n_tokens]``.
        stretches: which tokens belong together.
    """

    places: Tensor
    positions: Tensor
    stretches: tuple[Stretch, ...]

    @classmethod
    def of(cls, lengths: Tensor, n_positions: int) -> Layout:
        """The layout of sequences padded on the right.

        >>> layout = Layout.of(torch.tensor([2, 1, 2]), 3)
        >>> layout.places.tolist(), layout.positions.tolist()
        ([3, 0, 1, 6, 7], [0, 0, 1, 0, 1])
        >>> [(stretch.n_sequences, stretch.length) for stretch in layout.stretches]
        [(1, 1), (2, 2)]
        """
        sizes = lengths.numpy()
        rows = np.argsort(sizes, kind="stable")
        starts = np.cumsum(sizes[rows]) - sizes[rows]
        positions = np.arange(int(sizes.sum())) - np.repeat(starts, sizes[rows])
        places = np.repeat(rows * n_positions, sizes[rows]) + positions
        values, counts = np.unique(sizes, return_counts=True)
        stretches = [Stretch(count, length) for length, count in zip(values.tolist(), counts.tolist(), strict=True)]
        return cls(torch.from_numpy(places), torch.from_numpy(positions), tuple(stretches))


def attend(  # noqa: PLR0913 - the signature is that of transformers
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    stretches: tuple[Stretch, ...] = (),
    **others: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers' layers call it: states ``[n, n_heads, n_positions, head_size]``, heads last after.

    Without ``stretches`` this is transformers' own function over torch's fused attention.
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    is_streamed = dropout > 0.0 and query.device.type == "cpu" and isinstance(dropout_of(module), StreamedDropout)
    if not stretches and (not is_streamed or attention_mask is not None):
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
    inputs = [part.transpose(1, 2) for part in (query, key, value)]
    if not stretches:
        return _attend_equal(module, inputs, dropout, scaling), None
    sizes = [stretch.n_sequences * stretch.length for stretch in stretches]
    parts = []
    # Torch puts the gradients of pieces together in one pass; those of slices it would sum, each as long as the row.
    for stretch, *pieces in zip(stretches, *(torch.split(part.squeeze(0), sizes) for part in inputs), strict=True):
        cut = [piece.unflatten(0, (stretch.n_sequences, stretch.length)) for piece in pieces]
        parts.append(_attend_equal(module, cut, dropout, scaling).flatten(0, 1))
    return torch.cat(parts).unsqueeze(0), None


def _attend_equal(module: nn.Module, inputs: list[Tensor], dropout: float, scaling: float | None) -> Tensor:
    """Attention over sequences of equal length; everything is ``[n, length, n_heads, head_size]``."""
    query, key, value = (part.transpose(1, 2) for part in inputs)
    drop = dropout_of(module)
    if dropout == 0.0 or not isinstance(drop, StreamedDropout):
        states = nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout, scale=scaling)
        return states.transpose(1, 2)
    n, n_heads, length, size = query.shape
    factor = size**-0.5 if scaling is None else scaling
    flat = [part.reshape(n * n_heads, length, size) for part in (query * factor, key, value)]
    weights = drop(torch.softmax(torch.bmm(flat[0], flat[1].transpose(1, 2)), dim=-1))
    return torch.bmm(weights, flat[2]).view(n, n_heads, length, size).transpose(1, 2)


def dropout_of(module: nn.Module) -> object:
    """The dropout of the weights of an attention module."""
    return getattr(module, "dropout", None)


def use_attention(model: Any) -> bool:
    """Let a model of a known architecture use :func:`attend`; whether it does."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    config = model.config
    is_known = config.model_type in ARCHITECTURES and not getattr(config, "is_decoder", False)
    if not is_known or config._attn_implementation not in ("sdpa", ATTENTION_NAME):
        return False
    AttentionInterface.register(ATTENTION_NAME, attend)
    AttentionMaskInterface.register(ATTENTION_NAME, sdpa_mask)
    model.set_attn_implementation(ATTENTION_NAME)
    return True
