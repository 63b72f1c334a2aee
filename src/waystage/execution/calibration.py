"""How fast this machine runs the encoder: measured once in a few seconds, remembered in the store."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from waystage.encoders.registry import EncoderShape
from waystage.plan.versions import package_versions
from waystage.store.canonical import canonical_json
from waystage.store.store import Store

_BATCH, _LENGTH = 32, 16
_SECONDS = 0.6
_MIN_CALLS = 8


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
    facts = [
        platform.processor(),
        platform.machine(),
        os.cpu_count(),
        n_threads,
        package_versions(),
        asdict(shape),
    ]
    memo, key = store.memo("rates"), canonical_json(facts).decode("utf-8")
    known = memo.get(key)
    if isinstance(known, dict):
        return MachineRates(**known)
    rates = _measure(shape, n_threads)
    memo.put(key, asdict(rates))
    return rates


def _measure(shape: EncoderShape, n_threads: int) -> MachineRates:
    started = time.monotonic()
    import torch
    from transformers import BertConfig, BertModel

    start_seconds = time.monotonic() - started
    torch.set_num_threads(n_threads)
    n_layers = min(4, shape.n_layers)
    config = BertConfig(
        vocab_size=1000,
        hidden_size=shape.hidden_size,
        num_hidden_layers=n_layers,
        num_attention_heads=max(1, shape.hidden_size // 32),
        intermediate_size=shape.intermediate_size,
    )
    model = BertModel(config, add_pooling_layer=False)
    ids = torch.ones(_BATCH, _LENGTH, dtype=torch.int64)
    flops = shape.forward_flops(_BATCH * _LENGTH, _LENGTH, n_layers)
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)

    def train() -> None:
        optimiser.zero_grad()
        model(ids).last_hidden_state.square().mean().backward()
        optimiser.step()

    def predict() -> None:
        with torch.inference_mode():
            model(ids)

    model.train()
    training = 3 * flops / _seconds_of(train)
    model.eval()
    prediction = flops / _seconds_of(predict)
    return MachineRates(training, prediction, start_seconds)


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
