from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from waystage.encoders.tokenizer import TokenSequence
from waystage.encoders.windows import Window
from waystage.prediction.spans import MAX_ANSWER_TOKENS, N_BEST, best_span

N_QUESTION = 5


def window_of(n_context: int, blank: frozenset[int] = frozenset()) -> Window:
    """A context in which token i stands for character i; some stand for nothing."""
    offsets = np.array([(i, i if i in blank else i + 1) for i in range(n_context)], np.int32).reshape(-1, 2)
    ids = np.zeros(N_QUESTION + n_context + 1, np.int32)
    return Window(TokenSequence(ids, ids), 0, N_QUESTION, offsets, np.ones(n_context, np.bool_))


def scores_of(seed: int, n_context: int, spread: float = 3.0) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.normal(0.0, spread, (N_QUESTION + n_context + 1, 2)).astype(np.float32)


@given(n_context=st.integers(1, 90), seed=st.integers(0, 10**6))
def test_the_best_span_lies_in_the_context_and_is_short(n_context: int, seed: int) -> None:
    span = best_span(window_of(n_context), scores_of(seed, n_context))
    assert span is not None
    assert 0 <= span.start < span.stop <= n_context
    assert span.stop - span.start <= MAX_ANSWER_TOKENS


@given(n_context=st.integers(1, N_BEST), seed=st.integers(0, 10**6))
def test_no_span_of_a_short_context_is_better(n_context: int, seed: int) -> None:
    scores = scores_of(seed, n_context)
    span = best_span(window_of(n_context), scores)
    starts, ends = scores[N_QUESTION : N_QUESTION + n_context].T
    best = max(float(starts[i] + ends[j]) for i in range(n_context) for j in range(i, n_context))
    assert span is not None
    assert span.score == best


@given(seed=st.integers(0, 10**6))
def test_high_scores_outside_the_context_change_nothing(seed: int) -> None:
    scores, window = scores_of(seed, 40), window_of(40)
    before = best_span(window, scores)
    scores[:N_QUESTION] = 1000.0
    scores[-1] = 1000.0
    assert best_span(window, scores) == before


def test_a_token_without_characters_neither_starts_nor_ends_an_answer() -> None:
    scores = np.zeros((N_QUESTION + 4, 2), np.float32)
    scores[N_QUESTION] = 9.0
    span = best_span(window_of(3, frozenset({0})), scores)
    assert span is not None
    assert span.start >= 1
    assert best_span(window_of(1, frozenset({0})), scores[: N_QUESTION + 2]) is None


def test_a_start_that_another_window_shows_better_is_left_to_it() -> None:
    window = window_of(3)
    window.has_most_context[0] = False
    scores = np.zeros((N_QUESTION + 4, 2), np.float32)
    scores[N_QUESTION, 0] = 9.0
    span = best_span(window, scores)
    assert span is not None
    assert span.start == 1


def test_starts_that_only_go_with_ends_before_them_still_give_an_answer() -> None:
    n_context = 60
    scores = np.full((N_QUESTION + n_context + 1, 2), -5.0, np.float32)
    scores[N_QUESTION + 40 : N_QUESTION + 60, 0] = 5.0
    scores[N_QUESTION : N_QUESTION + 20, 1] = 5.0
    span = best_span(window_of(n_context), scores)
    assert span is not None
    assert (span.start, span.stop) == (40, 41)
