from __future__ import annotations

from pathlib import Path

import pytest

from waystage.data.corpora import RAW_TEXT
from waystage.data.examples import ParallelExample, TaggedExample, TextExample
from waystage.data.source import Place, Split
from waystage.errors import DataError
from waystage.tasks.nli import LABELS
from waystage.tasks.registry import TASKS

# Sentences and words of test treebanks, as published.
TREEBANKS = {
    "de": (1000, 21332),
    "zh": (1000, 21415),
    "ta": (120, 1989),
    "wo": (470, 10403),
    "kk": (1047, 10007),
}


@pytest.fixture
def data_place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path, data_dir=tmp_path / "data")


@pytest.fixture
def shared_place(shared_data_dir: Path, tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path, data_dir=shared_data_dir)


def write(place: Place, name: str, content: str) -> None:
    assert place.data_dir is not None
    path = place.data_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("name", ["xnli", "snli", "udpos", "panx", "tatoeba"])
def test_without_a_data_folder_the_error_says_how_to_give_one(name: str, place: Place) -> None:
    with pytest.raises(DataError, match="pass --data DIR, or run waystage data fetch"):
        TASKS[name].source.files("test", "en" if name != "tatoeba" else "de", place)


@pytest.mark.parametrize(
    ("name", "language", "missing"),
    [
        ("xnli", "sw", "xnli/test-sw.tsv"),
        ("udpos", "sw", "ud/UD_*/sw_*-ud-test.conllu"),
        ("panx-dev", "sw", "panx/dev-sw.tsv"),
        ("tatoeba", "sw", "tatoeba/v1/tatoeba.swh-eng.eng"),
    ],
)
def test_a_missing_language_names_the_file(name: str, language: str, missing: str, data_place: Place) -> None:
    with pytest.raises(DataError) as caught:
        TASKS[name].source.read("test", language, data_place)
    assert missing in str(caught.value)


def test_xnli_takes_test_labels_from_their_own_file(data_place: Place) -> None:
    write(data_place, "xnli/test-de.tsv", "a\tb\nc\td\n")
    withheld = TASKS["xnli"].source.read("test", "de", data_place)
    assert [example.label for example in withheld if isinstance(example, TextExample)] == [None, None]
    write(data_place, "xnli/test-labels.tsv", "neutral\tfiction\nentailment\tfiction\n")
    assert TASKS["xnli"].source.read("test", "de", data_place)[1] == TextExample("2", "c", "d", "entailment")
    write(data_place, "xnli/test-labels.tsv", "neutral\tfiction\n")
    with pytest.raises(DataError, match="1 lines; expected 2"):
        TASKS["xnli"].source.read("test", "de", data_place)


def test_xnli_trains_on_multinli_in_either_form(data_place: Place) -> None:
    with pytest.raises(DataError, match=r"train-en\.tsv.*multinli_1\.0_train\.jsonl"):
        TASKS["xnli"].source.read("train", "en", data_place)
    row = '{"pairID": "%s", "sentence1": "a", "sentence2": "b", "gold_label": "%s"}\n'
    write(data_place, "mnli/multinli_1.0_train.jsonl", row % ("1n", "neutral") + row % ("2e", "-"))
    assert TASKS["xnli"].source.read("train", "en", data_place) == [TextExample("1n", "a", "b", "neutral")]
    write(data_place, "xnli/train-en.tsv", "c\td\tentailment\n")
    assert TASKS["xnli"].source.read("train", "en", data_place) == [TextExample("1", "c", "d", "entailment")]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("xnli/train-de.tsv", ["eine Katze\tein Tier\tcontradiction"]),
        ("xnli/XNLI-Translated/en-de-translated.tsv", ["eine Katze\tein Tier\tcontradictory"]),
        (
            "xtreme_translations/XNLI/translate-train/en-de-translated.tsv",
            ["a cat\tan animal\teine Katze\tein Tier\tcontradictory"],
        ),
        (
            "XNLI-MT-1.0/multinli/multinli.train.de.tsv",
            ["premise\thypo\tlabel", "eine Katze\tein Tier\tcontradictory"],
        ),
    ],
)
def test_xnli_trains_on_translations_in_any_published_form(data_place: Place, name: str, lines: list[str]) -> None:
    source = TASKS["xnli"].source
    # English MultiNLI is no German training data.
    write(data_place, "mnli/multinli_1.0_train.jsonl", "{}\n")
    with pytest.raises(DataError, match=r"xnli/train-de\.tsv"):
        source.files("train", "de", data_place)
    write(data_place, name, "".join(line + "\n" for line in lines))
    (example,) = source.read("train", "de", data_place)
    assert isinstance(example, TextExample)
    assert (example.text, example.pair, example.label) == ("eine Katze", "ein Tier", "contradiction")


