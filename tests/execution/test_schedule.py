"""The walk that all executors share: order, room, losses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from waystage.execution.executor import Ended, JobRequest, Lost, News, OnAdvanced
from waystage.execution.outcome import SilentWatcher, State
from waystage.execution.resources import Resources, Room
from waystage.execution.schedule import Guidance, run_nodes
from waystage.plan.nodes import Node, ScoreJob, Work
from waystage.store.store import Store


def node(store: Store, name: str, *parents: Node, kind: str = "train") -> Node:
    spec = {"kind": kind, "name": name}
    ids = tuple(parent.id for parent in parents)
    return Node(store.artefact_id(spec), name, spec, ids, ScoreJob("", (), {}, ()), Work())


class Scripted:
    """Does one job at a time; ``fates`` says what becomes of the attempts at a node, in order, before it runs."""

    def __init__(self, fates: dict[str, list[Any]] | None = None, capacity: Resources | None = None) -> None:
        self.fates, self.room = fates or {}, Room(capacity or Resources())
        self.started: list[tuple[str, int]] = []
        self.running: list[JobRequest] = []

    def offer(self, request: JobRequest) -> bool:
        if not self.room.take(request.node.id, request.needs):
            return False
        self.started.append((request.node.label, request.attempt))
        self.running.append(request)
        return True

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        request = self.running.pop(0)
        self.room.give_back(request.node.id)
        fates = self.fates.get(request.node.label, [])
        fate = fates.pop(0) if fates else State.RAN
        if isinstance(fate, float):
            on_advanced(request.node.id, fate)
            yield Lost(request.node.id, "its machine went away")
        else:
            yield Ended(request.node.id, fate, "it diverged" if fate is State.FAILED else None)

    def ask_to_stop(self) -> None:
        self.fates = {request.node.label: [State.NOT_RUN] for request in self.running}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_the_longest_way_goes_first_and_parents_before_children(store: Store) -> None:
    short, root = node(store, "short"), node(store, "root")
    tail = node(store, "tail", root)
    executor = Scripted()
    seconds = {short.id: 5.0, root.id: 1.0, tail.id: 9.0}
    outcome = run_nodes([short, root, tail], store, executor, SilentWatcher(), Guidance(seconds))
    assert [label for label, _ in executor.started] == ["root", "tail", "short"]
    assert outcome.is_complete


def test_a_job_that_fits_nowhere_holds_up_no_other_kind(store: Store) -> None:
    big, small = node(store, "big"), node(store, "small")
    first = node(store, "first")
    needs = {"first": Resources(2), "big": Resources(4), "small": Resources(1)}
    executor = Scripted(capacity=Resources(4))
    seconds = {first.id: 9.0, big.id: 5.0, small.id: 1.0}
    guidance = Guidance(seconds, lambda one: needs[one.label])
    run_nodes([first, big, small], store, executor, SilentWatcher(), guidance)
    assert [label for label, _ in executor.started] == ["first", "small", "big"]


def test_a_job_that_is_lost_without_getting_further_fails_and_the_others_go_on(store: Store) -> None:
    poison, other = node(store, "poison"), node(store, "other")
    behind = node(store, "behind", poison)
    executor = Scripted({"poison": [0.25, 0.25, 0.25, State.RAN]})
    outcome = run_nodes([poison, other, behind], store, executor, SilentWatcher())
    assert outcome.failures == {poison.id: "its machine went away, 3 times"}
    assert outcome.states[other.id] is State.RAN
    assert outcome.states[behind.id] is State.NOT_RUN


def test_a_job_that_gets_further_each_time_is_never_given_up(store: Store) -> None:
    one = node(store, "one")
    executor = Scripted({"one": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    outcome = run_nodes([one], store, executor, SilentWatcher())
    assert outcome.is_complete
    assert executor.started == [("one", attempt) for attempt in range(1, 8)]


def test_stopping_lets_the_running_job_save_and_starts_nothing_more(store: Store) -> None:
    nodes = [node(store, name) for name in "abc"]
    executor = Scripted()
    asked = iter([False, True])
    guidance = Guidance(should_stop=lambda: next(asked, True))
    outcome = run_nodes(nodes, store, executor, SilentWatcher(), guidance)
    assert outcome.is_interrupted
    assert [label for label, _ in executor.started] == ["a"]
    assert list(outcome.states.values()).count(State.NOT_RUN) == 2


def test_room_counts_every_process_of_a_group_and_lets_one_job_in_whatever_its_memory() -> None:
    room = Room(Resources(n_cores=8, n_gpus=4, memory_bytes=100))
    assert not room.take("wide", Resources(n_cores=2, n_gpus=1, n_processes=5))
    assert room.take("group", Resources(n_cores=2, n_gpus=1, n_processes=3, memory_bytes=500))
    assert not room.take("more", Resources(memory_bytes=1))
    room.give_back("group")
    assert room.take("more", Resources(memory_bytes=1))
