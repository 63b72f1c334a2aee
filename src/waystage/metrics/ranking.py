"""Rankings: reciprocal rank, and average precision, of the best 20."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.data.examples import Example
from waystage.metrics.judged import Judged, answers_and_ranking
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.ratio import ratio

N_BEST = 20


@dataclass(frozen=True, slots=True)
class ReciprocalRank:
    """Mean of 1 / rank of the first right answer among the best ``n_best``; 0 where none is there.

    Mewsli-X calls this mAP@20: with one right entity a query, the two are the same.
    """

    n_best: int = N_BEST
    columns: tuple[str, ...] = ("reciprocal_rank", "n")

    @property
    def name(self) -> str:
        """With the length of the ranking."""
        return f"reciprocal-rank@{self.n_best}"

    def statistics(self, gold: Example | Judged, prediction: Prediction) -> tuple[float, ...]:
        """1 / rank or 0, and 1.

        Raises:
            ValueError: the gold has no answers, or the prediction is not a ranking.
        """
        answers, ranking = answers_and_ranking(gold, prediction)
        ranks = (rank for rank, found in enumerate(ranking[: self.n_best], 1) if found in answers)
        rank = next(ranks, None)
        return (0.0 if rank is None else 1.0 / rank, 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Mean, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Mean average precision of the best ``n_best``.

    The precision at the rank of each right answer is summed and divided by the number of right answers that
    could be there, min(right answers, ``n_best``).
    """

    n_best: int = N_BEST
    columns: tuple[str, ...] = ("average_precision", "n")

    @property
    def name(self) -> str:
        """With the length of the ranking."""
        return f"map@{self.n_best}"

    def statistics(self, gold: Example | Judged, prediction: Prediction) -> tuple[float, ...]:
        """Average precision, and 1.

        Raises:
            ValueError: the gold has no answers, the prediction is not a ranking, or it names one id twice.
        """
        answers, ranking = answers_and_ranking(gold, prediction)
        best = ranking[: self.n_best]
        if len(set(best)) < len(best):
            raise ValueError(f"the ranking of example {gold.id!r} names an id twice")
        right = set(answers)
        n_found, total = 0, 0.0
        for rank, found in enumerate(best, 1):
            if found in right:
                n_found += 1
                total += n_found / rank
        return (total / min(len(right), self.n_best), 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Mean, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])
