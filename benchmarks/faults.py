"""Injects faults into runs of a small study, many times each, and prints the rows of the table in docs/faults.md.

    python benchmarks/faults.py --of kills-worker --times 100 --seed 1 --json kills-worker.json

Every run with a fault is followed by runs until one ends well; its artefacts and scores are then compared, byte by
byte, with those of an undisturbed run. Ends with status 1 when something was lost or differs, or a run left a trace,
hung, or ended with a status that docs/exit-statuses.md does not have for it; what it left is then kept, and where is
said.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

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
)
from tests.fixtures.object_store import S3Server
from tests.fixtures.processes import finished
from tests.fixtures.studies import short_study, write_study

from waystage.store.canonical import digest_file
from waystage.store.opening import open_store
from waystage.store.store import Store

SHARE_FORKED = 0.75
"""Of the runs with workers, those whose workers are copies of the driver. The others start theirs from nothing."""

_HANG_SECONDS = 120.0
_MOST_RUNS = 60
"""A store that is not done after so many runs counts as lost."""


@dataclass(slots=True)
class Row:
    """A row of the table.

    Attributes:
        n_lost: artefacts that were missing in the end.
        n_equal: stores in which all artefacts and the scores had the bytes of an undisturbed run.
        n_defects: traces, hangs, and runs that ended with a wrong status.
    """

    fault: str
    n_injected: int = 0
    n_stores: int = 0
    n_lost: int = 0
    n_equal: int = 0
    n_defects: int = 0
    seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether the fault cost nothing but time."""
        return self.n_lost == 0 and self.n_equal == self.n_stores > 0 and self.n_defects == 0

    def __str__(self) -> str:
        return (
            f"| {self.fault} | {self.n_injected} | {self.n_stores} | {self.n_lost} | {self.n_equal} of {self.n_stores} "
            f"| {self.n_defects} | {self.seconds:.0f} |"
        )


