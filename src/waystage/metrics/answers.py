"""Gold and prediction of one example, checked to be of the form that a metric compares."""

from __future__ import annotations

from waystage.data.examples import (
    Example,
    MultipleChoiceExample,
    ParallelExample,
    TaggedExample,
    TextExample,
)
from waystage.metrics.metric import Prediction


def label_and_prediction(gold: Example, prediction: Prediction) -> tuple[str, str]:
    """The gold label and the predicted one.

    Raises:
        ValueError: not an example with a label, or the label is withheld.
    """
    if not isinstance(gold, TextExample | MultipleChoiceExample):
        raise ValueError(f"example {gold.id!r} is a {type(gold).__name__}: it has no label")
    if gold.label is None:
        raise ValueError(f"the gold label of example {gold.id!r} is withheld")
    return gold.label, _one(gold, prediction)


def id_and_prediction(gold: Example, prediction: Prediction) -> tuple[str, str]:
    """The id of the right match, which is the example's own, and the id that was retrieved.

    Raises:
        ValueError: not an example of retrieval.
    """
    if not isinstance(gold, ParallelExample):
        raise ValueError(f"example {gold.id!r} is a {type(gold).__name__}: nothing is retrieved for it")
    return gold.id, _one(gold, prediction)


def tags_and_prediction(gold: Example, prediction: Prediction) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The gold tags and the predicted ones, equally many.

    Raises:
        ValueError: not an example with tags, the tags are withheld, or another number of them is predicted.
    """
    if not isinstance(gold, TaggedExample):
        raise ValueError(f"example {gold.id!r} is a {type(gold).__name__}: it has no tags")
    if gold.tags is None:
        raise ValueError(f"the gold tags of example {gold.id!r} are withheld")
    if isinstance(prediction, str):
        raise ValueError(f"example {gold.id!r} needs one tag a word, not the one answer {prediction!r}")
    if len(prediction) != len(gold.tags):
        counts = f"{len(gold.tags)} tags, but {len(prediction)} are predicted"
        raise ValueError(f"example {gold.id!r} has {counts}")
    return gold.tags, prediction


def _one(gold: Example, prediction: Prediction) -> str:
    if not isinstance(prediction, str):
        raise ValueError(f"example {gold.id!r} needs one answer, not {len(prediction)}")
    return prediction
