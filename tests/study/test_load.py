"""Study files: what a good one becomes, and every mistake with its line, field and nearest name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.errors import DataError, Problem, StudyError
from waystage.study.load import check_data, load_checked_study, load_study, parse_study
from waystage.study.registries import Registries
from waystage.study.study import ContinuedStage, IntermediateStage, Study

from .conftest import GOOD

LINES = GOOD.splitlines()


def problems_of(text: str, registries: Registries) -> tuple[Problem, ...]:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "study.yaml", registries=registries)
    return caught.value.problems


def test_the_good_study_is_resolved(registries: Registries, tmp_path: Path) -> None:
    study = parse_study(GOOD, study_dir=tmp_path, registries=registries)
    mlm, sentiment = study.sequences["continued+intermediate"]
    assert isinstance(mlm, ContinuedStage)
    assert mlm.languages == ("de", "no")  # "no" is a language, not a boolean
    assert (mlm.training.tokens, mlm.training.epochs) == (30000, None)
    assert isinstance(sentiment, IntermediateStage)
    assert sentiment.training.learning_rate == 2e-4  # a number without a dot
    assert study.sequences["base"] == ()
    assert study.sequences["continued"] == (mlm,)
    intents, sentences = study.targets
    assert intents.training is not None
    assert (intents.training.epochs, intents.training.batch_size) == (2, 8)  # the task's default
    assert intents.retrieval is None
    assert sentences.training is None
    assert sentences.retrieval is not None
    assert (sentences.retrieval.layer, sentences.retrieval.pooling) == (3, "mean")
    assert sentences.languages == ("de", "fr")
    assert study.output_dir == Path.cwd() / "runs/demo"
    assert study.encoder.n_layers == 4


def test_a_target_without_budget_takes_the_defaults_of_the_task(registries: Registries) -> None:
    study = parse_study(GOOD.replace("    budget: {epochs: 2}\n", ""), registries=registries)
    training = study.targets[0].training
    assert training is not None
    assert (training.epochs, training.steps, training.learning_rate) == (3, None, 1e-3)


def test_train_on_takes_the_training_data_of_a_task_with_the_same_labels(registries: Registries) -> None:
    study = parse_study(
        GOOD.replace("- task: intents", "- task: intents\n    train_on: switches"), registries=registries
    )
    assert study.targets[0].task.name == "intents"
    assert study.targets[0].train_task is not None
    assert study.targets[0].train_task.name == "switches"


@pytest.mark.parametrize(("baseline", "expected"), [("", "base"), ("baseline: continued\n", "continued")])
def test_baseline(registries: Registries, baseline: str, expected: str) -> None:
    assert parse_study(GOOD.replace("baseline: base\n", baseline), registries=registries).baseline == expected


def test_the_first_sequence_is_the_baseline_where_all_have_stages(registries: Registries) -> None:
    text = GOOD.replace("  base: []\n", "").replace("baseline: base\n", "")
    assert parse_study(text, registries=registries).baseline == "continued"


# What is replaced, by what; then of the problem: text on its line, its field, words of it, the nearest name.
BAD = [
    ("name: demo", "name: Demo", "name: Demo", "name", "'Demo'", None),
    ("name: demo", "nam: demo", "nam: demo", "nam", "unknown key", "name"),
    ("name: tiny", "name: tinny", "encoder:", "encoder.name", "unknown encoder", "tiny"),
    ("n_layers: 4", "n_layers: 7", "encoder:", "encoder.n_layers", "1 to 6", None),
    ("n_layers: 4", "revision: abc", "encoder:", "encoder.revision", "a revision", None),
    ("n_layers: 4", "layers: 4", "encoder:", "encoder.layers", "unknown key", "n_layers"),
    (
        "encoder: {name: tiny, n_layers: 4}",
        "encoder: 3",
        "encoder: 3",
        "encoder",
        "the name of an encoder",
        None,
    ),
    ("seeds: [1, 2]", "seeds: [1, 1]", "seeds:", "seeds[1]", "listed twice", None),
    ("seeds: [1, 2]", "seeds: [1, x]", "seeds:", "seeds[1]", "expected a whole number", None),
    ("seeds: [1, 2]", "seeds: []", "seeds:", "seeds", "at least 1 item", None),
    ("seeds: [1, 2]", "seeds: [-1]", "seeds:", "seeds[0]", "a number greater than or equal to 0", None),
    ("kind: continued", "kind: continueed", "kind: continueed", "stages.mlm.kind", "one of", "continued"),
    ("    kind: continued\n", "", "  mlm:", "stages.mlm.kind", "missing key 'kind'", None),
    ("task: feelings", "task: feeling", "task: feeling", "stages.sentiment.task", "unknown task", "feelings"),
    ("task: feelings", "task: sentences", "task: sentences", "stages.sentiment.task", "is retrieval", None),
    ("corpus: messages", "corpus: mesages", "corpus:", "stages.mlm.corpus", "unknown corpus", "messages"),
    (
        "    languages: [de, no]\n    budget: {t",
        "    languages: [de, nö]\n    budget: {t",
        "nö",
        "stages.mlm.languages[1]",
        "a language code",
        None,
    ),
    (
        "    languages: [de, no]\n    budget: {t",
        "    languages: [de, fr]\n    budget: {t",
        "[de, fr]",
        "stages.mlm.languages[1]",
        "one of de, en, no",
        None,
    ),
    ("{tokens: 30000}", "{tokens: 30000, steps: 3}", "steps: 3", "stages.mlm.budget", "exactly one of", None),
    ("{tokens: 30000}", "{match: sentimen, unit: flops}", "match", "stages.mlm.budget.match", "unknown", "sentiment"),
    ("{tokens: 30000}", "{match: intents, unit: flops}", "match", "stages.mlm.budget.match", "the target", None),
    ("{tokens: 30000}", "{match: mlm, unit: tokens}", "match", "stages.mlm.budget.match", "itself", None),
    ("{tokens: 30000}", "{match: sentiment}", "match", "stages.mlm.budget.match", "without 'unit'", None),
    ("{tokens: 30000}", "{match: sentiment, unit: flop}", "match", "stages.mlm.budget.unit", "one of", "flops"),
    ("{tokens: 30000}", "{tokens: 3, unit: flops}", "unit", "stages.mlm.budget.unit", "without 'match'", None),
    ("{tokens: 30000}", "{unit: flops}", "unit", "stages.mlm.budget", "a unit without a stage", None),
    ("{tokens: 30000}", "{match: sentiment, unit: flops, steps: 1}", "match", "stages.mlm.budget", "exactly one", None),
    ("{epochs: 2}", "{match: mlm}", "match", "targets[0].budget.match", "unknown key", None),
    ("{tokens: 30000}", "{}", "budget: {}", "stages.mlm.budget", "exactly one of", None),
    ("{tokens: 30000}", "{tokens: 3.5}", "3.5", "stages.mlm.budget.tokens", "a whole number", None),
    ("{tokens: 30000}", "{token: 3}", "token: 3", "stages.mlm.budget.token", "unknown key", "tokens"),
    ("    budget: {tokens: 30000}\n", "", "  mlm:", "stages.mlm.budget", "missing key 'budget'", None),
    (
        "batch_size: 16",
        "batch_size: 16\n      micro_batch_size: 32",
        "micro_batch_size",
        "stages.sentiment.training.micro_batch_size",
        "at most batch_size",
        None,
    ),
    (
        "learning_rate: 2e-4",
        "learning_rate: 0",
        "learning_rate",
        "stages.sentiment.training.learning_rate",
        "a number greater than 0",
        None,
    ),
    (
        "learning_rate: 2e-4",
        "learning_rate: .inf",
        "learning_rate",
        "stages.sentiment.training.learning_rate",
        "a finite number",
        None,
    ),
    (
        "learning_rate: 2e-4",
        "learning_rat: 2e-4",
        "learning_rat",
        "stages.sentiment.training.learning_rat",
        "unknown key",
        "learning_rate",
    ),
    (
        "  continued: [mlm]",
        "  continued: [ml]",
        "continued: [ml]",
        "sequences.continued[0]",
        "unknown stage",
        "mlm",
    ),
    ("  continued: [mlm]", "  continued: mlm", "continued: mlm", "sequences.continued", "a list", None),
    (
        "  continued: [mlm]",
        "  continued: [mlm, sentiment, mlm]\n  again: []",
        "again",
        "sequences.again",
        "the same stages",
        None,
    ),
    ("[mlm, sentiment]", "[mlm, mlm]", "  sentiment:", "stages.sentiment", "used by no sequence", None),
    ("baseline: base", "baseline: bas", "baseline", "baseline", "unknown sequence", "base"),
    ("task: intents", "task: intnts", "intnts", "targets[0].task", "unknown task", "intents"),
    (
        "- task: intents",
        "- task: intents\n    retrieval: {layer: 1}",
        "retrieval: {layer: 1}",
        "targets[0].retrieval",
        "retrieval settings",
        None,
    ),
    (
        "- task: intents",
        "- task: intents\n    train_on: xnli",
        "train_on",
        "targets[0].train_on",
        "a task of sentence-classification",
        None,
    ),
    (
        "- task: intents",
        "- task: intents\n    train_on: feelings",
        "train_on",
        "targets[0].train_on",
        "a task with the labels on, off",
        None,
    ),
    (
        "- task: intents",
        "- task: intents\n    n_layers: 5",
        "n_layers: 5",
        "targets[0].n_layers",
        "1 to 4",
        None,
    ),
    (
        "limits: {train: 900",
        "limits: {train: 0",
        "train: 0",
        "targets[0].limits.train",
        "greater than or equal",
        None,
    ),
    ("limits: {train: 900", "limits: {dev: 900", "dev: 900", "targets[0].limits.dev", "unknown key", None),
    ("layer: 3", "layer: 5", "layer: 5", "targets[1].retrieval.layer", "0 to 4", None),
    ("layer: 3", "pooling: man", "pooling", "targets[1].retrieval.pooling", "one of mean, cls", "mean"),
    (
        "- task: sentences",
        "- task: sentences\n    budget: {epochs: 1}",
        "budget: {epochs: 1}",
        "targets[1].budget",
        "which trains nothing",
        None,
    ),
    (
        "- task: sentences",
        "- task: intents",
        "retrieval: {",
        "targets[1].retrieval",
        "retrieval settings",
        None,
    ),
    (
        "kind: sentence-cl",
        "metric: acuracy\n    kind: sentence-cl",
        "acuracy",
        "tasks.tickets.metric",
        "unknown metric",
        "accuracy",
    ),
    ("labels: [a, b]", "labels: [a, a]", "labels", "tasks.tickets.labels[1]", "listed twice", None),
    ("labels: [a, b]", "label: [a, b]", "label: ", "tasks.tickets.label", "unknown key", "labels"),
    (
        'test: "test-{lang}.jsonl"',
        'test: "test.jsonl"',
        "files:",
        "tasks.tickets.files.test",
        "one test file",
        None,
    ),
    (
        'test: "test-{lang}.jsonl"',
        'test: "{lng}.jsonl"',
        "files:",
        "tasks.tickets.files.test",
        "a brace",
        None,
    ),
    (
        'test: "test-{lang}.jsonl"',
        'test: "{lang}.txt"',
        "files:",
        "tasks.tickets.files.test",
        "no format",
        None,
    ),
    ('test: "test-{lang}.jsonl"', 'test: "{lang}.csv"', "files:", "tasks.tickets.files", "one format", None),
    (
        "labels: [a, b]",
        "labels: [a, b]\n    hub: {dataset: x/y, files: {test: '{lang}.csv'}}",
        "hub:",
        "tasks.tickets.hub",
        "exactly one of files, hub",
        None,
    ),
    (
        "    files: {de: de.txt, fr: [a.txt, b.txt]}",
        "    licence: MIT",
        "  mine:",
        "corpora.mine",
        "neither",
        None,
    ),
    ("  mine:", "  messages:", "  messages:", "corpora.messages", "a built-in corpus", None),
    ("  tickets:", "  intents:", "  intents:", "tasks.intents", "a built-in task", None),
    ("seeds: [1, 2]", "seeds: [1, 2]\nseeds: [3]", "seeds: [3]", "seeds", "stands twice", None),
    ("name: demo", 'name: "a\\0b"', "name: ", "name", "control character", None),
]


@pytest.mark.parametrize(
    ("old", "new", "at", "field", "words", "nearest"), BAD, ids=[f"{b[3]}: {b[1][:30]}" for b in BAD]
)
def test_a_mistake_is_told_with_line_field_and_nearest_name(
    registries: Registries, old: str, new: str, at: str, field: str, words: str, nearest: str | None
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    found = [problem for problem in problems_of(text, registries) if problem.field == field and words in str(problem)]
    assert len(found) == 1, problems_of(text, registries)
    assert at in text.splitlines()[(found[0].line or 0) - 1]
    assert found[0].nearest == nearest
    assert found[0].file == "study.yaml"


ALONE = [
    b
    for b in BAD
    if b[3] not in ("nam", "tasks.tickets.label", "stages.mlm.budget.token") and b[1] != "- task: intents"
]


@pytest.mark.parametrize(
    ("old", "new", "field"), [(b[0], b[1], b[3]) for b in ALONE], ids=[f"{b[3]}: {b[1][:30]}" for b in ALONE]
)
def test_one_mistake_is_one_problem(registries: Registries, old: str, new: str, field: str) -> None:
    assert [problem.field for problem in problems_of(GOOD.replace(old, new, 1), registries)] == [field]


def test_a_circle_of_matches_is_told_at_each_stage_of_it(registries: Registries) -> None:
    text = GOOD.replace("{tokens: 30000}", "{match: sentiment, unit: flops}", 1).replace(
        "{epochs: 1}", "{match: mlm, unit: tokens}", 1
    )
    found = problems_of(text, registries)
    assert [problem.field for problem in found] == ["stages.sentiment.budget.match", "stages.mlm.budget.match"]
    assert "a circle of matches: sentiment → mlm → sentiment" in str(found[0])


def test_six_mistakes_are_reported_at_once(registries: Registries) -> None:
    text = (
        GOOD.replace("name: tiny", "name: tinny")
        .replace("learning_rate: 2e-4", "learning_rat: 2e-4")
        .replace("[mlm, sentiment]", "[mlm, sentimnt]")
        .replace("task: intents", "task: intnts")
        .replace("{epochs: 2}", "{epochs: two}")
        .replace("layer: 3", "layer: deep")
    )
    problems = problems_of(text, registries)
    assert [problem.field for problem in problems] == [
        "encoder.name",
        "stages.sentiment.training.learning_rat",
        "sequences.continued+intermediate[1]",
        "targets[0].task",
        "targets[0].budget.epochs",
        "targets[1].retrieval.layer",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line or 0 for problem in problems)


def test_mistakes_of_form_and_of_names_in_one_target_are_both_reported(registries: Registries) -> None:
    text = GOOD.replace(
        "    languages: [de, no]\n    budget: {e", "    languages: [xx]\n    colour: red\n    budget: {e"
    )
    assert {problem.field for problem in problems_of(text, registries)} == {
        "targets[0].languages[0]",
        "targets[0].colour",
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("name: [\n", 2, "not valid YAML"),
        ("name: a\n\tb: c\n", 2, "not valid YAML"),
        ("a: 1\n--- \nb: 2\n", 2, "not valid YAML"),
        ("a: !!python/object:os.system x\n", 1, "tags are not accepted"),
        ("a: *nowhere\n", 1, "not valid YAML"),
        ("a: 1\nb: \x00\n", 2, "control character"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', 2, "no character"),
        ("a: &a [*a]\n", 1, "too many values"),
        ("? [a]\n: b\n", 1, "as a key"),
        ("[" * 100, 1, "nested deeper"),
        ("a: &a 1\nb: [" + ", ".join(["*a"] * 40) + "]", 2, "more than 32 aliases"),
        (
            "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 17)),
            None,
            "too many values",
        ),
    ],
)
def test_text_that_is_no_study_at_all(registries: Registries, text: str, line: int | None, words: str) -> None:
    (problem,) = problems_of(text, registries)
    assert words in problem.found
    if line is not None:
        assert problem.line == line


@pytest.mark.parametrize("text", ["3", "[a]", "name", "null", "a: 1"])
def test_yaml_of_another_form_is_a_study_error(registries: Registries, text: str) -> None:
    assert problems_of(text, registries)


def test_files_that_cannot_be_read(tmp_path: Path, registries: Registries) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"name: demo\ndescription: caf\xe9\n")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * 1_000_001)
    for path, words in (
        (latin, "not UTF-8"),
        (large, "too large"),
        (tmp_path, "not a regular file"),
        (tmp_path / "x", "no such file"),
    ):
        with pytest.raises(StudyError, match=words):
            load_study(path, registries=registries)
    with pytest.raises(StudyError) as caught:
        load_study(latin, registries=registries)
    assert caught.value.problems[0].line == 2


def test_a_byte_order_mark_is_taken_off(tmp_path: Path, registries: Registries) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_study(path, registries=registries).name == "demo"


def test_a_folder_is_an_encoder_and_its_config_tells_the_layers(tmp_path: Path, registries: Registries) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({"num_hidden_layers": 3}))
    text = GOOD.replace("{name: tiny, n_layers: 4}", "model")
    study = parse_study(text, study_dir=tmp_path, registries=registries)
    assert study.encoder.name == str((tmp_path / "model").resolve())
    with pytest.raises(StudyError, match="0 to 3"):
        parse_study(text.replace("layer: 3", "layer: 4"), study_dir=tmp_path, registries=registries)


def test_a_hub_id_is_an_encoder_whose_layers_are_not_known(registries: Registries) -> None:
    text = GOOD.replace("{name: tiny, n_layers: 4}", "{name: FacebookAI/xlm-roberta-base, revision: abc}")
    assert parse_study(text.replace("layer: 3", "layer: 99"), registries=registries).encoder.revision == "abc"


def own_study(registries: Registries, tmp_path: Path, text: str = "") -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(
        text
        or """\
