"""Which tokens of a vocabulary start a word. No torch."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_SENTENCEPIECE, _BYTE_LEVEL, _WORDPIECE = "▁", "Ġ", "##"
# First and last code points of scripts that are written without spaces between words: Thai, Lao, Tibetan, Myanmar,
# Khmer, kana, Han. Hangul is written with spaces.
_WITHOUT_SPACES = (
    (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip


def starts_of_words(vocabulary: Mapping[str, int], size: int) -> NDArray[np.bool_]:
    """Whether each token starts a word, ``[size]``, from the marks of SentencePiece, WordPiece or byte-level BPE.

    In scripts without spaces between words, each token counts as a word of its own. Byte-level tokens show no script;
    there, and wherever a word would be too long, masking falls back to tokens
    (:func:`waystage.kinds.masking.choose_words`).

    >>> starts_of_words({"▁the": 0, "re": 1, "山": 2}, 3).tolist()
    [True, False, True]
    >>> starts_of_words({"the": 0, "##re": 1}, 2).tolist()
    [True, False]
    """
    n_marked = {mark: sum(token.startswith(mark) for token in vocabulary) for mark in (_SENTENCEPIECE, _BYTE_LEVEL)}
    mark = max(n_marked, key=lambda name: n_marked[name])
    starts = np.zeros(size, bool)
    for token, token_id in vocabulary.items():
        if n_marked[mark]:
            starts[token_id] = token.startswith(mark) or _is_without_spaces(token)
        else:
            starts[token_id] = not token.startswith(_WORDPIECE) or _is_without_spaces(token.removeprefix(_WORDPIECE))
    return starts


def _is_without_spaces(token: str) -> bool:
    """Whether the first letter of a token belongs to a script without spaces."""
    letter = next((character for character in token if unicodedata.category(character)[0] in "LM"), None)
    return letter is not None and any(first <= ord(letter) <= last for first, last in _WITHOUT_SPACES)
