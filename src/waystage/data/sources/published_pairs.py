"""Published pairs of sentences: PAWS-X, Quora question pairs, MultiNLI and ANLI as their files are laid out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.readers.columns import TextColumns, examples_of
from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import Delimited, JsonLines, Row, aligned_rows
from waystage.data.source import Place, Split
from waystage.data.sources.files import published
from waystage.data.sources.translated import translated_rows, xtreme_names
from waystage.errors import DataError

# The JSON lines of MultiNLI and SNLI.
MNLI_COLUMNS = TextColumns("sentence1", "sentence2", "gold_label", id="pairID")


def agreed_rows(path: Path) -> Iterator[Row]:
    """The rows of MultiNLI's or SNLI's JSON lines on whose label the annotators agree; that of others is ``-``."""
    return (row for row in JsonLines().rows(path, ()) if row.values.get("gold_label") != "-")


@dataclass(frozen=True, slots=True)
class PawsX:
    """PAWS-X as XTREME lays it out: ``pawsx/{train,dev,test}-{lang}.tsv`` without a header.

    XTREME takes the labels off its test files; ``pawsx/labelled/test-{lang}.tsv``, with a header, goes before them.
    Training data in other languages may also be XTREME's translations, see :mod:`waystage.data.sources.translated`.
    """

    labels: tuple[str, ...]
    version: int = 2

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file of a split; DataError that names what is missing."""
        if split == "test":
            return [published(place, f"pawsx/labelled/test-{language}.tsv", f"pawsx/test-{language}.tsv")]
        if split == "train":
            translated = xtreme_names("pawsx/translated", "PAWSX", language)
            return [published(place, f"pawsx/train-{language}.tsv", *translated)]
        return [published(place, f"pawsx/dev-{language}.tsv")]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs, in file order; withheld labels are None."""
        path = self.files(split, language, place)[0]
        names = ("sentence1", "sentence2", "label")
        if path.name.endswith("-translated.tsv"):
            return examples_of(path, translated_rows(path, names), TextColumns(*names), self.labels)
        _, first = next(numbered_lines(path))
        if first.split("\t")[0] == "id":
            rows = Delimited("\t", is_quoted=False).rows(path, names)
            return examples_of(path, rows, TextColumns(*names), self.labels)
        n_columns = 2 if split == "test" and first.count("\t") == 1 else 3
        rows = Delimited("\t", is_quoted=False, names=names[:n_columns]).rows(path, ())
        return examples_of(path, rows, TextColumns(*names[:2], names[2] if n_columns == 3 else None), self.labels)


@dataclass(frozen=True, slots=True)
class QuoraPairs:
    """Quora question pairs: ``qqp/{train,dev,test}.tsv``, English only.

    The files are those of Wang et al. (2017), without a header, or GLUE's, whose header begins with ``id``.
    """

    labels: tuple[str, ...]
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file of a split; DataError that names what is missing."""
        return [published(place, f"qqp/{'dev' if split == 'validation' else split}.tsv")]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs, in file order."""
        path = self.files(split, language, place)[0]
        columns = TextColumns("question1", "question2", "is_duplicate", id="id")
        _, first = next(numbered_lines(path))
        names = () if first.startswith("id\t") else ("is_duplicate", "question1", "question2", "id")
        rows = Delimited("\t", is_quoted=False, names=names).rows(path, columns.names)
        return examples_of(path, rows, columns, self.labels)


@dataclass(frozen=True, slots=True)
class Mnli:
    """MultiNLI's own JSON lines, English only; pairs on which annotators do not agree are left out.

    Validation is the matched development set, test the mismatched one: the test labels are not published.
    """

    labels: tuple[str, ...]
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file of a split; DataError that names what is missing."""
        part = {"train": "train", "validation": "dev_matched", "test": "dev_mismatched"}[split]
        return [published(place, f"mnli/multinli_1.0_{part}.jsonl")]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs, in file order."""
        path = self.files(split, language, place)[0]
        return examples_of(path, agreed_rows(path), MNLI_COLUMNS, self.labels)


@dataclass(frozen=True, slots=True)
class Snli:
    """SNLI, English only, in either of two layouts.

    Its own JSON lines are ``snli/snli_1.0_{train,dev,test}.jsonl``; pairs on which annotators do not agree are left
    out. InferSent's layout is line-aligned files without such pairs: ``snli/{s1,s2,labels}.{train,dev,test}``.
    """

    labels: tuple[str, ...]
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file, or premises, hypotheses and labels; DataError that names what is missing."""
        if language != "en":
            raise DataError(f"SNLI is in English only, not in '{language}'")
        part = "dev" if split == "validation" else split
        first = published(place, f"snli/snli_1.0_{part}.jsonl", f"snli/s1.{part}")
        if first.suffix == ".jsonl":
            return [first]
        return [first, *(published(place, f"snli/{name}.{part}") for name in ("s2", "labels"))]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs, in file order."""
        paths = self.files(split, language, place)
        if len(paths) == 1:
            return examples_of(paths[0], agreed_rows(paths[0]), MNLI_COLUMNS, self.labels)
        rows = aligned_rows(dict(zip(("premise", "hypothesis", "label"), paths, strict=True)))
        return examples_of(paths[0], rows, TextColumns("premise", "hypothesis", "label"), self.labels)


@dataclass(frozen=True, slots=True)
class Anli:
    """ANLI's three rounds one after the other: ``anli/R{1,2,3}/{train,dev,test}.jsonl``, English only."""

    labels: tuple[str, ...]
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """A file a round; DataError that names what is missing."""
        part = "dev" if split == "validation" else split
        return [published(place, f"anli/R{number}/{part}.jsonl") for number in (1, 2, 3)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Pairs of all rounds, in file order."""
        columns = TextColumns("context", "hypothesis", "label", id="uid")
        examples: list[Example] = []
        for path in self.files(split, language, place):
            examples += examples_of(path, self._spelled_out(JsonLines().rows(path, ())), columns, self.labels)
        return examples

    def _spelled_out(self, rows: Iterable[Row]) -> Iterator[Row]:
        words = {label[0]: label for label in self.labels}
        for row in rows:
            label = row.values.get("label")
            spelled = words.get(label, label) if isinstance(label, str) else label
            yield Row(row.line, {**row.values, "label": spelled})
