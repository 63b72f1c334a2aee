"""The simplest executor: every node in this process, one after the other. The others give the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from waystage.execution.attempt import MAX_REPAIRS, attempt, is_done, lacks_input, move_damaged_aside
from waystage.execution.outcome import Outcome, State, Watcher
from waystage.execution.worker import Control, Worker
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.artefact import DamagedArtefactError
from waystage.store.store import Store


def run_plan(
    plan: Plan,
    store: Store,
    watcher: Watcher,
    *,
    n_threads: int,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint_seconds: float = 20.0,
) -> Outcome:
    """Do every node of ``plan`` that the store does not hold.

    A node that fails does not stop the others; what depends on it is not run. A damaged artefact is moved aside and
    computed again; what reads damaged data is not run (see ``Outcome.lost_inputs``). When ``should_stop`` says so, the
    running stage saves a checkpoint and everything after it is not run.
    """
    worker = Worker(store, n_threads, plan.study.encoder.trust_remote_code)
    outcome = Outcome()
    for _ in range(MAX_REPAIRS):
        is_damaged = _pass(plan, store, worker, watcher, outcome, should_stop, checkpoint_seconds)
        if not is_damaged or outcome.is_interrupted or outcome.lost_inputs:
            break
    return outcome


def _pass(
    plan: Plan,
    store: Store,
    worker: Worker,
    watcher: Watcher,
    outcome: Outcome,
    should_stop: Callable[[], bool],
    checkpoint_seconds: float,
) -> bool:
    """One walk over the nodes; True where a damaged artefact was found, so that another walk is needed."""
    is_damaged = False
    for node in plan.nodes:
        if is_done(node, store):
            outcome.states.setdefault(node.id, State.FOUND)
            watcher.ended(node, outcome.states[node.id])
            continue
        outcome.is_interrupted = outcome.is_interrupted or should_stop()
        if outcome.is_interrupted or lacks_input(node, outcome):
            outcome.states[node.id] = State.NOT_RUN
            watcher.ended(node, State.NOT_RUN)
            continue
        control = Control(partial(watcher.advanced, node), should_stop, checkpoint_seconds)
        watcher.started(node)
        try:
            outcome.states[node.id] = _attempt(node, worker, control, outcome)
        except DamagedArtefactError:
            is_damaged = True
            outcome.lost_inputs |= move_damaged_aside(node, store) - {other.id for other in plan.nodes}
            outcome.states[node.id] = State.NOT_RUN
        watcher.ended(node, outcome.states[node.id])
    return is_damaged


def _attempt(node: Node, worker: Worker, control: Control, outcome: Outcome) -> State:
    state, reason = attempt(node, worker, control)
    if state is State.FAILED:
        outcome.failures[node.id] = reason or ""
    outcome.is_interrupted = outcome.is_interrupted or state is State.NOT_RUN
    return state
