"""Cases of a test: what is drawn is the same in every language, and each language says it in its own words.

A case is what is drawn: every question is asked of every context that it can be said in, as MultiCheckList does.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

from waystage.data.checklist.names import N_NAMES, names_of
from waystage.data.checklist.table import Row, TestTemplates, split_values
from waystage.data.examples import Answer, QuestionExample

CONTEXT, QUESTION, ANSWER, PROPERTY = "Context", "Question", "Answer", "property"
PEOPLE = ("first_name", "first_name1", "first_name2")
_PLACEHOLDER = re.compile(r"\{(?:[a-z]:)?([a-z_.0-9]+)(?:\[(\d)\])?\}")
# Forms of a value stand between commas, but between spaces in two scripts without them.
_SPACED = ("my", "th")
# What a right answer may leave out: the articles that MultiCheckList's own scoring takes off, before or after a noun.
_ARTICLES = {
    "af": ("’n ", "'n "),
    "ar": ("ال",),
    "bn": ("একটি ", "একটি", "একজন ", "একজন"),
    "de": ("ein ", "eine ", "einen "),
    "el": ("ο ", "ένα ", "μια "),
    "en": ("a ", "an ", "the "),
    "es": ("un ", "una ", "unos ", "unas ", "el ", "la ", "los ", "las "),
    "eu": (" bat",),
    "fa": ("یک ",),
    "fr": ("un ", "une ", "le ", "la ", "en "),
    "hi": ("एक ",),
    "hu": ("egy ",),
    "it": ("un ", "una "),
    "ml": ("ഒരു ",),
    "mr": ("एक ",),
    "my": (" တစ်ဦး",),
    "nl": ("een ",),
    "pa": ("ਇੱਕ ", "ਇਕ "),
    "pt": ("um ", "uma "),
    "ta": ("ஒரு ",),
    "tl": ("si ",),
    "tr": ("bir ",),
    "vi": ("một ",),
    "wo": ("dafa ",),
    "yo": (" kan",),
}


class Place(NamedTuple):
    """A row of a field: its place among the rows of that field."""

    field: str
    place: int


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn for one case, by places in the table.

    Attributes:
        values: placeholder to the row whose text it stands for.
        people: places of the names.
    """

    values: Mapping[str, Place]
    people: tuple[int, ...]

    def said(self, templates: TestTemplates) -> tuple[object, ...]:
        """Equal for draws that say the same: what is in no context and no question does not count."""
        rows = (*templates.rows[CONTEXT], *templates.rows[QUESTION])
        names = {match[1] for row in rows for match in _PLACEHOLDER.finditer(row.english)}
        values = tuple(own for name, own in self.values.items() if name in names)
        people = tuple(own for name, own in zip(PEOPLE, self.people, strict=True) if name in names)
        return (values, people)


Drawer = Callable[[random.Random, TestTemplates], dict[str, Place]]
"""Draws the values of one case."""


def fields(**placeholders: str) -> Drawer:
    """A drawer of one row for each placeholder, from the field that it names."""

    def draw(generator: random.Random, templates: TestTemplates) -> dict[str, Place]:
        sizes = {name: len(templates.rows[field]) for name, field in placeholders.items()}
        return {name: Place(field, generator.randrange(sizes[name])) for name, field in placeholders.items()}

    return draw


def placeholders(text: str) -> list[str]:
    """The names of what a text leaves open.

    >>> placeholders("{c:obj[1]} is {p.v1}.")
    ['obj', 'p.v1']
    """
    return [match[1] for match in _PLACEHOLDER.finditer(text)]


def two_properties(generator: random.Random, templates: TestTemplates) -> dict[str, Place]:
    """An object, two of its properties, and a value of each."""
    first, second = sorted(generator.sample(range(len(templates.rows[PROPERTY])), 2))
    values = {"obj": Place("obj", generator.randrange(len(templates.rows["obj"])))}
    for number, place in (("1", first), ("2", second)):
        field = templates.rows[PROPERTY][place].english
        values[f"p.p{number}"] = Place(PROPERTY, place)
        values[f"p.v{number}"] = Place(field, generator.randrange(len(templates.rows[field])))
    return values


def draws(templates: TestTemplates, drawer: Drawer, seed: int, n_tries: int) -> Iterator[Draw]:
    """Different cases, the same for every language of a table: only the numbers of rows count."""
    generator, seen = random.Random(seed), set()
    for _ in range(n_tries):
        values = drawer(generator, templates)
        draw = Draw(values, tuple(generator.sample(range(N_NAMES), len(PEOPLE))))
        said = draw.said(templates)
        if said not in seen:
            seen.add(said)
            yield draw


def questions(draw: Draw, templates: TestTemplates, case_id: str) -> list[QuestionExample]:
    """The questions of a case in the language of the templates: each one on each context, contexts in the outer order.

    Left out is what the language has no words for; nothing is left where it has none for the case. An id ends in the
    numbers of context and question, which are the same in every language.
    """
    places = product(range(len(templates.rows[CONTEXT])), range(len(templates.rows[QUESTION])))
    made = (_question(_Words(draw, templates, *place), case_id) for place in places)
    return [question for question in made if question is not None]


