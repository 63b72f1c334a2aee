"""The command line: thin. Every command ends with a documented exit status (docs/exit-statuses.md)."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from waystage import __version__
from waystage.errors import Interrupted, StudyError, WaystageError

_out = Console(highlight=False, soft_wrap=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

_study_argument = click.argument("study", type=click.Path(path_type=Path, dir_okay=False))
_data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of published data.",
)
_store_option = click.option(
    "--store",
    "store_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of artefacts.  [default: $WAYSTAGE_STORE or .waystage]",
)
_folder = click.Path(path_type=Path, file_okay=False, exists=True)
_threads_option = click.option("--threads", "n_threads", type=click.IntRange(min=1), help="Threads to compute with.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="waystage")
def cli() -> None:
    """Which training sequence carries a multilingual encoder best across languages?

    \b
    Exit statuses: 0 done, 1 a defect of Waystage, 2 a mistake in the study or the command,
    3 missing or malformed data, 4 a damaged or unwritable store, 5 a stage failed,
    6 scores that cannot be compared, 130 interrupted (run again to go on).
    """


@cli.command()
@_study_argument
@_data_option
@_store_option
@_threads_option
def run(study: Path, data_dir: Path | None, store_dir: Path | None, n_threads: int | None) -> None:
    """Run a study: train what is not done, predict, score, compare, and write the report."""
    from waystage import api
    from waystage.console.progress import ProgressDisplay, format_seconds
    from waystage.execution.calibration import machine_rates
    from waystage.execution.forecast import forecast
    from waystage.execution.worker import peak_memory_bytes
    from waystage.report.terminal import comparison_table
    from waystage.store.store import Store

    started = time.monotonic()
    store, threads = Store(store_dir or api.default_store_dir()), n_threads or api.default_threads()
    with _stop_on_signals() as should_stop, ProgressDisplay(_out, _first_guess(study, data_dir)) as display:
        display.preparing("reading data")
        loaded = api.load_checked_study(study, data_dir)
        plan = api.plan_study(loaded, store)
        if not all(store.has(node.id) for node in plan.nodes):
            display.preparing("measuring this machine")
            ahead = forecast(plan, store, machine_rates(store, plan.shape, threads))
            display.expect(ahead.node_seconds, ahead.start_seconds)
        finished = api.run_study(
            loaded,
            store,
            plan=plan,
            study_yaml=study.read_text(encoding="utf-8"),
            command=shlex.join(["waystage", "run", str(study), *(["--data", "DIR"] if data_dir else [])]),
            n_threads=threads,
            watcher=display,
            should_stop=should_stop,
        )
    _out.print(comparison_table(finished.record))
    _out.print(
        f"took {format_seconds(time.monotonic() - started)}, {peak_memory_bytes() / 1e9:.1f} GB of memory at most"
    )
    _out.print(f"report: {finished.report_path}", soft_wrap=True)


@cli.command()
@_study_argument
@_data_option
@_store_option
@_threads_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(study: Path, data_dir: Path | None, store_dir: Path | None, n_threads: int | None, as_json: bool) -> None:
    """Show what a study takes: unique stages, what is done already, time and memory."""
    from waystage import api
    from waystage.console.plan_view import plan_to_json, plan_view
    from waystage.execution.calibration import machine_rates
    from waystage.execution.forecast import forecast
    from waystage.store.store import Store

    loaded = api.load_checked_study(study, data_dir)
    store = Store(store_dir or api.default_store_dir())
    planned = api.plan_study(loaded, store)
    ahead = forecast(planned, store, machine_rates(store, planned.shape, n_threads or api.default_threads()))
    if as_json:
        _print_json(plan_to_json(planned, ahead))
    else:
        _out.print(plan_view(planned, ahead))


@cli.command()
def schema() -> None:
    """Print the JSON Schema of study files, for editors."""
    from waystage.study.export import study_json_schema

    _print_json(study_json_schema())


@cli.command()
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
    _out.print(f"wrote {path}; next: waystage plan {path}", soft_wrap=True)


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False))
def report(run_dir: Path) -> None:
    """Write the HTML report of a run again, from its record alone."""
    from waystage.record.files import rewrite_report
    from waystage.report.terminal import comparison_table

    record, path = rewrite_report(run_dir)
    _out.print(comparison_table(record))
    _out.print(f"report: {path}", soft_wrap=True)


@cli.command()
@click.option("--predictions", "predictions_dir", type=_folder, required=True, help="Folder of the submission.")
@click.option("--gold", "gold_dir", type=_folder, required=True, help="Folder of the labels, laid out alike.")
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
        write_atomically(json_path, f"{_json_text(scores.to_json())}\n".encode())
    _out.print(score_view(scores))


@cli.command("list")
@click.argument("what", type=click.Choice(["tasks", "corpora", "encoders"]))
def list_names(what: str) -> None:
    """List what a study can name: tasks, corpora or encoders."""
    from waystage.console.catalogue import catalogue

    _out.print(catalogue(what))


@cli.group()
def store() -> None:
    """Look after the store of artefacts."""


@store.command("list")
@_store_option
def store_list(store_dir: Path | None) -> None:
    """List the artefacts with kind, size and age."""
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "kind", "size", "created"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    n_bytes = 0
    for info in _open_store(store_dir).artefacts():
        table.add_row(info.id[:16], info.kind, f"{info.n_bytes / 1e6:,.1f} MB", info.created_at or "")
        n_bytes += info.n_bytes
    _out.print(table)
    _out.print(f"{table.row_count} artefacts, {n_bytes / 1e6:,.1f} MB")


@store.command("verify")
@_store_option
def store_verify(store_dir: Path | None) -> None:
    """Read every byte of the store and name what is damaged."""
    from waystage.errors import StoreError

    opened = _open_store(store_dir)
    damages = opened.verify_all()
    if damages:
        raise StoreError([problem for damage in damages for problem in damage.problems])
    _out.print(f"{sum(1 for _ in opened.artefacts())} artefacts, every digest matches")


@store.command("gc")
@_store_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def store_gc(store_dir: Path | None, dry_run: bool) -> None:
    """Remove artefacts that no study needs, and what dead processes left behind."""
    opened = _open_store(store_dir)
    if not opened.roots():
        raise StudyError("no study has been run with this store, so everything would go; nothing was removed")
    found = opened.gc(dry_run=dry_run)
    verb = "would go" if dry_run else "removed"
    _out.print(f"{len(found.artefacts)} artefacts {verb}, {found.n_bytes / 1e6:,.1f} MB")


def _first_guess(study: Path, data_dir: Path | None) -> float:
    """Seconds that a run may take; StudyError for a study with mistakes, those of its data among them."""
    from waystage import api
    from waystage.execution.forecast import guess_seconds

    try:
        return guess_seconds(api.load_study(study, data_dir=data_dir))
    except StudyError:
        api.load_checked_study(study, data_dir)
        raise


def _open_store(store_dir: Path | None) -> Any:
    from waystage import api
    from waystage.store.store import Store

    return Store(store_dir or api.default_store_dir())


def _print_json(value: Any) -> None:
    click.echo(_json_text(value))


def _json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """SIGINT and SIGTERM ask the stage to save and stop; a second SIGINT ends the process at once.

    A second SIGTERM changes nothing: schedulers and process groups often send it twice.
    """
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and received:
            raise KeyboardInterrupt
        if not received:
            _err.print("stopping after this step; what is done is kept (Ctrl-C to stop at once)")
        received.append(number)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def main() -> None:
    """Entry point: run a command, print mistakes without a traceback, and exit with their status."""
    try:
        cli.main(standalone_mode=False)
    except WaystageError as error:
        for line in str(error).splitlines():
            _err.print(line, markup=False, style="red")
        sys.exit(error.exit_status)
    except Interrupted as error:
        _err.print(str(error), markup=False)
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        _err.print("interrupted")
        sys.exit(Interrupted.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
