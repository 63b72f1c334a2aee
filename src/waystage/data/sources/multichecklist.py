"""MultiCheckList (Ruder et al. 2021, section 5): cases of one test, generated from the published table of templates.

The table is ``multichecklist/checklist_templates.tsv`` of https://github.com/google-research/xtreme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from waystage.data.checklist.cases import Drawer, draws, example, fields, two_properties
from waystage.data.checklist.table import TestTemplates, read_templates
from waystage.data.examples import Example
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
        words_from: title of the test whose words it uses; None: its own.
    """

    title: str
    drawer: Drawer
    words_from: str | None = None


_ANIMALS = "Animal vs Vehicle"
_ANIMAL_FIELDS = ("animal", "vehicle")

TESTS = {
    "comparison": ChecklistTest("A is COMP than B. Who is more / less COMP?", fields(adj="adj")),
    "intensifiers": ChecklistTest(
        "Intensifiers (very, super, extremely) and reducers (somewhat, kinda, etc)?",
        fields(s="state", very="very", somewhat="somewhat"),
    ),
    "properties": ChecklistTest("size, shape, age, color", two_properties),
    "profession": ChecklistTest(
        "Profession vs nationality", fields(profession="profession", nationality="nationality")
    ),
    "animal-vehicle": ChecklistTest(_ANIMALS, fields(animal="animal", vehicle="vehicle")),
    "animal-vehicle-v2": ChecklistTest(
        "Animal vs Vehicle v2", fields(animal="animal", vehicle="vehicle"), words_from=_ANIMALS
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
    version: int = 1

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
        """The cases, in the order of the draws; DataError where the table does not give as many."""
        if split != "test":
            return self.training.read(split, language, place)
        path = self.files(split, language, place)[0]
        test = TESTS[self.test]
        templates = _templates(path, test, language)
        seed = derive_seed(self.seed, "multichecklist", self.test)
        numbered = enumerate(draws(templates, test.drawer, seed, _N_TRIES * self.n_cases), start=1)
        cases = (example(draw, templates, f"{self.test}/{number:04}") for number, draw in numbered)
        examples: list[Example] = list(islice((case for case in cases if case is not None), self.n_cases))
        if len(examples) < self.n_cases:
            found = f"{len(examples)} cases of '{test.title}' in '{language}'"
            raise DataError(Problem(path, None, None, found, f"{self.n_cases}"))
        return examples


def _templates(path: Path, test: ChecklistTest, language: str) -> TestTemplates:
    own = read_templates(path, test.title, language)
    if test.words_from is None:
        return own
    words = read_templates(path, test.words_from, language).rows
    return TestTemplates(language, {**own.rows, **{field: words[field] for field in _ANIMAL_FIELDS}})
