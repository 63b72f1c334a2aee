"""``waystage score``."""

from __future__ import annotations

from pathlib import Path

import click

from waystage.commands.options import FOLDER
from waystage.commands.terminal import OUT, json_text


@click.command()
@click.option("--predictions", "predictions_dir", type=FOLDER, required=True, help="Folder of the submission.")
@click.option("--gold", "gold_dir", type=FOLDER, required=True, help="Folder of the labels, laid out alike.")
@click.option("--benchmark", "name", type=click.Choice(["xtreme", "xtreme-r"]), required=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all scores here.")
@click.option("--strict", "is_strict", is_flag=True, help="Anything that is missing is an error.")
def score(predictions_dir: Path, gold_dir: Path, name: str, json_path: Path | None, is_strict: bool) -> None:
    """Score a submission folder by the rules of XTREME or XTREME-R.

    Both folders have a folder a task and a file a language in it: xnli/test-sw.tsv. A score that lacks a part
    is not shown; the table says what is missing. Malformed files end with status 3 and no score.
    """
    from waystage.benchmark.benchmarks import benchmark_named
    from waystage.benchmark.submission import score_submission
    from waystage.console.score_view import score_view
    from waystage.store.files import write_atomically

    scores = score_submission(predictions_dir, gold_dir, benchmark_named(name), is_strict=is_strict)
    if json_path is not None:
        write_atomically(json_path, f"{json_text(scores.to_json())}\n".encode())
    OUT.print(score_view(scores))
