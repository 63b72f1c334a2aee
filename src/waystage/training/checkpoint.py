"""A finished stage on disk: only what differs from the pretrained encoder. Torch.

``weights.safetensors`` holds the trained tensors of the encoder (``encoder.…``), the rows of the token embeddings that
any stage of the chain has trained (``rows.ids``, ``rows.values``), the head of the task (``head.…``) and the masked-LM
head that a stage of the chain has trained last (``lm_head.…``, over the whole vocabulary). It is cumulative: the
encoder and this one file give the model, whatever chain of stages led to it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from waystage.encoders.known_head import HeadOrigin, KnownHead, continued
from waystage.encoders.model import Encoder
from waystage.errors import Problem, StoreError, first_line
from waystage.store.files import writing_tensors

WEIGHTS_NAME = "weights.safetensors"
_ENCODER, _HEAD, _KNOWN_HEAD = "encoder.", "head.", "lm_head."
_ROW_IDS, _ROW_VALUES = "rows.ids", "rows.values"

PutRows = Callable[[Encoder, Tensor | None, Tensor | None], None]
"""Lets an encoder read these rows ``[n_rows, hidden_size]`` for these token ids ``[n_rows]``, which ascend, if any."""


def copy_encoder(pretrained: Encoder, n_layers: int | None) -> Encoder:
    """A copy that may be trained, with the first ``n_layers`` layers; the token embeddings are shared until written.

    Raises:
        StoreError: the encoder has fewer layers.
    """
    table = pretrained.token_embeddings.weight
    # The same memory, but another parameter: a copy that goes to a GPU does not take the table along.
    shared = nn.Parameter(table.detach(), requires_grad=table.requires_grad)
    encoder = copy.deepcopy(pretrained, memo={id(table): shared})
    if n_layers is not None and n_layers != encoder.n_layers:
        _truncate(encoder, n_layers)
    return encoder


def _truncate(encoder: Encoder, n_layers: int) -> None:
    """Keep the first layers of whatever list of layers the architecture has."""
    n_before = encoder.n_layers
    for part in encoder.model.modules():
        for name, child in part.named_children():
            if isinstance(child, nn.ModuleList) and len(child) == n_before:
                setattr(part, name, child[:n_layers])
                encoder.config.num_hidden_layers = n_layers
                return
    raise StoreError(f"{type(encoder.model).__name__} has no list of {n_before} layers to take the first {n_layers} of")


def write_into_copy(encoder: Encoder, token_ids: Tensor | None, rows: Tensor | None) -> None:
    """Give an encoder a table of its own with these rows, unless there are none."""
    if token_ids is None or rows is None:
        return
    table = encoder.token_embeddings.weight.detach().clone()
    table[token_ids] = rows
    replace_table(encoder, table)


def apply_weights(encoder: Encoder, path: Path, put_rows: PutRows = write_into_copy) -> dict[str, Tensor]:
    """Put the tensors of a finished stage into a copied encoder; returns those of its head.

    Layers that the encoder no longer has are passed over. Trained rows of the token embeddings, if any, go into a copy
    of the table, or where ``put_rows`` puts them: an encoder that only predicts needs no copy.

    Raises:
        StoreError: the file is no safetensors file.
    """
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        found = f"refused as weights: {first_line(error)}"
        raise StoreError(Problem(path, None, None, found, "a safetensors file")) from error
    parameters = dict(encoder.model.named_parameters())
    with torch.no_grad():
        for name, tensor in tensors.items():
            target = parameters.get(name.removeprefix(_ENCODER)) if name.startswith(_ENCODER) else None
            if target is not None:
                target.copy_(tensor)
        put_rows(encoder, tensors.get(_ROW_IDS), tensors.get(_ROW_VALUES))
    known = _below(_KNOWN_HEAD, tensors)
    if known:
        encoder.known_head = continued(encoder.known_head, known, encoder.norm_eps)
    return _below(_HEAD, tensors)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def replace_table(encoder: Encoder, table: Tensor) -> None:
    """Give ``encoder`` a token embedding table of its own."""
    padding_index = encoder.token_embeddings.padding_idx
    n_rows, hidden_size = table.shape
    encoder.replace_token_embeddings(nn.Embedding(n_rows, hidden_size, padding_index, _weight=table))


def save_weights(
    path: Path,
    encoder_tensors: Mapping[str, Tensor],
    head: Mapping[str, Tensor],
    known_head: KnownHead | None,
    rows: tuple[Tensor, Tensor],
) -> None:
    """Write a finished stage.

    Args:
        path: the file.
        encoder_tensors: trained tensors by their name in the model, token embeddings left out.
        head: tensors of the task's head; saved whole.
        known_head: the masked-LM head; not saved where it is the one that the encoder came with.
        rows: ids of the rows of the token embeddings that any stage has trained, ``[n_rows]``, ascending, and the full
            token embeddings ``[vocabulary_size, hidden_size]``.
    """
    tensors = {f"{_ENCODER}{name}": tensor for name, tensor in encoder_tensors.items()}
    tensors |= {f"{_HEAD}{name}": tensor for name, tensor in head.items()}
    if known_head is not None and known_head.origin is HeadOrigin.STAGE:
        tensors |= {f"{_KNOWN_HEAD}{name}": tensor for name, tensor in known_head.tensors.items()}
    row_ids, table = rows
    if len(row_ids):
        tensors[_ROW_IDS] = row_ids
        tensors[_ROW_VALUES] = table.detach()[row_ids]
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with writing_tensors(path):
        save_file(whole, path, metadata={"format": "pt"})


def trained_rows(path: Path) -> Tensor:
    """Row ids that a finished stage holds, possibly none."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        if _ROW_IDS in file.keys():  # noqa: SIM118
            rows: Tensor = file.get_tensor(_ROW_IDS)
            return rows
    return torch.empty(0, dtype=torch.int64)
