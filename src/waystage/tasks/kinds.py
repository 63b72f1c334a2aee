"""The kinds of task. A kind fixes the form of an example, whether a head is trained, and which metrics fit."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.data.examples import (
    Example,
    MultipleChoiceExample,
    ParallelExample,
    QuestionExample,
    TaggedExample,
    TextExample,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task.

    ``trains_head`` is False for retrieval, which compares sentence vectors of the encoder as it stands.
    ``metric_names`` lists the metrics that fit; the first is the default. ``has_labels`` is False where an answer is
    not one of a closed set. ``reads_windows`` is True where a long text is read in windows; ``pools_states`` where a
    head reads one vector a sequence.
    """

    name: str
    example_form: type[Example]
    trains_head: bool
    metric_names: tuple[str, ...]
    has_labels: bool = True
    reads_windows: bool = False
    pools_states: bool = False

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
}

_LABEL_METRICS = ("accuracy", "macro-f1")
SENTENCE_CLASSIFICATION = Kind("sentence-classification", TextExample, True, _LABEL_METRICS, pools_states=True)
PAIR_CLASSIFICATION = Kind("pair-classification", TextExample, True, _LABEL_METRICS, pools_states=True)
TAGGING = Kind("tagging", TaggedExample, True, ("span-f1", "token-accuracy"))
SENTENCE_RETRIEVAL = Kind("sentence-retrieval", ParallelExample, False, ("retrieval-accuracy",), has_labels=False)
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
    )
}
