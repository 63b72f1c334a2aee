"""How long a stage takes a token on this machine: measured once, by training a copy with random weights for a moment.

What is measured is the real thing but for the weights: the architecture, the data, the batches, the loop.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from waystage.errors import Interrupted
from waystage.plan.nodes import MixtureJob, PlainObjective, SupervisedJob
from waystage.plan.objectives import objective_spec
from waystage.plan.readings import Reader
from waystage.plan.versions import package_versions
from waystage.store.canonical import canonical_json
from waystage.study.study import Training

if TYPE_CHECKING:
    from waystage.kinds.objective import Strand

_VERSION = 1
_SEED = 0
_N_WARM_UP = 3
_MIN_STEPS = 10
_MAX_STEPS = 1000
_SECONDS = 5.0


@dataclass(slots=True)
class _Stopwatch:
    """Notes when steps end, and says when there are enough."""

    ends: list[float] = field(default_factory=list)

    def note(self, step: int, n_steps: int) -> None:
        """A step has ended."""
        self.ends.append(time.monotonic())

    def is_enough(self) -> bool:
        """Whether the steps after those that warm up are many enough and have taken long enough."""
        return len(self.ends) >= _N_WARM_UP + _MIN_STEPS and self.seconds >= _SECONDS

    @property
    def seconds(self) -> float:
        """Seconds of the steps after those that warm up."""
        return self.ends[-1] - self.ends[_N_WARM_UP - 1]


@dataclass(frozen=True, slots=True)
class Pacer:
    """Measures stages; what was measured is remembered in the store, so that one store has one pace.

    Attributes:
        n_threads: threads that training will have.
        n_layers: layers that are kept; None keeps all.
    """

    reader: Reader
    n_threads: int
    n_layers: int | None
    trust_remote_code: bool

    def seconds_per_token(self, objective: PlainObjective | MixtureJob, training: Training) -> float:
        """Seconds of training a token of text; for masked LM, of what is drawn for the budget of ``training``.

        Raises:
            StageError: a training step fails.
        """
        memo = self.reader.store.memo("paces")
        key = canonical_json([_VERSION, *self._machine(), *self._stage(objective, training)]).decode("utf-8")
        known = memo.get(key)
        if isinstance(known, float):
            return known
        pace = self._measure(objective, training)
        memo.put(key, pace)
        return pace

    def _machine(self) -> list[object]:
        return [platform.processor(), platform.machine(), os.cpu_count(), self.n_threads, package_versions()]

    def _stage(self, objective: PlainObjective | MixtureJob, training: Training) -> list[object]:
        how = {**asdict(training), "precision": training.precision.value}
        if isinstance(objective, SupervisedJob):
            for key in ("epochs", "steps", "tokens", "examples"):
                del how[key]
            return [self.reader.encoder_id, self.n_layers, objective.kind_name, objective.data.artefact_id, how]
        return [self.reader.encoder_id, self.n_layers, objective_spec(objective), how]

    def _measure(self, objective: PlainObjective | MixtureJob, training: Training) -> float:
        from waystage.encoders.model import random_encoder, use_threads
        from waystage.training.loop import LoopSettings
        from waystage.training.stage import StageInputs, run_stage

        use_threads(self.n_threads)
        encoder = random_encoder(self.reader.tokenizer.folder, _SEED, self.trust_remote_code)
        made, watch = self.reader.objective(objective, training), _Stopwatch()
        strands = made.strands
        pilot = replace(training, epochs=None, tokens=None, examples=None, steps=_MAX_STEPS)
        settings = LoopSettings(on_step=watch.note, should_stop=watch.is_enough)
        with TemporaryDirectory() as folder, suppress(Interrupted):
            run_stage(StageInputs(encoder, None, self.n_layers), made, pilot, _SEED, settings, Path(folder) / "weights")
        return watch.seconds / _n_tokens(strands, training.batch_size, len(watch.ends))


def _n_tokens(strands: Sequence[Strand], batch_size: int, n_steps: int) -> int:
    """Tokens of the steps that were measured."""
    from waystage.training.mixing import make_order

    order = make_order(strands, batch_size, _SEED)
    return sum(order.n_tokens(batch) for batch in islice(order.batches(_N_WARM_UP), n_steps - _N_WARM_UP))
