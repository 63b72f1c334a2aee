"""The record's test examples beside your own copy of the data: gold by digest, and answers scored from text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from waystage.data.examples import Example
from waystage.data.prepare import PreparedText, load_examples
from waystage.data.source import Place
from waystage.errors import DataError, StudyError
from waystage.plan.texts import Texts
from waystage.record.form.evidence import CellEvidence, ExamplesEvidence
from waystage.record.form.names import STUDY_YAML, cell_name, examples_name
from waystage.record.form.verdicts import Finding, Status
from waystage.record.gates.answers import Scored, compare_rows
from waystage.record.gates.reading import Material
from waystage.record.independent.agreement import Agreement
from waystage.store.store import Store
from waystage.study.data_check import default_cache_dir
from waystage.study.load import parse_study

_N_NAMED = 20


@dataclass(frozen=True, slots=True)
class TestText:
    """The test examples of one language as prepared from your data: their id, and the examples in order."""

    data_id: str
    examples: list[dict[str, Any]]


def check_data(material: Material, data_dir: Path) -> Iterator[Finding]:
    """One finding a task: the digest of the prepared data, and answers scored against it."""
    text = material.record.read(STUDY_YAML).decode("utf-8")
    try:
        study = parse_study(text, STUDY_YAML, study_dir=data_dir, data_dir=data_dir)
    except StudyError as error:
        yield Finding("your data", "UNVERIFIED", f"the study cannot be read here: {str(error).splitlines()[0]}")
        return
    place = Place(data_dir, default_cache_dir(), data_dir)
    with TemporaryDirectory(prefix="waystage-verify-") as folder:
        store = Store(Path(folder) / "store")
        for target in study.targets:
            task = target.task.name
            try:
                texts = _texts(Texts.read_tests(target, store, place), material.examples[task], store)
            except DataError as error:
                yield Finding(f"your data: {task}", "UNVERIFIED", f"not there: {str(error).splitlines()[0]}")
                continue
            yield _check_task(material, task, texts)


def _texts(prepared: Mapping[str, PreparedText], recorded: ExamplesEvidence, store: Store) -> dict[str, TestText]:
    return {
        language: TestText(own.artefact_id, _renamed(recorded, language, load_examples(store, own.artefact_id)))
        for language, own in prepared.items()
    }


def _renamed(recorded: ExamplesEvidence, language: str, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """The examples as JSON, with the ids of the record where it has ranks in place of those of the data."""
    values = [example.to_json() for example in examples]
    own = recorded.languages.get(language)
    if recorded.ids_are == "kept" or own is None or len(own.ids) != len(values):
        return values
    return [{**value, "id": rank} for value, rank in zip(values, own.ids, strict=True)]


def _check_task(material: Material, task: str, texts: Mapping[str, TestText]) -> Finding:
    name, agreement = f"your data: {task}", Agreement(examples_name(task))
    for language, own in material.examples[task].languages.items():
        found = texts[language].data_id if language in texts else None
        agreement.value(language, "digest of the prepared examples", own.data_id, found)
    if agreement.disagreements:
        told = "; ".join(str(own) for own in agreement.disagreements[:5])
        return Finding(
            name, "UNVERIFIED", f"your data is not that of the record: {told}", None, None, (agreement.file,)
        )
    n_scored = sum(_score_cell(own, task, texts, agreement) for own in material.answers if own.task == task)
    status: Status = "FALSIFIED" if agreement.disagreements else "VERIFIED"
    shown = "\n".join(str(own) for own in agreement.disagreements[:_N_NAMED])
    found = f"digests agree; {n_scored:,} answers scored from text again" + (f"\n{shown}" if shown else "")
    return Finding(name, status, found, None, {"n_examples": n_scored}, (agreement.file,))


def _score_cell(answers: CellEvidence, task: str, texts: Mapping[str, TestText], agreement: Agreement) -> int:
    """Statistics of a cell against those of its answers and the text; the number of answers."""
    agreement.file, n_scored = cell_name(task, answers.sequence, answers.seed), 0
    for language, given in answers.languages.items():
        if given.answers is None:
            continue
        gold = texts[language].examples
        n_scored += len(gold)
        place = f"{answers.sequence} / {task} / {language} / seed {answers.seed}"
        for metric, recorded in given.statistics.items():
            compare_rows(agreement, recorded, Scored(metric, language, gold, given.answers), place)
    return n_scored
