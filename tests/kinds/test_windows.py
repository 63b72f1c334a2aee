from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.windows import Window, WindowLengths, encode_windows, spans_of, token_span
from waystage.errors import DataError

from .conftest import ANSWERS, CONTEXTS, TOKENIZERS

LENGTHS = WindowLengths(max_tokens=32, stride=8, max_question_tokens=6)
PARAMETERS = [(name, language) for name in TOKENIZERS for language in CONTEXTS]


def windows_of(tokenizer: SubwordTokenizer, language: str) -> list[Window]:
    return encode_windows(tokenizer, ["1871 de 969?"], [CONTEXTS[language]], LENGTHS)


@pytest.mark.parametrize(("name", "language"), PARAMETERS)
def test_windows_show_every_character_and_each_token_best_once(
    name: str, language: str, script_tokenizers: dict[str, SubwordTokenizer]
) -> None:
    windows, context = windows_of(script_tokenizers[name], language), CONTEXTS[language]
    shown = {place for window in windows for start, stop in window.offsets for place in range(start, stop)}
    assert shown == {place for place, character in enumerate(context) if not character.isspace()}
    n_tokens = len(script_tokenizers[name].ids_of([context])[0])
    assert sum(int(window.has_most_context.sum()) for window in windows) == n_tokens
    assert all(len(window.tokens) <= LENGTHS.max_tokens for window in windows)
    assert len(windows) > 1


@pytest.mark.parametrize(("name", "language"), PARAMETERS)
def test_an_answer_comes_back_from_its_tokens(
    name: str, language: str, script_tokenizers: dict[str, SubwordTokenizer]
) -> None:
    context = CONTEXTS[language]
    window = encode_windows(script_tokenizers[name], ["?"], [context], WindowLengths(512, 128, 64))[0]
    for answer in ANSWERS[language]:
        start = context.index(answer)
        found = text_of_tokens(window, context, start, start + len(answer))
        is_cut_inside_a_token = any(a < edge < b for a, b in window.offsets for edge in (start, start + len(answer)))
        assert answer in found
        assert found == answer or is_cut_inside_a_token
        assert not (is_cut_inside_a_token and name == "characters")


@pytest.mark.parametrize(("name", "language"), PARAMETERS)
def test_stretches_of_whole_tokens_come_back_exactly(
    name: str, language: str, script_tokenizers: dict[str, SubwordTokenizer]
) -> None:
    context = CONTEXTS[language]
    window = encode_windows(script_tokenizers[name], ["?"], [context], WindowLengths(512, 128, 64))[0]
    edges = {edge for pair in window.offsets.tolist() for edge in pair}
    whole = sorted(edge for edge in edges if not any(a < edge < b for a, b in window.offsets))
    stretches = [(a, b) for i, a in enumerate(whole) for b in whole[i + 1 : i + 9] if context[a:b].strip()]
    assert stretches
    for start, stop in stretches:
        # The white space at the ends of a stretch belongs to no token.
        assert text_of_tokens(window, context, start, stop).strip() == context[start:stop].strip()


def text_of_tokens(window: Window, context: str, start: int, stop: int) -> str:
    while context[start].isspace():
        start += 1
    while context[stop - 1].isspace():
        stop -= 1
    span = token_span(window.offsets, start, stop)
    assert span is not None
    return context[window.offsets[span[0], 0] : window.offsets[span[1], 1]]


def test_a_window_has_question_context_and_segments_in_their_places(
    script_tokenizers: dict[str, SubwordTokenizer],
) -> None:
    tokenizer = script_tokenizers["unigram"]
    question, context = tokenizer.ids_of(["1871 de 969?"])[0][:6], tokenizer.ids_of([CONTEXTS["en"]])[0]
    window = windows_of(tokenizer, "en")[1]
    ids, at = window.tokens.ids.tolist(), window.first_position
    assert ids[1 : 1 + len(question)] == question
    assert ids[at:-1] == context[8 : 8 + len(window.offsets)]
    assert window.tokens.type_ids.tolist() == [0] * at + [1] * (len(ids) - at)


def test_a_window_equals_what_the_tokeniser_makes_of_a_pair(script_tokenizers: dict[str, SubwordTokenizer]) -> None:
    for tokenizer in script_tokenizers.values():
        question, context = "?", CONTEXTS["de"]
        (window,) = encode_windows(tokenizer, [question], [context], WindowLengths(512, 128, 64))
        (pair,) = tokenizer.encode_texts([question], [context], 512)
        assert window.tokens.ids.tolist() == pair.ids.tolist()
        assert window.tokens.type_ids.tolist() == pair.type_ids.tolist()


def test_too_little_room_is_an_error(script_tokenizers: dict[str, SubwordTokenizer]) -> None:
    with pytest.raises(DataError, match="no room"):
        encode_windows(script_tokenizers["unigram"], ["?"], ["x"], WindowLengths(4, 8, 8))


@given(n_tokens=st.integers(0, 60), room=st.integers(1, 20), stride=st.integers(1, 40))
def test_spans_cover_the_context_without_a_gap(n_tokens: int, room: int, stride: int) -> None:
    spans = spans_of(n_tokens, room, stride)
    assert {at for start, stop, _ in spans for at in range(start, stop)} == set(range(n_tokens))
    assert all(stop - start <= room for start, stop, _ in spans)
    assert sum(int(most.sum()) for _, _, most in spans) == n_tokens
    assert len({stop for _, stop, _ in spans}) == len(spans)
