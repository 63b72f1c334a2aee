from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.data.examples import Example, ParallelExample, TaggedExample, TextExample
from waystage.data.source import Place, Split
from waystage.data.sources.union import Member, Union
from waystage.errors import DataError


@dataclass(frozen=True)
class Given:
    """A source of examples that are given."""

    examples: tuple[Example, ...]
    missing: str = ""
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> list[Path]:
        if self.missing:
            raise DataError(self.missing)
        return [place.study_dir / "file"]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        return list(self.examples)


def texts(*labels: str | None) -> Given:
    return Given(tuple(TextExample(str(i), "text", None, label) for i, label in enumerate(labels)))


def read(union: Union) -> list[Example]:
    return union.read("train", "en", Place(Path(), Path()))


def test_labels_are_mapped_to_one_set_and_ids_are_unique() -> None:
    union = Union(
        (Member("a", texts("yes", None)), Member("b", texts("1", "0"), (("1", "yes"), ("0", "no")))), ("yes", "no")
    )
    assert [(example.id, getattr(example, "label", "")) for example in read(union)] == [
        ("a:0", "yes"), ("a:1", None), ("b:0", "yes"), ("b:1", "no"),
    ]  # fmt: skip


def test_a_label_of_no_set_is_named() -> None:
    with pytest.raises(DataError, match="b has the label 'maybe', which is none of yes, no"):
        read(Union((Member("a", texts("yes")), Member("b", texts("maybe"))), ("yes", "no")))


def test_tags_and_other_forms() -> None:
    tagged = Given((TaggedExample("1", ("a", "b"), ("N", "O")), TaggedExample("2", ("c",), None)))
    union = Union(
        (Member("a", tagged, (("N", "NOUN"),)), Member("b", Given((ParallelExample("1", "x", "y"),)))), ("NOUN", "O")
    )
    assert read(union) == [
        TaggedExample("a:1", ("a", "b"), ("NOUN", "O")),
        TaggedExample("a:2", ("c",), None),
        ParallelExample("b:1", "x", "y"),
    ]


@given(st.lists(st.lists(st.sampled_from(["yes", "no"]), max_size=5), min_size=1, max_size=4))
def test_nothing_is_lost(parts: list[list[str]]) -> None:
    union = Union(tuple(Member(f"part{i}", texts(*labels)) for i, labels in enumerate(parts)), ("yes", "no"))
    examples = read(union)
    assert len(examples) == sum(map(len, parts)) == len({example.id for example in examples})
    assert [getattr(example, "label", "") for example in examples] == [label for labels in parts for label in labels]


def test_the_files_of_all_have_to_be_there(tmp_path: Path) -> None:
    union = Union((Member("a", texts("yes")), Member("b", Given((), missing="b is missing"))), ("yes",))
    with pytest.raises(DataError, match="b is missing"):
        union.files("train", "en", Place(tmp_path, tmp_path))
    assert union.remote("train", "en") == ()
