"""Statistics on disk: one canonical JSON object a metric. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waystage.metrics.registry import ScoredExamples
from waystage.store.canonical import canonical_json


def statistics_bytes(metric: str, columns: Sequence[str], languages: Mapping[str, ScoredExamples]) -> bytes:
    """The file of a metric: ids and rows of every language.

    >>> statistics_bytes("accuracy", ["correct"], {})
    b'{"columns":["correct"],"languages":{},"metric":"accuracy"}'
    """
    scores = {
        language: {"ids": list(scored.ids), "statistics": scored.statistics.tolist()}
        for language, scored in languages.items()
    }
    return canonical_json({"metric": metric, "columns": list(columns), "languages": scores})
