"""A run as submission folders of XTREME and XTREME-R, checked by scoring them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from waystage.benchmark.benchmarks import BENCHMARKS, Benchmark
from waystage.benchmark.entries import ENTRIES, Entry
from waystage.data.examples import Example
from waystage.errors import StudyError
from waystage.exports.folder import new_folder, write_text
from waystage.exports.run import FinishedRun, one_of, predictions_of
from waystage.report.record import ResultDigest
from waystage.store.artefact import Artefact

PREDICTIONS, GOLD = "predictions", "gold"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is written.

    Attributes:
        sequence: this one alone; None: each.
        seed: this one alone; None: each.
        has_gold: write the labels too. They are the data's, with its licence.
    """

    sequence: str | None = None
    seed: int | None = None
    has_gold: bool = False


@dataclass(slots=True)
class Submission:
    """What was written.

    Attributes:
        folders: of predictions, relative to the target: one a sequence and seed.
        n_files: of predictions.
        n_checked: scores that came out the same, to the last digit, when the files were scored.
        differences: scores that did not, and why.
        notes: what keeps it from being a complete submission.
    """

    folders: list[str] = field(default_factory=list)
    n_files: int = 0
    n_checked: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_submissions(run: FinishedRun, target: Path, choice: Choice, *, is_forced: bool = False) -> Submission:
    """Write ``predictions/SEQUENCE/seed-N/TASK/test-LANGUAGE.*`` into ``target``, and score it.

    What is not random stands in the folder of every seed.

    Raises:
        StudyError: no such sequence or seed, no target is a task of a benchmark, or ``target`` is taken.
        StoreError: predictions or test sets are not in the store, or nothing can be written.
    """
    folders = _folders(run, choice)
    cells = [cell for members in folders.values() for cell in members]
    if not cells:
        tasks = ", ".join(protocol.task for protocol in run.record.protocol)
        raise StudyError(f"{run.folder}: no target is a task of a benchmark; the run has {tasks}")
    artefacts = run.artefacts(list(dict.fromkeys(cells)))
    about = {"format": "xtreme-submission", "study": run.record.study_name, "gold": choice.has_gold}
    with new_folder(target, about, is_forced=is_forced) as draft:
        writer = _Writer(run, draft, artefacts)
        for name, members in folders.items():
            writer.submission.folders.append(f"{PREDICTIONS}/{name}")
            for cell in members:
                writer.write(draft / PREDICTIONS / name, cell)
        if not choice.has_gold:
            writer.remove_gold()
        submission = writer.submission
        submission.notes = list(_notes(run, cells))
        write_text(draft / "README.md", _readme(run, submission, choice.has_gold))
    return submission


def _folders(run: FinishedRun, choice: Choice) -> dict[str, list[ResultDigest]]:
    """Cells of each folder, those whose task a benchmark has."""
    record = run.record
    sequences, seeds = list(record.comparison.sequences), list(record.seeds)
    if choice.sequence is not None:
        sequences = [one_of(choice.sequence, sequences, "--sequence", "sequence")]
    if choice.seed is not None:
        seeds = [int(one_of(str(choice.seed), [str(seed) for seed in seeds], "--seed", "seed"))]
    cells = {
        f"{sequence}/seed-{seed}": [cell for cell in run.cells(sequence, seed) if cell.task in ENTRIES]
        for sequence in sequences
        for seed in seeds
    }
    return {name: members for name, members in cells.items() if members}


