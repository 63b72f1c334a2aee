"""``waystage data``: fetch published data from the hub, and check a folder of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from waystage.commands.options import FOLDER, data_option
from waystage.commands.terminal import ERR, OUT, print_json
from waystage.errors import DataError, Problem, StudyError, nearest_name

if TYPE_CHECKING:
    from waystage.data.source import Place
    from waystage.study.data_fetch import Need
    from waystage.tasks.task import Task


@click.group()
def data() -> None:
    """Look after published data: fetch it from the hub, check what a folder holds."""


@data.command("fetch")
@click.argument("what", nargs=-1, required=True, metavar="STUDY_OR_TASK...")
@click.option("--to", "to_dir", type=click.Path(path_type=Path, file_okay=False), help="Folder to fetch into.")
@data_option
@click.option("--language", "languages", multiple=True, help="Only this test language of a task; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of every file as JSON.")
def data_fetch(
    what: tuple[str, ...], to_dir: Path | None, data_dir: Path | None, languages: tuple[str, ...], as_json: bool
) -> None:
    """Fetch what studies (files) or tasks (names) need from the hub, at pinned commits.

    Files come to --to, or else to the cache ($WAYSTAGE_CACHE). A download that was cut off is gone on with; files that
    are there are verified, not fetched again. What --data DIR has with gold is not fetched. A source that fails does
    not stop the others; the exit status is then 3.
    """
    from waystage.console.data_view import elsewhere, fetch_view
    from waystage.console.fetch_progress import FetchProgress
    from waystage.data.source import Place
    from waystage.study.data_check import default_cache_dir
    from waystage.study.data_fetch import fetch

    root = to_dir or default_cache_dir()
    place = Place(Path.cwd(), root, data_dir)
    needs = [need for name in what for need in _needs(name, place, languages)]
    with FetchProgress(ERR) as progress:
        outcomes = fetch(dict.fromkeys(needs), root, progress.expect, progress.advance)
    if as_json:
        print_json({"to": str(root), "needs": [outcome.to_json() for outcome in outcomes]})
    else:
        OUT.print(fetch_view(outcomes))
        for line in elsewhere(outcomes):
            OUT.print(line, markup=False, soft_wrap=True)
        OUT.print(f"in {root / 'hub'}", soft_wrap=True)
    wrong = [outcome for outcome in outcomes if outcome.is_wrong]
    if wrong:
        names = ", ".join(dict.fromkeys(f"{one.need.task} ({one.need.split})" for one in wrong))
        again = "; run the same command again to go on" if any(one.fetched for one in wrong) else ""
        raise DataError(f"not all is there: {names}{again}")


@data.command("check")
@click.argument("folder", type=FOLDER)
@click.option("--task", "names", multiple=True, help="Only this task; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
@click.option("--strict", "is_strict", is_flag=True, help="What is missing or withheld is wrong, too.")
def data_check(folder: Path, names: tuple[str, ...], as_json: bool, is_strict: bool) -> None:
    """Check a folder of published data: counts, labels, encodings, ids, offsets of answers, overlap.

    Everything that is there is read whole. The exit status is 3 where something differs from what was published or
    cannot be read; each problem is printed with file and line.
    """
    from waystage.console.data_view import check_view
    from waystage.study.folder_check import check_folder
    from waystage.tasks.registry import PUBLISHED

    tasks = [_task(name) for name in names] or PUBLISHED
    found = check_folder(folder, tasks)
    if as_json:
        print_json(found.to_json())
    else:
        OUT.print(check_view(found.checked))
        for shared in found.shared:
            OUT.print(str(shared), markup=False, soft_wrap=True)
        if found.absent:
            OUT.print(f"no file of: {', '.join(found.absent)}", soft_wrap=True)
            for task in tasks:
                if task.name in found.absent and task.obtain is not None and task.variant_of is None:
                    OUT.print(f"files of {task.name}: {task.obtain}", markup=False, soft_wrap=True)
        if found.unread and not names:
            OUT.print(f"read by no task: {', '.join(found.unread)}", markup=False, soft_wrap=True)
    problems = found.problems(is_strict=is_strict)
    if problems:
        raise DataError(problems)


def _needs(name: str, place: Place, languages: tuple[str, ...]) -> list[Need]:
    """What a task's name or a study's file asks for."""
    from waystage.study.data_fetch import study_needs, task_needs
    from waystage.study.load import load_study
    from waystage.tasks.registry import TASKS

    if name not in TASKS and (Path(name).is_file() or Path(name).suffix in (".yaml", ".yml")):
        return study_needs(load_study(Path(name), data_dir=place.data_dir), place)
    return task_needs(_task(name), languages, place)


def _task(name: str) -> Task:
    from waystage.tasks.registry import TASKS

    if name not in TASKS:
        expected = "a task (waystage list tasks)"
        raise StudyError(Problem("command line", None, None, f"no task '{name}'", expected, nearest_name(name, TASKS)))
    return TASKS[name]
