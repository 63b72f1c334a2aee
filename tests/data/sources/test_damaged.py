"""Whatever happens to a published file, its reader gives valid examples or names the file: never another error."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.checklist import write_templates
from waystage.data.examples import Example, MultipleChoiceExample, QuestionExample, TaggedExample, TextExample
from waystage.data.source import Place, Split
from waystage.errors import DataError
from waystage.store.canonical import canonical_json
from waystage.tasks.registry import TASKS

N_ROWS = 4
LABELS = ("entailment", "neutral", "contradiction", "entailment")
TEXT = "Oslo is in Norway. Rome, in Italy."


def lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def table(n_columns: int, *last: str) -> str:
    """Rows of texts, the last column from a list."""
    cells = [[f"text {row} {column} é" for column in range(n_columns)] for row in range(N_ROWS)]
    return lines("\t".join([*row, *last[i : i + 1]]) for i, row in enumerate(cells))


def json_lines(*rows: dict[str, Any]) -> str:
    return lines(json.dumps(row, ensure_ascii=False) for row in rows)


def tagged(*tags: str) -> str:
    return "\n".join(lines(f"wört{i}\t{tag}" for i, tag in enumerate(tags)) for _ in range(N_ROWS))


def squad(**more: Any) -> str:
    questions = [
        {"id": f"q{i}", "question": f"Where {i}?", "answers": [{"text": "Rome", "answer_start": 19}]} for i in range(2)
    ]
    paragraphs = [{"context": TEXT, "qas": [{**q, "id": f"{q['id']}-{p}"} for q in questions], **more} for p in (0, 1)]
    return json.dumps({"data": [{"title": "x", "paragraphs": paragraphs}]}, indent=1)


def treebank() -> str:
    words = "1-2\tab\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\t_\tNOUN\t_\t_\t0\t_\t_\t_\n2\tb\t_\tVERB\t_\t_\t1\t_\t_\t_\n"
    return "\n".join(f"# sent_id = {i}\n{words}" for i in range(N_ROWS))


def mention(number: int, language: str) -> dict[str, Any]:
    span = {"start": 0, "end": 4, "text": "Oslo"}
    return {
        "context": {"text": TEXT, "language": language, "sentence_spans": [{"start": 0, "end": 18}]},
        "mentions": [{"example_id": f"m{number}", "entity_id": f"Q{number}", "mention_span": span}],
    }


def entity(number: int) -> dict[str, Any]:
    return {"entity_id": f"Q{number}", "description": TEXT, "sentence_spans": [{"start": 0, "end": 18}]}


def pair(number: int) -> dict[str, Any]:
    own = mention(number, "en")
    return {"contextual_mention": {"context": own["context"], "mention": own["mentions"][0]}, "entity": entity(number)}


def checklist() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return write_templates(Path(folder)).read_text(encoding="utf-8")


NLI_LINES = json_lines(
    *({"sentence1": f"a {i}", "sentence2": "b", "gold_label": own, "pairID": f"p{i}"} for i, own in enumerate(LABELS))
)
COPA_LINES = json_lines(
    *({"premise": f"It {i}.", "choice1": "a", "choice2": "b", "question": "cause", "label": i % 2, "idx": i}
      for i in range(N_ROWS))
)  # fmt: skip
BREAKS = {"sentence_breaks": [[0, 18], [19, 34]]}
Files = dict[str, str]
# Task, split, language: the files that its source reads.
CASES: dict[tuple[str, Split, str], Files] = {
    ("xnli", "train", "en"): {"xnli/train-en.tsv": table(2, *LABELS)},
    ("xnli", "validation", "sw"): {"xnli/dev-sw.tsv": table(2, *LABELS)},
    ("xnli", "test", "sw"): {"xnli/test-sw.tsv": table(2), "xnli/test-labels.tsv": lines(LABELS)},
    ("pawsx", "train", "en"): {"pawsx/train-en.tsv": table(2, "0", "1", "0", "1")},
    ("pawsx", "test", "ja"): {"pawsx/test-ja.tsv": table(2)},
    ("panx", "train", "en"): {"panx/train-en.tsv": tagged("B-PER", "I-PER", "O")},
    ("panx-dev", "test", "my"): {"panx/dev-my.tsv": tagged("O", "B-LOC")},
    ("udpos", "train", "en"): {"udpos/train-en.tsv": tagged("NOUN", "VERB")},
    ("udpos", "test", "wo"): {"ud/UD_X-A/wo_a-ud-test.conllu": treebank(), "ud/UD_X-B/wo_b-ud-test.conllu": treebank()},
    ("xcopa", "test", "qu"): {"xcopa/data/qu/test.qu.jsonl": COPA_LINES},
    ("copa", "test", "en"): {"copa/test-en.jsonl": COPA_LINES, "copa/test-labels.txt": "0\n1\n1\n0\n"},
    ("squad", "train", "en"): {"squad/train-v1.1.json": squad()},
    ("squad-v2", "test", "en"): {"squad/dev-v2.0.json": squad()},
    ("xquad", "test", "ro"): {"xquad/xquad.ro.json": squad()},
    ("mlqa", "test", "hi"): {"mlqa/MLQA_V1/test/test-context-hi-question-hi.json": squad()},
    ("tydiqa", "test", "te"): {"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.te.dev.json": squad()},
    ("tatoeba", "test", "kk"): {
        "tatoeba/v1/tatoeba.kaz-eng.eng": lines(f"a {i}" for i in range(N_ROWS)),
        "tatoeba/v1/tatoeba.kaz-eng.kaz": lines(f"é {i}" for i in range(N_ROWS)),
    },
    ("bucc2018", "validation", "ru"): {
        "bucc2018/ru-en.dev.ru": lines(f"ru-{i}\té {i}" for i in range(N_ROWS)),
        "bucc2018/ru-en.dev.en": lines(f"en-{i}\ta {i}" for i in range(N_ROWS)),
        "bucc2018/ru-en.dev.gold": "ru-0\ten-1\nru-2\ten-0\n",
    },
    ("lareqa", "test", "th"): {"lareqa/xquad-r/th.json": squad(**BREAKS)},
    ("mewslix", "train", "en"): {"mewslix/wikipedia_pairs-train.jsonl": json_lines(*map(pair, range(N_ROWS)))},
    ("mewslix", "test", "ta"): {
        "mewslix/wikinews_mentions-test.jsonl": json_lines(*(mention(i, ("ta", "ja")[i % 2]) for i in range(N_ROWS))),
        "mewslix/candidate_set_entities.jsonl": json_lines(*map(entity, range(N_ROWS))),
    },
    ("snli", "validation", "en"): {"snli/snli_1.0_dev.jsonl": NLI_LINES},
    ("snli", "test", "en"): {
        "snli/s1.test": lines("abcd"), "snli/s2.test": lines("efgh"), "snli/labels.test": lines(LABELS),
    },
    ("mnli", "train", "en"): {"mnli/multinli_1.0_train.jsonl": NLI_LINES},
    ("anli", "train", "en"): {
        f"anli/R{n}/train.jsonl": json_lines(
            *({"uid": f"{n}-{i}", "context": "a", "hypothesis": "b", "label": own[0]} for i, own in enumerate(LABELS))
        )
        for n in (1, 2, 3)
    },
    ("qqp", "test", "en"): {"qqp/test.tsv": lines(f"{i % 2}\ta {i}\tb\t{i}" for i in range(N_ROWS))},
    ("ccg", "train", "en"): {"ccg/fracas.stagged": lines("a|NN|N .|.|." for _ in range(N_ROWS))},
    ("commonsenseqa", "train", "en"): {
        "commonsenseqa/train_rand_split.jsonl": json_lines(
            *({"id": f"{i}", "answerKey": "B", "question": {"stem": "s", "choices": [
                {"label": letter, "text": f"t {letter}"} for letter in "ABCDE"]}} for i in range(N_ROWS))
        )
    },
    ("hellaswag", "train", "en"): {
        "hellaswag/hellaswag_train.jsonl": json_lines(
            *({"ind": i, "ctx": "c", "endings": ["a", "b", "c", "d"], "label": i % 4} for i in range(N_ROWS))
        )
    },
    ("multichecklist-properties", "test", "de"): {"multichecklist/checklist_templates.tsv": checklist()},
}  # fmt: skip
IDS = ["-".join(key) for key in CASES]
# Two hundred cases are more than the little table gives: the error of a whole file says how many there are.
ALWAYS_AN_ERROR = {"multichecklist-properties"}


def write(folder: Path, files: dict[str, bytes | None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


def read(folder: Path, key: tuple[str, Split, str]) -> list[Example]:
    """The examples and candidates of a split."""
    name, split, language = key
    place, task = Place(folder, folder / "cache", folder), TASKS[name]
    examples = task.source.read(split, language, place)
    pool = task.pool if split != "train" else None
    return [*examples, *(pool.read(split, language, place) if pool is not None else ())]


def check(folder: Path, key: tuple[str, Split, str]) -> None:
    """Valid examples, or an error that names a file of the folder."""
    examples: list[Example] | DataError
    try:
        examples = read(folder, key)
    except DataError as error:
        examples = error
    if isinstance(examples, DataError):
        assert examples.problems, str(examples)
        assert all(Path(problem.file).is_relative_to(folder) and problem.found for problem in examples.problems)
        assert str(examples).encode("utf-8")
        return
    task = TASKS[key[0]]
    assert examples
    ids = [(type(example), example.id) for example in examples]
    assert len(set(ids)) == len(ids)
    for example in examples:
        canonical_json(example.to_json())
        if isinstance(example, TextExample):
            assert example.text.strip()
            assert example.label is None or example.label in task.labels
        elif isinstance(example, TaggedExample):
            assert example.words
            assert example.tags is None or (
                set(example.tags) <= set(task.labels) and len(example.tags) == len(example.words)
            )
        elif isinstance(example, QuestionExample):
            assert all(example.context[own.start : own.stop] == own.text for own in example.answers or ())
        elif isinstance(example, MultipleChoiceExample):
            assert example.answer is None or 0 <= example.answer < len(example.choices)


Damage = Callable[[bytes], bytes | None]
GONE = object()
JUNK: list[Any] = [None, 1, -1, 10**30, 1e999, "", " ", "\ud800", [], {}, [1], {"a": 1}, True, "x" * 50]


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """Something that happens to the bytes of a file; None: it is not there."""
    kind = draw(st.sampled_from(sorted(DAMAGES)))
    return DAMAGES[kind](draw(st.randoms(use_true_random=False)))


def truncated(random: Any) -> Damage:
    return lambda content: content[: random.randrange(len(content) + 1)]


def flipped(random: Any) -> Damage:
    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        for _ in range(random.randint(1, 3)):
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        return bytes(changed)

    return flip


def swapped(random: Any) -> Damage:
    """Columns exchanged, in one line or in all."""

    def swap(content: bytes) -> bytes:
        rows = content.split(b"\n")
        chosen = range(len(rows)) if random.random() < 0.5 else [random.randrange(len(rows))]
        for i in chosen:
            cells = rows[i].split(b"\t")
            random.shuffle(cells)
            rows[i] = b"\t".join(cells)
        return b"\n".join(rows)

    return swap


def in_other_rows(random: Any) -> Damage:
    """Lines dropped, repeated, emptied or put together."""

    def change(content: bytes) -> bytes:
        rows = content.split(b"\n")
        i = random.randrange(len(rows))
        rows[i : i + 1] = random.choice([[], [rows[i]] * 2, [b""], [rows[i] + rows[i]], [b"\t" + rows[i]]])
        return b"\n".join(rows)

    return change


def encoded(random: Any) -> Damage:
    name = random.choice(["latin-1", "utf-16", "utf-8-sig", "cp037", "utf-32-le"])
    return lambda content: content.decode("utf-8").encode(name, "replace")


def in_other_json(random: Any) -> Damage:
    """A value of a JSON file, or of a line of one, of another type or gone; other files become junk."""

    def change(content: bytes) -> bytes:
        text = content.decode("utf-8")
        is_whole = text.startswith("{\n")
        rows = [text] if is_whole else text.splitlines()
        i = random.randrange(len(rows))
        try:
            value = json.loads(rows[i])
        except ValueError:
            value = rows[i]
        rows[i] = json.dumps(_changed(value, random))
        return lines(rows).encode("utf-8")

    return change


def _changed(value: Any, random: Any) -> Any:
    if isinstance(value, dict | list) and value and random.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = random.choice(list(keys))
        if random.random() < 0.1:
            del value[key]
        else:
            value[key] = _changed(value[key], random)
        return value
    return random.choice(JUNK)


DAMAGES: dict[str, Callable[[Any], Damage]] = {
    "truncated": truncated,
    "flipped": flipped,
    "swapped": swapped,
    "rows": in_other_rows,
    "encoded": encoded,
    "json": in_other_json,
    "empty": lambda random: (
        lambda content: random.choice([b"", b"\n", b"\n \n", b"\xef\xbb\xbf", b"\x00", b"{}", b"[]"])
    ),
    "missing": lambda random: lambda content: None,
}


@pytest.mark.parametrize("key", CASES, ids=IDS)
def test_whole_files_are_read(tmp_path: Path, key: tuple[str, Split, str]) -> None:
    write(tmp_path / "data", {name: text.encode("utf-8") for name, text in CASES[key].items()})
    if key[0] in ALWAYS_AN_ERROR:
        with pytest.raises(DataError, match=r"\d cases"):
            read(tmp_path / "data", key)
        return
    assert len(read(tmp_path / "data", key)) >= 2
    check(tmp_path / "data", key)


@pytest.mark.parametrize("key", CASES, ids=IDS)
def test_damage_is_named_or_leaves_valid_examples(key: tuple[str, Split, str]) -> None:
    valid = {name: text.encode("utf-8") for name, text in CASES[key].items()}

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(sorted(valid)), damages()), min_size=1, max_size=2))
    def holds(happened: list[tuple[str, Damage]]) -> None:
        files: dict[str, bytes | None] = dict(valid)
        for name, damage in happened:
            content = files[name]
            try:
                files[name] = damage(content) if content else content
            except UnicodeDecodeError:
                continue  # what was damaged is no text that could be damaged as text
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "data", files)
            check(Path(folder) / "data", key)

    holds()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value; of a list, the first and the last item."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else set()):
            yield from places(value[index], (*path, index))


def with_junk(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """A copy with another value at a place; GONE: without what is there."""
    if not path:
        return None if junk is GONE else junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    if junk is GONE and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = with_junk(value[path[0]], path[1:], junk)
    return copy


def is_json(text: str) -> bool:
    return text.startswith("{")


JSON_CASES = [key for key, files in CASES.items() if any(map(is_json, files.values()))]


@pytest.mark.parametrize("key", JSON_CASES, ids=["-".join(key) for key in JSON_CASES])
def test_anything_in_any_place_of_json_is_named_or_valid(tmp_path: Path, key: tuple[str, Split, str]) -> None:
    """All of them: of JSON lines, in the first line."""
    folder = tmp_path / "data"
    write(folder, {name: text.encode("utf-8") for name, text in CASES[key].items()})
    for name, text in CASES[key].items():
        if not is_json(text):
            continue
        row, rest = (text, "") if text.startswith("{\n") else text.split("\n", 1)
        value = json.loads(row)
        for path, junk in product(places(value), (*JUNK, GONE)):
            changed = json.dumps(with_junk(value, path, junk)) + "\n" + rest
            (folder / name).write_text(changed, encoding="utf-8")
            check(folder, key)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("key", CASES, ids=IDS)
def test_another_language_is_missing(tmp_path: Path, key: tuple[str, Split, str]) -> None:
    """No source gives the data of one language for another."""
    write(tmp_path / "data", {name: text.encode("utf-8") for name, text in CASES[key].items()})
    name, split, _ = key
    others = [other for other in TASKS[name].languages if other != key[2]]
    if split == "test" and others and name not in ALWAYS_AN_ERROR:
        with pytest.raises(DataError):
            read(tmp_path / "data", (name, split, others[-1]))
