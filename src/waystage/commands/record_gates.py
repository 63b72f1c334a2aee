"""``waystage record verify``, ``replicate`` and ``attack``: the gates that decide what a record claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waystage.commands.terminal import ERR, OUT, print_json

if TYPE_CHECKING:
    from waystage.record.form.verdicts import GateVerdict
    from waystage.record.gates.reading import Material

_record_argument = click.argument("record_path", metavar="DIR", type=click.Path(path_type=Path))
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
_details_option = click.option("--details", is_flag=True, help="Show every finding.")
_strict_option = click.option("--strict", is_flag=True, help="End with status 9 if anything is UNVERIFIED.")
_save_option = click.option("--save", is_flag=True, help="Add the verdicts to the record, as an event of its chain.")
_data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the data that the study was made with.",
)


def _shown(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every gate."""
    for option in (_save_option, _strict_option, _details_option, _json_option):
        command = option(command)
    return command


@click.command()
@_record_argument
@_data_option
@_shown
def verify(record_path: Path, data_dir: Path | None, as_json: bool, details: bool, strict: bool, save: bool) -> None:
    """Compute every number of a record again by an independent way, and decide every claim from evidence alone.

    Needs the record and nothing else; looks at its provenance first. With --data, gold is compared with your own copy
    of the data, and answers are scored against that.
    """
    from waystage.record.gates.provenance import provenance_gate
    from waystage.record.gates.verification import verify as run_gate

    def gates(material: Material) -> list[GateVerdict]:
        return [provenance_gate(material.record), *run_gate(material, data_dir)]

    _run(record_path, gates, (as_json, details, strict, save))


@click.command()
@_record_argument
@_shown
def attack(record_path: Path, as_json: bool, details: bool, strict: bool, save: bool) -> None:
    """Try to break every claim of a record: counterexamples, what it leaves unsaid, and whether its check checks."""
    from waystage.record.gates.redteam import attack as run_gate

    _run(record_path, run_gate, (as_json, details, strict, save))


@click.command()
@_record_argument
@click.option("--cells", "n_cells", type=click.IntRange(min=1), default=1, show_default=True, help="How many cells.")
@click.option("--all", "is_all", is_flag=True, help="Every cell.")
@_data_option
@_shown
def replicate(  # noqa: PLR0913
    record_path: Path,
    n_cells: int,
    is_all: bool,
    data_dir: Path | None,
    as_json: bool,
    details: bool,
    strict: bool,
    save: bool,
) -> None:
    """Train cells of a record again, in an empty store and without network, and compare what comes out.

    The record's own digest draws the cells. --data names the folder of data that does not come with packages.
    """
    from waystage.record.gates.replication import choose
    from waystage.record.gates.replication import replicate as run_gate

    def gate(material: Material) -> list[GateVerdict]:
        cells = choose(material, None if is_all else n_cells) if material.has_run else []
        for cell in cells:
            seed = "" if cell.seed is None else f", seed {cell.seed}"
            ERR.print(f"training again: {cell.sequence} on {cell.task}{seed}", markup=False)
        return run_gate(material, cells, data_dir)

    _run(record_path, gate, (as_json, details, strict, save))


@click.command()
@click.argument("claims_path", metavar="CLAIMS", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the record, a new one."
)
def published(claims_path: Path, folder: Path) -> None:
    """Write a record of claims about published figures, and decide each from the figures that it cites."""
    from waystage.console.record_view import record_view
    from waystage.record.published import build_published

    record = build_published(claims_path, folder)
    OUT.print(record_view(record))
    OUT.print(f"record: {record.digest}", soft_wrap=True)


def _run(
    record_path: Path,
    gate: Callable[[Material], Sequence[GateVerdict]],
    shown: tuple[bool, bool, bool, bool],
) -> None:
    """Run a gate, show what it said, and end with the status that says it too."""
    from waystage.comparison import json_form
    from waystage.console.gates_view import gates_view
    from waystage.record.folder.reader import open_record
    from waystage.record.gates.reading import Material
    from waystage.record.gates.saving import save_verdicts, with_verdicts

    as_json, details, strict, save = shown
    record = open_record(record_path)
    gates = gate(Material(record))
    verdicts = with_verdicts(record, gates)
    if save:
        record = save_verdicts(record, gates)
    if as_json:
        print_json({"gates": [json_form.dump(own) for own in gates], "verdicts": json_form.dump(verdicts)})
    else:
        OUT.print(gates_view(gates, verdicts, with_findings=details))
        if save:
            OUT.print(f"record: {record.digest}", soft_wrap=True)
    _refuse(record_path, gates, strict)


def _refuse(record_path: Path, gates: Sequence[GateVerdict], strict: bool) -> None:
    """Whoever looks at the exit status alone has to see what was found."""
    from waystage.errors import FalsifiedError, UnverifiedError

    for status, error in (("FALSIFIED", FalsifiedError), ("UNVERIFIED", UnverifiedError)):
        named = [f"{own.claim or 'the record'} ({own.gate})" for own in gates if own.status == status]
        if named and (status == "FALSIFIED" or strict):
            raise error(f"{record_path}: {status}: {', '.join(named)}")
