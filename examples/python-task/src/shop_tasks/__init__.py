"""A task of our own, whose data is in a form that no study file can describe.

``data/SPLIT-LANGUAGE.txt`` has a message a line; those that begin with ``!`` are urgent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example, TextExample
from waystage.data.source import Place, Split
from waystage.errors import DataError, Problem
from waystage.tasks.kinds import SENTENCE_CLASSIFICATION
from waystage.tasks.task import Task, TrainingDefaults

LABELS = ("normal", "urgent")
LANGUAGES = ("en", "de", "sw")


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of a language. ``version`` is raised by one whenever the same files would be read differently."""

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file; DataError where there is none."""
        path = Path(__file__).parent / "data" / f"{split}-{language}.txt"
        if not path.is_file():
            raise DataError(Problem(path, None, None, "there is no such file"))
        return [path]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Messages in file order; the line number is the id, so that translations share it."""
        path = self.files(split, language, place)[0]
        lines = list(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
        empty = [number for number, line in lines if not line.strip("! ")]
        if empty:
            raise DataError(Problem(path, empty[0], None, "an empty message", "a text"))
        return [
            TextExample(str(number), line.removeprefix("!").strip(), None, LABELS[line.startswith("!")])
            for number, line in lines
        ]


URGENCY = Task(
    name="shop-urgency",
    kind=SENTENCE_CLASSIFICATION,
    source=Messages(),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="accuracy",
    description="Does a message to a shop need an answer today?",
    licence="Apache-2.0",
    reference="made for this example",
    training=TrainingDefaults(epochs=6.0, learning_rate=2e-4, batch_size=8, max_tokens=32),
    expected_counts={("train", "en"): 16, **{("test", language): 8 for language in LANGUAGES}},
)
