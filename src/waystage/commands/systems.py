"""The options of ``waystage compare`` for systems that Waystage did not train."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waystage.commands.options import FOLDER

if TYPE_CHECKING:
    from waystage.benchmark.paired import PairedSystems
    from waystage.comparison.systems import SystemComparison


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """Which systems are compared, and how; ``named`` are pairs of a system and a folder of its predictions."""

    named: tuple[tuple[str, Path], ...]
    gold_dir: Path | None
    benchmark: str | None
    outcomes_dir: Path | None
    baseline: str | None
    is_strict: bool
    by_language: bool

    @property
    def are_given(self) -> bool:
        """Whether any of the options was used."""
        return any((self.named, self.gold_dir, self.benchmark, self.outcomes_dir, self.baseline)) or (
            self.is_strict or self.by_language
        )

    def compare(self) -> SystemComparison:
        """The comparison that the options ask for.

        Raises:
            click.UsageError: options that do not go together.
            WaystageError: the systems cannot be read or compared.
        """
        from waystage.comparison.systems import compare_systems

        return compare_systems(self._read(), self.baseline, is_strict=self.is_strict)

    def _read(self) -> PairedSystems:
        from waystage.benchmark.benchmarks import benchmark_named
        from waystage.benchmark.outcomes import read_outcomes
        from waystage.benchmark.paired import system_runs
        from waystage.benchmark.systems import read_systems

        if bool(self.named) == (self.outcomes_dir is not None):
            raise click.UsageError("give one of: the folder of a run, --system, --outcomes")
        if self.outcomes_dir is not None:
            if self.gold_dir is not None or self.benchmark is not None:
                raise click.UsageError(
                    "--gold and --benchmark belong to --system; files of outcomes have their own gold"
                )
            return read_outcomes(self.outcomes_dir)
        if self.gold_dir is None or self.benchmark is None:
            raise click.UsageError("--system needs --gold and --benchmark")
        runs = system_runs(self.named, self.gold_dir)
        return read_systems(runs, self.gold_dir, benchmark_named(self.benchmark))


def _named_folders(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    named = []
    for value in values:
        name, _, folder = value.partition("=")
        if not name.strip() or not folder:
            raise click.BadParameter(f"{value!r} is not NAME=DIR")
        named.append((name.strip(), Path(folder)))
    return tuple(named)


_OPTIONS = (
    click.option(
        "--system",
        "named",
        multiple=True,
        callback=_named_folders,
        metavar="NAME=DIR",
        help="A system and its submission folder; the same name again: another seed.",
    ),
    click.option("--gold", "gold_dir", type=FOLDER, help="Folder of the labels, for --system."),
    click.option("--benchmark", type=click.Choice(["xtreme", "xtreme-r"]), help="For --system."),
    click.option(
        "--outcomes",
        "outcomes_dir",
        type=FOLDER,
        help="Folder of files TASK.LANGUAGE.jsonl with the gold and what several systems put out.",
    ),
    click.option("--baseline", help="The system that differences are taken to.  [default: the first]"),
    click.option("--strict", "is_strict", is_flag=True, help="What one of the systems lacks is an error."),
    click.option("--by-language", is_flag=True, help="Show every language of the systems too."),
)


def system_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options as one argument, ``systems``."""

    @functools.wraps(command)
    def with_systems(**values: Any) -> None:
        names = SystemOptions.__dataclass_fields__
        systems = SystemOptions(**{name: values.pop(name) for name in names})
        command(systems=systems, **values)

    for option in reversed(_OPTIONS):
        with_systems = option(with_systems)
    return with_systems