def _question(words: _Words, case_id: str) -> QuestionExample | None:
    """One question; None where the language has no words for it.

    A translation of the context that names other people than the English one has none: the table has such mistakes.
    """
    rows = words.templates.rows
    context_row = rows[CONTEXT][words.context]
    context = words.filled(context_row.text(partial(words.chosen, None)), starts_sentences=True)
    asked = rows[QUESTION][words.question].text(partial(words.chosen, words.question))
    question = words.filled(asked, asks=True)
    rights = [words.filled(variant.text) for variant in rows[ANSWER][words.question].variants]
    found = [right for right in rights if right is not None and right.spans]
    if context is None or question is None or not found or context.people != _people(context_row.english):
        return None
    start, stop = _found(context, found)
    answers = _without_articles(context.text, start, stop, words.templates.language)
    example_id = f"{case_id}/{words.context + 1}.{words.question + 1}"
    return QuestionExample(example_id, question.text, context.text, answers, case_id)


@dataclass(frozen=True, slots=True)
class _Filled:
    """A text, and where its placeholders stand: name, start and stop."""

    text: str
    spans: tuple[tuple[str, int, int], ...]

    @property
    def people(self) -> set[str]:
        """Placeholders of people."""
        return {name for name, _, _ in self.spans if name in PEOPLE}


def _people(template: str) -> set[str]:
    return {match[1] for match in _PLACEHOLDER.finditer(template) if match[1] in PEOPLE}


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a language for a draw, a context and a question (their places in the table)."""

    draw: Draw
    templates: TestTemplates
    context: int
    question: int

    def filled(self, template: str | None, *, starts_sentences: bool = False, asks: bool = False) -> _Filled | None:
        """A template with its placeholders filled in; None where a word is missing.

        Args:
            template: None: there is none.
            starts_sentences: a value that begins a sentence is capitalised.
            asks: whatever property a question names is the one that it asks for: the table confuses them twice.
        """
        if template is None:
            return None
        text, spans, end = "", [], 0
        for match in _PLACEHOLDER.finditer(template):
            name = f"p.p{self.question + 1}" if asks and match[1].startswith("p.p") else match[1]
            value = self._value(name, None if match[2] is None else int(match[2]))
            if value is None:
                return None
            text += template[end : match.start()]
            if starts_sentences and (not text.strip() or text.endswith(". ")):
                value = _capitalised(value, self.templates.language)
            spans.append((name, len(text), len(text) + len(value)))
            text, end = text + value, match.end()
        return _Filled(text + template[end:], tuple(spans))

    def chosen(self, question: int | None) -> dict[str, dict[str, bool]]:
        """Field to English value to whether it was chosen.

        Of two properties, the one that the question asks for; both where a context is looked for (None).
        """
        chosen: dict[str, set[int]] = {CONTEXT: {self.context}}
        for name, own in self.draw.values.items():
            if own.field != PROPERTY or question is None or name == f"p.p{question + 1}":
                chosen.setdefault(own.field, set()).add(own.place)
        rows = self.templates.rows
        return {field: _marks(rows[field], places) for field, places in chosen.items()}

    def _value(self, name: str, form: int | None) -> str | None:
        if name in PEOPLE:
            return names_of(self.templates.language)[self.draw.people[PEOPLE.index(name)]]
        own = self.draw.values[name]
        text = self.templates.rows[own.field][own.place].text(partial(self.chosen, self.question))
        if text is None or form is None:
            return text
        forms = split_values(text)
        if len(forms) == 1 and self.templates.language in _SPACED:
            forms = tuple(text.split())
        return forms[form] if form < len(forms) else None


def _marks(rows: Sequence[Row], places: set[int]) -> dict[str, bool]:
    """The English values of a field, in the forms in which the table names them, and whether they were chosen."""
    marks: dict[str, bool] = {}
    for place, row in enumerate(rows):
        for name in row.names:
            marks[name] = marks.get(name, False) or place in places
    return marks


def _capitalised(value: str, language: str) -> str:
    first = "İ" if language in ("tr", "az") and value[:1] == "i" else value[:1].upper()
    return first + value[1:] if len(first) == 1 else value


def _found(context: _Filled, rights: Sequence[_Filled]) -> tuple[int, int]:
    """Where the answer stands: one of its forms, around its placeholder; else the placeholder alone."""
    name = rights[0].spans[0][0]
    places = [(start, stop) for own, start, stop in context.spans if own == name]
    for right in rights:
        before = right.spans[0][1]
        for start, _ in places:
            begin, end = start - before, start - before + len(right.text)
            if begin >= 0 and context.text[begin:end] == right.text:
                return begin, end
    return places[0]


def _without_articles(context: str, start: int, stop: int, language: str) -> tuple[Answer, ...]:
    """The answer as it stands, and without an article before or after it."""
    text = context[start:stop]
    stretches = {(start, stop): None}
    for article in _ARTICLES.get(language, ()):
        if text.lower().startswith(article) and len(article) < len(text):
            stretches[start + len(article), stop] = None
        if text.lower().endswith(article) and article.startswith(" "):
            stretches[start, stop - len(article)] = None
    return tuple(Answer(begin, context[begin:end]) for begin, end in stretches)
