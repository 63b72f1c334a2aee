"""The answer in one sentence: which sequence to take, or that no difference is shown."""

from __future__ import annotations

from collections.abc import Sequence

from waystage.comparison.best import in_points, is_shown
from waystage.comparison.claims import THESE, Difference, Recommendation, Verdict
from waystage.comparison.results import Best, MeanScore


def recommend(best: Best, scores: Sequence[MeanScore], baseline: str) -> Recommendation:
    """What the tests of one task, of one category or of all tasks come to, in one scope.

    Args:
        best: the tests of the highest sequence against every other one.
        scores: the means of all sequences on the same.
        baseline: the sequence that differences are taken to.
    """
    verdict, sequences, sentence = _answer(best, _tests(best, scores), baseline)
    return Recommendation(best.task, best.category, best.scope, verdict, sequences, sentence)


def _tests(best: Best, scores: Sequence[MeanScore]) -> dict[str, Difference]:
    """Differences to the baseline in the scope, the largest first."""
    own = {score.sequence: score.difference if best.scope == THESE else score.general_difference for score in scores}
    tests = {name: test for name, test in own.items() if test is not None}
    return dict(sorted(tests.items(), key=lambda entry: -entry[1].value))


def _answer(best: Best, tests: dict[str, Difference], baseline: str) -> tuple[Verdict, tuple[str, ...], str]:
    where = _where(best)
    if not best.pairs:
        return "one sequence", (), "There is only one sequence, so nothing is compared."
    if best.sequence is not None:
        nearest = best.pairs[0]
        gain = f"the nearest is {nearest.other} ({in_points(nearest.difference)})"
        return "best", (best.sequence,), f"{best.sequence} is the best sequence {where}; {gain}."
    top, largest = next(iter(tests.items()))
    if not any(test.conclusive for test in tests.values()):
        seen = f"{top} against {baseline}: {in_points(largest)}"
        return "not conclusive", (), f"Nothing can be concluded {where}: {largest.note}; {seen}."
    better = [name for name, test in tests.items() if test.value > 0 and is_shown(test)]
    if better:
        gains = "; ".join(f"{name} ({in_points(tests[name])})" for name in better)
        doubt = f"{best.highest} is not shown to beat every other sequence"
        return "better than the baseline", tuple(better), f"Better than {baseline} {where}: {gains}; {doubt}."
    worse = [name for name, test in tests.items() if test.value < 0 and is_shown(test)]
    if worse:
        losses = "; ".join(f"{name} ({in_points(tests[name])})" for name in worse)
        return "worse than the baseline", tuple(worse), f"Nothing is shown to beat {baseline} {where}; worse: {losses}."
    unseen = "" if largest.smallest_effect is None else _unseen(largest.smallest_effect)
    seen = f"{top} against {baseline}: {in_points(largest)}"
    return "no difference shown", (), f"No difference shown {where}; {seen}{unseen}."


def _unseen(effect: float) -> str:
    return f"; a true difference below {100 * effect:.1f} points would mostly have gone unseen"


def _where(best: Best) -> str:
    tasks = f"on {best.task}" if best.task else f"on tasks of {best.category}" if best.category else "over all tasks"
    return f"{tasks}, in {best.scope}"
