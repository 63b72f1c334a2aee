"""Formats with one word a line: CoNLL and CoNLL-U."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem

NumberedLine = tuple[int, str]
_EMPTY_NODE = re.compile(r"[0-9]+\.[0-9]+")

# Which part gives a fused form its tag where several are equally near the root.
FUSED_PRECEDENCE = (
    "VERB", "NOUN", "PROPN", "PRON", "ADJ", "NUM", "ADV", "INTJ",
    "AUX", "ADP", "DET", "PART", "CCONJ", "SCONJ", "X", "PUNCT",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conll:
    """A word and its tags a line, a blank line between sentences; ``-DOCSTART-`` lines are skipped.

    Columns are separated by tabs where the line has one, else by white space. A row has the columns by
    number, from ``"1"``, and again as ``words`` (the first) and ``tags`` (the last; absent where there is one
    column only).
    """

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a sentence."""
        n_columns = None
        for lines in _sentences(path):
            cells = [(number, _cells(line)) for number, line in lines if not line.startswith("-DOCSTART-")]
            if not cells:
                continue
            n_columns = n_columns or len(cells[0][1])
            for number, found in cells:
                if not found or len(found) != n_columns or not found[0]:
                    expected = f"{n_columns or 2}, the first a word"
                    raise DataError(Problem(path, number, None, f"{len(found)} columns", expected))
            by_number = {str(i + 1): [found[i] for _, found in cells] for i in range(n_columns)}
            tags = {"tags": by_number[str(n_columns)]} if n_columns > 1 else {}
            yield Row(cells[0][0], {**by_number, "words": by_number["1"], **tags})


@dataclass(frozen=True, slots=True)
class ConllU:
    """Universal Dependencies: ten columns between tabs. Empty nodes are skipped.

    Attributes:
        is_fused: a multi-word token (``3-4  zum``) is one word, tagged like its part nearest the root, as
            XTREME has it; otherwise its parts are the words (``zu``, ``dem``).
        precedence: tags of the parts that win a tie, first to last.
    """

    is_fused: bool = False
    precedence: tuple[str, ...] = FUSED_PRECEDENCE

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a sentence: ``words`` and ``tags`` (UPOS), also as ``"2"`` and ``"4"``."""
        for lines in _sentences(path):
            tokens = [
                _UdToken.parse(path, number, line)
                for number, line in lines
                if not line.startswith("#") and not _EMPTY_NODE.fullmatch(line.partition("\t")[0])
            ]
            _check_numbers(path, [token for token in tokens if token.is_word])
            chosen = self._fused(path, tokens) if self.is_fused else [token for token in tokens if token.is_word]
            if not chosen:
                continue
            words, tags = [token.form for token in chosen], [token.upos for token in chosen]
            yield Row(lines[0][0], {"words": words, "tags": tags, "2": words, "4": tags})

    def _fused(self, path: Path, tokens: list[_UdToken]) -> list[_UdToken]:
        depths = _depths(path, [token for token in tokens if token.is_word])
        chosen: list[_UdToken] = []
        fused_until = 0
        for token in tokens:
            if not token.is_word:
                fused_until = token.last
                parts = [part for part in tokens if part.is_word and token.first <= part.first <= token.last]
                if not parts:
                    raise DataError(Problem(path, token.line, None, "a multi-word token without its words"))
                head = min(parts, key=lambda part: (depths[part.first], self._rank(part.upos)))
                chosen.append(_UdToken(token.line, token.first, token.last, token.form, head.upos, 0))
            elif token.first > fused_until:
                chosen.append(token)
        return chosen

    def _rank(self, upos: str) -> int:
        return self.precedence.index(upos) if upos in self.precedence else len(self.precedence)


def _check_numbers(path: Path, words: list[_UdToken]) -> None:
    """Refuse a sentence of which a word is missing or stands twice."""
    for number, word in enumerate(words, start=1):
        if word.first != number:
            raise DataError(Problem(path, word.line, None, f"word {word.first}", f"word {number} of the sentence"))


@dataclass(frozen=True, slots=True)
class _UdToken:
    """A word (``first == last``) or a multi-word token that spans several."""

    line: int
    first: int
    last: int
    form: str
    upos: str
    head: int

    @property
    def is_word(self) -> bool:
        return self.first == self.last

    @classmethod
    def parse(cls, path: Path, number: int, line: str) -> _UdToken:
        cells = line.split("\t")
        if len(cells) != 10:
            raise DataError(Problem(path, number, None, f"{len(cells)} columns", "10, separated by tabs"))
        first, _, last = cells[0].partition("-")
        try:
            span = int(first), int(last or first)
            head = 0 if last else int(cells[6])
        except ValueError:
            found = f"id '{cells[0]}' with head '{cells[6]}'"
            raise DataError(Problem(path, number, None, found, "numbers (1, or 3-4)")) from None
        if not cells[1]:
            raise DataError(Problem(path, number, None, "an empty word"))
        return cls(number, *span, cells[1], cells[3], head)


def _depths(path: Path, words: list[_UdToken]) -> dict[int, int]:
    """Steps from each word to the root."""
    heads = {word.first: word for word in words}
    depths: dict[int, int] = {}
    for word in words:
        depth, at = 0, word
        while at.head != 0:
            depth += 1
            if at.head not in heads or depth > len(words):
                raise DataError(Problem(path, word.line, None, f"head {at.head} leads to no root", "a tree"))
            at = heads[at.head]
        depths[word.first] = depth
    return depths


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _sentences(path: Path) -> Iterator[list[NumberedLine]]:
    """Runs of lines that are not blank."""
    sentence: list[NumberedLine] = []
    for number, line in numbered_lines(path):
        if line.strip(" \t"):
            sentence.append((number, line))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence
