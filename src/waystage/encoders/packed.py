"""The layers of an encoder for predictions in bfloat16 on a CPU. Torch.

Outside the products of matrices, a pass in bfloat16 spends its time on what stands between them: rounding the weights
for every batch, adding biases, GELU as a pass of its own over the widest states. Here the weights are rounded and laid
out once, and bias and GELU are part of the product, computed in float32 before its result is rounded. Residuals and
norms are float32 throughout. Softmax, dropout (there is none) and order of operations are those of the architecture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from waystage.encoders.attention import ARCHITECTURES, Stretch

_ROWS = 64
"""Products have a multiple of so many rows: for each new number of them oneDNN compiles code for 20 ms."""


@dataclass(frozen=True, slots=True)
class _Product:
    """``x @ weight.T + bias`` in bfloat16, the weight laid out as oneDNN wants it."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, *layers: nn.Linear) -> _Product:
        """One product for layers that read the same states, their outputs side by side."""
        weight = torch.cat([layer.weight for layer in layers]).detach().bfloat16()
        bias = torch.cat([layer.bias for layer in layers]).detach().bfloat16()
        return cls(torch.ops.mkldnn._reorder_linear_weight(weight), bias)

    def __call__(self, states: Tensor, activation: str = "none") -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(states, self.weight, self.bias, activation, [], "none")
        return product


@dataclass(frozen=True, slots=True)
class _Layer:
    """Attention and feed-forward network of one layer, each followed by a residual and a norm."""

    query_key_value: _Product
    attention_output: _Product
    attention_norm: nn.LayerNorm
    up: _Product
    down: _Product
    norm: nn.LayerNorm
    n_heads: int

    @classmethod
    def of(cls, layer: Any) -> _Layer:
        attention, output = layer.attention.self, layer.attention.output
        return cls(
            _Product.of(attention.query, attention.key, attention.value),
            _Product.of(output.dense),
            output.LayerNorm,
            _Product.of(layer.intermediate.dense),
            _Product.of(layer.output.dense),
            layer.output.LayerNorm,
            attention.num_attention_heads,
        )

    def __call__(self, states: Tensor, stretches: tuple[Stretch, ...]) -> Tensor:
        attended = self._attend(self.query_key_value(states.bfloat16()), stretches)
        states = self.attention_norm(self.attention_output(attended).float().add_(states))
        wide = self.up(states.bfloat16(), "gelu")
        return self.norm(self.down(wide).float().add_(states))  # type: ignore[no-any-return]

    def _attend(self, projected: Tensor, stretches: tuple[Stretch, ...]) -> Tensor:
        """Attention over ``[n_rows, 3 * hidden_size]``: queries, keys and values side by side, tokens first."""
        n_rows, width = projected.shape
        attended = projected.new_empty(n_rows, width // 3)
        sizes = [stretch.n_sequences * stretch.length for stretch in stretches]
        n_tokens = sum(sizes)
        attended[n_tokens:] = 0.0
        cut, places = torch.split(projected[:n_tokens], sizes), torch.split(attended[:n_tokens], sizes)
        for stretch, pieces, place in zip(stretches, cut, places, strict=True):
            shape = (stretch.n_sequences, stretch.length, -1, self.n_heads, width // 3 // self.n_heads)
            query, key, value = pieces.view(shape).permute(2, 0, 3, 1, 4)
            found = nn.functional.scaled_dot_product_attention(query, key, value)
            place.view(shape).squeeze(2).copy_(found.transpose(1, 2))
        return attended


@dataclass(frozen=True, slots=True)
class PackedLayers:
    """The layers of an encoder of a known architecture, as they were when this was made."""

    layers: tuple[_Layer, ...]

    @classmethod
    def of(cls, model: Any) -> PackedLayers | None:
        """None where the architecture is another, or torch has no oneDNN that multiplies in bfloat16 here."""
        config = model.config
        if config.model_type not in ARCHITECTURES or config.hidden_act != "gelu" or not _has_products():
            return None
        if any(type(part) is not nn.Linear for part in _dense(model)):
            return None
        with torch.no_grad():
            return cls(tuple(map(_Layer.of, model.encoder.layer)))

    def __call__(self, states: Tensor, stretches: tuple[Stretch, ...], n_layers: int | None = None) -> Tensor:
        """States after the first ``n_layers``, or all: float32, ``[n_tokens, hidden_size]``, as are the embeddings."""
        n_tokens = len(states)
        states = nn.functional.pad(states, (0, 0, 0, -n_tokens % _ROWS))
        for layer in self.layers[:n_layers]:
            states = layer(states, stretches)
        return states[:n_tokens]


def _dense(model: Any) -> Iterator[nn.Module]:
    for layer in model.encoder.layer:
        attention = layer.attention.self
        yield from (attention.query, attention.key, attention.value)
        yield from (layer.attention.output.dense, layer.intermediate.dense, layer.output.dense)


def _has_products() -> bool:
    is_built = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(is_built and torch.ops.mkldnn._is_mkldnn_bf16_supported())
