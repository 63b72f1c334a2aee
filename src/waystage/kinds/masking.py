"""Which positions are predicted, and what stands there instead. No torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A word of more tokens is masked token by token: in text without spaces it would be a whole sentence.
LONGEST_WORD = 8


def choose_positions(eligible: NDArray[np.bool_], mask_rate: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Positions to predict, ``[n, positions]``: each eligible one with probability ``mask_rate``, at least one."""
    return _chosen(eligible, rng.random(eligible.shape), mask_rate)


def choose_words(
    eligible: NDArray[np.bool_], starts_word: NDArray[np.bool_], mask_rate: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Positions to predict, ``[n, positions]``: all tokens of a word or none, each word with probability ``mask_rate``.

    A word goes from a token that starts one to the next, and ends at what is not eligible (special tokens and padding).
    The tokens of a word of more than ``LONGEST_WORD`` tokens are chosen one by one. The expected share of tokens is
    ``mask_rate``.

    Args:
        eligible: positions that may be predicted, ``[n, positions]``.
        starts_word: whether the token at a position starts a word, ``[n, positions]``.
        mask_rate: in (0, 1).
        rng: decides.
    """
    after_gap = np.zeros_like(eligible)
    after_gap[:, 0] = True
    after_gap[:, 1:] = ~eligible[:, :-1]
    words = np.cumsum((starts_word | after_gap).ravel()) - 1
    n_tokens = np.bincount(words, weights=eligible.ravel())
    of_words, of_tokens = rng.random(len(n_tokens))[words], rng.random(words.shape)
    draws = np.where(n_tokens[words] > LONGEST_WORD, of_tokens, of_words).reshape(eligible.shape)
    return _chosen(eligible, draws, mask_rate)


def _chosen(eligible: NDArray[np.bool_], draws: NDArray[np.float64], mask_rate: float) -> NDArray[np.bool_]:
    draws = np.where(eligible, draws, 2.0)
    chosen: NDArray[np.bool_] = draws < mask_rate
    if not chosen.any() and eligible.any():
        # Tokens of one word share their draw.
        chosen = draws == draws.min()
    return chosen


def corrupt(
    originals: NDArray[np.int64], mask_id: int, ordinary_ids: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """What stands at the chosen positions, ``[n]``: 80 % the mask, 10 % a random token, 10 % what was there."""
    draw = rng.random(len(originals))
    random_ids = rng.choice(ordinary_ids, size=len(originals))
    return np.where(draw < 0.8, mask_id, np.where(draw < 0.9, random_ids, originals))
