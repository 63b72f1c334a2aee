"""Examples that flip between two sequences: counted by hand, worded, chosen and bounded."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.studies import tiny_study, write_study
from waystage import api
from waystage.data.examples import (
    Answer,
    Example,
    MultipleChoiceExample,
    ParallelExample,
    QuestionExample,
    TaggedExample,
    TextExample,
)
from waystage.data.prepare import load_examples
from waystage.metrics.metric import Prediction
from waystage.metrics.pair_f1 import PairF1
from waystage.prediction.files import read_predictions
from waystage.record import flips
from waystage.record.example_texts import MAX_TEXT, Setting, cut, in_words
from waystage.record.flips import Outcomes, Pair, find_flips
from waystage.store.store import Store


@pytest.fixture(scope="module")
def finished(tiny_encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """A study whose intermediate stage ruins the encoder, so that much flips."""
    folder = tmp_path_factory.mktemp("run")
    content = tiny_study(tiny_encoder_dir, folder / "out")
    content["stages"]["mood"]["budget"] = {"steps": 20}
    content["stages"]["mood"]["training"]["learning_rate"] = 0.3
    content["targets"][0]["budget"] = {"epochs": 12}
    path = write_study(folder / "study", content)
    return api.run_study(api.load_checked_study(path), Store(folder / "store"), n_threads=1)


def _right(example: Example, prediction: Prediction) -> bool:
    if isinstance(example, TaggedExample):
        return example.tags == prediction
    return prediction == (example.label if isinstance(example, TextExample) else example.id)


def test_counts_are_those_of_the_predictions(finished: api.Run) -> None:
    """Counted again from gold and predictions, without any stored statistic."""
    plan, store = finished.plan, finished.store
    counts = {(own.task, own.language, own.second): own for own in finished.record.flip_counts}
    n_pairs = len(plan.study.sequences) - 1
    assert len(counts) == n_pairs * sum(len(target.languages) for target in plan.study.targets)
    for (task, language, second), count in counts.items():
        shares: dict[str, list[float]] = {}
        for name in (plan.study.baseline, second):
            cells = [cell for cell in plan.cells if (cell.sequence, cell.target.task.name) == (name, task)]
            gold = load_examples(store, plan.node(cells[0].score_id).spec["data"][language])
            answers = [read_predictions(store.open(c.prediction_id).path(f"test-{language}.jsonl")) for c in cells]
            shares[name] = [float(np.mean([_right(example, own[example.id]) for own in answers])) for example in gold]
        pairs = list(zip(shares[plan.study.baseline], shares[second], strict=True))
        assert count.n_examples == len(pairs)
        assert count.n_gained == sum(before < 0.5 < after for before, after in pairs)
        assert count.n_lost == sum(after < 0.5 < before for before, after in pairs)
    assert sum(own.n_lost for own in counts.values()) > 20


def test_what_is_kept_flips_and_shows_what_was_answered(finished: api.Run) -> None:
    record = finished.record
    counts = {(own.task, own.language, own.second): own for own in record.flip_counts}
    assert record.flips
    for key, count in counts.items():
        own = [flip for flip in record.flips if (flip.task, flip.language, flip.second) == key]
        assert len(own) == min(flips.MAX_IN_GROUP, count.n_gained + count.n_lost)
        assert sum(flip.is_gained for flip in own) <= count.n_gained
        for flip in own:
            first, second = flip.gold == flip.first_answer, flip.gold == flip.second_answer
            assert (first, second) == (not flip.is_gained, flip.is_gained)
            assert flip.seed is None or flip.seed in record.seeds
            assert (flip.answer_language is None) == (flip.task == "topics")


def test_the_choice_does_not_depend_on_the_run(finished: api.Run) -> None:
    assert find_flips(finished.plan, finished.store) == (finished.record.flip_counts, finished.record.flips)


def test_the_budget_is_kept_and_shared(finished: api.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flips, "MAX_BYTES", 4000)
    counts, kept = find_flips(finished.plan, finished.store)
    assert counts == finished.record.flip_counts
    assert 0 < len(json.dumps([asdict(flip) for flip in kept], ensure_ascii=False).encode()) < 4000 + 2 * len(kept)
    assert set(kept) < set(finished.record.flips)
    before, after = (
        Counter((flip.task, flip.language, flip.second) for flip in own) for own in (finished.record.flips, kept)
    )
    fewest = min(after[group] for group in before if after[group] < before[group])
    assert all(after[group] <= fewest + 1 for group in before)


def _outcomes(name: str, right: list[list[bool]], seeds: tuple[int | None, ...]) -> Outcomes:
    return Outcomes(name, seeds, tuple(map(str, range(len(right[0])))), np.array(right))


@given(st.data())
def test_laws_of_flips(data: st.DataObject) -> None:
    """Turned around, gains are losses; nothing flips against itself; shown runs show what is counted."""
    n = data.draw(st.integers(1, 6))
    row = st.lists(st.booleans(), min_size=n, max_size=n)
    n_seeds = data.draw(st.integers(1, 5))
    seeds = tuple(range(n_seeds))
    first = _outcomes("a", [data.draw(row) for _ in seeds], seeds)
    second = _outcomes("b", [data.draw(row) for _ in seeds], seeds)
    if data.draw(st.booleans()):
        first = replace(first, seeds=(None,), right=first.right[:1])
    pair, turned = Pair("t", "de", first, second), Pair("t", "de", second, first)
    assert (pair.count().n_gained, pair.count().n_lost) == (turned.count().n_lost, turned.count().n_gained)
    itself = Pair("t", "de", second, second).count()
    assert (itself.n_gained, itself.n_lost) == (0, 0)
    for place in pair.places():
        (_, seed), (_, other) = pair.runs(place)
        assert seed is None or seed == other
        was, now = first.right[first.seeds.index(seed), place], second.right[second.seeds.index(other), place]
        assert (was, now) == (first.is_mostly_right[place], second.is_mostly_right[place])
        assert was != now


@pytest.mark.parametrize("other", [True, False])
def test_half_of_the_seeds_is_neither_right_nor_wrong(other: bool) -> None:
    half, sure = _outcomes("a", [[True], [False]], (1, 2)), _outcomes("b", [[other], [other]], (1, 2))
    for pair in (Pair("t", "de", half, sure), Pair("t", "de", sure, half)):
        assert (pair.count().n_gained, pair.count().n_lost, pair.places()) == (0, 0, [])


QUESTION = QuestionExample("q", "Wo?", "x" * 400 + " in Ulm " + "y" * 400, (Answer(404, "Ulm"), Answer(404, "Ulm")))


@pytest.mark.parametrize(
    ("example", "answers", "gold", "shown", "language"),
    [
        (TextExample("1", "Hallo", None, "a"), ("a", "b"), "a", ("a", "b"), None),
        (TaggedExample("1", ("in", "Ulm"), ("O", "LOC")), (("O", "LOC"), ("O", "O")), "Ulm LOC",
         ("Ulm LOC", "Ulm O"), "de"),
        (ParallelExample("1", "light", "Licht"), ("1", "2"), "Licht", ("Licht", "Zug"), "de"),
        (MultipleChoiceExample("1", "Weil", ("ja", "nein"), 1), ("1", "0"), "nein", ("nein", "ja"), "de"),
        (QUESTION, ("Ulm", ""), "Ulm", ("Ulm", ""), "de"),
    ],
)  # fmt: skip
def test_every_form_has_a_wording(
    example: Example, answers: tuple[Prediction, ...], gold: str, shown: tuple[str, ...], language: str | None
) -> None:
    setting = Setting("de", "en", {"1": example, "2": ParallelExample("2", "train", "Zug")})
    words = in_words(example, answers, setting)
    assert words is not None
    assert (words.gold, words.answers, words.answer_language) == (gold, shown, language)
    assert [text.language for text in words.texts] == (["en"] if "light" in str(example) else ["de"] * len(words.texts))


def test_a_long_context_is_cut_around_the_answer() -> None:
    words = in_words(QUESTION, ("Ulm", ""), Setting("de", "en", {}))
    assert words is not None
    context = words.texts[1].text
    assert "in Ulm" in context
    assert context[0] == context[-1] == "…"
    assert len(context) <= MAX_TEXT + 2


def test_nothing_found_where_nothing_is_to_be_found_is_right() -> None:
    """A mined sentence: right, found and gold pairs."""
    rows = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [1, 2, 1]], np.float64)
    assert flips._is_right(PairF1(), rows).tolist() == [True, False, False, True, False]


@given(st.text(), st.integers(0, 20), st.integers(0, 20))
def test_what_is_cut_is_a_part_of_the_text(text: str, length: int, start: int) -> None:
    shown = cut(text, length, min(start, len(text)))
    assert shown.strip("…") in text or "…" in text
    assert len(shown) <= length + 2 + len(text)


def test_a_mark_keeps_its_letter() -> None:
    assert cut("नमस्ते दुनिया", 5) in {"नमस्…", "नम…"}
    assert not cut("e\u0301a", 1).startswith("e…")