@dataclass(slots=True)
class _Writer:
    """Writes files, and scores each of them when it is written."""

    run: FinishedRun
    draft: Path
    artefacts: dict[ResultDigest, Artefact]
    submission: Submission = field(default_factory=Submission)
    _gold_files: set[Path] = field(default_factory=set)
    _examples: dict[str, list[Example]] = field(default_factory=dict)

    def write(self, folder: Path, cell: ResultDigest) -> None:
        """The files of all languages of a cell; two targets that enter one task cannot both be written."""
        entry, artefact = ENTRIES[cell.task], self.artefacts[cell]
        for language, data_id in artefact.manifest.spec["data"].items():
            if language not in entry.task.languages:
                continue
            examples = self._load(data_id, f"{cell.task} ({language})")
            name = f"{entry.task.name}/{entry.task.file_name(language)}"
            if (folder / name).exists():
                raise StudyError(f"{self.run.folder}: two targets are {entry.task.name}, {cell.task} among them")
            write_text(folder / name, entry.task.form.predictions_text(examples, predictions_of(artefact, language)))
            gold = self.draft / GOLD / name
            if gold not in self._gold_files:
                write_text(gold, entry.task.form.gold_text(examples))
                self._gold_files.add(gold)
            self.submission.n_files += 1
            self._check(cell, entry, language, (gold, folder / name))

    def remove_gold(self) -> None:
        """The gold was needed to check the predictions; it is not asked for."""
        for path in self._gold_files:
            path.unlink()
        for folder in sorted({path.parent for path in self._gold_files}):
            folder.rmdir()
        (self.draft / GOLD).rmdir()

    def _load(self, data_id: str, name: str) -> list[Example]:
        if data_id not in self._examples:
            self._examples[data_id] = self.run.examples(data_id, name)
        return self._examples[data_id]

    def _check(self, cell: ResultDigest, entry: Entry, language: str, files: tuple[Path, Path]) -> None:
        sums = entry.task.form.score(*files, language).statistics.sum(axis=0)
        place = f"{cell.sequence}, {cell.task}/{language}" + ("" if cell.seed is None else f", seed {cell.seed}")
        for measure in entry.task.form.measures:
            metric = entry.metrics.get(measure.name)
            if metric is None:
                continue
            there, here = float(measure.score(sums)), self.run.score_of(cell, language, metric)
            if here is None:
                what = f"{measure.name} is {100 * there:.4f} %; the run did not compute {metric}"
                self.submission.differences.append(f"{place}: {what}")
            elif here == there or (here != here and there != there):
                self.submission.n_checked += 1
            else:
                what = f"{measure.name} is {100 * there:.4f} %, in the run {100 * here:.4f} %"
                self.submission.differences.append(f"{place}: {what}")


def _notes(run: FinishedRun, cells: Iterable[ResultDigest]) -> Iterator[str]:
    """What keeps the folders from being complete submissions to the published test sets."""
    tasks = list(dict.fromkeys(cell.task for cell in cells))
    for name in tasks:
        entry = ENTRIES[name]
        if entry.note:
            yield f"{name}: {entry.note}"
        yield from (f"{name}: {departure}" for departure in run.protocol(name).departures)
    own = [protocol.task for protocol in run.record.protocol if protocol.task not in ENTRIES]
    if own:
        yield f"not tasks of a benchmark, so not written: {', '.join(own)}"
    languages = {ENTRIES[name].task.name: set(run.protocol(name).languages) for name in tasks}
    for benchmark in BENCHMARKS.values():
        yield from _incomplete(benchmark, languages)


def _incomplete(benchmark: Benchmark, languages: dict[str, set[str]]) -> Iterator[str]:
    n_all = sum(len(task.languages) for task in benchmark.tasks)
    n_there = sum(len(set(task.languages) & languages.get(task.name, set())) for task in benchmark.tasks)
    if n_there < n_all:
        lacking = [task.name for task in benchmark.tasks if not set(task.languages) <= languages.get(task.name, set())]
        yield (
            f"not a complete submission to {benchmark.name}: {n_there} of its {n_all} languages of tasks are there; "
            f"missing in whole or in part: {', '.join(lacking)}"
        )


def _readme(run: FinishedRun, submission: Submission, has_gold: bool) -> str:
    record = run.record
    gold = "gold" if has_gold else "GOLD"
    lines = [
        f"# Predictions of {record.study_name}",
        "",
        "Submission folders of XTREME and XTREME-R, one a sequence and seed, written by Waystage.",
        "",
        f"    waystage score --predictions {submission.folders[0]} --gold {gold} --benchmark xtreme-r",
        "",
        f"{submission.n_checked} scores of these files are those of the run, to the last digit.",
        *_listed("Scores that are not:", submission.differences),
        *_listed("What to know before submitting:", submission.notes),
        *_listed("Training sequences:", [f"{s.sequence}: {'; '.join(s.steps) or 'none'}" for s in record.sequences]),
        "",
        f"Encoder: {record.encoder.name} ({record.encoder.licence}). Run: {record.created_at}, `{record.command}`.",
    ]
    if has_gold:
        licences = [f"{p.task}: {p.licence or 'not known'}" for p in record.protocol if p.task in ENTRIES]
        lines += _listed("The labels in `gold` have the licences of their data:", licences)
    return "\n".join(lines) + "\n"


def _listed(heading: str, items: Iterable[str]) -> list[str]:
    points = [f"- {item}" for item in items]
    return ["", heading, "", *points] if points else []
