"""What stages of continued pretraining did to held-out text, from the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waystage.plan.plan import Plan
from waystage.report.record import PseudoPerplexity
from waystage.store.store import Store
from waystage.study.study import IntermediateStage

_NAME = "pseudo_perplexity.json"
# As ``waystage.encoders.known_head.HeadOrigin`` says it, which only the side with torch can import.
_OF_ENCODER = "that of the encoder"


def pseudo_perplexities(plan: Plan, store: Store) -> tuple[PseudoPerplexity, ...]:
    """One entry for each sequence, continued stage, seed and language; stages that did not run have none.

    Raises:
        StoreError: an artefact is damaged.
    """
    return tuple(
        PseudoPerplexity(sequence, stage, seed, language, values["n_tokens"], values["before"], values["after"])
        for (sequence, stage, seed), node_id in _continued_stages(plan).items()
        for language, values in _facts(store, node_id).get("languages", {}).items()
    )


def head_notes(plan: Plan, store: Store) -> list[str]:
    """Where the masked-LM heads of the study came from, and why some text has no perplexity before."""
    notes: dict[str, None] = {}
    n_layers = plan.study.encoder.n_layers
    for (_, stage, _), node_id in _continued_stages(plan).items():
        facts = _facts(store, node_id)
        if not facts:
            continue
        note = f"{stage} started with a masked-LM head that is {facts['head']}"
        if facts["before_missing_because"] is not None:
            note += f": its pseudo-perplexity before is not known, since {facts['before_missing_because']}"
        if facts["head"] == _OF_ENCODER and n_layers is not None:
            note += f"; it was made for a later layer than the {n_layers}th, which it sits on"
        if "positions" in facts:
            note += f"; positions of the second sentence of a translation pair: {facts['positions']}"
        notes[note] = None
    return list(notes)


def _continued_stages(plan: Plan) -> dict[tuple[str, str, int], str]:
    """Ids of the nodes of continued stages, by sequence, stage and seed; targets share them."""
    return dict(_walk(plan))


def _walk(plan: Plan) -> Iterator[tuple[tuple[str, str, int], str]]:
    for cell in plan.cells:
        stages = plan.study.sequences[cell.sequence]
        # A target that is trained has a stage of its own at the end.
        for stage, node_id in zip(stages, cell.stage_ids, strict=False):
            reads_text = any(not isinstance(part, IntermediateStage) for part in stage.parts)
            if reads_text and cell.seed is not None:
                yield (cell.sequence, stage.name, cell.seed), node_id


def _facts(store: Store, node_id: str) -> dict[str, Any]:
    if not store.has(node_id):
        return {}
    artefact = store.open(node_id, verify=False)
    artefact.checked_path(_NAME)
    facts: dict[str, Any] = artefact.read_json(_NAME)
    return facts
