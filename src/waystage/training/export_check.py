"""Does an exported model compute what was trained? Both read the same inputs, and their outputs are compared. Torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from waystage.data.examples import Example, MultipleChoiceExample, QuestionExample, TaggedExample, TextExample
from waystage.encoders.collate import collate
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.errors import StageError
from waystage.tasks.kinds import (
    EXTRACTIVE_QA,
    EXTRACTIVE_QA_OR_NONE,
    MULTIPLE_CHOICE,
    PAIR_CLASSIFICATION,
    SENTENCE_CLASSIFICATION,
    TAGGING,
    Kind,
)

TOLERANCE = 1e-5
"""Largest difference of an output between an exported model and ours, relative to the largest output if above 1."""


@dataclass(frozen=True, slots=True)
class OurModel:
    """Encoder and head as they were trained, in evaluation mode."""

    encoder: Encoder
    head: nn.Module
    kind: Kind
    pooling: Pooling


@dataclass(frozen=True, slots=True)
class Probe:
    """Inputs that both models read.

    Attributes:
        sequences: as Waystage makes them.
        calls: the same inputs as arguments of AutoTokenizer, one a sequence.
    """

    tokenizer: SubwordTokenizer
    sequences: list[TokenSequence]
    calls: list[dict[str, Any]]

    @property
    def batch(self) -> TokenBatch:
        """All sequences, padded."""
        ids, types = [s.ids for s in self.sequences], [s.type_ids for s in self.sequences]
        return collate(ids, types, self.tokenizer.pad_id, torch.device("cpu"))

    def n_other_tokens(self, folder: Path) -> int:
        """Inputs to which the tokeniser of ``folder`` gives other ids when transformers loads it."""
        from transformers import AutoTokenizer

        load = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        found = [load(**call, truncation=True)["input_ids"] for call in self.calls]
        pairs = zip(found, self.sequences, strict=True)
        return sum(ids != sequence.ids.tolist() for ids, sequence in pairs)


def text_probe(tokenizer: SubwordTokenizer, texts: Sequence[str], max_tokens: int) -> Probe:
    """Single texts."""
    return _pair_probe(tokenizer, [(text, None) for text in texts], max_tokens)


def make_probe(kind: Kind, tokenizer: SubwordTokenizer, examples: Sequence[Example], max_tokens: int) -> Probe:
    """The inputs that a kind makes of examples; of tagged sentences, those that are read whole."""
    if kind is TAGGING:
        return _word_probe(tokenizer, examples, max_tokens)
    pairs = [pair for example in examples for pair in _pairs_of(example)]
    return _pair_probe(tokenizer, pairs, max_tokens)


def logit_difference(ours: OurModel, auto_class: str, folder: Path, probe: Probe) -> float:
    """The largest difference between a logit of our model and of the one that is loaded from ``folder``.

    Raises:
        StageError: it is larger than what rounding explains.
    """
    import transformers

    written = getattr(transformers, auto_class).from_pretrained(folder, **_LOADING).eval()
    batch, form = probe.batch, _OUTPUTS[ours.kind]
    with torch.inference_mode():
        expected = form.ours(ours, batch)
        found = form.theirs(written, _inputs(ours.encoder, batch), batch.attention_mask)
    return _checked(expected, found, type(written).__name__)


def state_difference(encoder: Encoder, folder: Path, probe: Probe) -> float:
    """The same for the states of an encoder, padding left out."""
    from transformers import AutoModel

    written = AutoModel.from_pretrained(folder, **_LOADING).eval()
    batch = probe.batch
    with torch.inference_mode():
        expected = encoder(batch)[batch.attention_mask]
        found = written(**_inputs(encoder, batch)).last_hidden_state[batch.attention_mask]
    return _checked(expected, found, type(written).__name__)


_LOADING: dict[str, Any] = {
    "dtype": torch.float32, "local_files_only": True, "use_safetensors": True, "trust_remote_code": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Outputs:
    """What is compared: one tensor of each model, of the same shape."""

    ours: Callable[[OurModel, TokenBatch], Tensor]
    theirs: Callable[[Any, dict[str, Tensor], Tensor], Tensor]


def _of_vectors(ours: OurModel, batch: TokenBatch) -> Tensor:
    scores: Tensor = ours.head(ours.pooling.pool(ours.encoder(batch), batch.attention_mask))
    return scores


def _of_tokens(ours: OurModel, batch: TokenBatch) -> Tensor:
    scores: Tensor = ours.head(ours.encoder(batch))
    return scores[batch.attention_mask]


def _choice_logits(model: Any, inputs: dict[str, Tensor], mask: Tensor) -> Tensor:
    """Each sequence is an example with one choice."""
    logits: Tensor = model(**{name: values.unsqueeze(1) for name, values in inputs.items()}).logits
    return logits


def _sentence_logits(model: Any, inputs: dict[str, Tensor], mask: Tensor) -> Tensor:
    logits: Tensor = model(**inputs).logits
    return logits


def _token_logits(model: Any, inputs: dict[str, Tensor], mask: Tensor) -> Tensor:
    logits: Tensor = model(**inputs).logits
    return logits[mask]


def _span_logits(model: Any, inputs: dict[str, Tensor], mask: Tensor) -> Tensor:
    output = model(**inputs)
    return torch.stack([output.start_logits, output.end_logits], dim=-1)[mask]


_OUTPUTS: dict[Kind, _Outputs] = {
    SENTENCE_CLASSIFICATION: _Outputs(_of_vectors, _sentence_logits),
    PAIR_CLASSIFICATION: _Outputs(_of_vectors, _sentence_logits),
    MULTIPLE_CHOICE: _Outputs(_of_vectors, _choice_logits),
    TAGGING: _Outputs(_of_tokens, _token_logits),
    EXTRACTIVE_QA: _Outputs(_of_tokens, _span_logits),
    EXTRACTIVE_QA_OR_NONE: _Outputs(_of_tokens, _span_logits),
}


def _inputs(encoder: Encoder, batch: TokenBatch) -> dict[str, Tensor]:
    """What AutoTokenizer gives for these sequences."""
    inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask.long()}
    return inputs | ({"token_type_ids": batch.type_ids} if encoder.reads_types else {})


def _checked(expected: Tensor, found: Tensor, what: str) -> float:
    difference = float((expected - found).abs().max())
    if not difference <= TOLERANCE * max(1.0, float(expected.abs().max())):
        raise StageError(f"the exported {what} differs from the trained model by {difference:.2g}; nothing was written")
    return difference


def _pair_probe(tokenizer: SubwordTokenizer, pairs: Sequence[tuple[str, str | None]], max_tokens: int) -> Probe:
    sequences = tokenizer.encode_texts([text for text, _ in pairs], [pair for _, pair in pairs], max_tokens)
    return Probe(tokenizer, sequences, [{"text": text, "text_pair": pair} for text, pair in pairs])


def _word_probe(tokenizer: SubwordTokenizer, examples: Sequence[Example], max_tokens: int) -> Probe:
    sentences = [example.words for example in examples if isinstance(example, TaggedExample) and example.words]
    parts = [(words, tokenizer.encode_words(words, max_tokens)) for words in sentences]
    whole = [(words, found[0].tokens) for words, found in parts if len(found) == 1]
    calls = [{"text": list(words), "is_split_into_words": True} for words, _ in whole]
    return Probe(tokenizer, [tokens for _, tokens in whole], calls)


def _pairs_of(example: Example) -> list[tuple[str, str | None]]:
    match example:
        case TextExample():
            return [(example.text, example.pair)]
        case MultipleChoiceExample():
            return [(example.text, choice) for choice in example.choices]
        case QuestionExample():
            return [(example.question, example.context)]
        case _:
            return []
