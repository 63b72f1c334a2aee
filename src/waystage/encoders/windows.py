"""A question and a long context to windows that fit the encoder, and tokens back to characters. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waystage.encoders.tokenizer import IdArray, SubwordTokenizer, TokenSequence
from waystage.errors import DataError


@dataclass(frozen=True, slots=True)
class WindowLengths:
    """How a context is cut.

    Attributes:
        max_tokens: longest window: question, context and special tokens.
        stride: context tokens from the start of one window to the start of the next.
        max_question_tokens: the question loses what is beyond.
    """

    max_tokens: int
    stride: int
    max_question_tokens: int


@dataclass(frozen=True, slots=True)
class Window:
    """A question with a part of its context.

    Attributes:
        tokens: the input of the encoder.
        example_index: index of the example among those that were cut.
        first_position: position in ``tokens`` of the first token of the context part.
        offsets: characters of the context that each token of the part stands for, ``[n_tokens, 2]``, start and stop,
            white space left out; start equals stop for a token that stands for white space alone.
        has_most_context: ``[n_tokens]``, whether no other window shows more of what is around the token.
    """

    tokens: TokenSequence
    example_index: int
    first_position: int
    offsets: IdArray
    has_most_context: NDArray[np.bool_]


def encode_windows(
    tokenizer: SubwordTokenizer, questions: Sequence[str], contexts: Sequence[str], lengths: WindowLengths
) -> list[Window]:
    """One or more windows a question, in order; together they show every token of its context.

    Raises:
        DataError: ``lengths.max_tokens`` leaves no room for any context.
    """
    frame = tokenizer.pair_frame
    n_special = len(frame.prefix) + len(frame.middle) + len(frame.suffix)
    if lengths.max_tokens < n_special + 2:
        raise DataError(f"max_tokens is {lengths.max_tokens}: there is no room for a question and its context")
    # A question may take half of what is there, however long it is allowed to be.
    n_question = min(lengths.max_question_tokens, (lengths.max_tokens - n_special) // 2)
    unique = list(dict.fromkeys(contexts))
    encoded = dict(zip(unique, _encoded_contexts(tokenizer, unique), strict=True))
    windows: list[Window] = []
    for index, (ids, context) in enumerate(zip(tokenizer.ids_of(questions), contexts, strict=True)):
        question = ids[:n_question]
        room = lengths.max_tokens - n_special - len(question)
        context_ids, offsets = encoded[context]
        for start, stop, most in spans_of(len(context_ids), room, lengths.stride):
            tokens, first = frame.joined(question, context_ids[start:stop])
            windows.append(Window(tokens, index, first, offsets[start:stop], most))
    return windows


def spans_of(n_tokens: int, room: int, stride: int) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Start and stop of each window of a context, and for each of its tokens whether it is seen best there.

    A token is seen best where the smaller of the numbers of tokens on its two sides is largest; a hundredth of the
    window's length is added, and the first of equal windows wins (Devlin et al. 2019, the script for SQuAD).

    >>> [(start, stop, most.astype(int).tolist()) for start, stop, most in spans_of(5, 3, 2)]
    [(0, 3, [1, 1, 1]), (2, 5, [0, 1, 1])]
    """
    step = max(1, min(stride, room))
    starts = [0]
    while starts[-1] + room < n_tokens:
        starts.append(starts[-1] + step)
    stops = [min(start + room, n_tokens) for start in starts]
    scores = np.full((len(starts), n_tokens), -np.inf)
    for row, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        at = np.arange(start, stop)
        scores[row, start:stop] = np.minimum(at - start, stop - 1 - at) + 0.01 * (stop - start)
    best = scores.argmax(axis=0) if n_tokens else np.zeros(0, np.int64)
    return [(start, stop, best[start:stop] == row) for row, (start, stop) in enumerate(zip(starts, stops, strict=True))]


def token_span(offsets: IdArray, start: int, stop: int) -> tuple[int, int] | None:
    """First and last token (both included) of the characters ``start`` to ``stop``; None where some are not shown.

    >>> token_span(np.array([[0, 3], [4, 7], [8, 9]], np.int32), 4, 9), token_span(np.array([[4, 7]], np.int32), 4, 9)
    ((1, 2), None)
    """
    touched = np.flatnonzero((offsets[:, 0] < stop) & (offsets[:, 1] > start))
    if not len(touched) or offsets[touched[0], 0] > start or offsets[touched[-1], 1] < stop:
        return None
    return int(touched[0]), int(touched[-1])


def _encoded_contexts(tokenizer: SubwordTokenizer, contexts: Sequence[str]) -> list[tuple[IdArray, IdArray]]:
    encoded = []
    for context, (ids, spans) in zip(contexts, tokenizer.ids_and_offsets_of(contexts), strict=True):
        trimmed = [_trimmed(context, start, stop) for start, stop in spans]
        encoded.append((np.array(ids, np.int32), np.array(trimmed, np.int32).reshape(-1, 2)))
    return encoded


def _trimmed(context: str, start: int, stop: int) -> tuple[int, int]:
    """The characters of a token without white space at their ends: many tokens carry the space before a word."""
    while start < stop and context[start].isspace():
        start += 1
    while stop > start and context[stop - 1].isspace():
        stop -= 1
    return start, stop