def test_pawsx_trains_on_translations_of_xtreme(data_place: Place) -> None:
    source = TASKS["pawsx"].source
    write(data_place, "pawsx/translated/en-de-translated.tsv", "a\tb\teins\tzwei\t1\ndrei\tvier\t0\n")
    examples = source.read("train", "de", data_place)
    found = [(e.text, e.pair, e.label) for e in examples if isinstance(e, TextExample)]
    assert found == [("eins", "zwei", "1"), ("drei", "vier", "0")]
    write(data_place, "pawsx/translated/en-de-translated.tsv", "a\tb\teins\tzwei\n")
    with pytest.raises(DataError, match=r"en-de-translated.tsv:1: .*4 columns"):
        source.read("train", "de", data_place)


def test_several_treebanks_are_read_in_order_of_their_names(data_place: Place) -> None:
    for folder, name, form in (("UD_A", "de_z", "zwei"), ("UD_Z", "de_a", "eins")):
        write(data_place, f"ud/{folder}/{name}-ud-test.conllu", f"1\t{form}\t_\tNUM\t_\t_\t0\t_\t_\t_\n")
    assert TASKS["udpos"].source.read("test", "de", data_place) == [
        TaggedExample("1", ("eins",), ("NUM",)),
        TaggedExample("2", ("zwei",), ("NUM",)),
    ]


def test_the_download_folder_of_xtreme_is_found(data_place: Place) -> None:
    write(data_place, "download/tatoeba/sw-en.sw", "habari\n")
    write(data_place, "download/tatoeba/sw-en.en", "news\n")
    expected = [ParallelExample("1", "news", "habari")]
    assert TASKS["tatoeba"].source.read("test", "sw", data_place) == expected


def read_if_there(name: str, split: Split, language: str, place: Place) -> int | None:
    """Number of examples; None where the folder at hand lacks the language."""
    try:
        TASKS[name].source.files(split, language, place)
    except DataError:
        return None
    return len(TASKS[name].source.read(split, language, place))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["xnli", "snli", "snli-dev", "panx-dev", "tatoeba"])
def test_published_counts(name: str, shared_place: Place) -> None:
    found = {
        key: n_examples
        for key in TASKS[name].expected_counts
        if (n_examples := read_if_there(name, *key, shared_place)) is not None
    }
    assert found
    assert found == {key: TASKS[name].expected_counts[key] for key in found}


@pytest.mark.shared_data
@pytest.mark.parametrize("language", sorted(TREEBANKS))
def test_test_treebanks_have_the_published_size(language: str, shared_place: Place) -> None:
    sentences = TASKS["udpos"].source.read("test", language, shared_place)
    n_words = sum(len(sentence.words) for sentence in sentences if isinstance(sentence, TaggedExample))
    assert (len(sentences), n_words) == TREEBANKS[language]


@pytest.mark.shared_data
def test_label_sets_are_those_of_the_data(shared_place: Place) -> None:
    pairs = TASKS["xnli"].source.read("test", "de", shared_place)
    assert {pair.label for pair in pairs if isinstance(pair, TextExample)} == set(LABELS)
    for name in ("udpos", "panx-dev"):
        tags: set[str] = set()
        for sentence in TASKS[name].source.read("train", "en", shared_place):
            assert isinstance(sentence, TaggedExample)
            tags.update(sentence.tags or ())
        assert tags == set(TASKS[name].labels)


@pytest.mark.shared_data
def test_known_lines_are_where_they_belong(shared_place: Place) -> None:
    german = TASKS["xnli"].source.read("test", "de", shared_place)
    english = TASKS["xnli"].source.read("test", "en", shared_place)
    labels = [[pair.label for pair in pairs if isinstance(pair, TextExample)] for pairs in (german, english)]
    assert labels[0] == labels[1]
    snli = [TASKS["snli-dev"].source.read(split, "en", shared_place) for split in ("validation", "test")]
    assert not {(p.text, p.pair) for p in snli[0] if isinstance(p, TextExample)} & {
        (p.text, p.pair) for p in snli[1] if isinstance(p, TextExample)
    }


@pytest.mark.shared_data
def test_raw_text_has_all_languages(shared_place: Place) -> None:
    for language in RAW_TEXT.languages:
        assert next(iter(RAW_TEXT.source.read(language, shared_place)))
