"""Submission folders of several systems, side by side."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import fmean

import pytest

from waystage.benchmark.benchmarks import BENCHMARKS, BUCC, XTREME, XTREME_R, Benchmark
from waystage.benchmark.paired import PairedLanguage, PairedSystems, SystemRun, system_runs
from waystage.benchmark.submission import score_submission
from waystage.benchmark.systems import read_systems
from waystage.errors import DataError, StudyError

from .submissions import write_perfect, write_submission


def runs_of(*folders: Path) -> list[SystemRun]:
    return [SystemRun(folder.name, 1, folder) for folder in folders]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Predictions of two systems, and the gold."""
    predictions, gold = write_submission(tmp_path, XTREME_R)
    return predictions, write_perfect(gold, tmp_path / "perfect", XTREME_R), gold


def of_task(systems: PairedSystems, task: str) -> list[PairedLanguage]:
    return [language for language in systems.languages if language.task == task]


@pytest.mark.parametrize("benchmark", BENCHMARKS.values(), ids=BENCHMARKS)
def test_means_over_languages_are_the_scores_of_the_submissions(tmp_path: Path, benchmark: Benchmark) -> None:
    predictions, gold = write_submission(tmp_path, benchmark)
    runs = runs_of(predictions, write_perfect(gold, tmp_path / "perfect", benchmark))
    systems = read_systems(runs, gold, benchmark)
    assert systems.left_out == ()
    for place, run in enumerate(runs):
        expected = score_submission(run.source, gold, benchmark).tasks
        for task in benchmark.tasks:
            scores = [own.metric.score(own.statistics[place].sum(axis=0)) for own in of_task(systems, task.name)]
            assert fmean(map(float, scores)) == pytest.approx(expected[task.name])


def test_every_language_has_unique_ids_and_a_row_for_each(folders: tuple[Path, Path, Path]) -> None:
    for language in read_systems(runs_of(*folders[:2]), folders[2], XTREME_R).languages:
        assert len(set(language.ids)) == len(language.ids) == language.statistics.shape[1]
        assert language.statistics.shape[::2] == (2, len(language.metric.columns))


def test_parallel_tasks_share_their_ids(folders: tuple[Path, Path, Path]) -> None:
    systems = read_systems(runs_of(*folders[:2]), folders[2], XTREME_R)
    for task in ("xnli", "xquad", "lareqa"):
        assert len({language.ids for language in of_task(systems, task)}) == 1


def test_sentences_that_only_one_system_pairs_are_examples_of_both(tmp_path: Path) -> None:
    for name, text in {"gold": "a\tx\nb\ty\n", "first": "a\tx\nc\tz\n", "second": "d\ty\n"}.items():
        path = tmp_path / name / "bucc2018" / "test-de.tsv"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    systems = read_systems(runs_of(tmp_path / "first", tmp_path / "second"), tmp_path / "gold", XTREME)
    (german,) = systems.languages
    assert set(german.ids) == {"a", "b", "c", "d"}
    assert german.statistics.sum(axis=1).tolist() == [[1, 2, 2], [0, 1, 2]]
    assert [gap.language for gap in systems.left_out] == [name for name in BUCC.languages if name != "de"]


def test_what_one_system_lacks_is_left_out_for_all_and_named(folders: tuple[Path, Path, Path]) -> None:
    (folders[1] / "xnli" / "test-sw.tsv").unlink()
    (folders[2] / "xquad" / "test-el.json").unlink()
    systems = read_systems(runs_of(*folders[:2]), folders[2], XTREME_R)
    assert [str(gap) for gap in systems.left_out] == [
        "xnli/sw: no file xnli/test-sw.tsv of perfect (seed 1)",
        "xquad/el: no gold file xquad/test-el.json",
    ]
    assert "sw" not in [language.language for language in of_task(systems, "xnli")]
    assert len(of_task(systems, "xquad")) == 11


def test_a_task_that_nobody_has_is_a_note(folders: tuple[Path, Path, Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder / "mewslix")
    systems = read_systems(runs_of(*folders[:2]), folders[2], XTREME_R)
    assert systems.notes == ("mewslix is in none of the folders",)
    assert systems.left_out == ()


def test_a_score_of_nothing_is_left_out(folders: tuple[Path, Path, Path]) -> None:
    path = Path("panx") / "test-de.tsv"
    for folder in (folders[0], folders[2]):
        n_tags = [len(block.split("\n")) for block in (folder / path).read_text("utf-8").strip().split("\n\n")]
        (folder / path).write_text("\n\n".join("\n".join(["O"] * n) for n in n_tags) + "\n", encoding="utf-8")
    systems = read_systems(runs_of(*folders[:2]), folders[2], XTREME_R)
    assert [str(gap) for gap in systems.left_out] == [
        "panx/de: nothing to count in gold and predictions of predictions (seed 1)"
    ]


def test_malformed_files_of_all_systems_are_named(folders: tuple[Path, Path, Path]) -> None:
    for folder in folders[:2]:
        (folder / "xnli" / "test-sw.tsv").write_text("neutral\n", encoding="utf-8")
    (folders[1] / "lareqa" / "test-th.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_systems(runs_of(*folders[:2]), folders[2], XTREME_R)
    assert {Path(problem.file) for problem in refused.value.problems} == {
        folders[0] / "xnli" / "test-sw.tsv",
        folders[1] / "xnli" / "test-sw.tsv",
        folders[1] / "lareqa" / "test-th.json",
    }


def test_nothing_in_common_is_refused(folders: tuple[Path, Path, Path]) -> None:
    for folder, kept in zip(folders[:2], ("xnli", "xquad"), strict=True):
        for task in XTREME_R.tasks:
            if task.name != kept:
                shutil.rmtree(folder / task.name)
    with pytest.raises(DataError, match="nothing to compare"):
        read_systems(runs_of(*folders[:2]), folders[2], XTREME_R)


def test_a_folder_that_is_no_submission_is_refused(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no folder of a task"):
        read_systems(runs_of(folders[0], tmp_path / "empty"), folders[2], XTREME_R)


def test_runs_are_numbered_by_system(tmp_path: Path) -> None:
    for name in ("a1", "b1", "a2", "b2"):
        (tmp_path / name).mkdir()
    named = [(name[0], tmp_path / name) for name in ("a1", "b1", "a2", "b2")]
    assert [(run.system, run.seed) for run in system_runs(named)] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


@pytest.mark.parametrize(
    ("named", "messages"),
    [
        ([], ["no system"]),
        (["a=1"], ["one system, 'a'"]),
        (["a=1", "a=2"], ["one system, 'a'"]),
        (["a=1", "b=1"], ["b={}/1: the same folder as a (seed 1)"]),
        (["a=1", "b=./1/"], ["the same folder as a (seed 1)"]),
        (["a=1", "a=2", "b=3"], ["different numbers of runs: a has 2, b has 1"]),
        (["a=1", "b=absent"], ["b={}/absent: there is no such folder"]),
        (["a=1", "b=gold"], ["b={}/gold: the same folder as the gold"]),
        (["a=absent", "a=1", "b=1"], ["no such folder", "the same folder as a (seed 2)", "different numbers"]),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(tmp_path: Path, named: list[str], messages: list[str]) -> None:
    for name in ("1", "2", "3", "gold"):
        (tmp_path / name).mkdir()
    pairs = [(own.partition("=")[0], tmp_path / own.partition("=")[2]) for own in named]
    with pytest.raises(StudyError) as refused:
        system_runs(pairs, tmp_path / "gold")
    for message in messages:
        assert message.format(tmp_path) in str(refused.value)
