"""The counterexample hunter: where does a claim turn round, and on what does it hang?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from waystage.claims.claim import DifferenceClaim
from waystage.record.independent.adjustment import holm
from waystage.record.independent.claims import ALPHA, Cells, Test, claim_mean, decide_alone
from waystage.record.independent.intervals import Mean, Measured, mean_over, one_language
from waystage.record.independent.resampling import linear_covariance
from waystage.record.redteam.attack import Attack, Number, Outcome, Role
from waystage.record.redteam.exchange import half, without_seed

N_HALVES = 20


@dataclass(frozen=True, slots=True)
class Ground:
    """What the hunter looks through: the evidence, and which tasks of it are one task read in another way.

    Attributes:
        cells: all evidence of the record, measured by derivatives, which needs no random numbers.
        siblings: task to others on the same test data by another layer, pooling or score.
        metrics: task to every metric that all its cells have.
    """

    cells: Cells
    siblings: Mapping[str, Sequence[str]]
    metrics: Mapping[str, Sequence[str]]


def hunt(claim: DifferenceClaim, ground: Ground) -> list[Attack]:
    """All attacks on a claim that the evidence shows."""
    measured = ground.cells.measured(claim)
    return [
        _single(claim, measured, "languages", _by_language(claim, measured)),
        _single(claim, measured, "tasks", _by_task(claim, measured)),
        _seeds(claim, measured),
        _left_out(claim, measured, "language", _without_language(claim, measured)),
        _left_out(claim, measured, "task", _without_task(claim, measured)),
        _seed_left_out(claim, ground),
        _halves(claim, ground),
        *_other_metrics(claim, ground),
        *_other_readings(claim, ground),
    ]


def holds(claim: DifferenceClaim, value: float) -> bool:
    """Whether a difference points where the claim says (its size aside); for ``equivalent``, lies in the band."""
    if claim.direction == "equivalent":
        return abs(value) < claim.smallest_effect
    return value > 0 if claim.direction == "higher" else value < 0


def _by_language(claim: DifferenceClaim, measured: Measured) -> dict[str, Mean]:
    return {
        f"{task} / {name}": one_language(task, name)
        for task in claim.tasks
        for name in measured.evidence.block(task).languages
        if name in claim.languages
    }


def _by_task(claim: DifferenceClaim, measured: Measured) -> dict[str, Mean]:
    if len(claim.tasks) < 2:
        return {}
    return {task: claim_mean(replace(claim, tasks=(task,)), measured.evidence) for task in claim.tasks}


def _single(claim: DifferenceClaim, measured: Measured, what: str, means: Mapping[str, Mean]) -> Attack:
    """Single languages or tasks in which the claim turns round; in which of them the contrary is shown (Holm)."""
    name = f"single {what}"
    if len(means) < 2:
        return Attack(Role.HUNTER, name, Outcome.NOT_POSSIBLE, f"the claim has one of {what} only")
    turned: dict[str, float] = {}
    p_values: list[tuple[str, float]] = []
    for place, mean in means.items():
        for other in claim.than:
            test = measured.difference(mean, claim.sequence, other, is_general=False)
            at = place if len(claim.than) == 1 else f"{place} against {other}"
            if not holds(claim, test.value):
                turned[at] = test.value
                p_values += [(at, test.p)] if test.p is not None else []
    n_tests = len(means) * len(claim.than)
    padded = [p for _, p in p_values] + [1.0] * (n_tests - len(p_values))
    shown = [at for (at, _), p in zip(p_values, holm(padded), strict=False) if p <= ALPHA]
    numbers: dict[str, Number] = {"n_looked_at": n_tests, "n_turned": len(turned), "n_shown": len(shown)}
    if shown and claim.direction != "equivalent":
        worst = ", ".join(f"{at} ({100 * turned[at]:+.1f})" for at in shown[:5])
        found = f"the contrary is shown in {len(shown)} of {n_tests}: {worst}"
        return Attack(Role.HUNTER, name, Outcome.NOTED, found, "a claim about a mean, which names them", numbers)
    if turned:
        ordered = sorted(turned, key=lambda at: -abs(turned[at]))
        worst = ", ".join(f"{at} ({100 * turned[at]:+.1f})" for at in ordered[:5])
        found = f"turns round in {len(turned)} of {n_tests}, shown in none of them: {worst}"
        return Attack(Role.HUNTER, name, Outcome.NOTED, found, None, numbers)
    return Attack(Role.HUNTER, name, Outcome.WITHSTOOD, f"holds in all {n_tests}", None, numbers)


def _seeds(claim: DifferenceClaim, measured: Measured) -> Attack:
    """Single training runs, the first sequence's against the other's with the same seed."""
    mean, seeds = claim_mean(claim, measured.evidence), measured.evidence.seeds
    if len(seeds) < 2:
        return Attack(Role.HUNTER, "single seeds", Outcome.NOT_POSSIBLE, "the record has no two seeds")
    place = measured.evidence.sequences.index
    values = measured.values(mean)
    turned = [
        f"seed {seed} against {other} ({100 * value:+.2f})"
        for other in claim.than
        for seed, value in zip(seeds, values[place(claim.sequence)] - values[place(other)], strict=True)
        if not holds(claim, value)
    ]
    numbers: dict[str, Number] = {"n_looked_at": len(seeds) * len(claim.than), "n_turned": len(turned)}
    if turned:
        found = f"turns round with {', '.join(turned[:5])}"
        return Attack(Role.HUNTER, "single seeds", Outcome.NOTED, found, None, numbers)
    return Attack(
        Role.HUNTER, "single seeds", Outcome.WITHSTOOD, f"holds with each of {len(seeds)} seeds", None, numbers
    )


def _without_language(claim: DifferenceClaim, measured: Measured) -> dict[str, Mean]:
    found = {}
    for left_out in claim.languages:
        blocks = [(task, measured.evidence.block(task)) for task in claim.tasks]
        members = [
            (task, [name for name in block.languages if name in claim.languages and name != left_out])
            for task, block in blocks
        ]
        if all(own for _, own in members):
            found[left_out] = mean_over(members)
    return found


def _without_task(claim: DifferenceClaim, measured: Measured) -> dict[str, Mean]:
    if len(claim.tasks) < 2:
        return {}
    return {
        task: claim_mean(replace(claim, tasks=tuple(own for own in claim.tasks if own != task)), measured.evidence)
        for task in claim.tasks
    }


def _left_out(claim: DifferenceClaim, measured: Measured, what: str, means: Mapping[str, Mean]) -> Attack:
    name = f"leave one {what} out"
    if not means:
        return Attack(Role.HUNTER, name, Outcome.NOT_POSSIBLE, f"the claim has one {what} only")
    values = {
        (left_out, other): measured.difference(mean, claim.sequence, other, is_general=False).value
        for left_out, mean in means.items()
        for other in claim.than
    }
    return _hangs_on(claim, name, what, values)


def _seed_left_out(claim: DifferenceClaim, ground: Ground) -> Attack:
    seeds = ground.cells.measured(claim).evidence.seeds
    if len(seeds) < 2:
        return Attack(Role.HUNTER, "leave one seed out", Outcome.NOT_POSSIBLE, "the record has no two seeds")
    values: dict[tuple[str, str], float] = {}
    for seed in seeds:
        cells = Cells(without_seed(ground.cells.cells, seed), ground.cells.method, linear_covariance)
        decision = decide_alone(claim, cells.measured(claim))
        values |= {(str(seed), test.other): test.interval.value for test in decision.tests}
    return _hangs_on(claim, "leave one seed out", "seed", values)


def _hangs_on(claim: DifferenceClaim, name: str, what: str, values: Mapping[tuple[str, str], float]) -> Attack:
    """The value without each one; whether it still lies where the claim says, its smallest effect included."""
    sign = -1.0 if claim.direction == "lower" else 1.0
    outside = {
        key: value
        for key, value in values.items()
        if not (holds(claim, value) and (claim.direction == "equivalent" or sign * value > claim.smallest_effect))
    }
    numbers: dict[str, Number] = {"n_looked_at": len(values), "n_turned": len(outside)}
    lowest = min(values.values(), key=lambda value: sign * value if claim.direction != "equivalent" else -abs(value))
    numbers["worst_value"] = lowest
    if outside:
        shown = ", ".join(f"{left} ({100 * value:+.2f})" for (left, _), value in list(outside.items())[:5])
        found = f"the claim hangs on a single {what}; without it: {shown}"
        return Attack(Role.HUNTER, name, Outcome.WEAKENED, found, "the claim holds without any one", numbers)
    found = f"holds without any one {what}; at worst {100 * lowest:+.2f} points"
    return Attack(Role.HUNTER, name, Outcome.WITHSTOOD, found, None, numbers)


def _halves(claim: DifferenceClaim, ground: Ground) -> Attack:
    """Random halves of the test examples: how often does the claim point elsewhere?"""
    generator, turned = np.random.Generator(np.random.PCG64(0)), 0
    metrics = dict(ground.cells.method.metrics) | (dict.fromkeys(claim.tasks, claim.metric) if claim.metric else {})
    own = [c for c in ground.cells.cells if c.task in claim.tasks and metrics[c.task] == c.metric]
    for _ in range(N_HALVES):
        cells = Cells(half(own, generator), ground.cells.method, linear_covariance)
        measured = cells.measured(claim)
        values, place = measured.values(claim_mean(claim, measured.evidence)), measured.evidence.sequences.index
        first = values[place(claim.sequence)].mean()
        turned += any(not holds(claim, float(first - values[place(other)].mean())) for other in claim.than)
    numbers: dict[str, Number] = {"n_halves": N_HALVES, "n_turned": turned}
    found = f"turns round in {turned} of {N_HALVES} random halves of the test examples"
    if turned > N_HALVES // 2:
        return Attack(Role.HUNTER, "halves of the examples", Outcome.WEAKENED, found, "at most half of them", numbers)
    outcome = Outcome.NOTED if turned else Outcome.WITHSTOOD
    return Attack(Role.HUNTER, "halves of the examples", outcome, found, None, numbers)


def _other_metrics(claim: DifferenceClaim, ground: Ground) -> Iterator[Attack]:
    current = {task: claim.metric or ground.cells.method.metrics[task] for task in claim.tasks}
    names = dict.fromkeys(name for task in claim.tasks for name in ground.metrics[task] if name != current[task])
    if not names:
        found = "the record has no other metric of these tasks"
        yield Attack(Role.HUNTER, "another metric", Outcome.NOT_POSSIBLE, found)
    for name in names:
        tasks = tuple(task for task in claim.tasks if name in ground.metrics[task])
        own = _on(claim, tasks, ground.cells.measured(claim))
        changed = replace(own, metric=name)
        before = decide_alone(own, ground.cells.measured(claim)).tests
        after = decide_alone(changed, ground.cells.measured(changed)).tests
        yield _compared(claim, f"another metric: {name}", f"by {name} on {', '.join(tasks)}", before, after)


def _other_readings(claim: DifferenceClaim, ground: Ground) -> Iterator[Attack]:
    """Another layer, pooling or score of the same retrieval, where the study has it as a target of its own."""
    siblings = {task: ground.siblings[task] for task in claim.tasks if ground.siblings.get(task)}
    if not siblings:
        found = "the record has one layer and pooling of each task"
        yield Attack(Role.HUNTER, "another layer or pooling", Outcome.NOT_POSSIBLE, found)
    for task, others in siblings.items():
        for other in others:
            measured = ground.cells.measured(claim)
            before = decide_alone(_on(claim, (task,), measured), measured).tests
            after = decide_alone(_on(claim, (other,), measured), measured).tests
            yield _compared(
                claim, f"another layer or pooling: {other}", f"on {other} in place of {task}", before, after
            )


def _on(claim: DifferenceClaim, tasks: tuple[str, ...], measured: Measured) -> DifferenceClaim:
    """The claim about some tasks, in those of its languages that they are tested in."""
    tested = {name for task in tasks for name in measured.evidence.block(task).languages}
    return replace(claim, tasks=tasks, languages=tuple(name for name in claim.languages if name in tested))


def _compared(claim: DifferenceClaim, name: str, what: str, before: Sequence[Test], after: Sequence[Test]) -> Attack:
    values = {test.other: test.interval.value for test in after}
    if not values:
        return Attack(Role.HUNTER, name, Outcome.NOT_POSSIBLE, f"there is no evidence {what}")
    shown = ", ".join(f"{100 * value:+.2f} points against {other}" for other, value in values.items())
    numbers: dict[str, Number] = {f"value against {other}": value for other, value in values.items()}
    held = all(holds(claim, test.interval.value) for test in before)
    if held and not all(holds(claim, value) for value in values.values()):
        found = f"turns round {what}: {shown}"
        return Attack(Role.HUNTER, name, Outcome.WEAKENED, found, "the same direction", numbers)
    return Attack(Role.HUNTER, name, Outcome.WITHSTOOD, f"{what}: {shown}", None, numbers)
