from __future__ import annotations

from itertools import islice

import pytest

pytest.importorskip("hassil", reason="the extra 'demo' brings the template parser")

from waystage.data.sources.templates import Grammar, Template, sentence_text

GRAMMAR = Grammar(
    rules={"the": "(the|my)", "loop": "a {level} b"},
    lists={
        "level": {"range": {"from": 1, "to": 3}},
        "colour": {"values": [{"in": "red", "out": 1}, {"in": "dark (blue|green)", "out": 2}]},
        "name": {"wildcard": True},
    },
)


def texts(text: str, label: str = "x") -> list[str]:
    return [sentence_text(pieces) for pieces in Template(label, text, GRAMMAR).sentences()]


def test_draws_every_sentence_once() -> None:
    assert sorted(texts("set [<the>] (lamp|light)")) == sorted(
        ["set lamp", "set light", "set the lamp", "set the light", "set my lamp", "set my light"]
    )


def test_permutations_come_in_every_order() -> None:
    assert sorted(texts("(a;b;[c])")) == sorted(
        ["a b", "b a", "a b c", "a c b", "b a c", "b c a", "c a b", "c b a"],
    )


def test_slots_carry_their_name_and_value_templates_are_expanded() -> None:
    found = set(Template("x", "to {level:brightness}[%] {colour}", GRAMMAR).sentences())
    assert (("to ", None), ("2", "brightness"), ("% ", None), ("dark blue", "colour")) in found
    assert len(found) == 3 * 2 * 3


def test_the_same_template_always_gives_the_same_order_and_another_label_another() -> None:
    text = "[a|b] [c|d] {level}"
    assert texts(text) == texts(text)
    assert texts(text) != texts(text, label="y")
    assert sorted(texts(text)) == sorted(texts(text, label="y"))


def test_a_template_with_endless_sentences_can_be_stopped() -> None:
    grammar = Grammar({}, {"n": {"range": {"from": 0, "to": 10**9}}})
    assert len(list(islice(Template("x", "{n} {n} {n}", grammar).sentences(), 50))) == 50


@pytest.mark.parametrize(("text", "is_closed"), [("{level}", True), ("<loop>", True), ("{name}", False)])
def test_only_templates_with_values_for_every_slot_are_closed(text: str, is_closed: bool) -> None:
    assert Template("x", text, GRAMMAR).is_closed == is_closed


@pytest.mark.parametrize("text", ["{unknown}", "<unknown>", "a [<unknown>]"])
def test_what_the_package_does_not_define_is_open(text: str) -> None:
    assert not Template("x", text, GRAMMAR).is_closed