name: own
encoder: tiny
seeds: [1]
stages:
  mlm: {kind: continued, corpus: mine, budget: {steps: 1}}
sequences: {base: [], continued: [mlm]}
targets: [{task: tickets}]
tasks:
  tickets:
    kind: sentence-classification
    files: {train: "train-{lang}.jsonl", test: "test-{lang}.csv"}
    format: jsonl
    columns: {text: body, label: topic}
    labels: [a, b]
    languages: [de, fr]
corpora:
  mine: {files: {de: de.txt}}
"""
    )
    row = json.dumps({"body": "x", "topic": "a"})
    for name in ("train-en.jsonl", "test-de.csv", "test-fr.csv"):
        (tmp_path / name).write_text(row + "\n")
    (tmp_path / "de.txt").write_text("ein Satz\n")
    return path


def test_own_tasks_and_corpora_read_the_users_files(registries: Registries, tmp_path: Path) -> None:
    study = load_checked_study(own_study(registries, tmp_path), registries=registries)
    assert check_data(study) == []
    task = study.targets[0].task
    assert (task.labels, task.languages, task.source_language) == (("a", "b"), ("de", "fr"), "en")


OWN_KINDS = {
    "pair-classification": ("{text: a, pair: b, label: c}", "labels: [x, y]"),
    "tagging": ("{words: a, tags: b}", "labels: [x, y]\n    metric: token-accuracy"),
    "sentence-retrieval": ("{source: a, target: b, id: c}", "licence: MIT"),
}


@pytest.mark.parametrize("kind", OWN_KINDS)
@pytest.mark.parametrize(
    "origin",
    [
        "files: {train: a.tsv, test: '{lang}.tsv'}",
        "hub: {dataset: x/y, files: {train: a.csv, test: '{lang}.csv'}}",
    ],
)
def test_every_kind_of_task_can_be_declared(registries: Registries, kind: str, origin: str) -> None:
    columns, rest = OWN_KINDS[kind]
    own = f"  mine:\n    kind: {kind}\n    {origin}\n    columns: {columns}\n    {rest}\n"
    own += "    languages: [de, fr]\n"
    target = "targets:\n  - {task: mine}\n"
    study = parse_study(GOOD.replace("tasks:\n", "tasks:\n" + own).replace("targets:\n", target), registries=registries)
    task = study.targets[0].task
    assert (task.kind.name, task.metric_name) == (
        kind,
        "token-accuracy" if kind == "tagging" else task.kind.metric_names[0],
    )
    assert len(task.labels) == (2 if task.kind.trains_head else 0)
    assert (study.targets[0].training is None) == (kind == "sentence-retrieval")


def test_a_corpus_of_the_hub_can_be_declared(registries: Registries) -> None:
    hub = "    hub: {dataset: x/y, path: 'text/{lang}.txt', languages: [sw, yo]}"
    text = GOOD.replace("    files: {de: de.txt, fr: [a.txt, b.txt]}", hub)
    study = parse_study(
        text.replace("corpus: messages\n    languages: [de, no]", "corpus: mine"), registries=registries
    )
    (stage,) = study.sequences["continued"]
    assert isinstance(stage, ContinuedStage)
    assert stage.languages == ("sw", "yo")


def test_a_second_key_does_not_make_mistakes_elsewhere(registries: Registries) -> None:
    assert [p.field for p in problems_of(GOOD + "stages: {}\n", registries)] == ["stages"]


def test_a_misspelt_stage_is_not_also_unused(registries: Registries) -> None:
    text = GOOD.replace("[mlm, sentiment]", "[mlm, sentimnt]")
    assert [p.field for p in problems_of(text, registries)] == ["sequences.continued+intermediate[1]"]


def test_all_data_problems_are_reported_together(registries: Registries, tmp_path: Path) -> None:
    path = own_study(registries, tmp_path)
    (tmp_path / "train-en.jsonl").write_text('{"body": "x", "topic": "c"}\n')
    (tmp_path / "test-de.csv").unlink()
    (tmp_path / "de.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError) as caught:
        load_checked_study(path, registries=registries)
    assert [Path(problem.file).name for problem in caught.value.problems] == [
        "de.txt",
        "train-en.jsonl",
        "test-de.csv",
    ]


def test_mistakes_of_the_study_and_of_its_data_are_reported_together(registries: Registries, tmp_path: Path) -> None:
    path = own_study(registries, tmp_path)
    path.write_text(
        path.read_text().replace("seeds: [1]", "seed: [1]").replace("{task: tickets}", "{task: tickets, x: 1}")
    )
    (tmp_path / "test-fr.csv").unlink()
    with pytest.raises(StudyError) as caught:
        load_checked_study(path, registries=registries)
    fields = [problem.field or Path(problem.file).name for problem in caught.value.problems]
    assert sorted(fields) == ["seed", "seeds", "targets[0].x", "test-fr.csv"]


def test_a_missing_package_is_a_data_problem_with_the_name_of_the_task(registries: Registries) -> None:
    problems = check_data(parse_study(GOOD, registries=registries))
    assert "intents (test, de): nothing for test de" in [str(problem) for problem in problems]
    assert len(problems) == 2 + 3 + 1  # feelings and intents to learn, intents in 2 languages, sentences in 2


PIECES = st.sampled_from(
    [
        "name",
        "demo",
        "stages",
        "targets",
        "task",
        "kind",
        "tagging",
        "all",
        "{lang}",
        "tasks",
        "corpora",
        "files",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | PIECES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PIECES | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
TOP = st.sampled_from(
    ["name", "encoder", "seeds", "stages", "sequences", "baseline", "targets", "tasks", "corpora", "output"]
)


def is_study_or_error(text: str, registries: Registries) -> None:
    try:
        study = parse_study(text, registries=registries)
    except StudyError as error:
        problems = error.problems
    else:
        assert isinstance(study, Study)
        return
    assert problems
    assert all(problem.found for problem in problems)


@settings(deadline=None)
@given(text=st.text())
def test_any_text_gives_a_study_or_a_study_error(registries: Registries, text: str) -> None:
    is_study_or_error(text, registries)


@settings(deadline=None)
@given(tree=st.dictionaries(TOP, VALUES))
def test_any_values_give_a_study_or_a_study_error(registries: Registries, tree: dict[str, object]) -> None:
    is_study_or_error(json.dumps(tree), registries)


@settings(deadline=None)
@given(line=st.integers(0, len(LINES) - 1), value=VALUES)
def test_any_value_in_a_good_study_gives_a_study_or_a_study_error(
    registries: Registries, line: int, value: object
) -> None:
    key = LINES[line].partition(":")[0]
    is_study_or_error("\n".join([*LINES[:line], f"{key}: {json.dumps(value)}", *LINES[line + 1 :]]), registries)


@settings(deadline=None)
@given(start=st.integers(0, len(GOOD)), length=st.integers(0, 40), text=st.text(max_size=5))
def test_any_edit_of_a_good_study_gives_a_study_or_a_study_error(
    registries: Registries, start: int, length: int, text: str
) -> None:
    is_study_or_error(GOOD[:start] + text + GOOD[start + length :], registries)


@settings(deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_give_a_study_or_a_study_error(
    tmp_path_factory: pytest.TempPathFactory, registries: Registries, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(data)
    with pytest.raises(StudyError):
        load_study(path, registries=registries)


def test_loading_a_study_does_not_import_torch() -> None:
    code = (
        "import sys; from waystage.study.load import parse_study; "
        "from waystage.study.export import starter_study; "
        "parse_study(starter_study()); sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_kind_that_cannot_be_read_makes_its_stage_unreliable() -> None:
    """Its other keys are not looked at, whatever they are; found by fuzzing."""
    text = 'name: x\nstages: {s: {kind: "a\\0b", budget: nonsense}}\nsequences: {base: [s]}\ntargets: []\n'
    with pytest.raises(StudyError, match="control character"):
        parse_study(text)
