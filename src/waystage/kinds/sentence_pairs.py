"""Which sentence pairs a stage of translation language modelling reads (Conneau and Lample 2019), and in which form.

A sentence and its translation are one input, in either order, as the encoder reads any two texts; tokens of both are
masked, so that a word can be predicted from its translation. As in :mod:`waystage.kinds.packing`, what is drawn follows
from the seed and the place in a stream, and is read from disk when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waystage.encoders.token_cache import TokenCache
from waystage.encoders.tokenizer import PairFrame, TokenSequence
from waystage.errors import DataError
from waystage.kinds.packing import Drawn, endlessly_permuted, language_choices, tokens_of_budget
from waystage.seeds import derive_seed
from waystage.study.pretraining import Positions, TranslationLm
from waystage.study.study import Training

# Pairs that are drawn at a time.
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class PairForm:
    """How two sentences become one input.

    Attributes:
        frame: special tokens around them.
        max_tokens: longest input, special tokens included; what is longer loses the end of its longer sentence.
        positions: where the second sentence begins to count.
    """

    frame: PairFrame
    max_tokens: int
    positions: Positions

    def lengths(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens of inputs whose sentences have so many, ``[n]``."""
        lengths: NDArray[np.int64] = np.minimum(first + second + len(self.frame), self.max_tokens)
        return lengths

    def joined(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> TokenSequence:
        """Two sentences, given without special tokens, as one input.

        With positions that are reset, both sentences begin at the same one; of the special tokens in the middle, the
        first belongs to the first sentence and the others to the second.
        """
        room = self.max_tokens - len(self.frame)
        n_first = min(len(first), max(room - len(second), room - room // 2))
        n_second = min(len(second), room - n_first)
        sequence, start = self.frame.joined(first[:n_first].tolist(), second[:n_second])
        if self.positions is Positions.RUNNING:
            return sequence
        positions = np.arange(len(sequence), dtype=np.int32)
        n_own = max(0, len(self.frame.middle) - 1)
        positions[start - n_own :] -= start - len(self.frame.prefix)
        return replace(sequence, positions=np.maximum(positions, 0))


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPairs(Drawn):
    """Sentence pairs that were drawn, as places: 11 bytes each, whatever their length.

    Attributes:
        caches: of each pair of languages; the sentences of pair i are the documents 2i and 2i + 1.
        names: of the pairs of languages.
        form: how two sentences become one input.
        languages: place in ``caches`` of each pair, ``[n_sequences]``.
        numbers: which pair of it, ``[n_sequences]``.
        is_swapped: whether the sentence of the second language comes first, ``[n_sequences]``.
        lengths: tokens, special ones included, ``[n_sequences]``.
    """

    caches: tuple[TokenCache, ...]
    names: tuple[str, ...]
    form: PairForm
    languages: NDArray[np.uint16]
    numbers: NDArray[np.uint32]
    is_swapped: NDArray[np.bool_]
    lengths: NDArray[np.int32]

    def name(self, index: int) -> str:
        """The languages of a pair, and its number (from 1) among those that are not held out and have tokens."""
        return f"{self.names[int(self.languages[index])]} pair {int(self.numbers[index]) + 1}"

    def occurring(self, vocabulary_size: int) -> NDArray[np.int64]:
        """Ids of the tokens of all pairs that were drawn."""
        is_marked = np.zeros(vocabulary_size, bool)
        frame = self.form.frame
        is_marked[[*frame.prefix, *frame.middle, *frame.suffix]] = True
        for place, cache in enumerate(self.caches):
            for number in np.unique(self.numbers[self.languages == place]).tolist():
                for sentence in sentences_of(cache, number):
                    is_marked[sentence] = True
        return np.flatnonzero(is_marked)

    def sequence(self, index: int) -> TokenSequence:
        """One pair as an input."""
        first, second = sentences_of(self.caches[int(self.languages[index])], int(self.numbers[index]))
        return self.form.joined(second, first) if self.is_swapped[index] else self.form.joined(first, second)


def sentences_of(cache: TokenCache, number: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both sentences of a pair, without special tokens."""
    first, second = cache.lengths(np.array([2 * number, 2 * number + 1])).tolist()
    return cache.read(2 * number, 0, first), cache.read(2 * number + 1, 0, second)


def held_out_sequences(cache: TokenCache, form: PairForm) -> list[TokenSequence]:
    """All pairs of a small part, the first language first."""
    return [form.joined(*sentences_of(cache, number)) for number in range(len(cache) // 2)]


def draw_pairs(caches: Mapping[str, TokenCache], form: PairForm, n_tokens: int, alpha: float, seed: int) -> DrawnPairs:
    """Sentence pairs of a parallel corpus until they have ``n_tokens`` tokens: the last pair reaches them.

    Languages with n pairs are drawn with probability proportional to n^alpha; their pairs are taken in a shuffled
    order, over again when they run out. Which sentence comes first is drawn.

    Raises:
        DataError: there is no pair, or no room for a token of each sentence beside the special tokens.
    """
    names = sorted(name for name, cache in caches.items() if len(cache))
    if not names:
        raise DataError("the parallel corpus has not a single token in the languages that were asked for")
    if form.max_tokens < len(form.frame) + 2:
        raise DataError(f"max_tokens is {form.max_tokens}, and {len(form.frame)} are special tokens")
    used = tuple(caches[name] for name in names)
    seeds = [derive_seed(seed, "documents", name) for name in names]
    choices = language_choices([len(cache) // 2 for cache in used], alpha, derive_seed(seed, "languages"))
    coins = np.random.Generator(np.random.PCG64(derive_seed(seed, "swaps")))
    n_taken, n_left = [0] * len(used), n_tokens
    blocks = []
    while n_left > 0:
        languages = np.fromiter((next(choices) for _ in range(_BLOCK)), np.uint16, _BLOCK)
        numbers, lengths = _taken(used, seeds, languages, n_taken, form)
        n_kept = min(_BLOCK, int(np.searchsorted(np.cumsum(lengths), n_left)) + 1)
        n_left -= int(lengths[:n_kept].sum())
        block = (languages, numbers, coins.random(_BLOCK) < 0.5, lengths)
        blocks.append([column[:n_kept] for column in block])
    return DrawnPairs(used, tuple(names), form, *(np.concatenate(column) for column in zip(*blocks, strict=True)))


def _taken(
    caches: Sequence[TokenCache],
    seeds: Sequence[int],
    languages: NDArray[np.uint16],
    n_taken: list[int],
    form: PairForm,
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Numbers and lengths of the next pairs of ``languages``; counts them in ``n_taken``, in place."""
    numbers, lengths = np.zeros(len(languages), np.uint32), np.zeros(len(languages), np.int32)
    for place, cache in enumerate(caches):
        here = np.flatnonzero(languages == place)
        positions = np.arange(n_taken[place], n_taken[place] + len(here), dtype=np.int64)
        found = endlessly_permuted(positions, len(cache) // 2, seeds[place])
        numbers[here] = found
        lengths[here] = form.lengths(cache.lengths(2 * found), cache.lengths(2 * found + 1))
        n_taken[place] += len(here)
    return numbers, lengths


def draw_pairs_for_budget(
    caches: Mapping[str, TokenCache], form: PairForm, settings: TranslationLm, training: Training, seed: int
) -> tuple[DrawnPairs, Training]:
    """The pairs that a budget pays for, and the training that passes over them once.

    A budget in epochs is turned into as many tokens as so many passes over all pairs would read.

    Raises:
        DataError: see :func:`draw_pairs`.
    """
    n_corpus = 0
    for cache in caches.values():
        firsts = 2 * np.arange(len(cache) // 2)
        n_corpus += int(form.lengths(cache.lengths(firsts), cache.lengths(firsts + 1)).sum())
    pairs = draw_pairs(caches, form, tokens_of_budget(training, n_corpus), settings.alpha, seed)
    is_counted = training.steps is not None or training.examples is not None
    return pairs, training if is_counted else replace(training, epochs=1.0, tokens=None)
