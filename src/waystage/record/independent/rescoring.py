"""From gold and prediction to statistics of each example: the rules of the published evaluations, read from them again.

Gold is the plain JSON form of an example (``label``, ``tags``, ``answers``, ``choices`` or nothing but its own id).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from waystage.record.independent.spans import spans
from waystage.record.independent.words import mlqa_words, squad_words

Gold = Mapping[str, Any]
Prediction = str | Sequence[str]
Row = list[float]


def statistics(metric: str, columns: Sequence[str], language: str, gold: Gold, prediction: Prediction) -> Row:
    """One row, in the order of ``columns``.

    Raises:
        KeyError: the metric is not known here.
        ValueError: gold or prediction do not fit the metric.
    """
    name, _, n_best = metric.partition("@")
    if name == "macro-f1":
        return _confusion(columns, gold, _text(prediction))
    if n_best:
        return _RANKINGS[name](gold, list(prediction), int(n_best))
    if name in _ANSWERS:
        words = (lambda text: mlqa_words(text, language)) if name.startswith("mlqa") else squad_words
        return _answer(gold, _text(prediction), words)
    return _OTHERS[name](gold, prediction)


def _text(prediction: Prediction) -> str:
    if not isinstance(prediction, str):
        raise ValueError("several answers where one is asked for")
    return prediction


def _label(gold: Gold) -> str:
    """The right answer; of a choice, its position; of a translation, its own id."""
    if gold.get("label") is not None:
        return str(gold["label"])
    if "choices" in gold and gold.get("answer") is not None:
        return str(gold["answer"])
    if "target" in gold:
        return str(gold["id"])
    raise ValueError("no gold label")


def _correct(gold: Gold, prediction: Prediction) -> Row:
    return [1.0 if _text(prediction) == _label(gold) else 0.0, 1.0]


def _confusion(columns: Sequence[str], gold: Gold, prediction: str) -> Row:
    right = _label(gold)
    counted = {f"tp:{right}"} if prediction == right else {f"fn:{right}", f"fp:{prediction}"}
    if not counted <= set(columns):
        raise ValueError(f"{prediction!r} or {right!r} is not in the label set")
    return [1.0 if column in counted else 0.0 for column in columns]


def _tags(gold: Gold, prediction: Prediction) -> tuple[list[str], list[str]]:
    tags = gold.get("tags")
    if tags is None or isinstance(prediction, str) or len(tags) != len(prediction):
        raise ValueError("not one tag a word")
    return list(tags), list(prediction)


def _right_tags(gold: Gold, prediction: Prediction) -> Row:
    tags, predicted = _tags(gold, prediction)
    return [float(sum(a == b for a, b in zip(tags, predicted, strict=True))), float(len(tags))]


def _right_spans(gold: Gold, prediction: Prediction) -> Row:
    tags, predicted = map(spans, _tags(gold, prediction))
    return [float(len(tags & predicted)), float(len(predicted)), float(len(tags))]


def _answer_texts(gold: Gold) -> list[str]:
    """The accepted answers; an empty one where a question has none."""
    answers = gold.get("answers")
    if answers is None:
        raise ValueError("no gold answers")
    return [answer if isinstance(answer, str) else str(answer[1]) for answer in answers] or [""]


def _answer(gold: Gold, prediction: str, words: Callable[[str], list[str]]) -> Row:
    accepted, given = _answer_texts(gold), words(prediction)
    if "" in accepted:
        is_empty = 0.0 if given else 1.0
        return [is_empty, is_empty, 1.0]
    overlaps = [_overlap(words(text), given) for text in accepted]
    return [float(any(words(text) == given for text in accepted)), max(overlaps), 1.0]


def _overlap(gold: list[str], given: list[str]) -> float:
    """F1 of two bags of words: twice what is shared over what there is."""
    shared = sum((Counter(gold) & Counter(given)).values())
    if shared == 0:
        return 0.0
    return 2 * shared / (len(gold) + len(given))


def _ids(gold: Gold) -> set[str]:
    answers = gold.get("answers")
    if answers is None:
        raise ValueError("no gold answers")
    return {str(answer) for answer in answers}


def _pairs(gold: Gold, prediction: Prediction) -> Row:
    if isinstance(prediction, str):
        raise ValueError("one answer where a list is asked for")
    right, predicted = _ids(gold), set(prediction)
    return [float(len(right & predicted)), float(len(predicted)), float(len(right))]


def _reciprocal_rank(gold: Gold, ranking: list[str], n_best: int) -> Row:
    right = _ids(gold)
    first = min((rank for rank, found in enumerate(ranking[:n_best], 1) if found in right), default=None)
    return [1 / first if first else 0.0, 1.0]


def _average_precision(gold: Gold, ranking: list[str], n_best: int) -> Row:
    right = _ids(gold)
    ranks = [rank for rank, found in enumerate(ranking[:n_best], 1) if found in right]
    return [sum(place / rank for place, rank in enumerate(ranks, 1)) / min(len(right), n_best), 1.0]


_ANSWERS = ("exact-match", "answer-f1", "answer-f1-em", "mlqa-exact-match", "mlqa-f1", "mlqa-f1-em")
_RANKINGS: dict[str, Callable[[Gold, list[str], int], Row]] = {
    "reciprocal-rank": _reciprocal_rank,
    "map": _average_precision,
}
_OTHERS: dict[str, Callable[[Gold, Prediction], Row]] = {
    "accuracy": _correct,
    "retrieval-accuracy": _correct,
    "token-accuracy": _right_tags,
    "span-f1": _right_spans,
    "pair-f1": _pairs,
}
