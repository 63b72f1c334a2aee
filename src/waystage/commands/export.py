"""``waystage export``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waystage.commands.options import Location, store_option
from waystage.commands.terminal import OUT

if TYPE_CHECKING:
    from waystage.exports.run import FinishedRun


@dataclass(frozen=True, slots=True)
class _Options:
    """What was asked for, whatever the format."""

    target: Path
    sequence: str | None
    task: str | None
    seed: int | None
    has_gold: bool
    is_encoder_only: bool
    is_forced: bool


@dataclass(frozen=True, slots=True)
class _Format:
    """How a format is written, and which of the options it reads: their fields and their names."""

    write: Callable[[FinishedRun, _Options], None]
    reads: Mapping[str, str]


def _submission(run: FinishedRun, options: _Options) -> None:
    from waystage.exports.submission import Choice, write_submissions

    choice = Choice(options.sequence, options.seed, options.has_gold)
    written = write_submissions(run, options.target, choice, is_forced=options.is_forced)
    OUT.print(f"{written.n_files} files of predictions in {len(written.folders)} folders")
    OUT.print(f"{written.n_checked} scores of these files are those of the run, to the last digit")
    _print_list("scores that are not:", written.differences)
    _print_list("before submitting:", written.notes)


def _model(run: FinishedRun, options: _Options) -> None:
    from waystage.exports.checkpoint import ModelChoice, write_model

    choice = ModelChoice(options.sequence, options.task, options.seed, options.is_encoder_only)
    written = write_model(run, options.target, choice, is_forced=options.is_forced)
    place = ", ".join(
        part
        for part in (
            written.sequence,
            written.task or "before any target",
            "" if written.seed is None else f"seed {written.seed}",
        )
        if part
    )
    OUT.print(f"{place}: loads with {written.auto_class}", soft_wrap=True)
    same = written.n_compared - written.n_other_tokens
    OUT.print(
        f"compared with the trained model on {written.n_compared} inputs: largest difference "
        f"{written.largest_difference:.1e}; the same tokens for {same} of them",
        soft_wrap=True,
    )


def _cards(run: FinishedRun, options: _Options) -> None:
    from waystage.exports.card import write_cards

    _print_list("files:", write_cards(run, options.target, options.sequence, is_forced=options.is_forced))


def _eee(run: FinishedRun, options: _Options) -> None:
    from waystage.exports.eee import write_eee

    _print_list("files:", write_eee(run, options.target, options.sequence, is_forced=options.is_forced))


def _tables(run: FinishedRun, options: _Options) -> None:
    from waystage.exports.tables import write_tables

    _print_list("files:", write_tables(run, options.target, is_forced=options.is_forced))


_SEQUENCE, _SEED = {"sequence": "--sequence"}, {"seed": "--seed"}
_FORMATS = {
    "xtreme-submission": _Format(_submission, {**_SEQUENCE, **_SEED, "has_gold": "--with-gold"}),
    "transformers": _Format(_model, {**_SEQUENCE, **_SEED, "task": "--target", "is_encoder_only": "--encoder-only"}),
    "model-card": _Format(_cards, _SEQUENCE),
    "eee": _Format(_eee, _SEQUENCE),
    "csv": _Format(_tables, {}),
}


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--format",
    "name",
    type=click.Choice(list(_FORMATS)),
    required=True,
    help="See docs/exports.md.",
)
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="Folder to write; a new one.")
@click.option("--sequence", help="Only this sequence; for transformers, the best one if one is shown to be.")
@click.option("--target", "task", help="transformers: the target whose model is written.")
@click.option("--seed", type=int, help="Only this seed; for transformers, the study's first.")
@click.option("--with-gold", "has_gold", is_flag=True, help="xtreme-submission: the labels too; they have licences.")
@click.option("--encoder-only", "is_encoder_only", is_flag=True, help="transformers: the encoder for AutoModel.")
@click.option("--force", "is_forced", is_flag=True, help="Replace a folder that an earlier export wrote.")
@store_option
def export(run_dir: Path, name: str, store_location: Location, **options: object) -> None:
    """Write a finished run in another form: RUN_DIR is the folder with its record.json.

    Formats: submission folders of XTREME and XTREME-R, a trained model for transformers, model cards, Every Eval
    Ever, CSV tables.
    """
    from waystage import api
    from waystage.exports.run import FinishedRun

    chosen = _Options(**options)  # type: ignore[arg-type]
    _refuse_unread(name, chosen)
    run = FinishedRun.open(run_dir, api.open_store(store_location))
    _FORMATS[name].write(run, chosen)
    OUT.print(f"wrote {chosen.target}", soft_wrap=True)


def _refuse_unread(name: str, options: _Options) -> None:
    """An option that a format does not read was meant for another one."""
    every = {field: option for form in _FORMATS.values() for field, option in form.reads.items()}
    unread = [
        option
        for field, option in every.items()
        if field not in _FORMATS[name].reads and getattr(options, field) not in (None, False)
    ]
    if unread:
        raise click.UsageError(f"--format {name} does not take {', '.join(unread)}")


def _print_list(heading: str, items: Sequence[str]) -> None:
    if items:
        OUT.print(heading)
    for item in items:
        OUT.print(f"  {item}", soft_wrap=True, markup=False)
