"""The kinds of task. A kind fixes the form of an example, whether a head is trained, and which metrics fit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from waystage.data.examples import (
    Example,
    MultipleChoiceExample,
    ParallelExample,
    QueryExample,
    QuestionExample,
    TaggedExample,
    TextExample,
)


class Pool(Enum):
    """What a query is looked for among.

    ``OWN``: the candidates of its own language. ``JOINED``: those of all languages of the target, together.
    ``COMMON``: one collection that belongs to no language.
    """

    OWN = "own"
    JOINED = "joined"
    COMMON = "common"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task.

    ``trains_head`` is False where sentence vectors of the encoder are compared as it stands.
    ``metric_names`` lists the metrics that fit; the first is the default. ``has_labels`` is False where an answer is
    not one of a closed set. ``reads_windows`` is True where a long text is read in windows; ``pools_states`` where a
    head reads one vector a sequence.

    For retrieval, ``scores`` lists how vectors may be compared (the first is the default; one that is given has to be
    among them), ``pool`` says what is searched where that is data of its own, and ``fits_threshold`` is True where the
    validation split decides how good a match has to be. A kind with a pool that trains a head is a dual encoder.
    """

    name: str
    example_form: type[Example]
    trains_head: bool
    metric_names: tuple[str, ...]
    has_labels: bool = True
    reads_windows: bool = False
    pools_states: bool = False
    scores: tuple[str, ...] = ()
    pool: Pool | None = None
    fits_threshold: bool = False

    @property
    def compares_vectors(self) -> bool:
        """Whether it is retrieval: texts become vectors, and these are compared."""
        return bool(self.scores)

    @property
    def is_dual_encoder(self) -> bool:
        """Whether queries and candidates are learned to lie close together."""
        return self.compares_vectors and self.trains_head

    @property
    def category(self) -> str | None:
        """What XTREME-R calls such tasks; None for a form that it has no name for."""
        return _CATEGORIES.get(self.example_form)


_CATEGORIES: dict[type[Example], str] = {
    TextExample: "classification",
    MultipleChoiceExample: "classification",
    TaggedExample: "structured prediction",
    QuestionExample: "question answering",
    ParallelExample: "retrieval",
    QueryExample: "retrieval",
}

_LABEL_METRICS = ("accuracy", "macro-f1")
SENTENCE_CLASSIFICATION = Kind("sentence-classification", TextExample, True, _LABEL_METRICS, pools_states=True)
PAIR_CLASSIFICATION = Kind("pair-classification", TextExample, True, _LABEL_METRICS, pools_states=True)
TAGGING = Kind("tagging", TaggedExample, True, ("span-f1", "token-accuracy"))
SENTENCE_RETRIEVAL = Kind(
    "sentence-retrieval",
    ParallelExample,
    False,
    ("retrieval-accuracy",),
    has_labels=False,
    scores=("cosine", "margin"),
)
SENTENCE_MINING = Kind(
    "sentence-mining",
    QueryExample,
    False,
    ("pair-f1",),
    has_labels=False,
    scores=("margin", "cosine"),
    pool=Pool.OWN,
    fits_threshold=True,
)
QUESTION_ANSWER_RETRIEVAL = Kind(
    "question-answer-retrieval",
    QueryExample,
    True,
    ("map@20",),
    has_labels=False,
    scores=("cosine",),
    pool=Pool.JOINED,
)
ENTITY_RETRIEVAL = Kind(
    "entity-retrieval",
    QueryExample,
    True,
    ("reciprocal-rank@20",),
    has_labels=False,
    scores=("cosine",),
    pool=Pool.COMMON,
)
MULTIPLE_CHOICE = Kind(
    "multiple-choice", MultipleChoiceExample, True, ("accuracy",), has_labels=False, pools_states=True
)

_QA_METRICS = ("answer-f1", "exact-match", "answer-f1-em")
# Every question has an answer: the best span is always given.
EXTRACTIVE_QA = Kind("extractive-qa", QuestionExample, True, _QA_METRICS, has_labels=False, reads_windows=True)
# The context may not answer a question: no answer is then the right one.
EXTRACTIVE_QA_OR_NONE = Kind(
    "extractive-qa-or-none", QuestionExample, True, _QA_METRICS, has_labels=False, reads_windows=True
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        SENTENCE_CLASSIFICATION,
        PAIR_CLASSIFICATION,
        TAGGING,
        MULTIPLE_CHOICE,
        EXTRACTIVE_QA,
        EXTRACTIVE_QA_OR_NONE,
        SENTENCE_RETRIEVAL,
        SENTENCE_MINING,
        QUESTION_ANSWER_RETRIEVAL,
        ENTITY_RETRIEVAL,
    )
}
