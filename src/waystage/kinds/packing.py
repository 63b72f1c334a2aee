"""Which text a stage of continued pretraining reads: languages, documents and their packing into sequences.

Everything follows from the seed and the place in a language's stream of documents, so nothing of it is stored to resume
a stage, and no list of documents is held in memory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from waystage.encoders.token_cache import TokenCache
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.errors import DataError
from waystage.seeds import derive_seed
from waystage.study.pretraining import MaskedLm, Packing
from waystage.study.study import Training

_N_ROUNDS = 4
_BUFFER = 1024
# Documents that are looked up at a time: as fast as one.
_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """Special tokens before a sequence and after each of its documents."""

    prefix: tuple[int, ...]
    separator: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: SubwordTokenizer) -> Frame:
        """What the tokeniser puts around a single text."""
        return cls(tuple(tokenizer.prefix_ids), tuple(tokenizer.suffix_ids))

    def __len__(self) -> int:
        return len(self.prefix) + len(self.separator)


@dataclass(frozen=True, slots=True)
class Stream:
    """The documents of one language, over and over: each pass has all of them, in an order of its own."""

    cache: TokenCache
    seed: int

    def documents(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The documents at places of the stream, ``[n]``; a place needs no other one to be known."""
        return endlessly_permuted(positions, len(self.cache), self.seed)

    def cut(self, position: int, offset: int, n_tokens: int, frame: Frame) -> NDArray[np.int32]:
        """``n_tokens`` tokens from token ``offset`` of the document at ``position`` on, special tokens included."""
        parts = [np.array(frame.prefix, np.int32)]
        separator = np.array(frame.separator, np.int32)
        n_left = n_tokens - len(frame.prefix)
        while n_left > 0:
            places = np.arange(position, position + _AHEAD, dtype=np.int64)
            for document in self.documents(places).tolist():
                piece = self.cache.read(document, offset, offset + n_left - len(separator))
                parts += [piece, separator]
                n_left -= len(piece) + len(separator)
                offset = 0
                if n_left <= 0:
                    break
            position += _AHEAD
        return np.concatenate(parts)

    def mark_tokens(self, n_documents: int, is_marked: NDArray[np.bool_]) -> None:
        """Mark the tokens of the first documents of the stream in ``is_marked``, ``[vocabulary_size]``, in place."""
        n_documents = min(n_documents, len(self.cache))
        for start in range(0, n_documents, _BUFFER):
            places = np.arange(start, min(start + _BUFFER, n_documents), dtype=np.int64)
            documents = self.documents(places)
            lengths = self.cache.lengths(documents)
            for document, length in zip(documents.tolist(), lengths.tolist(), strict=True):
                is_marked[self.cache.read(document, 0, length)] = True


