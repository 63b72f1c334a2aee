"""Files of each form: what is read, and what is refused with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waystage.benchmark import benchmarks
from waystage.benchmark.benchmarks import BenchmarkTask
from waystage.benchmark.form import ScoredFile
from waystage.data.examples import QueryExample
from waystage.errors import DataError

from .submissions import N_EXAMPLES, content, right_answers

TASKS = {task.name: task for benchmark in benchmarks.BENCHMARKS.values() for task in benchmark.tasks}
LINE_BY_LINE = ("xnli", "pawsx", "xcopa", "tatoeba", "udpos", "panx")
JSON = ("xquad", "mlqa", "tydiqa", "mewslix", "lareqa")

in_a_folder = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Files:
    """Gold and predictions of one task on disk."""

    def __init__(self, folder: Path, name: str, seed: int = 0) -> None:
        self.task: BenchmarkTask = TASKS[name]
        self.gold, self.predictions = folder / "gold", folder / "predictions"
        self.valid = content(self.task, Random(seed))
        self.write(gold=self.valid["gold"], predictions=self.valid["predictions"])

    def write(self, **contents: str | bytes) -> None:
        for part, value in contents.items():
            getattr(self, part).write_bytes(value.encode() if isinstance(value, str) else value)

    def score(self) -> ScoredFile:
        return self.task.form.score(self.gold, self.predictions, "en")

    def fail(self) -> DataError:
        with pytest.raises(DataError) as caught:
            self.score()
        assert caught.value.problems
        return caught.value

    def sums(self) -> list[float]:
        return [float(value) for value in self.score().statistics.sum(axis=0)]


REFUSED = [
    ("xnli", "neutral\nNeutral\n", 2, "unknown label 'Neutral'; expected one of entailment, neutral"),
    ("xnli", "neutral\n\nneutral\nneutral\n", 2, "an empty line"),
    ("xnli", "neutral\tx\n", 1, r"unknown label 'neutral\\tx'"),
    ("pawsx", "1\n2\n", 2, "unknown label '2'"),
    ("tatoeba", "1\n-1\n", 2, "'-1' instead of a place"),
    ("tatoeba", "1\n01\n", 2, "'01' instead of a place"),
    ("tatoeba", "1\n1.0\n", 2, "'1.0' instead"),
    ("tatoeba", "1\n٣\n", 2, "instead of a place"),
    ("xcopa", '{"label": 0}\n{"label": 2}\n', 2, "label: 2; expected a whole number from 0 to 1"),
    ("xcopa", '{"label": true}\n', 1, "label: true"),
    ("xcopa", '{"lable": 1}\n', 1, "no label"),
    ("xcopa", '{"label": 0}\n\n{"label": 0}\n', 2, "an empty line"),
    ("xcopa", '{"label": 0}\n{"label": 0\n', 2, "not JSON"),
    ("xcopa", "[]\n", 1, "a JSON list"),
    ("panx", "O\nB-PRE\n", 2, "unknown tag 'B-PRE'; expected .*; did you mean 'B-PER'"),
    ("panx", "O\nPER\n", 2, "unknown tag 'PER'"),
    ("panx", "O\nword\tB-PER\n", 2, "unknown tag"),
    ("udpos", "NOUN\n_\n", 2, "unknown tag '_'"),
    ("bucc2018", "de-1\ten-1\nde-2 en-2\n", 2, "1 columns; expected 2"),
    ("bucc2018", "de-1\ten-1\t0.9\n", 1, "3 columns"),
    ("bucc2018", "de-1\ten-1\n\t en-2\n", 2, "empty or has a space"),
    ("bucc2018", "de-1\ten-1\nde-2\ten-1\nde-1\ten-1\n", 3, "the pair of line 1 again"),
    ("bucc2018", "de-1\ten-1\n\nde-2\ten-1\n", 2, "1 columns"),
    ("xquad", '{\n"q0": "one",\n"q0": "two"}', 3, "'q0' stands twice"),
    ("xquad", '{\n"q0": "one"\n"q1": "two"}', 3, "not JSON"),
    ("xquad", '{\n"q0": null}', 2, "a JSON NoneType as the answer"),
    ("xquad", '{"q0": NaN}', None, "NaN is not a JSON number"),
    ("xquad", "[" * 100_000, None, "nested too deeply"),
    ("xquad", "[]", 1, "a JSON list"),
    ("xquad", "{}", 1, "an empty object"),
    ("xquad", '{\n"q0": "a",\n"q1": "b",\n"q3": "c"\n}', 5, "1 of 4 ids have no prediction: 'q2'"),
    ("xquad", '{"q0": "", "q1": "", "q2": "", "q3": "",\n"q4": ""}', 2, "a prediction for 'q4', which is not in"),
    ("mlqa", '{"q0": "one"}', 1, "3 of 4 ids have no prediction"),
    ("mewslix", '{"m0": "Q1"}', 1, "'m0' has no list of texts"),
    ("mewslix", '{"m0": ["Q1", 2]}', 1, "'m0' has no list of texts"),
    ("mewslix", '{"m9": ["Q1"]}', 1, "a prediction for 'm9'"),
    ("lareqa", '{"m0": ["Q1"]}', 1, "3 of 4 ids have no prediction"),
    ("lareqa", '{"m0": ["Q1"],\n"m1": ["Q1", "Q2", "Q1"], "m2": [], "m3": []}', 2, "'m1' has an id twice"),
]


@pytest.mark.parametrize(("name", "text", "line", "message"), REFUSED)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, line: int | None, message: str
) -> None:
    files = Files(tmp_path, name)
    files.write(predictions=text)
    error = files.fail()
    assert (error.problems[0].file, error.problems[0].line) == (files.predictions, line)
    with pytest.raises(DataError, match=message):
        raise error


def squad(*questions: object, context: str = "one two") -> str:
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]}, indent=1)


ANSWERED = {"id": "q0", "answers": [{"text": "one"}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "data: a JSON dict; expected a list"),
        ('{"data": [1]}', r"data\[0\]: a JSON int"),
        ('{"data": [{}]}', r"data\[0\].paragraphs: nothing"),
        ('{"data": []}', "no questions"),
        (squad({"answers": [{"text": "one"}]}), r"data\[0\].paragraphs\[0\].qas\[0\].id: no id"),
        (squad(ANSWERED, ANSWERED), ":1[0-9]: .*id 'q0' stands twice"),
        (squad({"id": "q0", "answers": []}), ":9: .*question 'q0' has no answers"),
        (squad({"id": "q0", "answers": [{"txt": "one"}]}), "an answer to 'q0' without a text"),
        (squad(ANSWERED, context="two"), ":9: .*answer 'one' to 'q0' is not in its paragraph"),
    ],
)
def test_malformed_gold_of_questions(tmp_path: Path, text: str, message: str) -> None:
    files = Files(tmp_path, "xquad")
    files.write(gold=text)
    error = files.fail()
    assert error.problems[0].file == files.gold
    with pytest.raises(DataError, match=message):
        raise error


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mewslix", '{"m0": ["Q1", "Q2"]}', "2 right ids; expected exactly one"),
        ("mewslix", '{"m0": []}', "0 right ids"),
        ("lareqa", '{"m0": ["Q1", "Q1"]}', "2 right ids; expected at least one, each once"),
    ],
)
def test_malformed_gold_of_rankings(tmp_path: Path, name: str, text: str, message: str) -> None:
    files = Files(tmp_path, name)
    files.write(gold=text)
    with pytest.raises(DataError, match=message):
        raise files.fail()


def test_the_list_of_articles_alone_is_read_too(tmp_path: Path) -> None:
    files = Files(tmp_path, "xquad")
    before = files.sums()
    files.write(gold=json.dumps(json.loads(files.valid["gold"])["data"]))
    assert files.sums() == before


def test_rankings_are_read_to_twenty_and_may_lack_queries_where_the_benchmark_says_so(tmp_path: Path) -> None:
    files = Files(tmp_path, "mewslix")
    ids = [f"Q{number}" for number in range(25)]
    files.write(gold='{"a": ["Q0"], "b": ["Q20"], "c": ["Q3"]}', predictions=json.dumps({"a": ids, "b": ids}))
    scored = files.score()
    assert scored.statistics.tolist() == [[1.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    assert scored.n_unanswered == 1


def test_bucc_counts_pairs(tmp_path: Path) -> None:
    files = Files(tmp_path, "bucc2018")
    files.write(gold="a\tx\nb\ty\n", predictions="b\ty\nb\tz\nc\ty\n")
    assert files.score().statistics.tolist() == [[0, 0, 1], [1, 2, 1], [0, 1, 0]]


@pytest.mark.parametrize("nothing", ["", "\ufeff"])
def test_a_file_without_a_mined_pair_scores_zero_and_says_so(tmp_path: Path, nothing: str) -> None:
    files = Files(tmp_path, "bucc2018")
    files.write(gold="a\tx\nb\ty\n", predictions=nothing)
    scored = files.score()
    assert scored.statistics.tolist() == [[0, 0, 1], [0, 0, 1]]
    assert [float(measure.score(scored.statistics.sum(axis=0))) for measure in files.task.form.measures] == [0.0] * 3
    assert "no pair was found" in scored.notes[0]
    files.write(gold=nothing, predictions="a\tx\n")
    assert "the file is empty" in str(files.fail())
    files.write(gold="a\tx\n", predictions="\n")
    assert "1 columns" in str(files.fail()) or "empty" in str(files.fail())


def test_what_is_exported_without_a_pair_is_scored(tmp_path: Path) -> None:
    files = Files(tmp_path, "bucc2018")
    form = files.task.form
    examples = [QueryExample("a", "text", ("x",)), QueryExample("b", "text", ())]
    files.write(gold=form.gold_text(examples), predictions=form.predictions_text(examples, {"a": (), "b": ()}))
    assert files.predictions.read_bytes() == b""
    assert files.sums() == [0, 0, 1]


def test_a_missing_line_of_tags_is_found_where_it_is(tmp_path: Path) -> None:
    files = Files(tmp_path, "panx")
    files.write(gold="O\nO\n\nO\nO\n\nO\n", predictions="O\nO\n\nO\n\nO\n")
    assert "predictions:4: sentence 2 has 1 tags; expected 2, as from line 4 of" in str(files.fail())
    files.write(predictions="O\nO\n\nO\nO\n")
    assert "predictions:4: 2 sentences; expected 3" in str(files.fail())
    files.write(predictions="\nO\nO\n\n\nO\nO\n\nO\n\n")
    assert files.sums() == [0, 0, 0]


@pytest.mark.parametrize("name", TASKS)
def test_gold_as_predictions_is_right(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path, name)
    gold = files.valid["gold"]
    files.write(predictions=right_answers(gold) if files.task.category == "qa" else gold)
    sums = files.score().statistics.sum(axis=0)
    assert all(float(measure.score(sums)) == pytest.approx(1.0) for measure in files.task.form.measures)


@pytest.mark.parametrize("name", TASKS)
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path, name)
    before = files.sums()
    for part, text in files.valid.items():
        files.write(**{part: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()})
        assert files.sums() == before
        files.write(**{part: text.rstrip("\n")})
        assert files.sums() == before


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("part", ["gold", "predictions"])
def test_empty_files_are_refused(tmp_path: Path, name: str, part: str) -> None:
    is_an_answer = (name, part) == ("bucc2018", "predictions")  # no pair was found
    for nothing in (b"\n\n",) if is_an_answer else (b"", b"\n\n", b"\xef\xbb\xbf"):
        files = Files(tmp_path, name)
        files.write(**{part: nothing})
        (problem,) = files.fail().problems
        assert problem.file == getattr(files, part)
        assert problem.found == "the file is empty"


@pytest.mark.parametrize("name", TASKS)
def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path, name)
    files.predictions.unlink()
    files.predictions.mkdir()
    assert "cannot be read" in str(files.fail())


@pytest.mark.parametrize("name", TASKS)
@in_a_folder
@given(data=st.data())
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    files = Files(tmp_path, name)
    part = data.draw(st.sampled_from(["gold", "predictions"]))
    valid = files.valid[part].encode()
    place = data.draw(st.integers(0, len(valid)))
    bad = data.draw(st.sampled_from([b"\x00", b"\xff", b"\xc3(", b"\xed\xa0\x80"]))
    files.write(**{part: valid[:place] + bad + valid[place:]})
    (problem,) = files.fail().problems
    assert problem.file == getattr(files, part)
    assert problem.line == valid[:place].count(b"\n") + 1


@pytest.mark.parametrize("name", LINE_BY_LINE)
@in_a_folder
@given(data=st.data())
def test_one_line_too_few_or_too_many_is_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    files = Files(tmp_path, name, data.draw(st.integers(0, 50)))
    part = data.draw(st.sampled_from(["gold", "predictions"]))
    lines = files.valid[part].splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    if data.draw(st.booleans()):
        changed = lines[:place] + lines[place + 1 :]
    else:
        changed = [*lines[:place], lines[0], *lines[place:]]
    files.write(**{part: "".join(changed)})
    error = files.fail()
    assert error.problems[0].line is not None


@pytest.mark.parametrize("name", JSON)
@in_a_folder
@given(data=st.data())
def test_one_entry_too_few_or_too_many_is_refused_or_counted(tmp_path: Path, name: str, data: st.DataObject) -> None:
    files = Files(tmp_path, name, data.draw(st.integers(0, 50)))
    entries = json.loads(files.valid["predictions"])
    if data.draw(st.booleans()):
        entries.pop(data.draw(st.sampled_from(sorted(entries))))
        if name == "mewslix":
            files.write(predictions=json.dumps(entries))
            scored = files.score()
            assert (len(scored.statistics), scored.n_unanswered) == (N_EXAMPLES, 1)
            return
    else:
        entries["other"] = next(iter(entries.values()))
    files.write(predictions=json.dumps(entries))
    assert files.fail().problems[0].line == 1


@pytest.mark.parametrize("name", TASKS)
@in_a_folder
@given(data=st.data())
def test_whatever_is_in_a_file_there_is_an_error_or_a_row_for_each_example(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    files = Files(tmp_path, name)
    part = data.draw(st.sampled_from(["gold", "predictions"]))
    valid = files.valid[part].encode()
    first = data.draw(st.integers(0, len(valid)))
    last = data.draw(st.integers(first, min(len(valid), first + 20)))
    files.write(
        **{part: valid[:first] + data.draw(st.binary(max_size=12) | st.text(max_size=8).map(str.encode)) + valid[last:]}
    )
    error, scored = None, None
    try:
        scored = files.score()
    except DataError as caught:
        error = caught
    if scored is None:
        assert error is not None
        assert error.problems
        assert {problem.file for problem in error.problems} <= {files.gold, files.predictions}
        assert str(error).replace("\n", "").isprintable()
        return
    measured = [float(measure.score(scored.statistics.sum(axis=0))) for measure in files.task.form.measures]
    assert all(0.0 <= value <= 1.0 or value != value for value in measured)
    if part == "predictions" and name != "bucc2018":
        assert len(scored.statistics) == N_EXAMPLES
