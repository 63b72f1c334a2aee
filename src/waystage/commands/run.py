"""``waystage run`` and ``waystage plan``."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from waystage.commands.backends import Where, refuse_stores_of_one_machine, where_options
from waystage.commands.options import Location, data_option, store_option, study_argument, threads_option
from waystage.commands.terminal import ERR, OUT, print_json
from waystage.errors import Interrupted, StudyError


@click.command()
@study_argument
@data_option
@store_option
@threads_option
@where_options
@click.option(
    "--track",
    "tracker_names",
    multiple=True,
    type=click.Choice(["tensorboard", "mlflow", "wandb"]),
    help="Also write the course of trainings and the scores for this tracker, into the folder of results.",
)
def run(
    study: Path,
    data_dir: Path | None,
    store_location: Location,
    n_threads: int | None,
    tracker_names: tuple[str, ...],
    **options: Any,
) -> None:
    """Run a study: train what is not done, predict, score, compare, and write the report."""
    from waystage import api
    from waystage.console.progress import ProgressDisplay, format_seconds
    from waystage.execution.calibration import machine_rates
    from waystage.execution.forecast import forecast
    from waystage.execution.processes import Processes, peak_memory_bytes
    from waystage.execution.torchrun import Torchrun
    from waystage.report.terminal import comparison_table

    started = time.monotonic()
    store = api.open_store(store_location)
    where = Where(n_threads=n_threads, **options)
    backend, threads = where.backend(), where.threads(api.default_threads())
    refuse_stores_of_one_machine(store, where.n_machines)
    if isinstance(backend, Torchrun) and backend.seat.rank > 0:
        api.take_part_in_study(study, store, backend.seat, data_dir=data_dir, n_threads=threads)
        return
    node_seconds: dict[str, float] = {}
    with _stop_on_signals() as stop:
        with ProgressDisplay(OUT, _first_guess(study, data_dir)) as display:
            display.preparing("reading data")
            loaded = api.load_checked_study(study, data_dir)
            plan = api.plan_study(loaded, store, threads)
            if not all(store.has(node.id) for node in plan.nodes):
                display.preparing("measuring this machine")
                ahead = forecast(plan, store, machine_rates(store, plan.shape, threads))
                node_seconds = ahead.node_seconds
                display.expect({name: s / backend.n_workers for name, s in node_seconds.items()}, ahead.start_seconds)
            stop.is_patient = True
            finished = api.run_study(
                loaded,
                store,
                plan=plan,
                study_yaml=study.read_text(encoding="utf-8"),
                command=shlex.join(["waystage", "run", str(study), *(["--data", "DIR"] if data_dir else [])]),
                n_threads=threads,
                n_processes=where.n_processes,
                backend=backend,
                tracker_names=tracker_names,
                node_seconds=node_seconds,
                watcher=display,
                should_stop=lambda: stop.is_asked,
            )
        OUT.print(comparison_table(finished.record))
        n_here = backend.n_workers if isinstance(backend, Processes) else 1
        took, memory = format_seconds(time.monotonic() - started), peak_memory_bytes(n_here)
        OUT.print(f"took {took}, {memory / 1e9:.1f} GB of memory at most")
        OUT.print(f"report: {finished.report_path}", soft_wrap=True)


@click.command()
@study_argument
@data_option
@store_option
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(study: Path, data_dir: Path | None, store_location: Location, n_threads: int | None, as_json: bool) -> None:
    """Show what a study takes: unique stages, what is done already, time and memory."""
    from waystage import api
    from waystage.console.plan_view import plan_to_json, plan_view
    from waystage.execution.calibration import machine_rates
    from waystage.execution.forecast import forecast

    loaded = api.load_checked_study(study, data_dir)
    store = api.open_store(store_location)
    threads = n_threads or api.default_threads()
    planned = api.plan_study(loaded, store, threads)
    ahead = forecast(planned, store, machine_rates(store, planned.shape, threads))
    if as_json:
        print_json(plan_to_json(planned, ahead))
    else:
        OUT.print(plan_view(planned, ahead))


def _first_guess(study: Path, data_dir: Path | None) -> float:
    """Seconds that a run may take; StudyError for a study with mistakes, those of its data among them."""
    from waystage import api
    from waystage.execution.forecast import guess_seconds

    try:
        return guess_seconds(api.load_study(study, data_dir=data_dir))
    except StudyError:
        api.load_checked_study(study, data_dir)
        raise


@dataclass(slots=True)
class _Stop:
    """A request to stop. While ``is_patient``, what is under way is let save its state; before that, nothing is."""

    is_asked: bool = False
    is_patient: bool = False


@contextmanager
def _stop_on_signals() -> Iterator[_Stop]:
    """SIGINT and SIGTERM ask the stage to save and stop; a second SIGINT ends the process at once.

    A second SIGTERM changes nothing: schedulers and process groups often send it twice.
    """
    stop = _Stop()

    def note(number: int, frame: FrameType | None) -> None:
        if not stop.is_patient:
            raise Interrupted("stopped before anything was trained")
        if number == signal.SIGINT and stop.is_asked:
            raise KeyboardInterrupt
        if not stop.is_asked:
            ERR.print("stopping after this step; what is done is kept (Ctrl-C to stop at once)")
        stop.is_asked = True

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
