"""TensorBoard: event files, written without TensorBoard itself and without torch."""

from __future__ import annotations

from waystage.errors import StudyError
from waystage.execution.trackers.tracker import TrackedRun


class TensorBoard:
    """An event file in the folder of the run; ``tensorboard --logdir`` shows it."""

    def __init__(self, run: TrackedRun) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            message = "tracking with TensorBoard needs one more library: pip install 'waystage[tensorboard]'"
            raise StudyError(message) from None
        self._writer = SummaryWriter(logdir=str(run.folder))
        for name, value in run.facts.items():
            self._writer.add_text(name, value)

    def point(self, name: str, step: int, value: float) -> None:
        """A scalar."""
        self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
