"""The forms that an example can have, and their lossless JSON form.

A prepared split is a list of examples of one form, in a fixed order, with ids that are unique within the split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class TextExample:
    """A sentence, or a pair of sentences, with at most one label (None: the gold label is withheld)."""

    id: str
    text: str
    pair: str | None
    label: str | None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {"id": self.id, "text": self.text, "pair": self.pair, "label": self.label}

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read."""
        return len(self.text) + len(self.pair or "")

    @property
    def has_gold(self) -> bool:
        """Whether it can be trained on and scored."""
        return self.label is not None

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set."""
        return f"{self.text} {self.pair or ''}"


@dataclass(frozen=True, slots=True)
class TaggedExample:
    """Words with one tag each (``tags`` is None where the gold is withheld)."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        tags = list(self.tags) if self.tags is not None else None
        return {"id": self.id, "words": list(self.words), "tags": tags}

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read, a space after each word included."""
        return sum(len(word) + 1 for word in self.words)

    @property
    def has_gold(self) -> bool:
        """Whether it can be trained on and scored."""
        return self.tags is not None

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class ParallelExample:
    """A sentence in the target language and its translation; in retrieval, each is the other's only match.

    ``source`` is in the source language (English), ``target`` in the language of the split.
    """

    id: str
    source: str
    target: str

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {"id": self.id, "source": self.source, "target": self.target}

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read, both sides."""
        return len(self.source) + len(self.target)

    @property
    def has_gold(self) -> bool:
        """Always: the right match of a sentence is its own translation."""
        return True

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set."""
        return f"{self.source} {self.target}"


@dataclass(frozen=True, slots=True)
class MultipleChoiceExample:
    """A text (with its question) and choices that may follow it; ``answer`` is the position of the right one.

    ``answer`` counts from 0 and is None where the gold is withheld.
    """

    id: str
    text: str
    choices: tuple[str, ...]
    answer: int | None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {"id": self.id, "text": self.text, "choices": list(self.choices), "answer": self.answer}

    @property
    def label(self) -> str | None:
        """The position of the right choice as text: the form that predictions have."""
        return None if self.answer is None else str(self.answer)

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read: the text once with each choice."""
        return len(self.text) * len(self.choices) + sum(map(len, self.choices))

    @property
    def has_gold(self) -> bool:
        """Whether it can be trained on and scored."""
        return self.answer is not None

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set: questions are worded differently."""
        return " ".join(sorted(self.choices))


@dataclass(frozen=True, slots=True)
class Answer:
    """A stretch of a context: ``text`` stands at character ``start`` (code points, from 0)."""

    start: int
    text: str

    @property
    def stop(self) -> int:
        """The character after its last one."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class QuestionExample:
    """A question and the context that may answer it.

    ``answers`` are the accepted ones: none where the context does not answer the question, None where the gold is
    withheld. ``context[answer.start : answer.stop] == answer.text`` for each of them. ``case`` names what is tested
    with several questions (None: with this one alone).
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...] | None
    case: str | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field; ``case`` where there is one."""
        answers = None if self.answers is None else [[answer.start, answer.text] for answer in self.answers]
        of_case = {} if self.case is None else {"case": self.case}
        return {"id": self.id, "question": self.question, "context": self.context, "answers": answers, **of_case}

    @property
    def n_characters(self) -> int:
        """Characters of question and context."""
        return len(self.question) + len(self.context)

    @property
    def has_gold(self) -> bool:
        """Whether it can be trained on and scored."""
        return self.answers is not None

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set: the context alone."""
        return self.context


@dataclass(frozen=True, slots=True)
class QueryExample:
    """A text, and the ids of what is to be found for it among the candidates of a pool.

    ``answers`` is empty where nothing is to be found (a sentence without a translation) and None where the gold is
    withheld.
    """

    id: str
    query: str
    answers: tuple[str, ...] | None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        answers = None if self.answers is None else list(self.answers)
        return {"id": self.id, "query": self.query, "answers": answers}

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read."""
        return len(self.query)

    @property
    def has_gold(self) -> bool:
        """Whether it can be scored."""
        return self.answers is not None

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set."""
        return self.query


@dataclass(frozen=True, slots=True)
class MatchExample:
    """A text and the candidate that is right for it: what a dual encoder learns from.

    ``match`` is the candidate and ``context`` the text around it, which is read with it (None: it stands alone).
    """

    id: str
    query: str
    match: str
    context: str | None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {"id": self.id, "query": self.query, "match": self.match, "context": self.context}

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read, both sides."""
        return len(self.query) + len(self.match) + len(self.context or "")

    @property
    def has_gold(self) -> bool:
        """Always: the match is the gold."""
        return True

    @property
    def passage(self) -> str:
        """The text by which the same example is recognised in another data set: what surrounds the match."""
        return self.context or f"{self.query} {self.match}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text of a pool that is searched; ``context`` is read with it (None: it stands alone)."""

    id: str
    candidate: str
    context: str | None

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {"id": self.id, "candidate": self.candidate, "context": self.context}

    @property
    def n_characters(self) -> int:
        """Characters that an encoder will read."""
        return len(self.candidate) + len(self.context or "")

    @property
    def has_gold(self) -> bool:
        """Always: which candidate is right is said by the query."""
        return True

    @property
    def passage(self) -> str:
        """The text by which the same candidate is recognised in another data set."""
        return self.context or self.candidate


