"""Injects faults into runs of a small study, many times each, and prints the rows of the table in docs/faults.md.

    python benchmarks/faults.py --of kills-worker --times 100 --seed 1

Every run with a fault is followed by runs until one ends well; its artefacts are then compared, byte by byte, with
those of an undisturbed run. Ends with status 1 when something was lost.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fixtures.faults import (
    DAMAGES,
    digests_of,
    files_of,
    kill,
    run_on_full_disk,
    run_with_checkpoints,
    smallest_study,
    start,
    wait_until,
    workers_of,
)
from tests.fixtures.processes import finished
from tests.fixtures.studies import short_study, write_study

from waystage.store.store import Store


@dataclass(slots=True)
class Row:
    """A row of the table."""

    fault: str
    n_injected: int = 0
    n_stores: int = 0
    n_lost: int = 0
    n_equal: int = 0
    n_traces: int = 0

    def __str__(self) -> str:
        return (
            f"| {self.fault} | {self.n_injected} | {self.n_stores} | {self.n_lost} | {self.n_equal} of {self.n_stores} "
            f"| {self.n_traces} |"
        )


@dataclass(slots=True)
class Bench:
    """A study, and the artefacts that an undisturbed run of it leaves."""

    folder: Path
    study: Path
    expected: dict[str, str]

    def command(self, *options: str) -> list[str]:
        """Into the store that faults are injected into."""
        return ["run", str(self.study), "--store", str(self.folder / "store"), "--threads", "1", *options]

    def renew(self) -> None:
        """An empty store and an empty log."""
        shutil.rmtree(self.folder / "store", ignore_errors=True)
        (self.folder / "log").write_bytes(b"")

    def judge(self, row: Row) -> None:
        """Whether all is there in the end, and the same."""
        store = Store(self.folder / "store")
        found = digests_of(store)
        row.n_stores += 1
        row.n_lost += len(self.expected.keys() - found.keys())
        row.n_equal += found == self.expected and not store.verify_all()
        row.n_traces += (self.folder / "log").read_text(encoding="utf-8", errors="replace").count("Traceback")


def prepared(folder: Path, *, is_smallest: bool) -> Bench:
    """The study and its undisturbed run."""
    from tests.fixtures.encoders import write_encoder

    content = (smallest_study if is_smallest else short_study)(write_encoder(folder / "bert"), folder / "out")
    bench = Bench(folder, write_study(folder / "study", content), {})
    bench.renew()
    if finished(start(run_with_checkpoints, bench.command(), folder / "log")) != 0:
        sys.exit((folder / "log").read_text(encoding="utf-8"))
    bench.expected = digests_of(Store(folder / "store"))
    return bench


def kills(whom: str, bench: Bench, row: Row, n_times: int, generator: random.Random) -> None:
    """``kill -9`` at random moments, from the first worker on, until so many have been; each store ends with a run."""
    while row.n_injected < n_times:
        bench.renew()
        status = -1
        while status != 0:
            process = start(run_with_checkpoints, bench.command("--workers", "2"), bench.folder / "log")
            wait_until(lambda process=process: bool(workers_of(process)) or not process.is_alive(), 60)
            while process.is_alive():
                time.sleep(generator.uniform(0.0, 4.0))
                row.n_injected += row.n_injected < n_times and kill(process, whom, generator)
            status = finished(process)
        bench.judge(row)


def full_disk(bench: Bench, row: Row, n_times: int, generator: random.Random) -> None:
    """Full from the n-th write on, for every n from 1, until a run needs fewer writes."""
    for n_writes in range(1, n_times + 1):
        bench.renew()
        shutil.rmtree(bench.folder / "out", ignore_errors=True)
        arguments, log = bench.command(), bench.folder / "log"
        if finished(start(run_on_full_disk, arguments, log, bench.folder, n_writes)) == 0:
            print(f"# a run has fewer than {n_writes} writes")
            return
        row.n_injected += 1
        if finished(start(run_with_checkpoints, arguments, log)) != 0:
            row.n_lost += 1
        bench.judge(row)


def damage(bench: Bench, row: Row, n_times: int, generator: random.Random) -> None:
    """Files of a finished store are changed; ``store verify --set-aside`` and a run mend it."""
    whole = bench.folder / "whole"
    shutil.copytree(bench.folder / "store", whole)
    for _ in range(n_times):
        bench.renew()
        shutil.copytree(whole, bench.folder / "store")
        for path in generator.sample(list(files_of(bench.folder / "store")), 3):
            DAMAGES[generator.choice(sorted(DAMAGES))](path, generator)
            row.n_injected += 1
        store, log = Store(bench.folder / "store"), bench.folder / "log"
        if finished(start(run_with_checkpoints, bench.command(), log)) != 0:
            row.n_lost += 1
        for found in store.verify_all():
            store.quarantine(found.id)
        finished(start(run_with_checkpoints, bench.command(), log))
        bench.judge(row)


def signals(number: int, bench: Bench, row: Row, n_times: int, generator: random.Random) -> None:
    """A signal at random moments; the run ends with status 130 (or 0, when it was done), and the next one goes on."""
    while row.n_injected < n_times:
        bench.renew()
        status = -1
        while status != 0:
            options = ["--workers", "2"] if generator.random() < 0.5 else []
            process = start(run_with_checkpoints, bench.command(*options), bench.folder / "log")
            wait_until(lambda process=process: bool(list(bench.folder.glob("store/*"))) or not process.is_alive(), 60)
            if row.n_injected < n_times:
                process.join(generator.uniform(0.0, 5.0))
                if process.is_alive():
                    row.n_injected += 1
                    process.terminate() if number == signal.SIGTERM else _interrupt(process.pid)
            status = finished(process)
            if status not in (0, 130):
                print(f"# status {status}")
                row.n_lost += 1
        bench.judge(row)


def _interrupt(pid: int | None) -> None:
    import os

    os.kill(pid or 0, signal.SIGINT)


FAULTS: dict[str, tuple[str, bool, Callable[[Bench, Row, int, random.Random], None]]] = {
    "kills-worker": ("kill -9 of a worker", False, partial(kills, "worker")),
    "kills-driver": ("kill -9 of the driver", False, partial(kills, "driver")),
    "kills-both": ("kill -9 of driver and workers", False, partial(kills, "driver and workers")),
    "full-disk": ("disk full from the n-th write on, for every n", True, full_disk),
    "damage": ("a file of the store changed, truncated or deleted", False, damage),
    "sigterm": ("SIGTERM", False, partial(signals, signal.SIGTERM)),
    "sigint": ("SIGINT", False, partial(signals, signal.SIGINT)),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--of", choices=FAULTS, nargs="*", default=list(FAULTS))
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    is_sound = True
    print(
        "| fault | injected | stores | artefacts lost | bytes equal | traces |\n|---|---|---|---|---|---|", flush=True
    )
    for name in options.of:
        label, is_smallest, inject = FAULTS[name]
        with tempfile.TemporaryDirectory() as folder:
            bench, row = prepared(Path(folder), is_smallest=is_smallest), Row(label)
            inject(bench, row, options.times, random.Random(f"{name} {options.seed}"))
        print(row, flush=True)
        is_sound = is_sound and row.n_lost == 0 and row.n_equal == row.n_stores and row.n_traces == 0
    sys.exit(0 if is_sound else 1)


if __name__ == "__main__":
    main()
