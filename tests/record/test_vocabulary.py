"""Overlap of vocabulary: known by hand where the text is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from waystage import api
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.record.vocabulary import VOCABULARY_OVERLAP, vocabulary_overlap
from waystage.store.store import Store


def test_shares_are_those_of_the_text(short_study_path: Path, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    store = Store(tmp_path / "store")
    run = api.run_study(api.load_checked_study(short_study_path), store, n_threads=1)
    shares = vocabulary_overlap(run.plan, store)
    assert set(shares) == {"de", "fr"}
    tokenizer = SubwordTokenizer(tiny_encoder_dir)
    data = short_study_path.parent / "data"

    def subwords(name: str) -> list[int]:
        lines = (data / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        return [i for ids in tokenizer.ids_of([json.loads(line)["text"] for line in lines]) for i in ids]

    shown = set(subwords("topics-train-en"))
    for language in ("de", "fr"):
        test = subwords(f"topics-test-{language}")
        assert shares[language] == pytest.approx(sum(i in shown for i in test) / len(test))
        assert 0 < shares[language] < 1
    groups = {score.property for score in run.record.comparison.group_scores}
    assert VOCABULARY_OVERLAP in groups
    assert vocabulary_overlap(run.plan, store) == shares
