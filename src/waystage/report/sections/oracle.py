"""What choosing checkpoints by the target languages would have given, beside what was chosen. Not zero-shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from waystage.report.record import OracleScore


@dataclass(frozen=True, slots=True)
class OracleRow:
    """A task, sequence and language: means over seeds of scores on validation data of that language, fractions.

    Attributes:
        chosen: of the checkpoint that was taken without a look at this language.
        oracle: of the best one on this data; at least ``chosen``.
    """

    task: str
    sequence: str
    language: str
    metric: str
    n_examples: int
    n_seeds: int
    chosen: float
    oracle: float


def oracle_rows(scores: Sequence[OracleScore]) -> tuple[OracleRow, ...]:
    """One row a task, sequence and language, in the order of the record."""
    keys = dict.fromkeys((score.task, score.sequence, score.language) for score in scores)
    return tuple(
        _row([score for score in scores if (score.task, score.sequence, score.language) == key]) for key in keys
    )


def _row(own: Sequence[OracleScore]) -> OracleRow:
    first = own[0]
    return OracleRow(
        task=first.task,
        sequence=first.sequence,
        language=first.language,
        metric=first.metric,
        n_examples=first.n_examples,
        n_seeds=len(own),
        chosen=fmean(score.score_of_chosen for score in own),
        oracle=fmean(score.best_score for score in own),
    )
