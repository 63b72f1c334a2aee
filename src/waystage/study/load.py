"""Study file to Study: all mistakes at once, with their lines, what is valid and the nearest name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from waystage.errors import DataError, Problem, StudyError
from waystage.study.build import StudyParts
from waystage.study.data_check import check_data, data_problems, data_uses
from waystage.study.mistakes import schema_findings
from waystage.study.names import name_findings
from waystage.study.positions import read_document, read_text
from waystage.study.registries import Registries, installed_registries
from waystage.study.scope import pruned
from waystage.study.study import Study

__all__ = ["check_data", "load_checked_study", "load_study", "parse_study"]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A study file as read: its problems, and the parts that are sound."""

    parts: StudyParts
    problems: list[Problem]


def load_study(path: Path, *, data_dir: Path | None = None, registries: Registries | None = None) -> Study:
    """The study in a file. No data is read.

    ``data_dir`` holds published benchmark files. Relative paths of data in the study are read from the file's
    folder; ``output`` from the current directory.

    Raises:
        StudyError: with one problem a mistake.
    """
    return parse_study(read_text(path), path, study_dir=path.parent.resolve(), data_dir=data_dir, registries=registries)


def parse_study(
    text: str,
    file: Path | str = "study.yaml",
    *,
    study_dir: Path | None = None,
    data_dir: Path | None = None,
    registries: Registries | None = None,
) -> Study:
    """The study in a text.

    ``file`` is the name for messages; ``study_dir``, by default the current directory, is the folder of
    relative paths.

    Raises:
        StudyError: with one problem a mistake.
    """
    reading = _read(text, file, study_dir, registries)
    if reading.problems:
        raise StudyError(reading.problems)
    return reading.parts.study(data_dir)


def load_checked_study(path: Path, data_dir: Path | None = None, *, registries: Registries | None = None) -> Study:
    """The study in a file, after a look at all data that it uses (see :func:`check_data`).

    Raises:
        StudyError: the study has mistakes; problems of its data follow them, as far as its sound parts tell.
        DataError: the study is sound, and data is missing or malformed.
    """
    reading = _read(read_text(path), path, path.parent.resolve(), registries)
    parts = reading.parts
    uses = data_uses(parts.stages.values(), parts.targets)
    of_data = data_problems(uses, parts.study_dir, data_dir)
    if reading.problems:
        raise StudyError([*reading.problems, *of_data])
    if of_data:
        raise DataError(of_data)
    return parts.study(data_dir)


def _read(text: str, file: Path | str, study_dir: Path | None, registries: Registries | None) -> _Reading:
    folder = study_dir or Path.cwd()
    known = registries or installed_registries()
    document = read_document(text, file)
    findings = list(document.findings)
    unreadable = {finding.path for finding in findings if not finding.is_harmless}
    of_form = schema_findings(document.value)
    # Said once already; what such a mistake makes unreliable goes all the same.
    said = [finding for finding in of_form if finding.path in unreadable]
    findings += [finding for finding in of_form if finding.path not in unreadable]
    findings += name_findings(pruned(document.value, [*findings, *said]), findings, known, folder)
    problems = sorted((document.problem(finding) for finding in findings), key=lambda problem: problem.line or 0)
    return _Reading(StudyParts(pruned(document.value, [*findings, *said]), known, folder), problems)
