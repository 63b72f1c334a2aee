"""Masked language modelling (Devlin et al. 2019): predict 15 % of the tokens, 80/10/10.

Logits are computed at the masked positions only, which is exact. The softmax runs over the tokens that occur in the
drawn text (plus special tokens) instead of the whole vocabulary: other tokens are never a target, so what is learned
differs from the full softmax only in that they are not pushed down. Reports say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from waystage.encoders.heads import MaskedLanguageModelHead
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.encoders.trimming import TrimmedVocabulary
from waystage.errors import DataError
from waystage.kinds.objective import Indices, MicroBatch, Objective
from waystage.seeds import derive_seed
from waystage.study.study import Training


class MaskedLmObjective(Objective):
    """Cross-entropy of the original token at the positions chosen for prediction."""

    def __init__(self, tokenizer: SubwordTokenizer, sequences: Sequence[TokenSequence], mask_rate: float) -> None:
        super().__init__(tokenizer, sequences)
        self.mask_rate = mask_rate
        self.mask_id = tokenizer.special_id("mask_token")
        self._special_ids = np.array(sorted(tokenizer.special_ids), np.int64)
        self._extra_ids = [tokenizer.pad_id, self.mask_id, *self._special_ids.tolist()]
        self._ordinary_ids: NDArray[np.int64] = np.array([], np.int64)
        self._is_trimmed = False

    def trim(self, vocabulary: TrimmedVocabulary) -> None:
        """Number tokens by rows; random replacements come from the ordinary tokens of the trimmed table."""
        super().trim(vocabulary)
        self.mask_id = int(vocabulary.rows(np.array([self.mask_id], np.int64))[0])
        self._special_ids = vocabulary.rows(self._special_ids)
        self._ordinary_ids = np.setdiff1d(np.arange(len(vocabulary.token_ids)), self._special_ids)
        self._is_trimmed = True

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A new masked-LM head, tied to the (trimmed) token embeddings."""
        eps = float(getattr(encoder.config, "layer_norm_eps", 1e-5))
        n_tokens = encoder.token_embeddings.num_embeddings
        return MaskedLanguageModelHead(encoder.hidden_size, n_tokens, eps, generator)

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[3, n_masked]``, the row, the position and the original token of each predicted position."""
        if not self._is_trimmed:
            raise RuntimeError("a masked-LM objective must be trimmed before it is used")
        tokens = self.tokens(indices, torch.device("cpu"))
        ids = tokens.input_ids.numpy()
        rng = np.random.Generator(np.random.PCG64(seed))
        chosen = choose_positions(ids, tokens.attention_mask.numpy(), self._special_ids, self.mask_rate, rng)
        rows, positions = np.nonzero(chosen)
        targets = torch.from_numpy(np.stack([rows, positions, ids[rows, positions]]))
        self._corrupt(ids, rows, positions, rng)
        batch = MicroBatch(tokens, targets, targets.shape[1])
        if device.type == "cpu":
            return batch
        moved = type(tokens)(
            tokens.input_ids.to(device),
            tokens.attention_mask.to(device),
            tokens.type_ids.to(device),
            tokens.lengths.to(device),
        )
        return MicroBatch(moved, targets.to(device), batch.n_terms)

    def _corrupt(
        self,
        ids: NDArray[np.int64],
        rows: NDArray[np.int64],
        positions: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """Replace 80 % of the chosen tokens by the mask, 10 % by a random token, in place."""
        draw = rng.random(len(rows))
        random_ids = rng.choice(self._ordinary_ids, size=len(rows))
        replacement = np.where(draw < 0.8, self.mask_id, np.where(draw < 0.9, random_ids, ids[rows, positions]))
        ids[rows, positions] = replacement

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over predicted positions."""
        rows, positions, originals = batch.targets
        states = encoder(batch.tokens)[rows, positions]
        scores = head(states, encoder.token_embeddings.weight)
        return nn.functional.cross_entropy(scores, originals, reduction="sum")


