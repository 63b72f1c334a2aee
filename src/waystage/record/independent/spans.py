"""Spans of tags as conlleval finds them (Tjong Kim Sang and Buchholz 2000), in seqeval's reading of a tag.

A tag's first character is its prefix; its type is what follows the first hyphen after that, or all the rest where there
is none, or ``_`` where nothing follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_OUT = ("O", "_")
# A prefix and the next one between which a span is closed, or opened, whatever their types.
_CLOSES = {("B", "B"), ("B", "S"), ("B", "O"), ("I", "B"), ("I", "S"), ("I", "O")}
_OPENS = {("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I")}


def spans(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """Type, first and last word of each span.

    Raises:
        ValueError: an empty tag.

    >>> sorted(spans(["B-PER", "I-PER", "O", "B-LOC"]))
    [('LOC', 3, 3), ('PER', 0, 1)]
    """
    parsed = [("O", ""), *map(_parse, tags), _OUT]
    found, begin = set(), 0
    for word, ((prefix, own), (next_prefix, next_own)) in enumerate(pairwise(parsed)):
        changes = own != next_own
        closes = prefix in ("E", "S") or (prefix, next_prefix) in _CLOSES or (changes and prefix not in ("O", "."))
        if closes:
            found.add((own, begin, word - 1))
        opens = next_prefix in ("B", "S") or (prefix, next_prefix) in _OPENS
        if opens or (changes and next_prefix not in ("O", ".")):
            begin = word
    return found


def _parse(tag: str) -> tuple[str, str]:
    if not tag:
        raise ValueError("an empty tag")
    rest = tag[1:]
    return tag[0], (rest.split("-", 1)[1] if "-" in rest else rest) or "_"
