"""Weights & Biases in its offline mode: nothing leaves the machine until its user runs ``wandb sync``."""

from __future__ import annotations

from waystage.errors import StudyError
from waystage.execution.trackers.tracker import TrackedRun


class WeightsAndBiases:
    """An offline run in the folder of the run."""

    def __init__(self, run: TrackedRun) -> None:
        try:
            import wandb
        except ImportError:
            message = "tracking with Weights & Biases needs one more library: pip install 'waystage[wandb]'"
            raise StudyError(message) from None
        run.folder.mkdir(parents=True, exist_ok=True)
        quiet = wandb.Settings(
            console="off", silent=True, disable_git=True, save_code=False, x_disable_meta=True, x_disable_stats=True
        )
        self._run = wandb.init(
            project="waystage",
            name=run.name,
            dir=str(run.folder),
            mode="offline",
            config=dict(run.facts),
            settings=quiet,
        )

    def point(self, name: str, step: int, value: float) -> None:
        """A value, over the step of its own stage."""
        stage = name.rpartition("/")[0]
        self._run.define_metric(name, step_metric=f"{stage}/step")
        self._run.log({name: value, f"{stage}/step": step})

    def close(self) -> None:
        """Write what is left."""
        self._run.finish()
