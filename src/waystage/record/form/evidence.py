"""``evidence/``: what was answered for each example, as far as licences allow, and what can be scored from it.

No text of a data set is ever in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from waystage.comparison import json_form

EvidenceKind: TypeAlias = Literal["answers and gold", "answers", "digests"]
"""What stands for an example beside its statistics.

``answers and gold``: the prediction and the gold, both labels, tags, positions or ids. ``answers``: the prediction
alone, since the licence does not let the annotations be given away. ``digests``: the prediction is text of the data
set, so only its SHA-256 is there.
"""

Answer: TypeAlias = str | tuple[str, ...]
"""A label, the tags of a sentence, the position of a choice as text, the id of what was found, ids by rank."""


@dataclass(frozen=True, slots=True)
class LanguageExamples:
    """The test examples of a task in one language, in the order of the data.

    Attributes:
        data_id: the prepared data (a node of the plan).
        ids: one an example, unique.
        gold: one an example: a label, tags, a position, the id or ids of what is to be found. None: not given away.
    """

    data_id: str
    ids: tuple[str, ...]
    gold: tuple[Answer, ...] | None


@dataclass(frozen=True, slots=True)
class ExamplesEvidence:
    """The test examples of a task.

    ``ids_are`` is ``kept`` for the ids of the data set and ``ranks`` where these could hold text: then each stands for
    its place in the sorted order of all ids of the task, which is all that comparing needs.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    task: str
    evidence: EvidenceKind
    ids_are: Literal["kept", "ranks"]
    languages: dict[str, LanguageExamples]
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class MetricStatistics:
    """Sufficient statistics: the score of a set of examples is a function of sums of rows.

    ``values`` has one list a column, each with one number an example, in the order of the ids.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class LanguageAnswers:
    """What was answered in one language, in the order of the ids.

    Attributes:
        answers: None where the evidence is ``digests``.
        digests: SHA-256 of the answer in UTF-8, the first 32 hex digits; None where answers are there.
        statistics: metric to its statistics.
    """

    answers: tuple[Answer, ...] | None
    digests: tuple[str, ...] | None
    statistics: dict[str, MetricStatistics]


@dataclass(frozen=True, slots=True)
class CellEvidence:
    """What one sequence answered on one task with one seed."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    sequence: str
    task: str
    seed: int | None
    prediction_id: str
    languages: dict[str, LanguageAnswers]
    schema_version: Literal[1] = 1
