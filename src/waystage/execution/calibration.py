"""How fast this machine runs the encoder: measured once in a few seconds, remembered in the store."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from waystage.encoders.registry import EncoderShape
from waystage.plan.versions import package_versions
from waystage.store.canonical import canonical_json
from waystage.store.store import Store
from waystage.study.study import Precision

_BATCH, _LENGTH = 32, 16
_SECONDS = 0.6
_MIN_CALLS = 8
# Below this the difference may be the machine's noise, and float32 has the smaller rounding.
_LEAST_GAIN = 1.1


@dataclass(frozen=True, slots=True)
class MachineRates:
    """What a machine does per second.

    Attributes:
        training_flops: floating-point operations a second in training steps.
        prediction_flops: the same in forward passes.
        start_seconds: time to import and load what the first job needs.
    """

    training_flops: float
    prediction_flops: float
    start_seconds: float


def machine_rates(store: Store, shape: EncoderShape, n_threads: int) -> MachineRates:
    """The rates of this machine, measured when they are not remembered.

    The measurement runs a transformers BERT of the encoder's sizes (4 layers, random weights) on short sequences.
    """
    memo, key = store.memo("rates"), _key(shape, n_threads)
    known = memo.get(key)
    if isinstance(known, dict):
        return MachineRates(**known)
    rates = _measure(shape, n_threads)
    memo.put(key, asdict(rates))
    return rates


def faster_precision(store: Store, shape: EncoderShape, n_threads: int) -> tuple[Precision, float]:
    """The faster numbers for training here, and how many times faster bfloat16 is than float32 (below 1: slower).

    Measured in pairs as :func:`machine_rates` measures, when it is not remembered. Processors without instructions for
    bfloat16 convert at every step: never assume that it gains.
    """
    memo, key = store.memo("precision"), _key(shape, n_threads)
    gain = memo.get(key)
    if not isinstance(gain, float):
        gain = bfloat16_gain(shape, n_threads)
        memo.put(key, gain)
    return (Precision.BFLOAT16 if gain > _LEAST_GAIN else Precision.FLOAT32), gain


def _key(shape: EncoderShape, n_threads: int) -> str:
    facts = [
        platform.processor(),
        platform.machine(),
        os.cpu_count(),
        n_threads,
        package_versions(),
        asdict(shape),
    ]
    return canonical_json(facts).decode("utf-8")


def _measure(shape: EncoderShape, n_threads: int) -> MachineRates:
    started = time.monotonic()
    import torch
    from transformers import BertModel  # noqa: F401  (what the first job imports)

    start_seconds = time.monotonic() - started
    model, ids, flops = _probe(shape, n_threads)

    def predict() -> None:
        with torch.inference_mode():
            model(ids)

    model.train()
    training = 3 * flops / _seconds_of(_training_step(model, ids, torch.float32))
    model.eval()
    prediction = flops / _seconds_of(predict)
    return MachineRates(training, prediction, start_seconds)


def bfloat16_gain(shape: EncoderShape, n_threads: int) -> float:
    """How many times faster a training step is in bfloat16 than in float32; below 1: slower."""
    import torch

    model, ids, _ = _probe(shape, n_threads)
    seconds = [_seconds_of(_training_step(model, ids, dtype)) for dtype in (torch.float32, torch.bfloat16)]
    return seconds[0] / seconds[1]


def _probe(shape: EncoderShape, n_threads: int) -> tuple[Any, Any, float]:
    """A BERT of the encoder's sizes (4 layers, random weights), a batch, and the operations of a forward pass."""
    import torch
    from transformers import BertConfig, BertModel

    from waystage.encoders.model import computing_device

    torch.set_num_threads(n_threads)
    n_layers = min(4, shape.n_layers)
    config = BertConfig(
        vocab_size=1000,
        hidden_size=shape.hidden_size,
        num_hidden_layers=n_layers,
        num_attention_heads=max(1, shape.hidden_size // 32),
        intermediate_size=shape.intermediate_size,
    )
    device = computing_device()
    ids = torch.ones(_BATCH, _LENGTH, dtype=torch.int64, device=device)
    flops = shape.forward_flops(_BATCH * _LENGTH, _LENGTH, n_layers)
    return BertModel(config, add_pooling_layer=False).to(device), ids, flops


def _training_step(model: Any, ids: Any, dtype: Any) -> Callable[[], None]:
    import torch

    optimiser = torch.optim.AdamW(model.parameters(), fused=True)

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=dtype is torch.bfloat16):
            states = model(ids).last_hidden_state
        states.float().square().mean().backward()
        optimiser.step()

    return step


def _seconds_of(action: Callable[[], None]) -> float:
    """Seconds of one call when nothing else disturbs it: the lower quartile of many; the first two warm up."""
    action()
    action()
    ends, times = time.perf_counter() + _SECONDS, list[float]()
    while len(times) < _MIN_CALLS or time.perf_counter() < ends:
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 4]
