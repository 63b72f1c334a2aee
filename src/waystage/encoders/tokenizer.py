"""Text to token ids, and words to the subwords that carry their labels. No torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from waystage.encoders.word_starts import starts_of_words
from waystage.errors import DataError, first_line

IdArray = NDArray[np.int32]

_TEXTS_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """One input of the encoder: token ids ``[n_tokens]`` and segment ids ``[n_tokens]``, special tokens included.

    ``positions``, ``[n_tokens]`` from 0, are None where they run from the first token to the last.
    """

    ids: IdArray
    type_ids: IdArray
    positions: IdArray | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class WordSequence:
    """A stretch of a sentence that fits the encoder.

    ``first_subwords[i]`` is the position in ``tokens`` of the first subword of word ``first_word + i``.
    """

    tokens: TokenSequence
    first_subwords: IdArray
    first_word: int


@dataclass(frozen=True, slots=True)
class PairFrame:
    """Special tokens around two texts, and segments (``types`` of prefix, first, middle, second and suffix).

    A part has one segment: that of its first token.
    """

    prefix: list[int]
    middle: list[int]
    suffix: list[int]
    types: tuple[int, int, int, int, int]

    def __len__(self) -> int:
        return len(self.prefix) + len(self.middle) + len(self.suffix)

    def joined(self, first: Sequence[int], second: IdArray) -> tuple[TokenSequence, int]:
        """Two texts as one input, and the position of the first token of ``second``."""
        parts = (self.prefix, first, self.middle, second, self.suffix)
        ids = np.concatenate([np.asarray(part, np.int32) for part in parts])
        types = np.repeat(np.array(self.types, np.int32), [len(part) for part in parts])
        return TokenSequence(ids, types), len(self.prefix) + len(first) + len(self.middle)


def _cut(encoding: Encoding, max_tokens: int) -> TokenSequence:
    """An input of one or two texts whose texts lose their ends, the longer one first; special tokens stay."""
    ids, types = np.array(encoding.ids, np.int32), np.array(encoding.type_ids, np.int32)
    if len(ids) <= max_tokens:
        return TokenSequence(ids, types)
    part = np.array([-1 if text is None else text for text in encoding.sequence_ids], np.int32)
    n_first, n_second = int((part == 0).sum()), int((part == 1).sum())
    room = max(max_tokens - int((part == -1).sum()), 0)
    kept = kept_of_pair(n_first, n_second, room) if n_second else (room, 0)
    keeps = part == -1
    for text, n_kept in enumerate(kept):
        keeps[np.flatnonzero(part == text)[:n_kept]] = True
    return TokenSequence(ids[keeps], types[keeps])


def kept_of_pair(n_first: int, n_second: int, room: int) -> tuple[int, int]:
    """How many tokens of two texts are kept, together at most ``room``, as tokenizers' ``longest_first`` keeps them.

    The shorter text is whole where it takes less than half of the room; else both get half, and the odd one goes to
    the longer text (the second, if they are as long).

    >>> kept_of_pair(3, 20, 10), kept_of_pair(20, 3, 10), kept_of_pair(9, 9, 9)
    ((3, 7), (7, 3), (4, 5))
    """
    if n_first + n_second <= room:
        return n_first, n_second
    shorter = min(n_first, n_second)
    longer = room - shorter
    if longer < shorter:
        shorter, longer = room // 2, room - room // 2
    return (longer, shorter) if n_first > n_second else (shorter, longer)


class SubwordTokenizer:
    """The tokeniser of an encoder folder.

    Args:
        folder: holds ``tokenizer.json`` and ``config.json``.

    Raises:
        DataError: a file is missing or the tokeniser lacks a token that every input needs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more special
            raise DataError(f"{path}: cannot be read as a tokeniser: {first_line(error)}") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.vocabulary_size: int = self._tokenizer.get_vocab_size(with_added_tokens=True)
        self._names = _special_names(folder)
        self.pad_id = self.special_id("pad_token")
        self.unk_id = self._optional_id("unk_token", self.pad_id)
        self.prefix_ids, self.suffix_ids = self._frame()
        self._word_ids: dict[str, list[int]] = {}

    def special_id(self, role: str) -> int:
        """Id of a special token by its role, such as ``mask_token``.

        Raises:
            DataError: the encoder has no such token; the message names it.
        """
        name = self._names.get(role)
        token_id = self._tokenizer.token_to_id(name) if name else None
        if token_id is None:
            found = f"the tokeniser of this encoder has no {role.replace('_', ' ')}"
            raise DataError(f"{self.folder}: {found}, which this study needs")
        return int(token_id)

    def require_first_token(self) -> None:
        """Make sure that a text begins with a special token, whose state stands for the whole.

        Raises:
            DataError: it begins with its first word.
        """
        if not self.prefix_ids:
            found = "the tokeniser of this encoder has no cls token: it puts none before a text"
            raise DataError(f"{self.folder}: {found}, and `pooling: cls` needs one; `pooling: mean` does not")

    def _optional_id(self, role: str, default: int) -> int:
        name = self._names.get(role)
        token_id = self._tokenizer.token_to_id(name) if name else None
        return default if token_id is None else int(token_id)

    def _frame(self) -> tuple[list[int], list[int]]:
        """Special tokens that the tokeniser puts before and after a single text."""
        bare = self._tokenizer.encode("a", add_special_tokens=False).ids
        framed = self._tokenizer.encode("a", add_special_tokens=True).ids
        for start in range(len(framed) - len(bare) + 1):
            if framed[start : start + len(bare)] == bare:
                return framed[:start], framed[start + len(bare) :]
        raise DataError(f"{self.folder}: the tokeniser changes text when it adds special tokens")

    @cached_property
    def pair_frame(self) -> PairFrame:
        """Special tokens that the tokeniser puts around two texts.

        Raises:
            DataError: the tokeniser changes text when it puts two together.
        """
        bare = self._tokenizer.encode("a", add_special_tokens=False).ids
        framed = self._tokenizer.encode("a", "a", add_special_tokens=True)
        ids, size = framed.ids, len(bare)
        places = [at for at in range(len(ids) - size + 1) if ids[at : at + size] == bare]
        if len(places) != 2 or places[1] < places[0] + size:
            raise DataError(f"{self.folder}: the tokeniser changes text when it puts two texts together")
        first, second = places
        parts = (slice(0, first), slice(first, None), slice(first + size, second), slice(second, None))
        types = [(framed.type_ids[part] or [0])[0] for part in (*parts, slice(second + size, None))]
        prefix, middle, suffix = ids[:first], ids[first + size : second], ids[second + size :]
        return PairFrame(prefix, middle, suffix, (types[0], types[1], types[2], types[3], types[4]))

    def ids_of(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, whole and without special tokens."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [list(encoding.ids) for encoding in encodings]

    def ids_and_offsets_of(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Token ids of each text as :meth:`ids_of` gives them, and the characters that each token stands for."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [(list(encoding.ids), list(encoding.offsets)) for encoding in encodings]

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """Ids that are never masked or predicted."""
        added = self._tokenizer.get_added_tokens_decoder()
        return frozenset(token_id for token_id, token in added.items() if token.special)

    @cached_property
    def starts_word(self) -> NDArray[np.bool_]:
        """Whether a token starts a word, ``[vocabulary_size]``; see :mod:`waystage.encoders.word_starts`."""
        return starts_of_words(self._tokenizer.get_vocab(with_added_tokens=True), self.vocabulary_size)

    def encode_texts(self, texts: Sequence[str], pairs: Sequence[str | None], max_tokens: int) -> list[TokenSequence]:
        """Sequences of texts or pairs of texts; what is longer than ``max_tokens`` loses the end of its longer part.

        Args:
            texts: first (or only) text of each input.
            pairs: second text of each input, or None.
            max_tokens: longest sequence, special tokens included.
        """
        inputs = [text if pair is None else (text, pair) for text, pair in zip(texts, pairs, strict=True)]
        # The library's own truncation also makes every combination of what is cut off from two long texts.
        return [
            _cut(encoding, max_tokens)
            for start in range(0, len(inputs), _TEXTS_AT_A_TIME)
            for encoding in self._tokenizer.encode_batch(inputs[start : start + _TEXTS_AT_A_TIME])
        ]

    def encode_words(self, words: Sequence[str], max_tokens: int) -> list[WordSequence]:
        """Sequences of a sentence that is given as words.

        A sentence that is too long is split between words, never truncated; a word that tokenises to nothing becomes
        the unknown token; a single word longer than a sequence keeps its first subwords.
        """
        room = max_tokens - len(self.prefix_ids) - len(self.suffix_ids)
        pieces = [ids[:room] for ids in self._ids_of_words(words)]
        sequences, start, n_used = [], 0, 0
        for index, piece in enumerate(pieces):
            if n_used + len(piece) > room:
                sequences.append(self._word_sequence(pieces[start:index], start))
                start, n_used = index, 0
            n_used += len(piece)
        sequences.append(self._word_sequence(pieces[start:], start))
        return sequences

    def _word_sequence(self, pieces: Sequence[Sequence[int]], first_word: int) -> WordSequence:
        ids, first_subwords = list(self.prefix_ids), []
        for piece in pieces:
            first_subwords.append(len(ids))
            ids.extend(piece)
        ids.extend(self.suffix_ids)
        tokens = TokenSequence(np.array(ids, np.int32), np.zeros(len(ids), np.int32))
        return WordSequence(tokens, np.array(first_subwords, np.int32), first_word)

    def _ids_of_words(self, words: Sequence[str]) -> list[list[int]]:
        new = [word for word in dict.fromkeys(words) if word not in self._word_ids]
        if new:
            # Byte-level tokenisers mark the start of a word by its space; the others put their own mark.
            texts = [f" {word}" for word in new] if self._is_byte_level else new
            encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
            self._word_ids |= {
                word: list(encoding.ids) or [self.unk_id] for word, encoding in zip(new, encodings, strict=True)
            }
        return [self._word_ids[word] for word in words]

    @cached_property
    def _is_byte_level(self) -> bool:
        return '"ByteLevel"' in json.dumps(json.loads(self._tokenizer.to_str())["pre_tokenizer"])


def _special_names(folder: Path) -> dict[str, str]:
    """Special tokens by role, from tokenizer_config.json and special_tokens_map.json, whichever a folder has."""
    names: dict[str, str] = {}
    for file_name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = folder / file_name
        if path.is_file():
            for role, value in json.loads(path.read_text(encoding="utf-8")).items():
                content = value.get("content") if isinstance(value, dict) else value
                if role.endswith("_token") and isinstance(content, str):
                    names[role] = content
    return names
