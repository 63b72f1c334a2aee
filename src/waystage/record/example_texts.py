"""What an example asks and what was answered, as text that people can read, cut to a length."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from waystage.data.examples import (
    Example,
    MultipleChoiceExample,
    ParallelExample,
    QueryExample,
    QuestionExample,
    TaggedExample,
    TextExample,
)
from waystage.metrics.metric import Prediction
from waystage.report.record import ExampleText

MAX_TEXT, MAX_ANSWER = 280, 160
"""Code points that are kept of a text and of an answer."""
CUT = "…"

_JOINERS = {"\u200c", "\u200d"}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an example stands: its language, that of the source, and all examples of its split by id."""

    language: str
    source_language: str
    by_id: Mapping[str, Example]


@dataclass(frozen=True, slots=True)
class ExampleInWords:
    """An example and the answers to it; ``answer_language`` is None where gold and answers are labels."""

    texts: tuple[ExampleText, ...]
    gold: str
    answers: tuple[str, ...]
    answer_language: str | None


def in_words(example: Example, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords | None:
    """The example as people read it; None for a form that has no wording here."""
    word = _WORDINGS.get(type(example))
    return None if word is None else word(example, answers, setting)


def cut(text: str, n_characters: int, start: int = 0) -> str:
    """At most so many characters from ``start``, with ``…`` where something was left out.

    No combining mark loses the letter that it stands on.

    >>> cut("a long sentence", 6), cut("short", 6), cut("a long sentence", 4, start=7)
    ('a long…', 'short', '…sent…')
    """
    stop = min(len(text), start + n_characters)
    start, stop = _before_marks(text, start), _before_marks(text, stop)
    return f"{CUT if start else ''}{text[start:stop]}{CUT if stop < len(text) else ''}"


def _before_marks(text: str, place: int) -> int:
    while 0 < place < len(text) and (_attaches(text[place]) or text[place - 1] in _JOINERS):
        place -= 1
    return place


def _attaches(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character in _JOINERS


def _text(label: str, text: str, language: str) -> ExampleText:
    return ExampleText(label, cut(text, MAX_TEXT), language)


def _label(answer: Prediction) -> str:
    return cut(answer if isinstance(answer, str) else " ".join(answer), MAX_ANSWER)


def _text_words(example: TextExample, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords:
    if example.pair is None:
        texts = [_text("text", example.text, setting.language)]
    else:
        texts = [
            _text("first text", example.text, setting.language),
            _text("second text", example.pair, setting.language),
        ]
    return ExampleInWords(tuple(texts), example.label or "", tuple(map(_label, answers)), None)


def _tagged_words(example: TaggedExample, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords:
    """Tags are shown for the words on which not all agree."""
    tags = example.tags or ()
    rows = [tags, *(answer if isinstance(answer, tuple) else (answer,) for answer in answers)]
    places = [place for place, own in enumerate(zip(*rows, strict=True)) if len(set(own)) > 1]

    def shown(row: Sequence[str]) -> str:
        return cut(", ".join(f"{example.words[place]} {row[place]}" for place in places), MAX_ANSWER)

    texts = (_text("words", " ".join(example.words), setting.language),)
    return ExampleInWords(texts, shown(tags), tuple(map(shown, rows[1:])), setting.language)


def _parallel_words(example: ParallelExample, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords:
    def found(answer: Prediction) -> str:
        other = setting.by_id.get(answer) if isinstance(answer, str) else None
        return cut(other.target, MAX_ANSWER) if isinstance(other, ParallelExample) else _label(answer)

    texts = (_text("query", example.source, setting.source_language),)
    return ExampleInWords(texts, cut(example.target, MAX_ANSWER), tuple(map(found, answers)), setting.language)


def _choice_words(example: MultipleChoiceExample, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords:
    def chosen(answer: Prediction) -> str:
        number = int(answer) if isinstance(answer, str) and answer.isdecimal() else -1
        return cut(example.choices[number], MAX_ANSWER) if 0 <= number < len(example.choices) else _label(answer)

    texts = (_text("text", example.text, setting.language),)
    return ExampleInWords(texts, chosen(example.label or ""), tuple(map(chosen, answers)), setting.language)


def _question_words(example: QuestionExample, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords:
    """The context is cut around the first right answer; an answer of nothing stays empty."""
    right = example.answers or ()
    start = max(0, right[0].start - MAX_TEXT // 2) if right and right[0].stop > MAX_TEXT else 0
    texts = (
        _text("question", example.question, setting.language),
        ExampleText("context", cut(example.context, MAX_TEXT, start), setting.language),
    )
    gold = " / ".join(dict.fromkeys(answer.text for answer in right))
    return ExampleInWords(texts, cut(gold, MAX_ANSWER), tuple(map(_label, answers)), setting.language)


def _query_words(example: QueryExample, answers: Sequence[Prediction], setting: Setting) -> ExampleInWords:
    """Ids of candidates, whose texts are not at hand: the right ones, and the first that was found."""
    found = (answer[:1] if isinstance(answer, tuple) else (answer,) for answer in answers)
    texts = (_text("query", example.query, setting.language),)
    return ExampleInWords(texts, _label(example.answers or ()), tuple(map(_label, found)), None)


_Wording: TypeAlias = Callable[..., ExampleInWords]
_WORDINGS: dict[type[Example], _Wording] = {
    TextExample: _text_words,
    TaggedExample: _tagged_words,
    ParallelExample: _parallel_words,
    MultipleChoiceExample: _choice_words,
    QuestionExample: _question_words,
    QueryExample: _query_words,
}
