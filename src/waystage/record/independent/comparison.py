"""Every number of a recorded comparison, found again from the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from waystage.record.independent.adjustment import benjamini_hochberg, holm
from waystage.record.independent.agreement import Agreement
from waystage.record.independent.evidence import Evidence
from waystage.record.independent.intervals import Interval, Mean, Measured, Weighted, mean_over, one_language

JsonObject = Mapping[str, Any]
Correction = Callable[[Sequence[float]], list[float]]

SCOPES = {"difference": False, "general_difference": True}
_GAP_LIMIT = 2.0


def check_comparison(
    recorded: JsonObject, measured: Measured, categories: Mapping[str, str | None], file: str
) -> Agreement:
    """Compare every score, interval, p and adjusted p of ``comparison`` JSON with what the evidence gives.

    Not found again: permutation tests, almost stochastic order, numbers of seeds needed, costs, and the sentences.

    Args:
        recorded: the JSON form of a comparison.
        measured: the evidence.
        categories: task to category.
        file: where ``recorded`` stands, for messages.
    """
    agreement = Agreement(file)
    checker = _Checker(measured, categories, agreement)
    agreement.value("comparison", "sequences", list(recorded["sequences"]), list(measured.evidence.sequences))
    agreement.value("comparison", "tasks", list(recorded["tasks"]), [b.task for b in measured.evidence.blocks])
    agreement.value("comparison", "seeds", list(recorded["seeds"]), list(measured.evidence.seeds))
    checker.means([*recorded["task_scores"], *recorded.get("category_scores", []), *recorded["overall_scores"]])
    checker.languages(recorded["language_scores"])
    checker.best(_bests(recorded))
    checker.groups(recorded.get("group_scores", []))
    checker.gaps(recorded.get("transfer_gaps", []))
    return agreement


def _bests(recorded: JsonObject) -> Iterator[JsonObject]:
    for name in ("best_by_task", "best_by_category", "general_best_by_task", "general_best_by_category"):
        yield from recorded.get(name, [])
    yield recorded["best_overall"]
    if recorded.get("general_best_overall") is not None:
        yield recorded["general_best_overall"]


class _Checker:
    def __init__(self, measured: Measured, categories: Mapping[str, str | None], agreement: Agreement) -> None:
        self._measured, self._evidence = measured, measured.evidence
        self._categories, self._agreement = categories, agreement

    def means(self, entries: Sequence[JsonObject]) -> None:
        """Means over languages and tasks, tested against the baseline; Holm over the sequences of each."""
        for (task, category), own in _grouped(entries, lambda entry: (entry["task"], entry.get("category"))).items():
            mean, place = mean_of(self._evidence, self._categories, task, category), _named(task, category)
            self._scores(own, mean, place)
            for field, is_general in SCOPES.items():
                self._tests(own, field, mean, place, is_general, holm)

    def languages(self, entries: Sequence[JsonObject]) -> None:
        """The map of languages; Benjamini-Hochberg over all of it."""
        found: list[Interval | None] = []
        for entry in entries:
            mean = one_language(entry["task"], entry["language"])
            self._scores([entry], mean, f"{entry['task']} / {entry['language']}")
            found.append(self._to_baseline(entry["sequence"], mean, is_general=False))
        for entry, own, p in zip(entries, found, _adjusted(found, benjamini_hochberg), strict=True):
            place = f"{entry['sequence']} / {entry['task']} / {entry['language']}"
            self._agreement.difference(place, entry["difference"], own, p)

    def best(self, entries: Iterator[JsonObject]) -> None:
        """The highest of each mean against every other sequence; Holm over these."""
        for entry in entries:
            mean = mean_of(self._evidence, self._categories, entry["task"], entry.get("category"))
            is_general = entry.get("scope") == "languages like these"
            place = f"best {_named(entry['task'], entry.get('category'))} ({entry.get('scope')})"
            means = {name: float(self._measured.seed_values(mean, name).mean()) for name in self._evidence.sequences}
            highest = max(means, key=means.__getitem__)
            self._agreement.value(place, "highest", entry["highest"], highest)
            others = [pair["other"] for pair in entry["pairs"]]
            self._agreement.value(place, "pairs", sorted(others), sorted(set(means) - {highest}))
            if entry["highest"] not in means or not set(others) <= set(means):
                continue
            tests = [self._measured.difference(mean, highest, name, is_general=is_general) for name in others]
            adjusted = _adjusted(tests, holm)
            for pair, test, p in zip(entry["pairs"], tests, adjusted, strict=True):
                self._agreement.difference(f"{place} against {pair['other']}", pair["difference"], test, p)
            shown = all(
                not test.missing and p is not None and p <= 0.05 for test, p in zip(tests, adjusted, strict=True)
            )
            self._agreement.value(place, "sequence", entry["sequence"], highest if tests and shown else None)

    def groups(self, entries: Sequence[JsonObject]) -> None:
        """Groups of languages; Benjamini-Hochberg over all of one property."""
        for _, own in _grouped(entries, lambda entry: entry["property"]).items():
            means = [self._group_mean(entry) for entry in own]
            places = [f"{e['property']} {e['group']} / {e['task'] or 'all tasks'} / {e['sequence']}" for e in own]
            for entry, mean, place in zip(own, means, places, strict=True):
                self._scores([entry], mean, place)
            for field, is_general in SCOPES.items():
                found = [self._to_baseline(e["sequence"], m, is_general) for e, m in zip(own, means, strict=True)]
                adjusted = _adjusted(found, benjamini_hochberg)
                for entry, place, test, p in zip(own, places, found, adjusted, strict=True):
                    self._agreement.difference(f"{place} ({field})", entry[field], test, p)

    def gaps(self, entries: Sequence[JsonObject]) -> None:
        """Score in the source language less the mean over targets; Holm over the sequences of each."""
        for task, own in _grouped(entries, lambda entry: entry["task"]).items():
            gap = self._gap(task)
            place = f"transfer gap / {_named(task, None)}"
            for entry in own:
                for field, is_general in (("gap", False), ("general_gap", True)):
                    test = self._measured.difference(gap, entry["sequence"], None, is_general=is_general)
                    self._agreement.difference(f"{place} / {entry['sequence']} ({field})", entry[field], test, None)
            for field, is_general in SCOPES.items():
                self._tests(own, field, gap, place, is_general, holm, limit=_GAP_LIMIT)

    def _scores(self, entries: Sequence[JsonObject], mean: Mean, place: str) -> None:
        for entry in entries:
            values = self._measured.seed_values(mean, entry["sequence"])
            where = f"{entry['sequence']} / {place}"
            self._agreement.value(where, "score", entry["score"], float(values.mean()))
            if "seed_scores" in entry:
                self._agreement.value(where, "seed_scores", list(entry["seed_scores"]), values.tolist())

    def _tests(
        self,
        entries: Sequence[JsonObject],
        field: str,
        mean: Mean,
        place: str,
        is_general: bool,
        correction: Correction,
        limit: float = 1.0,
    ) -> None:
        found = [self._to_baseline(entry["sequence"], mean, is_general, limit) for entry in entries]
        for entry, test, p in zip(entries, found, _adjusted(found, correction), strict=True):
            self._agreement.difference(f"{entry['sequence']} / {place} ({field})", entry[field], test, p)

    def _to_baseline(self, sequence: str, mean: Mean, is_general: bool, limit: float = 1.0) -> Interval | None:
        baseline = self._evidence.method.baseline
        if sequence == baseline:
            return None
        return self._measured.difference(mean, sequence, baseline, is_general=is_general, limit=limit)

    def _group_mean(self, entry: JsonObject) -> Mean:
        blocks = self._evidence.blocks if entry["task"] is None else [self._evidence.block(entry["task"])]
        members = [(block.task, [name for name in block.targets if name in entry["languages"]]) for block in blocks]
        return mean_over([(task, own) for task, own in members if own])

    def _gap(self, task: str | None) -> Mean:
        blocks = [block for block in self._evidence.blocks if block.source_language in block.languages]
        chosen = blocks if task is None else [block for block in blocks if block.task == task]
        parts = []
        for block in chosen:
            share = 1 / len(chosen)
            parts.append(Weighted(block.task, block.source_language, share, is_sampled=False))
            parts += [Weighted(block.task, name, -share / len(block.targets)) for name in block.targets]
        return tuple(parts)


def mean_of(evidence: Evidence, categories: Mapping[str, str | None], task: str | None, category: str | None) -> Mean:
    """The mean over the target languages of a task, of the tasks of a category, or (both None) of all tasks."""
    return mean_over(
        [
            (block.task, block.targets)
            for block in evidence.blocks
            if (task is None or block.task == task) and (category is None or categories.get(block.task) == category)
        ]
    )


def _named(task: str | None, category: str | None) -> str:
    return task or (f"tasks of {category}" if category else "all tasks")


def _grouped(entries: Sequence[JsonObject], key: Callable[[JsonObject], Any]) -> dict[Any, list[JsonObject]]:
    grouped: dict[Any, list[JsonObject]] = {}
    for entry in entries:
        grouped.setdefault(key(entry), []).append(entry)
    return grouped


def _adjusted(tests: Sequence[Interval | None], correction: Correction) -> list[float | None]:
    corrected = iter(correction([test.p for test in tests if test is not None and test.p is not None]))
    return [None if test is None or test.p is None else next(corrected) for test in tests]
