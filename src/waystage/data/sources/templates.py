"""Sentences drawn from sentence templates, with the slot that each piece of text fills.

A template such as ``set [the] (lamp|light) to {brightness}[ percent]`` stands for very many sentences. They
are drawn, not listed: every draw walks the parsed template once. The generator is seeded by the template
alone, so what a template gives does not depend on other templates, on their order, or on the Python version.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    TextChunk,
)
from hassil.parse_expression import parse_sentence

Piece: TypeAlias = tuple[str, str | None]
"""Text and the name of the slot that it fills, or None."""

_SPACES = re.compile(r"\s+")
_MAX_DRAWS_WITHOUT_NEWS = 64


class Grammar:
    """The rules and value lists that the templates of one language refer to."""

    def __init__(self, rules: Mapping[str, str], lists: Mapping[str, Mapping[str, Any]]) -> None:
        self._rules = dict(rules)
        self._lists = dict(lists)
        self._parsed: dict[str, Expression] = {}

    def rule(self, name: str) -> Expression | None:
        """The parsed body of a rule; None where the package does not define it."""
        body = self._rules.get(name)
        return None if body is None else self.parse(body)

    def parse(self, text: str) -> Expression:
        """The parsed form of template text (parsed once)."""
        if text not in self._parsed:
            self._parsed[text] = parse_sentence(text).expression
        return self._parsed[text]

    def values(self, list_name: str) -> tuple[str, ...] | range | None:
        """The values of a list, each a small template or a number; None where the package gives no values."""
        entry = self._lists.get(list_name, {})
        if "range" in entry:
            bounds = entry["range"]
            return range(int(bounds["from"]), int(bounds["to"]) + 1, int(bounds.get("step", 1)))
        values = tuple(value if isinstance(value, str) else value["in"] for value in entry.get("values", ()))
        return values or None


@dataclass(frozen=True)
class Template:
    """One template of one language.

    Attributes:
        label: the intent that the template expresses.
        text: the template as the package writes it.
        grammar: what its references mean.
    """

    label: str
    text: str
    grammar: Grammar

    @property
    def digest(self) -> str:
        """A hash of label and text: orders templates and seeds what is drawn from them."""
        return hashlib.sha256(f"{self.label}\n{self.text}".encode()).hexdigest()

    @cached_property
    def slots(self) -> frozenset[str]:
        """Names of the slots that the template can fill."""
        return frozenset(reference.slot_name for reference in self._references)

    @cached_property
    def is_closed(self) -> bool:
        """Whether the package gives values for every slot, so that nothing has to be invented."""
        try:
            return all(self.grammar.values(reference.list_name) for reference in self._references)
        except KeyError:
            return False

    @cached_property
    def _references(self) -> tuple[ListReference, ...]:
        return tuple(_list_references(self.grammar.parse(self.text), self.grammar))

    def sentences(self) -> Iterator[tuple[Piece, ...]]:
        """Sentences with different text, in an order that is random and always the same.

        Ends when drawing gives nothing new any more; a template may stand for more sentences than anyone can
        use.
        """
        generator = random.Random(int(self.digest, 16))
        expression = self.grammar.parse(self.text)
        seen = {""}
        n_draws_without_news = 0
        while n_draws_without_news < _MAX_DRAWS_WITHOUT_NEWS:
            pieces = tidy(_walk(expression, self.grammar, generator))
            text = sentence_text(pieces)
            n_draws_without_news += 1
            if text not in seen:
                n_draws_without_news = 0
                seen.add(text)
                yield pieces


def sentence_text(pieces: tuple[Piece, ...]) -> str:
    """The sentence that pieces make.

    >>> sentence_text((("to ", None), ("77", "level"), ("%", None)))
    'to 77%'
    """
    return "".join(text for text, _ in pieces)


def tidy(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Pieces with single spaces, none at either end, and neighbours without a slot joined.

    >>> tidy([("  set ", None), ("the ", None), (" 5", "level"), ("", None), ("% ", None)])
    (('set the ', None), ('5', 'level'), ('%', None))
    """
    kept: list[Piece] = []
    ends_in_space = True
    for raw, slot in pieces:
        text = _SPACES.sub(" ", raw)
        text = text.lstrip(" ") if ends_in_space else text
        if not text:
            continue
        ends_in_space = text.endswith(" ")
        if kept and slot is None and kept[-1][1] is None:
            kept[-1] = (kept[-1][0] + text, None)
        else:
            kept.append((text, slot))
    if kept and ends_in_space:
        text, slot = kept.pop()
        kept += [(text.rstrip(" "), slot)] if text != " " else []
    return tuple(kept)


def _walk(expression: Expression, grammar: Grammar, generator: random.Random) -> Iterator[Piece]:
    """One random sentence of an expression; every alternative, the empty one included, is equally likely."""
    if isinstance(expression, TextChunk):
        yield expression.original_text, None
    elif isinstance(expression, Alternative):
        yield from _walk(expression.items[_below(len(expression.items), generator)], grammar, generator)
    elif isinstance(expression, Group):
        for item in _ordered(expression, generator):
            yield from _walk(item, grammar, generator)
    elif isinstance(expression, RuleReference):
        yield from _walk(_rule(expression, grammar), grammar, generator)
    elif isinstance(expression, ListReference):
        yield _list_value(expression, grammar, generator), expression.slot_name


def _ordered(group: Group, generator: random.Random) -> list[Expression]:
    items = list(group.items)
    if not isinstance(group, Permutation):
        return items
    return [items.pop(_below(len(items), generator)) for _ in range(len(items))]


def _list_value(reference: ListReference, grammar: Grammar, generator: random.Random) -> str:
    values = grammar.values(reference.list_name)
    if values is None:
        raise ValueError(f"the list {reference.list_name} has no values")
    value = values[_below(len(values), generator)]
    if isinstance(value, int):
        return str(value)
    return "".join(text for text, _ in _walk(grammar.parse(value), grammar, generator))


def _below(n: int, generator: random.Random) -> int:
    """A number in [0, n). Only ``random()`` promises the same numbers in every Python version."""
    return int(generator.random() * n)


def _rule(reference: RuleReference, grammar: Grammar) -> Expression:
    body = grammar.rule(reference.rule_name)
    if body is None:
        raise KeyError(reference.rule_name)
    return body


def _list_references(expression: Expression, grammar: Grammar) -> Iterator[ListReference]:
    """All list references, through rules. Raises KeyError for a rule that the package does not define."""
    if isinstance(expression, ListReference):
        yield expression
    elif isinstance(expression, Group):
        for item in expression.items:
            yield from _list_references(item, grammar)
    elif isinstance(expression, RuleReference):
        yield from _list_references(_rule(expression, grammar), grammar)
