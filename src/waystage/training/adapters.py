"""Low-rank adapters in place of full matrices: added before a stage, folded into the weights after it. Torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from waystage.encoders.model import Encoder
from waystage.errors import StageError
from waystage.study.study import Lora

_ALL_LINEAR = "all-linear"


def add_adapters(encoder: Encoder, lora: Lora, seed: int) -> Any:
    """Freeze ``encoder`` and give its linear layers low-rank updates ``B A alpha / rank`` that are trained instead.

    ``B`` starts at zero, so the encoder reads as before; ``A`` is a function of ``seed``. Hu et al. (2022), by the
    peft library.

    Returns:
        What :func:`merge_adapters` folds in.

    Raises:
        StageError: peft is not installed, or the encoder has no layer of a name in ``lora.modules``.
    """
    try:
        from peft import LoraConfig
        from peft.tuners.lora import LoraModel
    except ImportError:
        raise StageError("training.lora needs the package peft: pip install 'waystage[lora]'") from None
    names = list(lora.modules) or _ALL_LINEAR
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=names)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        try:
            return LoraModel(encoder.model, config, "default")
        except ValueError:
            raise StageError(_no_such_layer(encoder.model, lora)) from None


def merge_adapters(encoder: Encoder, adapters: Any) -> None:
    """Fold what was learned into the weights; the encoder has the tensors of its architecture again, and no others."""
    encoder.model = adapters.merge_and_unload(safe_merge=True)


def _no_such_layer(model: nn.Module, lora: Lora) -> str:
    names = {name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, nn.Linear)}
    return f"training.lora.modules: none of {', '.join(lora.modules)} is a linear layer; {', '.join(sorted(names))} are"
