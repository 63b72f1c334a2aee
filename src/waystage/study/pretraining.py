"""How a stage of continued pretraining reads its text and what it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Packing(StrEnum):
    """How documents become sequences of at most ``max_tokens`` tokens; no token is ever left out."""

    DOCUMENTS = "documents"
    """Whole documents of a language together, as many as fit; one that is too long is cut into several sequences."""
    BLOCKS = "blocks"
    """The documents of a language one after the other, cut into sequences that are full."""
    SEPARATE = "separate"
    """Each document by itself; one that is too long is cut into several sequences."""


class MaskUnit(StrEnum):
    """What is chosen for prediction: single tokens, or all tokens of a word."""

    TOKENS = "tokens"
    WORDS = "words"


class Softmax(StrEnum):
    """Over which tokens the softmax of training runs: those of the documents that are drawn, or all."""

    OCCURRING = "occurring"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class MaskedLm:
    """Masked language modelling on a multilingual corpus.

    Attributes:
        alpha: a language with n documents is drawn with probability proportional to n^alpha, in [0, 1].
        mask_rate: share of the tokens that are predicted (80 % masked, 10 % random, 10 % unchanged), in (0, 1).
        mask: what is chosen for prediction.
        softmax: over which tokens.
        packing: how documents become sequences.
        held_out: at most so many documents a language, and at most a tenth of them, are never trained on; their
            pseudo-perplexity is measured before and after.
    """

    alpha: float = 0.3
    mask_rate: float = 0.15
    mask: MaskUnit = MaskUnit.TOKENS
    softmax: Softmax = Softmax.OCCURRING
    packing: Packing = Packing.DOCUMENTS
    held_out: int = 16
