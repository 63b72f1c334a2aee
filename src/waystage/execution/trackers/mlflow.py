"""MLflow: a file store in the folder of the run; no server."""

from __future__ import annotations

import os

from waystage.errors import StudyError
from waystage.execution.trackers.tracker import TrackedRun


class MlFlow:
    """One MLflow run for a run of a study; ``mlflow ui --backend-store-uri`` shows it."""

    def __init__(self, run: TrackedRun) -> None:
        # Files are what is wanted here: MLflow asks that this be said.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        try:
            from mlflow import MlflowClient
        except ImportError:
            message = "tracking with MLflow needs one more library: pip install 'waystage[mlflow]'"
            raise StudyError(message) from None
        run.folder.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(tracking_uri=run.folder.absolute().as_uri())
        known = self._client.get_experiment_by_name("waystage")
        experiment_id = known.experiment_id if known else self._client.create_experiment("waystage")
        self._run_id = self._client.create_run(experiment_id, run_name=run.name).info.run_id
        for name, value in run.facts.items():
            self._client.log_param(self._run_id, name, value)

    def point(self, name: str, step: int, value: float) -> None:
        """A metric."""
        self._client.log_metric(self._run_id, name, value, step=step)

    def close(self) -> None:
        """Mark the run as finished."""
        self._client.set_terminated(self._run_id)
