"""Overlap of vocabulary: how many subwords of a language's test data a task's training data has shown.

Shared subwords are what zero-shot transfer was first explained by (Wu and Dredze 2019, https://arxiv.org/abs/1904.09077,
section 4.2; Pires et al. 2019); this is the share of occurrences, not of types, so that frequent ones count as often as
they stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from waystage.data.prepare import load_examples
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.plan.nodes import Node, PredictJob, SupervisedJob, TrainJob
from waystage.plan.plan import Plan
from waystage.store.canonical import canonical_json
from waystage.store.store import Store

VOCABULARY_OVERLAP = "vocabulary overlap"
# Enough for the second decimal; a large test set need not be tokenised again.
_MAX_TRAIN, _MAX_TEST = 5_000, 500
_VERSION = 1


def vocabulary_overlap(plan: Plan, store: Store) -> dict[str, float]:
    """Share in [0, 1] for each test language but the source language, the mean over the tasks that are trained.

    At most 5,000 training and 500 test examples of a task are looked at, the first in order.

    Raises:
        StoreError: prepared data is missing or damaged.
    """
    tokenizer: SubwordTokenizer | None = None
    memo = store.memo("vocabulary")
    by_language: dict[str, list[float]] = defaultdict(list)
    for train_id, tests in _trained(plan):
        known: dict[str, float] = {}
        vocabulary: set[int] | None = None
        for language, test_id in tests.items():
            key = canonical_json([_VERSION, plan.encoder_id, train_id, test_id]).decode()
            value = memo.get(key)
            if not isinstance(value, float):
                tokenizer = tokenizer or SubwordTokenizer(store.open(plan.encoder_id).path("tokenizer.json").parent)
                vocabulary = vocabulary or set(_subwords(store, tokenizer, train_id, _MAX_TRAIN))
                value = _share(list(_subwords(store, tokenizer, test_id, _MAX_TEST)), vocabulary)
                memo.put(key, value)
            known[language] = value
        for language, share in known.items():
            by_language[language].append(share)
    return {language: sum(shares) / len(shares) for language, shares in sorted(by_language.items())}


def _trained(plan: Plan) -> Iterator[tuple[str, dict[str, str]]]:
    """Training data and the test data of the target languages, for each task once."""
    nodes: dict[str, Node] = {node.id: node for node in plan.nodes}
    seen = set[str]()
    for cell in plan.cells:
        task = cell.target.task
        if task.name in seen or cell.target.training is None:
            continue
        train, predict = nodes[cell.stage_ids[-1]].job, nodes[cell.prediction_id].job
        if not isinstance(train, TrainJob) or not isinstance(predict, PredictJob):
            continue
        if isinstance(train.objective, SupervisedJob):
            seen.add(task.name)
            tests = {lang: text.artefact_id for lang, text in predict.data.items() if lang != task.source_language}
            yield train.objective.data.artefact_id, tests


def _subwords(store: Store, tokenizer: SubwordTokenizer, artefact_id: str, n_examples: int) -> Iterator[int]:
    passages = [example.passage.strip() for example in load_examples(store, artefact_id)[:n_examples]]
    return chain.from_iterable(tokenizer.ids_of(passages))


def _share(subwords: list[int], vocabulary: set[int]) -> float:
    """Of the occurrences, those that are in the vocabulary; text without a subword shares nothing."""
    return sum(subword in vocabulary for subword in subwords) / len(subwords) if subwords else 0.0
