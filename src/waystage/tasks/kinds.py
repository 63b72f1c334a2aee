"""The kinds of task. A kind fixes the form of an example, whether a head is trained, and which metrics fit."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.data.examples import Example, ParallelExample, TaggedExample, TextExample


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task.

    ``trains_head`` is False for retrieval, which compares sentence vectors of the encoder as it stands.
    ``metric_names`` lists the metrics that fit; the first is the default.
    """

    name: str
    example_form: type[Example]
    trains_head: bool
    metric_names: tuple[str, ...]


SENTENCE_CLASSIFICATION = Kind("sentence-classification", TextExample, True, ("accuracy", "macro-f1"))
PAIR_CLASSIFICATION = Kind("pair-classification", TextExample, True, ("accuracy", "macro-f1"))
TAGGING = Kind("tagging", TaggedExample, True, ("span-f1", "token-accuracy"))
SENTENCE_RETRIEVAL = Kind("sentence-retrieval", ParallelExample, False, ("retrieval-accuracy",))

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (SENTENCE_CLASSIFICATION, PAIR_CLASSIFICATION, TAGGING, SENTENCE_RETRIEVAL)
}
