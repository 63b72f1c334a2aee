"""Small registries and a good study file for the tests of study files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from waystage.data.corpus import Corpus
from waystage.data.examples import Example
from waystage.data.source import Place, Split
from waystage.errors import DataError
from waystage.study.registries import Registries
from waystage.tasks.kinds import PAIR_CLASSIFICATION, SENTENCE_CLASSIFICATION, SENTENCE_RETRIEVAL, Kind
from waystage.tasks.task import Task, TrainingDefaults

GOOD = """\
name: demo
encoder: {name: tiny, n_layers: 4}
seeds: [1, 2]
stages:
  sentiment:
    kind: intermediate
    task: feelings
    budget: {epochs: 1}
    training:
      learning_rate: 2e-4
      batch_size: 16
  mlm:
    kind: continued
    corpus: messages
    languages: [de, no]
    budget: {tokens: 30000}
sequences:
  base: []
  continued: [mlm]
  continued+intermediate: [mlm, sentiment]
baseline: base
targets:
  - task: intents
    languages: [de, no]
    budget: {epochs: 2}
    limits: {train: 900, test: 120}
  - task: sentences
    retrieval: {layer: 3, text_prefix: "query: "}
tasks:
  tickets:
    kind: sentence-classification
    files: {train: "train-{lang}.jsonl", test: "test-{lang}.jsonl"}
    labels: [a, b]
    languages: [de, fr]
corpora:
  mine:
    files: {de: de.txt, fr: [a.txt, b.txt]}
"""


@dataclass(frozen=True)
class MissingSource:
    """A source whose package is not installed."""

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        raise DataError(f"nothing for {split} {language}")

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        raise DataError("nothing")


@dataclass(frozen=True)
class NoText:
    """A corpus without files, which is fine until it is read."""

    version: int = 1

    def files(self, language: str, place: Place) -> Sequence[Path]:
        return []

    def read(self, language: str, place: Place) -> Iterator[str]:
        return iter(())


def make_task(name: str, kind: Kind, labels: tuple[str, ...], languages: tuple[str, ...]) -> Task:
    return Task(
        name=name,
        kind=kind,
        source=MissingSource(),
        languages=languages,
        labels=labels,
        metric_name=kind.metric_names[0],
        description="",
        licence="MIT",
        reference="",
        training=TrainingDefaults(epochs=3, learning_rate=1e-3, batch_size=8),
        expected_counts={("test", languages[0]): 5},
    )


@pytest.fixture(scope="session")
def registries() -> Registries:
    tasks = [
        make_task("feelings", SENTENCE_CLASSIFICATION, ("pos", "neg"), ("en",)),
        make_task("intents", SENTENCE_CLASSIFICATION, ("on", "off"), ("en", "de", "no")),
        make_task("switches", SENTENCE_CLASSIFICATION, ("off", "on"), ("en", "de")),
        make_task("xnli", PAIR_CLASSIFICATION, ("yes", "no"), ("en", "de")),
        make_task("sentences", SENTENCE_RETRIEVAL, (), ("de", "fr")),
    ]

    @dataclass(frozen=True)
    class Layers:
        n_layers: int

    return Registries(
        tasks={task.name: task for task in tasks},
        corpora={"messages": Corpus("messages", NoText(), ("de", "en", "no"), "", "MIT", "")},
        encoders={"tiny": Layers(6)},
    )
