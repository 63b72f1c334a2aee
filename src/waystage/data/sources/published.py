"""Published benchmarks as their files are laid out in a data folder.

Each name below is relative to the data folder, or to its sub-folder ``download`` (where XTREME's scripts put
it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.readers.columns import ParallelColumns, TaggedColumns, TextColumns, examples_of
from waystage.data.readers.rows import Delimited, Row, aligned_rows
from waystage.data.readers.words import Conll, ConllU
from waystage.data.source import Place, Split
from waystage.data.sources.files import data_dir, published, published_roots
from waystage.data.sources.published_pairs import MNLI_COLUMNS, agreed_rows
from waystage.data.sources.translated import translated_rows, xtreme_names
from waystage.errors import DataError, Problem

_PREMISE_HYPOTHESIS = TextColumns("premise", "hypothesis", "label")
_NLI_TABLE = Delimited("\t", is_quoted=False, names=("premise", "hypothesis", "label"))
_NLI_TEST_TABLE = Delimited("\t", is_quoted=False, names=("premise", "hypothesis"))


@dataclass(frozen=True, slots=True)
class Xnli:
    """XNLI as XTREME lays it out: ``xnli/dev-{lang}.tsv``, ``xnli/test-{lang}.tsv`` and
    ``xnli/test-labels.tsv``.

    Training data are ``xnli/train-en.tsv`` or, in MultiNLI's own form, ``mnli/multinli_1.0_train.jsonl``,
    whichever is there; in other languages ``xnli/train-{lang}.tsv``, XTREME's translations or those of XNLI-MT, see
    :mod:`waystage.data.sources.translated`. Test files without ``test-labels.tsv`` give examples whose gold is
    withheld.
    """

    labels: tuple[str, ...]
    version: int = 2

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of a split; DataError that names what is missing."""
        if split == "train":
            own = f"xnli/train-{language}.tsv"
            if language == "en":
                return [published(place, own, "mnli/multinli_1.0_train.jsonl")]
            translated = xtreme_names("xnli/XNLI-Translated", "XNLI", language)
            return [published(place, own, *translated, f"XNLI-MT-1.0/multinli/multinli.train.{language}.tsv")]
        if split == "validation":
            return [published(place, f"xnli/dev-{language}.tsv")]
        test = published(place, f"xnli/test-{language}.tsv")
        labels = test.with_name("test-labels.tsv")
        return [test, labels] if labels.is_file() else [test]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs, in file order."""
        paths = self.files(split, language, place)
        if paths[0].suffix == ".jsonl":
            return examples_of(paths[0], agreed_rows(paths[0]), MNLI_COLUMNS, self.labels)
        if split == "train" and language != "en":
            rows = translated_rows(paths[0], ("premise", "hypothesis", "label"))
            return examples_of(paths[0], rows, _PREMISE_HYPOTHESIS, self.labels)
        if split != "test":
            return examples_of(paths[0], _NLI_TABLE.rows(paths[0], ()), _PREMISE_HYPOTHESIS, self.labels)
        if len(paths) == 1:
            withheld = TextColumns("premise", "hypothesis", None)
            return examples_of(paths[0], _NLI_TEST_TABLE.rows(paths[0], ()), withheld, self.labels)
        return examples_of(paths[0], self._with_labels(*paths), _PREMISE_HYPOTHESIS, self.labels)

    def _with_labels(self, test: Path, labels: Path) -> Iterator[Row]:
        for row in aligned_rows({"pair": test, "label": labels}):
            pair = row.values["pair"].split("\t")
            if len(pair) != 2:
                found = f"{len(pair)} columns"
                raise DataError(Problem(test, row.line, None, found, "premise and hypothesis"))
            label = row.values["label"].partition("\t")[0].strip()
            if label not in self.labels:
                expected = f"one of {', '.join(self.labels)}"
                raise DataError(Problem(labels, row.line, None, f"unknown label '{label[:80]}'", expected))
            yield Row(row.line, {"premise": pair[0], "hypothesis": pair[1], "label": label})


@dataclass(frozen=True, slots=True)
class UdPos:
    """Parts of speech: train and validation as XTREME lays them out, test from the treebanks themselves.

    Train and validation are ``udpos/{train,dev}-{lang}.tsv``; test is every
    ``ud/UD_*/{lang}_*-ud-test.conllu``, in order of file names, since XTREME publishes its test files without
    tags.

    Attributes:
        is_fused: multi-word tokens of the treebanks are one word; see
        :class:`waystage.data.readers.words.ConllU`.
    """

    labels: tuple[str, ...]
    is_fused: bool = False
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of a split; DataError that names what is missing."""
        if split != "test":
            part = "train" if split == "train" else "dev"
            return [published(place, f"udpos/{part}-{language}.tsv")]
        pattern = f"ud/UD_*/{language}_*-ud-test.conllu"
        found = [path for root in published_roots(place) for path in root.glob(pattern)]
        if not found:
            raise DataError(Problem(data_dir(place) / pattern, None, None, "there is no such file"))
        return sorted(found, key=lambda path: path.name)

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Sentences, numbered on from one treebank to the next."""
        paths = self.files(split, language, place)
        table = ConllU(self.is_fused) if split == "test" else Conll()
        columns = TaggedColumns(id="number")
        examples: list[Example] = []
        for path in paths:
            rows = enumerate(table.rows(path, ("words", "tags")), start=len(examples) + 1)
            numbered = (Row(row.line, {**row.values, "number": number}) for number, row in rows)
            examples += examples_of(path, numbered, columns, self.labels)
        return examples


@dataclass(frozen=True, slots=True)
class Tatoeba:
    """Sentence pairs with English: ``tatoeba/v1/tatoeba.{code}-eng.{code}``, a test split only.

    Attributes:
        codes: pairs of a language and the code of three letters in the files' names.
    """

    codes: tuple[tuple[str, str], ...]
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The English file and that of the language."""
        if split != "test":
            raise DataError(f"Tatoeba has a test split only, no {split} split")
        code = dict(self.codes).get(language)
        if code is None:
            raise DataError(f"Tatoeba has no sentences in '{language}'")
        stems = (f"tatoeba/v1/tatoeba.{code}-eng", f"tatoeba/tatoeba.{code}-eng")
        english = published(place, *(f"{stem}.eng" for stem in stems), f"tatoeba/{language}-en.en")
        target = published(place, *(f"{stem}.{code}" for stem in stems), f"tatoeba/{language}-en.{language}")
        return [english, target]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs, in file order."""
        english, target = self.files(split, language, place)
        return examples_of(target, aligned_rows({"source": english, "target": target}), ParallelColumns(), ())
