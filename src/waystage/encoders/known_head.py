"""Masked-LM heads that are known: the one that an encoder came with, and those that stages have trained. Torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from waystage.encoders.heads import MaskedLanguageModelHead


class HeadOrigin(StrEnum):
    """Where the head of a stage of continued pretraining started from."""

    NEW = "new"
    ENCODER = "that of the encoder"
    STAGE = "that of the stage before"


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A masked-LM head over the whole vocabulary, its output matrix being the token embeddings.

    Attributes:
        tensors: those of :class:`waystage.encoders.heads.MaskedLanguageModelHead`; ``bias`` has an entry for each row
            of the token embeddings.
        activation: between the dense layer and the norm, as transformers names it.
        eps: of the norm.
        origin: never ``NEW``.
    """

    tensors: dict[str, Tensor]
    activation: str
    eps: float
    origin: HeadOrigin

    def module(self, rows: Tensor | None = None) -> MaskedLanguageModelHead:
        """The head over the tokens ``rows`` (``[n_rows]``), or over all."""
        tensors = dict(self.tensors)
        if rows is not None:
            tensors["bias"] = tensors["bias"][rows]
        hidden_size = tensors["norm.weight"].shape[0]
        head = MaskedLanguageModelHead(hidden_size, len(tensors["bias"]), self.eps, torch.Generator(), self.activation)
        head.load_state_dict(tensors)
        return head.eval()


@dataclass(frozen=True, slots=True)
class _Names:
    """What an architecture calls the parts of its head; ``activation`` is an attribute of the configuration or None."""

    dense: str
    norm: str
    biases: tuple[str, ...]
    activation: str | None
    eps: str = "layer_norm_eps"


# Each has the same form: dense, activation, layer norm, product with the token embeddings, bias.
_NAMES = (
    _Names("lm_head.dense", "lm_head.layer_norm", ("lm_head.bias", "lm_head.decoder.bias"), None),
    _Names(
        "cls.predictions.transform.dense",
        "cls.predictions.transform.LayerNorm",
        ("cls.predictions.bias", "cls.predictions.decoder.bias"),
        "hidden_act",
    ),
    _Names("vocab_transform", "vocab_layer_norm", ("vocab_projector.bias",), "activation", ""),
    _Names("head.dense", "head.norm", ("decoder.bias",), "classifier_activation", "norm_eps"),
)
_DEFAULT_EPS = 1e-12


def read_known_head(folder: Path, config: Any, n_rows: int) -> KnownHead | None:
    """The masked-LM head in the weights of a transformers folder; None where there is none that can be kept.

    A head whose output matrix is not the token embeddings, or that has another form, cannot.
    """
    if not getattr(config, "tie_word_embeddings", True):
        return None
    tensors = _head_tensors(folder)
    for names in _NAMES:
        bias = next((tensors[name] for name in names.biases if name in tensors), None)
        weight = tensors.get(f"{names.dense}.weight")
        scale = tensors.get(f"{names.norm}.weight")
        if bias is None or weight is None or scale is None or len(bias) != n_rows or weight.shape[0] != len(scale):
            continue
        zeros = torch.zeros(len(scale))
        found = {
            "dense.weight": weight,
            "dense.bias": tensors.get(f"{names.dense}.bias", zeros),
            "norm.weight": scale,
            "norm.bias": tensors.get(f"{names.norm}.bias", zeros),
            "bias": bias,
        }
        return KnownHead(
            {name: tensor.float().clone() for name, tensor in found.items()},
            "gelu" if names.activation is None else str(getattr(config, names.activation, "gelu")),
            float(getattr(config, names.eps, _DEFAULT_EPS)) if names.eps else _DEFAULT_EPS,
            HeadOrigin.ENCODER,
        )
    return None


def _head_tensors(folder: Path) -> dict[str, Tensor]:
    from safetensors import safe_open

    wanted = {
        name
        for names in _NAMES
        for part in (names.dense, names.norm)
        for name in (f"{part}.weight", f"{part}.bias", *names.biases)
    }
    tensors: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            tensors |= {name: file.get_tensor(name) for name in wanted & set(file.keys())}
    return tensors


def continued(head: KnownHead | None, tensors: Mapping[str, Tensor], default_eps: float) -> KnownHead:
    """The head that a stage has trained, of the form of the one known before (``None``: a new one)."""
    activation, eps = (head.activation, head.eps) if head else ("gelu", default_eps)
    return KnownHead(dict(tensors), activation, eps, HeadOrigin.STAGE)
