"""What one process does, and what it found; what both sides share."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speed.profile import Profile
from waystage.execution.worker import peak_memory_bytes

SEED = 7
LENGTH = 128
BATCH = {"fine-tuning": 32, "masked-lm": 8, "prediction": 64}
DEFAULT = "trainer, example default"
BEST = "trainer, best options"
BFLOAT16 = ", bfloat16"
THROUGHOUT = BFLOAT16 + " throughout"


@dataclass(frozen=True)
class Task:
    """What one process does; ``is_check``: losses are wanted, ``is_profile``: where the time goes, not speed."""

    topic: str
    variant: str
    encoder_dir: str
    n_layers: int
    n_threads: int
    n_steps: int = 1
    is_check: bool = False
    is_profile: bool = False
    sentences: str = "vader-sentiment"


@dataclass(frozen=True)
class Result:
    """What one process found.

    ``n_tokens`` carry text; ``flops`` are those of the matrices on them; rates of products are in operations a second.
    """

    n_tokens: int
    seconds: float
    flops: float
    own_rate: float
    peak_gigabytes: float
    losses: list[float] = field(default_factory=list)
    hot_rate: float = 0.0
    milliseconds: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.n_tokens / self.seconds

    @property
    def hot_share(self) -> float:
        """Of the rate of products whose operands stay in the cache."""
        return self.flops / self.seconds / self.hot_rate

    @property
    def own_share(self) -> float:
        """Of the rate of the model's own products."""
        return self.flops / self.seconds / self.own_rate


class Memory:
    """What a process holds above what it held when this was made, in gigabytes."""

    def __init__(self) -> None:
        import psutil

        self._before = psutil.Process().memory_info().rss

    def peak(self) -> float:
        """The most so far."""
        return (peak_memory_bytes() - self._before) / 2**30


@dataclass
class Clock:
    """Ends of steps. Text is counted where a step ends. A profile is one of the steps after the first."""

    task: Task
    ends: list[float] = field(default_factory=list)
    profile: Profile = field(default_factory=Profile)

    def tick(self) -> None:
        """A step has ended."""
        self.ends.append(time.perf_counter())
        if self.task.is_profile and len(self.ends) == 1:
            self.profile.start()
        if self.task.is_profile and len(self.ends) == self.task.n_steps:
            self.profile.stop()

    @property
    def seconds(self) -> float:
        """From the end of the first step to that of the last."""
        return self.ends[-1] - self.ends[0]


def sentences_task(task: Task) -> Any:
    """The task whose sentences are read."""
    from waystage.tasks import home_intents, vader_sentiment

    return {"vader-sentiment": vader_sentiment, "home-intents": home_intents}[task.sentences].TASK


def texts(task: Task) -> list[Any]:
    """Short English sentences with labels, from an installed package."""
    from waystage.data.source import Place

    place = Place(study_dir=Path(task.encoder_dir), cache_dir=Path(task.encoder_dir) / "cache")
    return list(sentences_task(task).source.read("train", "en", place))[:1600]


def flops(task: Task, n_tokens: int, mean_length: float) -> float:
    """Operations of the layers' matrices; a backward pass has twice those of the forward pass."""
    from waystage.encoders.sources import encoder_source

    folder = Path(task.encoder_dir)
    shape = encoder_source(task.encoder_dir, None, False, folder).shape()
    return shape.forward_flops(n_tokens, mean_length, task.n_layers) * (1 if task.topic == "prediction" else 3)


def median_seconds(run: Callable[[], object], n: int) -> float:
    """The time of one call."""
    times = []
    for _ in range(n):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def best_hot_rate(task: Task) -> float:
    """Operations a second of [512, h] x [h, 4h], always the same operands."""
    import torch

    hidden = 384
    left, right = torch.randn(512, hidden), torch.randn(hidden, 4 * hidden)
    return 2 * 512 * hidden * 4 * hidden / median_seconds(lambda: left @ right, 200)


def own_rate(task: Task, n_tokens: int) -> float:
    """Operations a second of the products of 12 layers over ``n_tokens``, as a step has them, nothing in between."""
    import torch

    hidden = 384
    sizes = [(hidden, hidden)] * 4 + [(hidden, 4 * hidden), (4 * hidden, hidden)]
    layers = [
        [(torch.randn(n_tokens, i), torch.randn(o, i), torch.randn(o), torch.randn(n_tokens, o)) for i, o in sizes]
        for _ in range(12)
    ]

    def forward() -> None:
        for layer in layers:
            for x, weight, bias, _ in layer:
                torch.addmm(bias, x, weight.T)

    def backward() -> None:
        for layer in layers:
            for x, weight, _, gradient in layer:
                gradient @ weight
                gradient.T @ x

    def step() -> None:
        forward()
        if task.topic != "prediction":
            backward()

    step()
    n_operations = sum(2 * n_tokens * i * o for i, o in sizes) * 12 * (1 if task.topic == "prediction" else 3)
    return n_operations / median_seconds(step, 5)
