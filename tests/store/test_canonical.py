from __future__ import annotations

import enum
import json
import math
import random
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.store.canonical import canonical_json, digest_bytes, digest_file, digest_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES)
def test_reading_gives_the_value_back(value: Any) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@settings(deadline=None)
@given(st.dictionaries(TEXT, VALUES, min_size=2), st.randoms(use_true_random=False))
def test_order_of_keys_does_not_count(value: dict[str, Any], rng: random.Random) -> None:
    items = list(value.items())
    rng.shuffle(items)
    assert digest_json(dict(items)) == digest_json(value)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_equal_bytes_mean_equal_values(left: Any, right: Any) -> None:
    if canonical_json(left) == canonical_json(right):
        assert left == right


def test_known_bytes() -> None:
    value = {"ü": (1, 1.0, True), "a": {"c": None, "b": "\n€"}, "z": 1e-7}
    assert canonical_json(value) == '{"a":{"b":"\\n€","c":null},"z":1e-07,"ü":[1,1.0,true]}'.encode()
    assert digest_json({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    "value",
    [
        b"x",
        {1},
        Path("x"),
        np.float64(1.0),
        np.int64(1),
        Colour.RED,
        OrderedDict(a=1),
        object(),
        {1: 2},
        {None: 1},
    ],
    ids=repr,
)
def test_types_without_a_single_form_are_refused_with_their_place(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^\$\.parts\[1\]"):
        canonical_json({"parts": [0, value]})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"^\$\.lr"):
        canonical_json({"lr": value})


def test_text_that_is_not_unicode_and_cycles_are_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical_json("\ud800")
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="contains itself"):
        canonical_json(cycle)
    shared: list[Any] = [1]
    assert canonical_json([shared, shared]) == b"[[1],[1]]"


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc" * 100_000)
    assert digest_file(path) == digest_file(str(path)) == digest_bytes(b"abc" * 100_000)
