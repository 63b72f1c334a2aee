"""The three forms that an example can have, and their lossless JSON form.

A prepared split is a list of examples of one form, in a fixed order, with ids that are unique within the split.
"""

from __future__ import annotations

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


Example: TypeAlias = TextExample | TaggedExample | ParallelExample


def example_from_json(value: dict[str, Any]) -> Example:
    """The example that ``to_json`` wrote.

    >>> example_from_json(TaggedExample("1", ("a", "b"), ("X", "Y")).to_json())
    TaggedExample(id='1', words=('a', 'b'), tags=('X', 'Y'))
    """
    if "words" in value:
        tags = value["tags"]
        return TaggedExample(value["id"], tuple(value["words"]), tuple(tags) if tags is not None else None)
    if "source" in value:
        return ParallelExample(value["id"], value["source"], value["target"])
    return TextExample(value["id"], value["text"], value["pair"], value["label"])
