"""MultiCheckList (Ruder et al. 2021, section 5): cases of one test, generated from the published table of templates.

A case has several questions, each an example that says which case it is of.

The table is ``multichecklist/checklist_templates.tsv`` of https://github.com/google-research/xtreme.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from waystage.data.checklist.cases import (
    ANSWER,
    CONTEXT,
    PEOPLE,
    PROPERTY,
    QUESTION,
    Drawer,
    draws,
    fields,
    placeholders,
    questions,
    two_properties,
)
from waystage.data.checklist.table import TestTemplates, read_templates
from waystage.data.examples import Example
from waystage.data.readers.columns import MAX_PROBLEMS
from waystage.data.source import Place, Source, Split
from waystage.data.sources.files import data_dir, published_roots
from waystage.errors import DataError, Problem
from waystage.seeds import derive_seed

_TABLE = "multichecklist/checklist_templates.tsv"
_PATTERNS = (_TABLE, f"*/{_TABLE}", "checklist_templates.tsv")
# Draws for each case that is wanted: some languages have no words for some draws.
_N_TRIES = 20


@dataclass(frozen=True, slots=True)
class ChecklistTest:
    """One of the six tests.

    Attributes:
        title: in the table.
        drawer: draws the values of a case.
        fields: the fields that it draws from.
        open_names: what texts may leave open besides names of people; as the fields where it is empty.
        words_from: title of the test whose words it uses; None: its own.
    """

    title: str
    drawer: Drawer
    fields: tuple[str, ...]
    open_names: tuple[str, ...] = ()
    words_from: str | None = None


_ANIMALS = "Animal vs Vehicle"
_ANIMAL_FIELDS = ("animal", "vehicle")

TESTS = {
    "comparison": ChecklistTest("A is COMP than B. Who is more / less COMP?", fields(adj="adj"), ("adj",)),
    "intensifiers": ChecklistTest(
        "Intensifiers (very, super, extremely) and reducers (somewhat, kinda, etc)?",
        fields(s="state", very="very", somewhat="somewhat"),
        ("state", "very", "somewhat"),
        ("s", "very", "somewhat"),
    ),
    "properties": ChecklistTest(
        "size, shape, age, color", two_properties, ("obj", PROPERTY), ("obj", "p.p1", "p.v1", "p.p2", "p.v2")
    ),
    "profession": ChecklistTest(
        "Profession vs nationality",
        fields(profession="profession", nationality="nationality"),
        ("profession", "nationality"),
    ),
    "animal-vehicle": ChecklistTest(_ANIMALS, fields(animal="animal", vehicle="vehicle"), _ANIMAL_FIELDS),
    "animal-vehicle-v2": ChecklistTest(
        "Animal vs Vehicle v2", fields(animal="animal", vehicle="vehicle"), _ANIMAL_FIELDS, words_from=_ANIMALS
    ),
}
"""The six tests by short name."""


@dataclass(frozen=True, slots=True)
class MultiCheckList:
    """Cases of one test as the test split; training data are another source's.

    The same number of a case is the same case in every language: the same rows of the table, the same people. A
    language that has no words for a draw takes the next one.

    Attributes:
        test: a name of ``TESTS``.
        training: what ``train`` and ``validation`` are read from.
        n_cases: of each language.
        seed: of the draws.
    """

    test: str
    training: Source
    n_cases: int = 200
    seed: int = 42
    version: int = 2

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The table; the files of the training data for the other splits."""
        if split != "test":
            return self.training.files(split, language, place)
        found = (
            path for root in published_roots(place) for pattern in _PATTERNS for path in sorted(root.glob(pattern))
        )
        path = next(found, None)
        if path is None:
            raise DataError(Problem(data_dir(place) / _TABLE, None, None, "there is no such file"))
        return [path]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The questions of the cases, in the order of the draws; DataError where the table gives fewer cases."""
        if split != "test":
            return self.training.read(split, language, place)
        path = self.files(split, language, place)[0]
        test = TESTS[self.test]
        templates = _templates(path, test, language)
        seed = derive_seed(self.seed, "multichecklist", self.test)
        numbered = enumerate(draws(templates, test.drawer, seed, _N_TRIES * self.n_cases), start=1)
        cases = (questions(draw, templates, f"{self.test}/{number:04}") for number, draw in numbered)
        chosen = list(islice((case for case in cases if case), self.n_cases))
        if len(chosen) < self.n_cases:
            found = f"{len(chosen)} cases of '{test.title}' in '{language}'"
            raise DataError(Problem(path, None, None, found, f"{self.n_cases}"))
        return [question for case in chosen for question in case]


def _templates(path: Path, test: ChecklistTest, language: str) -> TestTemplates:
    templates = read_templates(path, test.title, language)
    if test.words_from is not None:
        words = read_templates(path, test.words_from, language).rows
        of_words = {field: words[field] for field in _ANIMAL_FIELDS if field in words}
        templates = TestTemplates(language, {**templates.rows, **of_words})
    problems = list(_gaps(path, test, templates))
    if problems:
        raise DataError(problems[:MAX_PROBLEMS])
    return templates


def _gaps(path: Path, test: ChecklistTest, templates: TestTemplates) -> Iterator[Problem]:
    """What a test of the table lacks for cases to be made of it."""
    rows = templates.rows
    of_properties = [row.english for row in rows.get(PROPERTY, ())] if PROPERTY in test.fields else []
    for field in (CONTEXT, QUESTION, ANSWER, *test.fields, *of_properties):
        if not rows.get(field):
            yield Problem(path, None, None, f"no row '{field[:80]}' in the test '{test.title}'", "at least one")
    if of_properties and len(of_properties) < 2:
        yield Problem(path, None, None, f"one row '{PROPERTY}' in the test '{test.title}'", "at least two")
    asked, answered = rows.get(QUESTION, ()), rows.get(ANSWER, ())
    if len(asked) != len(answered):
        found = f"{len(asked)} questions and {len(answered)} answers in the test '{test.title}'"
        yield Problem(path, None, None, found, "an answer a question")
    known = {*PEOPLE, *(test.open_names or test.fields)}
    for row in (*rows.get(CONTEXT, ()), *asked, *answered):
        for text in (row.english, *(variant.text for variant in row.variants)):
            unknown = [name for name in placeholders(text) if name not in known]
            if unknown:
                yield Problem(
                    path, row.line, templates.language, f"'{{{unknown[0][:80]}}}'", f"one of {', '.join(sorted(known))}"
                )
