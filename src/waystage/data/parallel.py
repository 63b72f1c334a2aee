"""A parallel corpus: sentences with their translations, for translation language modelling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from waystage.data.source import Place

Pair: TypeAlias = tuple[str, str]
"""Two languages, in the order of their codes."""


def pair_name(pair: Pair) -> str:
    """What a pair of languages is called.

    >>> pair_name(("de", "en"))
    'de+en'
    """
    return "+".join(pair)


class ParallelSource(Protocol):
    """Reads the sentence pairs of two languages. A frozen dataclass, as a source of examples is."""

    @property
    def version(self) -> int:
        """Raised by one whenever the same files would be read differently."""

    def files(self, pair: Pair, place: Place) -> Sequence[Path]:
        """The files that :meth:`read` will open, each of which exists; DataError where one is missing."""

    def read(self, pair: Pair, place: Place) -> Iterator[tuple[str, str]]:
        """Sentences in the languages of ``pair``, in file order, neither of them blank.

        Raises:
            DataError: text is not UTF-8, a column is missing, or files have different numbers of lines; raised on the
                way there.
        """


@dataclass(frozen=True, slots=True)
class ParallelCorpus:
    """The declaration of a parallel corpus; ``pairs`` are those that it has."""

    name: str
    source: ParallelSource
    pairs: tuple[Pair, ...]
    description: str
    licence: str
    reference: str

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of all pairs, in the order of their codes."""
        return tuple(sorted({language for pair in self.pairs for language in pair}))

    def pairs_among(self, languages: Sequence[str]) -> tuple[Pair, ...]:
        """The pairs whose two languages are both among ``languages``."""
        return tuple(pair for pair in self.pairs if set(pair) <= set(languages))
