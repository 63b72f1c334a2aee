"""``waystage schema``, ``waystage init`` and ``waystage list``: what a study file can say."""

from __future__ import annotations

from pathlib import Path

import click

from waystage.commands.terminal import OUT, print_json
from waystage.errors import StudyError


@click.command()
def schema() -> None:
    """Print the JSON Schema of study files, for editors."""
    from waystage.study.export import study_json_schema

    print_json(study_json_schema())


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=Path("study.yaml"))
def init(path: Path) -> None:
    """Write a commented study file to start from."""
    from waystage.study.export import starter_study

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter_study())
    except FileExistsError:
        raise StudyError(f"{path}: there is a file already; it was left as it is") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be written: {error.strerror}") from None
    OUT.print(f"wrote {path}; next: waystage plan {path}", soft_wrap=True)


@click.command("list")
@click.argument("what", type=click.Choice(["tasks", "corpora", "encoders"]))
def list_names(what: str) -> None:
    """List what a study can name: tasks, corpora or encoders."""
    from waystage.console.catalogue import catalogue

    OUT.print(catalogue(what))
