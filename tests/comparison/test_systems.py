"""Systems that were trained elsewhere, compared by what they put out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.benchmark.submissions import write_perfect, write_submission
from waystage.benchmark.benchmarks import XTREME_R
from waystage.benchmark.outcomes import read_outcomes
from waystage.benchmark.paired import LeftOut, PairedLanguage, PairedSystems, SystemRun
from waystage.cli import main
from waystage.comparison.context import Options
from waystage.comparison.errors import ComparisonError
from waystage.comparison.systems import ONE_RUN, compare_systems
from waystage.errors import StudyError
from waystage.metrics.accuracy import LABEL_ACCURACY

FEW = Options(n_resamples=200)


def systems_of(accuracies: dict[str, list[float]], languages: tuple[str, ...] = ("en", "de", "th")) -> PairedSystems:
    """Systems with an accuracy a run, on 200 examples in each language."""
    random = np.random.default_rng(0)
    runs = tuple(
        SystemRun(name, seed, Path(f"{name}{seed}"))
        for name, own in accuracies.items()
        for seed in range(1, len(own) + 1)
    )
    wanted = np.array([value for own in accuracies.values() for value in own])
    items = []
    for language in languages:
        correct = (random.random((len(runs), 200)) < wanted[:, None]).astype(np.float64)
        statistics = np.stack([correct, np.ones_like(correct)], axis=-1)
        ids = tuple(map(str, range(200)))
        items.append(PairedLanguage("xnli", language, "classification", LABEL_ACCURACY, ids, statistics))
    return PairedSystems(runs, tuple(items))


def test_one_run_each_says_that_outputs_are_compared_and_not_training() -> None:
    comparison = compare_systems(systems_of({"a": [0.5], "b": [0.8]}), options=FEW).comparison
    better = comparison.mean_score("b", "xnli").difference
    assert better is not None
    assert better.low > 0
    assert better.resampled == ("examples",)
    assert comparison.seeds == ()
    assert comparison.limits[0] == ONE_RUN
    assert all(own.sentence.startswith("Of these outputs, one run of each") for own in comparison.recommendations)


def test_several_runs_are_seeds() -> None:
    comparison = compare_systems(systems_of({"a": [0.5, 0.52], "b": [0.8, 0.78]}), options=FEW).comparison
    better = comparison.mean_score("b", "xnli").difference
    assert better is not None
    assert better.resampled == ("seeds", "examples")
    assert comparison.seeds == (1, 2)
    assert ONE_RUN not in comparison.limits
    assert not any("Of these outputs" in own.sentence for own in comparison.recommendations)


def test_the_baseline_turns_the_differences_around() -> None:
    systems = systems_of({"a": [0.5], "b": [0.8]})
    forth = compare_systems(systems, "a", FEW).comparison.mean_score("b", "xnli").difference
    back = compare_systems(systems, "b", FEW).comparison.mean_score("a", "xnli").difference
    assert forth is not None
    assert back is not None
    assert forth.value == pytest.approx(-back.value)
    assert compare_systems(systems, options=FEW).comparison.baseline == "a"


def test_english_is_left_out_of_the_mean_and_shown() -> None:
    score = compare_systems(systems_of({"a": [0.5], "b": [0.8]}), options=FEW).comparison.mean_score("a", "xnli")
    assert score.n_languages == 2
    assert score.source_score is not None


def test_a_task_in_english_only_is_compared_and_noted() -> None:
    found = compare_systems(systems_of({"a": [0.5], "b": [0.8]}, ("en",)), options=FEW)
    assert found.comparison.mean_score("a", "xnli").n_languages == 1
    assert found.notes == ("xnli: tested in English only, so the mean is of English",)


def test_groups_of_languages_are_those_of_the_table() -> None:
    comparison = compare_systems(systems_of({"a": [0.5], "b": [0.8]}), options=FEW).comparison
    groups = {(score.property, score.group): score.languages for score in comparison.group_scores}
    assert groups["family", "Kra-Dai"] == ("th",)
    assert groups["script", "Latin"] == ("de",)


def test_an_unknown_baseline_is_refused() -> None:
    with pytest.raises(StudyError, match="no system 'bb'; expected one of a, b; did you mean 'b'"):
        compare_systems(systems_of({"a": [0.5], "b": [0.8]}), "bb")


def test_strict_refuses_what_was_left_out() -> None:
    systems = systems_of({"a": [0.5], "b": [0.8]})
    gap = LeftOut("xnli", "sw", "no file xnli/test-sw.tsv of b (seed 1)")
    systems = PairedSystems(systems.runs, systems.languages, (gap,))
    assert compare_systems(systems, options=FEW).systems.left_out == (gap,)
    with pytest.raises(ComparisonError, match="xnli/sw: no file"):
        compare_systems(systems, is_strict=True)


def test_json_has_runs_gaps_and_notes_beside_the_comparison() -> None:
    found = compare_systems(systems_of({"a": [0.5], "b": [0.8]}), options=FEW)
    value = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert value["systems"] == {
        "runs": [{"system": "a", "seed": 1, "source": "a1"}, {"system": "b", "seed": 1, "source": "b1"}],
        "left_out": [],
        "notes": [],
    }
    assert value["baseline"] == "a"
    assert value["limits"][0] == ONE_RUN


def test_real_outcomes(shared_data_dir: Path) -> None:
    """XNLI: one system is better by examples alone; XQuAD: no difference is shown."""
    systems = read_outcomes(shared_data_dir / "paired_predictions")
    comparison = compare_systems(systems, "mt5base", Options(n_resamples=1000)).comparison
    xnli, xquad = (comparison.mean_score("mlpp", task).difference for task in ("xnli", "xquad"))
    assert xnli is not None
    assert xquad is not None
    assert xnli.value == pytest.approx(0.0301397, abs=1e-6)
    assert xnli.low > 0.015
    assert xquad.low < 0 < xquad.high


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """The arguments that compare two systems with two seeds each."""
    predictions, gold = write_submission(tmp_path, XTREME_R)
    perfect = write_perfect(gold, tmp_path / "perfect", XTREME_R)
    named = {"poor": predictions, "right": perfect}
    arguments = ["--gold", str(gold), "--benchmark", "xtreme-r"]
    for name, folder in named.items():
        arguments += ["--system", f"{name}={folder}"]
    for name, folder in named.items():
        arguments += ["--system", f"{name}={shutil.copytree(folder, tmp_path / f'{name}-2')}"]
    return arguments


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["waystage", "compare", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def test_command(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "poor-2" / "xnli" / "test-sw.tsv").unlink()
    assert run(monkeypatch, *folders, "--by-language") == 0
    out = capsys.readouterr().out
    assert "left out for all systems: xnli sw: no file xnli/test-{lang}.tsv of poor (seed 2)" in out
    assert "points above poor" in out
    assert run(monkeypatch, *folders, "--json", "--baseline", "right") == 0
    value = json.loads(capsys.readouterr().out)
    assert value["baseline"] == "right"
    assert [gap["language"] for gap in value["systems"]["left_out"]] == ["sw"]
    assert {score["language"] for score in value["language_scores"] if score["task"] == "xnli"} >= {"en", "th"}
    assert run(monkeypatch, *folders, "--strict") == 6
    assert "xnli/sw: no file xnli/test-sw.tsv of poor (seed 2)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--system", "a"], "'a' is not NAME=DIR"),
        (["--system", "=x"], "'=x' is not NAME=DIR"),
        (["--system", "a=x", "--system", "b=y"], "--system needs --gold and --benchmark"),
        (["--outcomes", ".", "--gold", "."], "--gold and --benchmark belong to --system"),
        (["--outcomes", ".", "--system", "a=x"], "give one of"),
        (["run", "--baseline", "a"], "options of systems do not go with it"),
        ([], "give one of"),
        (["--system", "a=absent", "--system", "b=absent", "--gold", ".", "--benchmark", "xtreme"], "no such folder"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(monkeypatch, *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.split())