Example: TypeAlias = (
    TextExample
    | TaggedExample
    | ParallelExample
    | MultipleChoiceExample
    | QuestionExample
    | QueryExample
    | MatchExample
    | Candidate
)


def case_of(example: Example) -> str:
    """The id of what an example is a test of: its case, where it has one, or else itself."""
    case = example.case if isinstance(example, QuestionExample) else None
    return example.id if case is None else case


def example_from_json(value: dict[str, Any]) -> Example:
    """The example that ``to_json`` wrote.

    >>> example_from_json(TaggedExample("1", ("a", "b"), ("X", "Y")).to_json())
    TaggedExample(id='1', words=('a', 'b'), tags=('X', 'Y'))
    """
    return next(read for key, read in _READERS.items() if key in value)(value)


def _text_example(value: dict[str, Any]) -> TextExample:
    return TextExample(value["id"], value["text"], value["pair"], value["label"])


def _tagged_example(value: dict[str, Any]) -> TaggedExample:
    tags = value["tags"]
    return TaggedExample(value["id"], tuple(value["words"]), tuple(tags) if tags is not None else None)


def _parallel_example(value: dict[str, Any]) -> ParallelExample:
    return ParallelExample(value["id"], value["source"], value["target"])


def _multiple_choice_example(value: dict[str, Any]) -> MultipleChoiceExample:
    return MultipleChoiceExample(value["id"], value["text"], tuple(value["choices"]), value["answer"])


def _question_example(value: dict[str, Any]) -> QuestionExample:
    answers = value["answers"]
    read = None if answers is None else tuple(Answer(start, text) for start, text in answers)
    return QuestionExample(value["id"], value["question"], value["context"], read, value.get("case"))


def _query_example(value: dict[str, Any]) -> QueryExample:
    answers = value["answers"]
    return QueryExample(value["id"], value["query"], None if answers is None else tuple(answers))


def _match_example(value: dict[str, Any]) -> MatchExample:
    return MatchExample(value["id"], value["query"], value["match"], value["context"])


def _candidate(value: dict[str, Any]) -> Candidate:
    return Candidate(value["id"], value["candidate"], value["context"])


# By a key that none of the forms below it has.
_READERS: dict[str, Callable[[dict[str, Any]], Example]] = {
    "match": _match_example,
    "candidate": _candidate,
    "query": _query_example,
    "words": _tagged_example,
    "source": _parallel_example,
    "choices": _multiple_choice_example,
    "context": _question_example,
    "pair": _text_example,
}
