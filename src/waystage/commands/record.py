"""``waystage record``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waystage.commands.options import FOLDER, Location, store_option
from waystage.commands.terminal import OUT, print_json

if TYPE_CHECKING:
    from waystage.record.folder.reader import SealedRecord

RECORD = click.Path(path_type=Path)
_TYPES = ("METADATA", "ARTIFACT", "CLAIM", "BENCHMARK", "PROVENANCE", "QUALITY_ASSESSMENT")

record_argument = click.argument("record_path", metavar="RECORD", type=RECORD)


@click.group()
def record() -> None:
    """Build a record of a run that others can check, add to it, and look into it. RECORD is its folder or .zip."""


@record.command()
@click.argument("run_dir", metavar="RUN", type=FOLDER)
@click.option("--output", type=RECORD, help="Folder of the record, a new one.  [default: RUN/sealed]")
@click.option("--zip", "with_zip", is_flag=True, help="Write it as one .zip too, beside the folder.")
@click.option(
    "--gold",
    "gold_of",
    multiple=True,
    metavar="TASK",
    help="Hold the annotations of this task although its licence does not plainly allow it; you vouch for that.",
)
@store_option
def build(
    run_dir: Path, output: Path | None, with_zip: bool, gold_of: tuple[str, ...], store_location: Location
) -> None:
    """Write the record of a finished run: RUN is the folder with its report."""
    from waystage import api
    from waystage.record.folder.writer import write_zip
    from waystage.record.seal import DEFAULT_DIR, seal_run

    folder = output or run_dir / DEFAULT_DIR
    sealed = seal_run(run_dir, api.open_store(store_location), folder, gold_of)
    n_bytes = sum(entry.n_bytes for entry in sealed.index.files.values())
    OUT.print(f"{len(sealed.index.files)} files, {n_bytes / 1e6:.1f} MB: {folder}", soft_wrap=True)
    if with_zip:
        path = folder.with_name(f"{folder.name}.zip")
        write_zip(sealed, path)
        OUT.print(f"{path.stat().st_size / 1e6:.1f} MB: {path}", soft_wrap=True)
    _print_digest(sealed)


@record.command()
@record_argument
@click.option("--at", "event", metavar="EVENT", help="As it was after this event; E0000 is as it was built.")
@click.option("--json", "as_json", is_flag=True, help="Print the index, claims, verdicts and events as JSON.")
def show(record_path: Path, event: str | None, as_json: bool) -> None:
    """Show the state of a record: claims and verdicts, and what happened to it."""
    from waystage.console.record_view import record_json, record_view
    from waystage.record.folder.history import state_at
    from waystage.record.folder.reader import open_record

    opened = open_record(record_path)
    if event is not None:
        opened = state_at(opened, event)
    if as_json:
        print_json(record_json(opened))
        return
    OUT.print(record_view(opened))
    _print_digest(opened)


@record.command()
@record_argument
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check(record_path: Path, as_json: bool) -> None:
    """Check the record itself: every digest, the lineage, the chain of events (the provenance gate)."""
    from waystage.comparison import json_form
    from waystage.console.record_view import findings_view
    from waystage.errors import RecordError
    from waystage.record.folder.reader import open_record
    from waystage.record.gates.provenance import provenance_gate

    opened = open_record(record_path)
    verdict = provenance_gate(opened)
    if as_json:
        print_json(json_form.dump(verdict))
    else:
        OUT.print(findings_view(verdict))
        _print_digest(opened)
    if verdict.status != "VERIFIED":
        raise RecordError(f"{record_path}: {verdict.status}: {verdict.reason}")


@record.command()
@click.argument("folder", metavar="RUN_OR_RECORD", type=FOLDER)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def claim(folder: Path, file: Path) -> None:
    """Add the claims of a file to a run or to a record; which of the two they were added to is written down."""
    from waystage.record.additions import add_claims

    added = add_claims(folder, file)
    for sentence in added.sentences:
        OUT.print(sentence, soft_wrap=True, markup=False)
    OUT.print(f"{len(added.sentences)} claims added {added.declared}")


@record.command()
@click.argument("folder", metavar="RECORD", type=FOLDER)
@click.option("--type", "correction_type", type=click.Choice(_TYPES), required=True, help="What is corrected.")
@click.option("--note", required=True, help="What and why, for readers.")
@click.option("--field", "fields", multiple=True, required=True, help="A file of the record, or FILE#/place in it.")
@click.option(
    "--replace",
    "replacements",
    multiple=True,
    metavar="NAME=FILE",
    help="Take FILE in the place of the record's NAME; what was there is kept.",
)
@click.option("--superseded-by", help="Digest or address of the record that stands in the place of this one.")
def correct(
    folder: Path,
    correction_type: str,
    note: str,
    fields: Sequence[str],
    replacements: Sequence[str],
    superseded_by: str | None,
) -> None:
    """Append a correction to a record. Nothing is removed: earlier states stay readable (`show --at`)."""
    from waystage.record.additions import Correction, correct_record

    correction = Correction(correction_type, note, tuple(fields), superseded_by)  # type: ignore[arg-type]
    opened = correct_record(folder, correction, replacements)
    OUT.print(f"{opened.index.state}: {opened.events()[-1].event_id} appended")
    _print_digest(opened)


def _print_digest(opened: SealedRecord) -> None:
    OUT.print(f"state: {opened.index.state}, SHA-256 of record.json {opened.digest}", soft_wrap=True)
