"""What every executor asks of a node: is it done, can it be done, what became of it."""

from __future__ import annotations

import traceback
from collections.abc import Iterable

from waystage.errors import Interrupted, LostPeerError, StoreError, WaystageError
from waystage.execution.executor import Ended, JobRequest, Lost, News, WorkerSetting
from waystage.execution.job_log import JobLog, libraries_logged
from waystage.execution.outcome import Outcome, State
from waystage.execution.worker import Control, Worker
from waystage.plan.nodes import Node
from waystage.store.artefact import DamagedArtefactError, MissingArtefactError
from waystage.store.store import Store


def is_done(node: Node, store: Store) -> bool:
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


def lacks_input(node: Node, outcome: Outcome) -> bool:
    """Whether something that the node reads will not come to be in this walk."""
    states = {outcome.states.get(parent) for parent in node.parents}
    return bool(states & {State.FAILED, State.NOT_RUN}) or not outcome.lost_inputs.isdisjoint(
        node.spec.get("parents", ())
    )


def attempt(request: JobRequest, worker: Worker, control: Control, setting: WorkerSetting) -> News:
    """Do a job and write its log; what became of it. Interrupted is not run, without a reason.

    An error that is no user's mistake is raised as it is.
    """
    log = JobLog(setting, request)
    with log.attempt(control) as watched:
        news = _done(request.node, worker, watched)
    if isinstance(news, Lost):
        log.lost(news)
    else:
        log.ended(news)
    return news


def _done(node: Node, worker: Worker, control: Control) -> News:
    try:
        worker.run(node, control)
    except DamagedArtefactError:
        return Ended(node.id, State.NOT_RUN, is_damaged=True)
    except LostPeerError as error:
        return Lost(node.id, str(error))
    except WaystageError as error:
        return Ended(node.id, State.FAILED, str(error))
    except Interrupted:
        return Ended(node.id, State.NOT_RUN)
    return Ended(node.id, State.RAN)


def attempt_elsewhere(request: JobRequest, worker: Worker, control: Control, setting: WorkerSetting) -> News:
    """:func:`attempt` in a process that is not the driver's.

    A defect goes back as text, and what libraries log and warn of goes into the job's log.
    """
    with libraries_logged(JobLog(setting, request)):
        try:
            return attempt(request, worker, control, setting)
        except Exception:
            return Ended(request.node.id, State.FAILED, defect=traceback.format_exc())


def move_damaged_aside(node: Node, store: Store) -> set[str]:
    """Quarantine those artefacts that ``node`` reads and that do not verify; returns their ids."""
    return _move_aside(node.spec.get("parents", ()), store)


def move_all_damaged_aside(nodes: Iterable[Node], store: Store) -> None:
    """Quarantine every artefact of a plan, and every one that it reads, that does not verify."""
    ids = (artefact_id for node in nodes for artefact_id in (node.id, *node.spec.get("parents", ())))
    _move_aside(dict.fromkeys(ids), store)


def _move_aside(ids: Iterable[str], store: Store) -> set[str]:
    moved = set()
    for artefact_id in ids:
        try:
            store.open(artefact_id)
        except DamagedArtefactError:
            store.quarantine(artefact_id)
            moved.add(artefact_id)
        except StoreError:
            continue
    return moved