def choose_positions(
    ids: NDArray[np.int64],
    attention_mask: NDArray[np.bool_],
    special_ids: NDArray[np.int64],
    mask_rate: float,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Positions to predict, ``[n, positions]``: each ordinary token with probability ``mask_rate``, at least one."""
    eligible = attention_mask & ~np.isin(ids, special_ids)
    draws = np.where(eligible, rng.random(ids.shape), 2.0)
    chosen: NDArray[np.bool_] = draws < mask_rate
    if not chosen.any() and eligible.any():
        chosen[np.unravel_index(np.argmin(draws), draws.shape)] = True
    return chosen


def draw_sequences(
    tokenizer: SubwordTokenizer,
    texts: Mapping[str, Sequence[str]],
    max_tokens: int,
    n_tokens: int,
    alpha: float,
    seed: int,
) -> list[TokenSequence]:
    """Packed sequences from a multilingual corpus until they hold ``n_tokens`` tokens.

    A language with n documents is drawn with probability proportional to n^alpha (Conneau and Lample 2019). Documents
    of a language are taken in a shuffled order, over again when they run out, and packed into sequences of at most
    ``max_tokens`` tokens with a separator between documents.

    Raises:
        DataError: the corpus has no text.
    """
    languages = sorted(language for language, documents in texts.items() if documents)
    if not languages:
        raise DataError("the corpus has no text in the languages that were asked for")
    weights = np.array([len(texts[language]) for language in languages], np.float64) ** alpha
    rng = np.random.Generator(np.random.PCG64(derive_seed(seed, "languages")))
    packers = {
        language: _Packer(tokenizer, texts[language], max_tokens, derive_seed(seed, "documents", language))
        for language in languages
    }
    sequences, n_drawn = [], 0
    while n_drawn < n_tokens:
        language = languages[int(rng.choice(len(languages), p=weights / weights.sum()))]
        sequence = packers[language].next_sequence()
        sequences.append(sequence)
        n_drawn += len(sequence)
    return sequences


def draw_for_budget(
    tokenizer: SubwordTokenizer,
    texts: Mapping[str, Sequence[str]],
    training: Training,
    alpha: float,
    seed: int,
) -> tuple[list[TokenSequence], Training]:
    """The sequences that a budget pays for, and the training that passes over them once.

    A budget in epochs is turned into as many tokens as so many passes over the whole corpus would read.
    """
    if training.tokens is not None:
        n_tokens = training.tokens
    elif training.steps is not None:
        n_tokens = training.steps * training.batch_size * training.max_tokens
    else:
        n_corpus = sum(
            len(sequence)
            for documents in texts.values()
            for sequence in tokenizer.encode_texts(documents, [None] * len(documents), training.max_tokens)
        )
        n_tokens = max(1, round((training.epochs or 1.0) * n_corpus))
    sequences = draw_sequences(tokenizer, texts, training.max_tokens, n_tokens, alpha, seed)
    if training.steps is not None:
        return sequences, training
    return sequences, replace(training, epochs=1.0, tokens=None)


class _Packer:
    """Packs the documents of one language into sequences."""

    def __init__(self, tokenizer: SubwordTokenizer, documents: Sequence[str], max_tokens: int, seed: int) -> None:
        self._tokenizer = tokenizer
        self._documents = documents
        self._max_tokens = max_tokens
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._order: list[int] = []
        self._ready: list[NDArray[np.int32]] = []

    def next_sequence(self) -> TokenSequence:
        """The next sequence; never empty, at most ``max_tokens`` long."""
        prefix, suffix = self._tokenizer.prefix_ids, self._tokenizer.suffix_ids
        ids: list[int] = list(prefix)
        while True:
            document = self._peek()
            addition = [*document.tolist(), *suffix]
            if len(ids) > len(prefix) and len(ids) + len(addition) > self._max_tokens:
                break
            ids += addition
            self._ready.pop()
            if len(ids) >= self._max_tokens:
                break
        ids = ids[: self._max_tokens]
        return TokenSequence(np.array(ids, np.int32), np.zeros(len(ids), np.int32))

    def _peek(self) -> NDArray[np.int32]:
        n_passes = 0
        while not self._ready:
            if not self._order:
                n_passes += 1
                if n_passes > 2:
                    raise DataError("a language of the corpus has only documents without a single token")
                self._order = self._rng.permutation(len(self._documents)).tolist()
            chosen = [self._documents[self._order.pop()] for _ in range(min(64, len(self._order)))]
            n_frame = len(self._tokenizer.prefix_ids) + len(self._tokenizer.suffix_ids)
            sequences = self._tokenizer.encode_texts(chosen, [None] * len(chosen), self._max_tokens)
            start, stop = len(self._tokenizer.prefix_ids), len(self._tokenizer.suffix_ids)
            self._ready = [s.ids[start : len(s) - stop] for s in sequences if len(s) > n_frame]
        return self._ready[-1]
