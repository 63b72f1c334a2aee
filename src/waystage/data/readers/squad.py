"""SQuAD's JSON: articles of paragraphs of questions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.data.readers.lines import read_text
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem


@dataclass(frozen=True, slots=True)
class SquadJson:
    """One row a question, with the columns ``id``, ``question``, ``context`` and ``answers``.

    The file is one JSON value, so a row's line is the number of the question, from 1.

    Attributes:
        renames_repeated_ids: an id that stands for the n-th time becomes ``id-n``: some files number their
            questions anew in each part.
    """

    renames_repeated_ids: bool = False

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """Questions in file order; DataError where the file is not of this form."""
        n_seen: Counter[str] = Counter()
        questions = ((p.values.get("context"), question) for p in paragraphs(path) for question in p.questions)
        for number, (context, question) in enumerate(questions, start=1):
            values = {**question, "context": context}
            if question.get("is_impossible") is True:
                values["answers"] = []
            if self.renames_repeated_ids and "id" in values:
                given = str(values["id"])
                n_seen[given] += 1
                values["id"] = given if n_seen[given] == 1 else f"{given}-{n_seen[given]}"
            yield Row(number, values)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as the file has it, with its questions; ``place`` says where it stands, for messages."""

    values: Mapping[str, Any]
    questions: tuple[Mapping[str, Any], ...]
    place: str


def paragraphs(path: Path) -> Iterator[Paragraph]:
    """Paragraphs in file order; DataError where the file is not of this form."""
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(Problem(path, error.lineno, None, f"not JSON ({error.msg})", "SQuAD's JSON")) from error
    except (ValueError, RecursionError) as error:
        raise DataError(Problem(path, None, None, f"not JSON ({type(error).__name__})", "SQuAD's JSON")) from error
    for article, in_article in _items(path, content, "data", "the file"):
        for paragraph, in_paragraph in _items(path, article, "paragraphs", in_article):
            questions = list(_items(path, paragraph, "qas", in_paragraph))
            for question, in_question in questions:
                if not isinstance(question, dict):
                    raise DataError(Problem(path, None, in_question, f"a JSON {type(question).__name__}", "an object"))
            yield Paragraph(paragraph, tuple(question for question, _ in questions), in_paragraph)


def _items(path: Path, parent: Any, key: str, where: str) -> Iterator[tuple[Any, str]]:
    """The items of a list, each with its place for messages."""
    items = parent.get(key) if isinstance(parent, dict) else None
    if not isinstance(items, list):
        raise DataError(Problem(path, None, where, f"no list '{key}'", "SQuAD's JSON: data, paragraphs, qas"))
    for index, item in enumerate(items):
        yield item, f"{key}[{index}]" if where == "the file" else f"{where}.{key}[{index}]"