HEADING = (
    "| fault | injected | stores | artefacts lost | bytes equal | traces, hangs, wrong statuses | seconds |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(slots=True)
class Bench:
    """A study, what an undisturbed run of it leaves, and how long one takes.

    Attributes:
        seconds: of an undisturbed run, by whether its workers are copies; None is the run without workers.
        n_target: how many faults are to be injected.
    """

    folder: Path
    study: Path
    row: Row
    generator: random.Random
    n_target: int
    expected: dict[str, str] = field(default_factory=dict)
    seconds: dict[bool | None, float] = field(default_factory=dict)
    _n_renewed: int = 0
    _said_at: float = 0.0
    _started: float = field(default_factory=time.monotonic)

    @property
    def store(self) -> Path:
        """The store that faults are injected into; each has a name of its own, as a worker may outlive a killed run."""
        return self.folder / f"store-{self._n_renewed}"

    @property
    def log(self) -> Path:
        """What runs print."""
        return self.folder / "log"

    @property
    def is_done(self) -> bool:
        """Whether all faults are injected."""
        return self.row.n_injected >= self.n_target

    def arguments(self, *options: str, store: str = "") -> list[str]:
        """The command."""
        return ["run", str(self.study), "--store", store or str(self.store), "--threads", "1", *options]

    def start(self, forks: bool | None) -> BaseProcess:
        """A run with two workers, copied or not, or (None) without."""
        options = ["--workers", "2"] if forks is not None else []
        return start(run_with_checkpoints, self.arguments(*options), self.log, forks=forks is True)

    def moment(self, forks: bool | None) -> float:
        """A random time from now, in seconds, that is in most cases within a run.

        Where workers start from nothing it is often after one: else they would seldom come to do anything.
        """
        return self.generator.uniform(0.0, self.seconds[forks] * (2.0 if forks is False else 1.0))

    def renew(self) -> None:
        """An empty store, no results and an empty log."""
        for path in (self.store, self.folder / "out", self.folder / "cache"):
            shutil.rmtree(path, ignore_errors=True)
        self._n_renewed += 1
        self.log.write_bytes(b"")

    def end(self, process: BaseProcess, *allowed: int) -> int:
        """Exit status of a run; one that is not allowed, and a hang, is noted."""
        try:
            status = finished(process, _HANG_SECONDS)
        except TimeoutError:
            self.note("a run hangs")
            return 124
        if status not in allowed:
            self.note(f"a run ended with status {status}")
        return status

    def note(self, defect: str) -> None:
        """Count a defect, and keep what is there to look at."""
        self.row.n_defects += 1
        kept = Path(tempfile.mkdtemp(prefix="waystage-fault-"))
        shutil.copytree(self.folder, kept / "run", symlinks=True, ignore_dangling_symlinks=True)
        print(f"# {self.row.fault}: {defect}; kept in {kept}", file=sys.stderr, flush=True)

    def judge(self, store: Store | None = None) -> None:
        """Whether all is there in the end, and the same."""
        whole = store or Store(self.store)
        found = self.results(whole)
        self.row.n_stores += 1
        n_lost = len(self.expected.keys() - found.keys())
        self.row.n_lost += n_lost
        is_equal = found == self.expected and not whole.verify_all()
        self.row.n_equal += is_equal
        if n_lost or not is_equal:
            self.note(f"{n_lost} artefacts lost, bytes equal: {is_equal}")
        if "Traceback" in self.log.read_text(encoding="utf-8", errors="replace"):
            self.note("a trace")
        self.say()

    def results(self, store: Store) -> dict[str, str]:
        """Digests of the artefacts and of the table of scores."""
        scores = self.folder / "out" / "scores.csv"
        return digests_of(store) | ({"scores.csv": digest_file(scores)[0]} if scores.exists() else {})

    def say(self) -> None:
        """A line of progress, every few seconds."""
        now, done = time.monotonic(), self.row.n_injected
        if now - self._said_at < 5.0 or not done:
            return
        self._said_at = now
        left = (now - self._started) / done * max(0, self.n_target - done)
        counts = f"{done} of {self.n_target} injected, {self.row.n_stores} stores, {self.row.n_lost} lost"
        defects = f", {self.row.n_defects} defects" if self.row.n_defects else ""
        print(f"{self.row.fault}: {counts}{defects}; about {left:.0f} s left", file=sys.stderr, flush=True)


def prepare(bench: Bench) -> None:
    """The undisturbed runs: without workers, and with either kind, whose results must be the same."""
    for forks in (None, None, True, False):  # the first one also starts the server that processes are forked from
        bench.renew()
        began = time.monotonic()
        if bench.end(bench.start(forks), 0) != 0:
            sys.exit(bench.log.read_text(encoding="utf-8"))
        bench.seconds[forks] = time.monotonic() - began
        found = bench.results(Store(bench.store))
        if bench.expected and found != bench.expected:
            sys.exit("undisturbed runs differ")
        bench.expected = found


def kills(whom: str, bench: Bench) -> None:
    """``kill -9`` at random moments, in run after run until a store is done; in store after store."""
    allowed = {"worker": (0, 5)}.get(whom, (0, -signal.SIGKILL))
    while not bench.is_done:
        bench.renew()
        forks = bench.generator.random() < SHARE_FORKED
        for _ in range(_MOST_RUNS):
            process, give_up_at = bench.start(forks), time.monotonic() + _HANG_SECONDS
            while not bench.is_done and time.monotonic() < give_up_at:
                process.join(bench.moment(forks))
                if not process.is_alive():
                    break
                bench.row.n_injected += kill(process, whom, bench.generator)
            bench.say()
            if bench.end(process, *allowed) == 0:
                break
        bench.judge()


def full_disk(bench: Bench) -> None:
    """Full from the n-th write on, for every n up to the writes of a whole run."""
    bench.n_target = _n_writes(bench)
    for n_writes in range(1, bench.n_target + 1):
        bench.renew()
        process = start(run_on_full_disk, bench.arguments(), bench.log, bench.folder, n_writes)
        bench.row.n_injected += 1
        bench.end(process, 4, 5)
        if Store(bench.store).verify_all():
            bench.note("half an artefact")
        bench.end(bench.start(None), 0)
        bench.judge()


def _n_writes(bench: Bench) -> int:
    bench.renew()
    bench.end(start(run_on_full_disk, bench.arguments(), bench.log, bench.folder, 10**9), 0)
    return int(bench.log.read_text(encoding="utf-8").split()[-2])


def damage(bench: Bench) -> None:
    """Three files of a finished store are changed; runs mend what they read, ``store verify --set-aside`` the rest."""
    whole = bench.folder / "whole"
    shutil.copytree(bench.store, whole)
    while not bench.is_done:
        bench.renew()
        shutil.copytree(whole, bench.store)
        for path in bench.generator.sample(list(files_of(bench.store)), min(3, bench.n_target - bench.row.n_injected)):
            DAMAGES[bench.generator.choice(sorted(DAMAGES))](path, bench.generator)
            bench.row.n_injected += 1
        bench.end(bench.start(None), 0)
        store = Store(bench.store)
        for found in store.verify_all():
            store.quarantine(found.id)
        bench.end(bench.start(None), 0)
        bench.judge()


def signals(number: signal.Signals, bench: Bench) -> None:
    """A signal at random moments, with and without workers: status 130, or 0 when all was done; the next goes on."""
    while not bench.is_done:
        bench.renew()
        forks = bench.generator.choice((None, bench.generator.random() < SHARE_FORKED))
        for _ in range(_MOST_RUNS):
            n_printed = bench.log.stat().st_size
            process = bench.start(forks)
            # A signal to a process that has not begun ends it as the system does; so does one to a process at its end.
            wait_until(lambda n=n_printed, p=process: bench.log.stat().st_size > n or not p.is_alive(), 60)
            if not bench.is_done:
                process.join(bench.moment(forks))
                if process.is_alive() and process.pid is not None:
                    os.kill(process.pid, number)
                    bench.row.n_injected += 1
            allowed = (0, 130, -number) if _is_over(bench.log, n_printed) else (0, 130)
            if bench.end(process, *allowed) in (0, -number):
                break
        bench.judge()


def _is_over(log: Path, n_printed: int) -> bool:
    """Whether the last run has printed all that it had to say."""
    return b"report: " in log.read_bytes()[n_printed:]


def network(seconds: float, bench: Bench) -> None:
    """A store on an object store that refuses every connection for so long, from a random moment on."""
    server = S3Server()
    while not bench.is_done:
        bench.renew()
        prefix = f"study-{bench.row.n_injected}"
        arguments = bench.arguments("--workers", "2", store=f"{server.url}/{prefix}")
        environment = server.environment() | {"WAYSTAGE_CACHE": str(bench.folder / "cache")}
        process = start(run_with_checkpoints, arguments, bench.log, environment=environment)
        wait_until(lambda prefix=prefix: bool(server.keys(f"{prefix}/manifests")), 60)
        process.join(bench.moment(True))
        if process.is_alive():
            server.stop()
            process.join(seconds)
            if not process.is_alive():
                bench.note("the run ended while the store was away")
            server.start()
            bench.row.n_injected += 1
        bench.end(process, 0)
        with _environment(environment):
            bench.judge(open_store(f"{server.url}/{prefix}", bench.folder / "look"))
    server.stop()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


Inject = Callable[[Bench], None]

FAULTS: dict[str, tuple[str, Callable[..., dict[str, Any]], Inject]] = {
    "kills-worker": ("`kill -9` of a worker", short_study, partial(kills, "worker")),
    "kills-driver": ("`kill -9` of the driver", short_study, partial(kills, "driver")),
    "kills-both": ("`kill -9` of driver and workers", short_study, partial(kills, "driver and workers")),
    "full-disk": ("disk full from the n-th write on, for every n", smallest_study, full_disk),
    "damage": ("a file of the store changed, truncated or deleted", short_study, damage),
    "sigterm": ("SIGTERM", short_study, partial(signals, signal.SIGTERM)),
    "sigint": ("SIGINT", short_study, partial(signals, signal.SIGINT)),
    "network": ("network store away for a minute", short_study, partial(network, 60.0)),
}


def measured(name: str, n_times: int, seed: int) -> Row:
    """Inject a fault so many times."""
    from tests.fixtures.encoders import write_encoder

    label, content, inject = FAULTS[name]
    row, began = Row(label), time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        study = write_study(folder / "study", content(write_encoder(folder / "bert"), folder / "out"))
        bench = Bench(folder, study, row, random.Random(f"{name} {seed}"), n_times)
        prepare(bench)
        inject(bench)
    row.seconds = time.monotonic() - began
    return row


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--of", choices=FAULTS, nargs="*", default=list(FAULTS))
    arguments.add_argument("--times", type=int, default=100, help="faults of each kind (full-disk: always every write)")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", type=Path, help="also write the rows into this file")
    options = arguments.parse_args()
    print(HEADING, flush=True)
    rows = {}
    for name in options.of:
        rows[name] = measured(name, options.times, options.seed)
        print(rows[name], flush=True)
        if options.json:
            options.json.write_text(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=1) + "\n")
    sys.exit(0 if all(row.is_sound for row in rows.values()) else 1)


if __name__ == "__main__":
    main()
