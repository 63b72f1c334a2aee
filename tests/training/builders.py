"""Objectives over a few sentences, for every kind that is trained."""

from __future__ import annotations

from collections.abc import Callable

from tests.fixtures.corpora import masked_lm_objective, translation_lm_objective
from tests.fixtures.encoders import SENTENCES
from waystage.data.examples import TaggedExample, TextExample
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds.classification import ClassificationObjective
from waystage.kinds.mixture import Member, Mixture
from waystage.kinds.objective import Objective
from waystage.kinds.tagging import TaggingObjective

LABELS = ("first", "second", "third")
TEXTS = [
    TextExample(str(i), text, SENTENCES[(i + 2) % 9] if i % 4 == 0 else None, LABELS[i % 3])
    for i, text in enumerate(SENTENCES * 2)
]
TAGGED = [
    TaggedExample(str(i), tuple(text.split()), tuple(LABELS[len(word) % 3] for word in text.split()))
    for i, text in enumerate(SENTENCES * 2)
]


def classification(tokenizer: SubwordTokenizer) -> Objective:
    return ClassificationObjective(tokenizer, TEXTS, LABELS, 40)


def tagging(tokenizer: SubwordTokenizer) -> Objective:
    # Some sentences are longer than 20 tokens, so that they come in parts.
    return TaggingObjective(tokenizer, TAGGED, LABELS, 20)


def masked_lm(tokenizer: SubwordTokenizer) -> Objective:
    texts = {"de": SENTENCES[:5], "en": SENTENCES[5:]}
    return masked_lm_objective(tokenizer, texts, 24, 400, seed=3)


def translation_lm(tokenizer: SubwordTokenizer) -> Objective:
    pairs = list(zip(SENTENCES[2:4] * 3, SENTENCES[:2] * 3, strict=True))
    return translation_lm_objective(tokenizer, {"de+en": pairs}, (40, 400), seed=3)


def mixture(tokenizer: SubwordTokenizer) -> Objective:
    # Two tasks with a head each, and text of two kinds with one head together.
    objectives = (classification, tagging, masked_lm, translation_lm)
    made = [objective(tokenizer) for objective in objectives]
    shares, heads = (0.4, 0.3, 0.2, 0.1), (0, 1, 2, 2)
    return Mixture(
        [
            Member(objective, share, 0 if head == 2 else len(objective.lengths), head)
            for objective, share, head in zip(made, shares, heads, strict=True)
        ]
    )


OBJECTIVES: dict[str, Callable[[SubwordTokenizer], Objective]] = {
    "classification": classification,
    "tagging": tagging,
    "masked-lm": masked_lm,
    "translation-lm": translation_lm,
    "mixture": mixture,
}
