"""The selection language as a guide: would it have picked the sequence that is best in the target languages?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from waystage.report.axis import even_axis, plain
from waystage.report.record import RunRecord
from waystage.report.scatter import BOTTOM, LEFT, RIGHT, TOP, Point, Scatter, place_points


@dataclass(frozen=True, slots=True)
class GuideRow:
    """One task.

    Attributes:
        basis: what the guide is: validation or test data, and its language.
        picked: the sequence with the highest score there (the first in the study among equals).
        highest: the sequence with the highest mean over the target languages.
        loss: mean of ``highest`` minus that of ``picked``, at least 0.
        n_alike: pairs of sequences that both order alike, of ``n_pairs``; ties in either are not alike.
    """

    task: str
    basis: str
    picked: str
    highest: str
    loss: float
    n_alike: int
    n_pairs: int


@dataclass(frozen=True, slots=True)
class Guide:
    """A row and a plot a task."""

    rows: tuple[GuideRow, ...]
    plots: tuple[Scatter, ...]


def guide(run: RunRecord) -> Guide | None:
    """Scores in the selection language against means over target languages; None where there are no two sequences."""
    parts = [_of_task(run, task) for task in run.comparison.tasks]
    found = [part for part in parts if part is not None]
    return Guide(tuple(row for row, _ in found), tuple(plot for _, plot in found)) if found else None


def _of_task(run: RunRecord, task: str) -> tuple[GuideRow, Scatter] | None:
    basis, near = _near_scores(run, task)
    names = [name for name in run.comparison.sequences if near.get(name)]
    if len(names) < 2:
        return None
    means = {name: run.comparison.mean_score(name, task) for name in names}
    far = {name: mean.score for name, mean in means.items()}
    middle = {name: fmean(near[name].values()) for name in names}
    picked, highest = max(names, key=middle.__getitem__), max(names, key=far.__getitem__)
    n_alike = sum((middle[a] - middle[b]) * (far[a] - far[b]) > 0 for a, b in combinations(names, 2))
    n_pairs = len(names) * (len(names) - 1) // 2
    row = GuideRow(task, basis, picked, highest, far[highest] - far[picked], n_alike, n_pairs)
    points: list[Point] = []
    for name in names:
        marker = run.comparison.sequences.index(name)
        by_seed = dict(zip(means[name].seeds, means[name].seed_scores, strict=False))
        points.append(Point(100 * middle[name], 100 * far[name], name, marker))
        points += [
            Point(100 * value, 100 * by_seed[seed], "", marker, f"{name}, seed {seed}")
            for seed, value in near[name].items()
            if seed is not None and seed in by_seed and len(near[name]) > 1
        ]
    return row, _plot(task, basis, points)


def _near_scores(run: RunRecord, task: str) -> tuple[str, Mapping[str, Mapping[int | None, float]]]:
    """What the guide is, and scores by sequence and seed: of validation data where there are any, else of test data."""
    near: dict[str, dict[int | None, float]] = defaultdict(dict)
    language = ""
    for own in run.selection:
        if own.task == task:
            near[own.sequence][own.seed] = own.score
            language = own.language
    if near:
        return f"validation data in {language}", near
    for score in run.comparison.language_scores:
        if score.task == task and score.is_source:
            language = score.language
            seeds: Sequence[int | None] = score.seeds or (None,)
            near[score.sequence].update(zip(seeds, score.seed_scores, strict=True))
    return f"test data in {language}", near


def _plot(task: str, basis: str, points: Sequence[Point]) -> Scatter:
    x_axis = even_axis([point.x for point in points], LEFT, RIGHT, plain)
    y_axis = even_axis([point.y for point in points], BOTTOM, TOP, plain)
    return Scatter(
        task,
        f"Score on {basis}, %",
        "Mean of target languages, %",
        x_axis,
        y_axis,
        place_points(points, x_axis, y_axis),
    )
