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


class Positions(StrEnum):
    """Where the second sentence of a translation pair begins to count its positions."""

    RESET = "reset"
    """Where the first one does (XLM): a word and its translation may stand at the same position."""
    RUNNING = "running"
    """Behind the first one, as in any other pair of texts."""


@dataclass(frozen=True, slots=True)
class Masking:
    """What masked and translation language modelling have in common.

    Attributes:
        alpha: a language with n documents, or a pair of languages with n sentence pairs, is drawn with probability
            proportional to n^alpha, in [0, 1].
        mask_rate: share of the tokens that are predicted (80 % masked, 10 % random, 10 % unchanged), in (0, 1).
        mask: what is chosen for prediction.
        softmax: over which tokens.
        held_out: at most so many documents a language, and at most a tenth of them, are never trained on; their
            pseudo-perplexity is measured before and after.
    """

    alpha: float = 0.3
    mask_rate: float = 0.15
    mask: MaskUnit = MaskUnit.TOKENS
    softmax: Softmax = Softmax.OCCURRING
    held_out: int = 16


@dataclass(frozen=True, slots=True)
class MaskedLm(Masking):
    """Masked language modelling on a multilingual corpus; ``packing`` says how documents become sequences."""

    packing: Packing = Packing.DOCUMENTS


@dataclass(frozen=True, slots=True)
class TranslationLm(Masking):
    """Translation language modelling on a parallel corpus (Conneau and Lample 2019); ``positions`` are asked for, and
    given where the encoder has a table of absolute positions."""

    positions: Positions = Positions.RESET
