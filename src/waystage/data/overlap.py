"""Whether examples stand in two data sets, told by their text."""

from __future__ import annotations

from collections.abc import Iterable

from waystage.data.examples import Example


def passage_keys(examples: Iterable[Example]) -> frozenset[str]:
    """What the examples are recognised by: their passages, without regard to white space and capitals."""
    return frozenset(" ".join(example.passage.split()).casefold() for example in examples)


def n_overlapping(examples: Iterable[Example], keys: frozenset[str]) -> int:
    """Number of examples whose passage is among ``keys``."""
    return sum(not passage_keys([example]).isdisjoint(keys) for example in examples)