def endlessly_permuted(positions: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """What stands at places of an endless stream of ``range(n)``, ``[n_positions]``: each pass in an order of its own.

    >>> sorted(endlessly_permuted(np.arange(6), 3, seed=1).tolist())
    [0, 0, 1, 1, 2, 2]
    """
    passes, places = np.divmod(positions, n)
    found = np.empty_like(places)
    for number in np.unique(passes):
        here = passes == number
        found[here] = permuted(places[here], n, derive_seed(seed, "pass", int(number)))
    return found


def permuted(places: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """The images of ``places`` under a permutation of ``range(n)`` that ``seed`` picks.

    A Feistel network on the smallest even number of bits that holds n, applied again while an image is outside
    (Black and Rogaway 2002, cycle walking): a shuffled order in which any place can be looked up without a list.

    >>> sorted(permuted(np.arange(5), 5, seed=1).tolist())
    [0, 1, 2, 3, 4]
    """
    half = max(1, -(-int(n - 1).bit_length() // 2))
    keys = [derive_seed(seed, "round", number) for number in range(_N_ROUNDS)]
    images = places.astype(np.uint64)
    outside = np.ones(images.shape, bool)
    while outside.any():
        images[outside] = _encrypted(images[outside], np.uint64(half), keys)
        outside = images >= n
    return images.astype(np.int64)


def _encrypted(values: NDArray[np.uint64], half: np.uint64, keys: Sequence[int]) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for key in keys:
        # The finaliser of splitmix64 as the round function.
        mixed = right + np.uint64(key)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        left, right = right, left ^ ((mixed ^ (mixed >> np.uint64(31))) & mask)
    return (left << half) | right


class Drawn(Sequence[TokenSequence], ABC):
    """Sequences that were drawn from text on disk, and are read when they are asked for.

    Attributes:
        lengths: tokens, special ones included, ``[n_sequences]``.
    """

    __slots__ = ()

    lengths: NDArray[np.int32]

    @abstractmethod
    def sequence(self, index: int) -> TokenSequence:
        """One of the sequences."""

    @abstractmethod
    def name(self, index: int) -> str:
        """What the user knows the text of a sequence by."""

    @abstractmethod
    def occurring(self, vocabulary_size: int) -> NDArray[np.int64]:
        """Ids of the tokens that occur in some sequence, special ones included, ascending."""

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, index: int) -> TokenSequence: ...
    @overload
    def __getitem__(self, index: slice) -> list[TokenSequence]: ...
    def __getitem__(self, index: int | slice) -> TokenSequence | list[TokenSequence]:
        if isinstance(index, slice):
            return [self.sequence(at) for at in range(*index.indices(len(self)))]
        return self.sequence(index)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSequences(Drawn):
    """Sequences that were drawn from streams, as places in them: 14 bytes each, whatever their length.

    Attributes:
        streams: one a language.
        frame: special tokens.
        languages: place in ``streams`` of each sequence, ``[n_sequences]``.
        positions: where in its stream it starts, ``[n_sequences]``.
        offsets: first token of that document, ``[n_sequences]``.
        lengths: tokens, special ones included, ``[n_sequences]``.
        n_documents: documents of each stream that a sequence has tokens of.
        names: of the languages, one a stream.
    """

    streams: tuple[Stream, ...]
    frame: Frame
    languages: NDArray[np.uint16]
    positions: NDArray[np.uint32]
    offsets: NDArray[np.int32]
    lengths: NDArray[np.int32]
    n_documents: tuple[int, ...]
    names: tuple[str, ...] = ()

    def name(self, index: int) -> str:
        """The language of a sequence, and the number (from 1) of the document that it starts in.

        Documents are counted as the token cache has them: without those that are held out or have no token.
        """
        language = int(self.languages[index])
        place = np.array([self.positions[index]], np.int64)
        (document,) = self.streams[language].documents(place).tolist()
        return f"{self.names[language]} document {document + 1}"

    def occurring(self, vocabulary_size: int) -> NDArray[np.int64]:
        """Ids of the tokens of all documents that were drawn."""
        is_marked = np.zeros(vocabulary_size, bool)
        is_marked[[*self.frame.prefix, *self.frame.separator]] = True
        for stream, n_documents in zip(self.streams, self.n_documents, strict=True):
            stream.mark_tokens(n_documents, is_marked)
        return np.flatnonzero(is_marked)

    def sequence(self, index: int) -> TokenSequence:
        """One of the sequences."""
        length = int(self.lengths[index])
        stream = self.streams[int(self.languages[index])]
        ids = stream.cut(int(self.positions[index]), int(self.offsets[index]), length, self.frame)
        return TokenSequence(ids, np.zeros(length, np.int32))


@dataclass(slots=True)
class _Cursor:
    """How far one stream has been packed."""

    stream: Stream
    position: int = 0
    offset: int = 0
    _first: int = 0
    _lengths: NDArray[np.int64] | None = None

    def n_left(self) -> int:
        """Tokens of the present document that are not packed yet."""
        if self._lengths is None or self.position >= self._first + len(self._lengths):
            self._first = self.position
            n_ahead = min(_BUFFER, max(64, len(self.stream.cache)))
            places = np.arange(self.position, self.position + n_ahead, dtype=np.int64)
            self._lengths = self.stream.cache.lengths(self.stream.documents(places))
        return int(self._lengths[self.position - self._first]) - self.offset

    def pack(self, max_tokens: int, frame: Frame, packing: Packing) -> int:
        """Pass over the text of the next sequence; returns its length, special tokens included."""
        n_used, n_separator = len(frame.prefix), len(frame.separator)
        room = max_tokens - len(frame)
        is_first = True
        while (n_free := max_tokens - n_used - n_separator) > 0:
            n_left = self.n_left()
            if not is_first and packing is Packing.DOCUMENTS and min(n_left, room) > n_free:
                break
            n_taken = min(n_left, n_free)
            n_used += n_taken + n_separator
            self.offset += n_taken
            if n_taken == n_left:
                self.position, self.offset = self.position + 1, 0
            is_first = False
            if packing is Packing.SEPARATE:
                break
        return n_used


def draw_sequences(
    caches: Mapping[str, TokenCache],
    frame: Frame,
    packing: Packing,
    size: tuple[int, int],
    alpha: float,
    seed: int,
) -> DrawnSequences:
    """Sequences from a multilingual corpus.

    A language with n documents is drawn with probability proportional to n^alpha (Conneau and Lample 2019). Documents
    of a language are taken in a shuffled order, over again when they run out; there is a separator between two
    documents of a sequence, and attention sees across it.

    Args:
        caches: the documents of each language.
        frame: special tokens.
        packing: how documents become sequences.
        size: tokens of the longest sequence, and how many tokens to draw: the last sequence reaches them.
        alpha: in [0, 1].
        seed: of the stage.

    Raises:
        DataError: the corpus has no token, or there is no room for one beside the special tokens.
    """
    max_tokens, n_tokens = size
    languages = sorted(language for language, cache in caches.items() if len(cache))
    if not languages:
        raise DataError("the corpus has not a single token in the languages that were asked for")
    if max_tokens <= len(frame):
        raise DataError(f"max_tokens is {max_tokens}, and {len(frame)} are special tokens")
    streams = tuple(Stream(caches[name], derive_seed(seed, "documents", name)) for name in languages)
    cursors = [_Cursor(stream) for stream in streams]
    choices = language_choices([len(stream.cache) for stream in streams], alpha, derive_seed(seed, "languages"))
    chosen, positions, offsets, lengths = array("H"), array("I"), array("i"), array("i")
    n_drawn = 0
    while n_drawn < n_tokens:
        language = next(choices)
        cursor = cursors[language]
        chosen.append(language)
        positions.append(cursor.position)
        offsets.append(cursor.offset)
        lengths.append(cursor.pack(max_tokens, frame, packing))
        n_drawn += lengths[-1]
    return DrawnSequences(
        streams,
        frame,
        np.frombuffer(chosen, np.uint16),
        np.frombuffer(positions, np.uint32),
        np.frombuffer(offsets, np.int32),
        np.frombuffer(lengths, np.int32),
        tuple(cursor.position + (cursor.offset > 0) for cursor in cursors),
        tuple(languages),
    )


def language_choices(n_documents: Sequence[int], alpha: float, seed: int) -> Iterator[int]:
    """Places of languages without end, one with n documents in proportion to n^alpha."""
    weights = np.array(n_documents, np.float64) ** alpha
    rng = np.random.Generator(np.random.PCG64(seed))
    while True:
        yield from rng.choice(len(weights), size=_BUFFER, p=weights / weights.sum()).tolist()


def draw_for_budget(
    caches: Mapping[str, TokenCache], frame: Frame, settings: MaskedLm, training: Training, seed: int
) -> tuple[DrawnSequences, Training]:
    """The sequences that a budget pays for, and the training that passes over them once.

    A budget in epochs is turned into as many tokens as so many passes over the whole corpus would read.

    Raises:
        DataError: see :func:`draw_sequences`.
    """
    n_corpus = sum(cache.n_tokens + len(cache) * len(frame) for cache in caches.values())
    n_tokens = tokens_of_budget(training, n_corpus)
    size = (training.max_tokens, n_tokens)
    sequences = draw_sequences(caches, frame, settings.packing, size, settings.alpha, seed)
    if training.steps is not None or training.examples is not None:
        return sequences, training
    return sequences, replace(training, epochs=1.0, tokens=None)


def tokens_of_budget(training: Training, n_corpus: int) -> int:
    """Tokens that have to be drawn; ``n_corpus`` are those of one pass."""
    if training.tokens is not None:
        return training.tokens
    if training.steps is not None:
        return training.steps * training.batch_size * training.max_tokens
    if training.examples is not None:
        return training.examples * training.max_tokens
    return max(1, round((training.epochs or 1.0) * n_corpus))
