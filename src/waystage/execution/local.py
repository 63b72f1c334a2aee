"""The simplest executor: every node in this process, one after the other. The others give the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from waystage.errors import Interrupted, StoreError, WaystageError
from waystage.execution.outcome import Outcome, State, Watcher
from waystage.execution.worker import Control, Worker
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.artefact import DamagedArtefactError, MissingArtefactError
from waystage.store.store import Store

_MAX_REPAIRS = 3


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
    for _ in range(_MAX_REPAIRS):
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
        if _is_done(node, store):
            outcome.states.setdefault(node.id, State.FOUND)
            watcher.ended(node, outcome.states[node.id])
            continue
        outcome.is_interrupted = outcome.is_interrupted or should_stop()
        if outcome.is_interrupted or _lacks_input(node, outcome):
            outcome.states[node.id] = State.NOT_RUN
            watcher.ended(node, State.NOT_RUN)
            continue
        control = Control(partial(watcher.advanced, node), should_stop, checkpoint_seconds)
        watcher.started(node)
        try:
            outcome.states[node.id] = _attempt(node, worker, control, outcome)
        except DamagedArtefactError:
            is_damaged = True
            outcome.lost_inputs |= _move_damaged_aside(node, store) - {other.id for other in plan.nodes}
            outcome.states[node.id] = State.NOT_RUN
        watcher.ended(node, outcome.states[node.id])
    return is_damaged


def _is_done(node: Node, store: Store) -> bool:
    """Whether the store holds the node's artefact; scores, which are read as soon as all is done, are verified."""
    if node.kind != "score":
        return store.has(node.id)
    try:
        store.open(node.id)
    except MissingArtefactError:
        return False
    except DamagedArtefactError:
        store.quarantine(node.id)
        return False
    return True


def _lacks_input(node: Node, outcome: Outcome) -> bool:
    states = {outcome.states.get(parent) for parent in node.parents}
    return bool(states & {State.FAILED, State.NOT_RUN}) or not outcome.lost_inputs.isdisjoint(
        node.spec.get("parents", ())
    )


def _attempt(node: Node, worker: Worker, control: Control, outcome: Outcome) -> State:
    try:
        worker.run(node, control)
    except DamagedArtefactError:
        raise
    except WaystageError as error:
        outcome.failures[node.id] = str(error)
        return State.FAILED
    except Interrupted:
        outcome.is_interrupted = True
        return State.NOT_RUN
    return State.RAN


def _move_damaged_aside(node: Node, store: Store) -> set[str]:
    """Quarantine those artefacts that ``node`` reads and that do not verify; returns their ids."""
    moved = set()
    for artefact_id in node.spec.get("parents", ()):
        try:
            store.open(artefact_id)
        except DamagedArtefactError:
            store.quarantine(artefact_id)
            moved.add(artefact_id)
        except StoreError:
            continue
    return moved
