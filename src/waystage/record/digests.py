"""What the same run has to give again: the digests of all predictions."""

from __future__ import annotations

from waystage.plan.plan import Plan
from waystage.report.record import ResultDigest
from waystage.store.store import Store


def prediction_digests(plan: Plan, store: Store) -> tuple[ResultDigest, ...]:
    """One entry a cell that has predictions in the store, in the order of the plan."""
    return tuple(
        ResultDigest(
            sequence=cell.sequence,
            task=cell.target.task.name,
            seed=cell.seed,
            artefact_id=cell.prediction_id,
            content_digest=store.open(cell.prediction_id, verify=False).manifest.content_digest,
        )
        for cell in plan.cells
        if store.has(cell.prediction_id)
    )
