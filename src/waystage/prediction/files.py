"""Predictions on disk: one JSON object a line, ``{"id": …, "prediction": …}``. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from waystage.errors import DataError, Problem
from waystage.metrics.metric import Prediction
from waystage.store.canonical import canonical_json


def write_predictions(path: Path, predictions: Mapping[str, Prediction]) -> None:
    """Write predictions in the order given."""
    with path.open("wb") as file:
        for example_id, prediction in predictions.items():
            file.write(prediction_line(example_id, prediction))


def prediction_line(example_id: str, prediction: Prediction) -> bytes:
    """The line of one prediction.

    >>> prediction_line("7", ("O", "B-PER"))
    b'{"id":"7","prediction":["O","B-PER"]}\\n'
    """
    value = list(prediction) if isinstance(prediction, tuple) else prediction
    return canonical_json({"id": example_id, "prediction": value}) + b"\n"


def read_predictions(path: Path) -> dict[str, Prediction]:
    """The predictions that :func:`write_predictions` wrote.

    Raises:
        DataError: a line is malformed or an id stands twice.
    """
    predictions: dict[str, Prediction] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            entry = json.loads(line)
            value = entry["prediction"]
            example_id = str(entry["id"])
        except (ValueError, KeyError, TypeError):
            found, expected = "malformed line", 'a JSON object with "id" and "prediction"'
            raise DataError(Problem(path, number, None, found, expected)) from None
        if example_id in predictions:
            raise DataError(Problem(path, number, "id", f"{example_id!r} stands twice", "ids that are unique"))
        predictions[example_id] = tuple(value) if isinstance(value, list) else str(value)
    return predictions
