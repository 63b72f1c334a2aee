"""Mewsli-X, retrieval of the entity that a mention names, in 11 languages.

Every mention is looked for among the descriptions of 1,003,893 entities in 50 languages. The benchmark calls the metric
mAP@20; with one right entity a mention it is the reciprocal rank. Counts are those of release 20220518.
"""

from __future__ import annotations

from waystage.data.sources.mewsli_x import MewsliX, MewsliXEntities
from waystage.tasks.kinds import ENTITY_RETRIEVAL
from waystage.tasks.task import Task

_N_MENTIONS = {
    "ar": 1501, "de": 1551, "en": 1490, "es": 1552, "fa": 458, "ja": 1519, "pl": 1562, "ro": 672, "ta": 1567,
    "tr": 1215, "uk": 1537,
}  # fmt: skip

TASK = Task(
    name="mewslix",
    kind=ENTITY_RETRIEVAL,
    source=MewsliX(),
    languages=tuple(_N_MENTIONS),
    labels=(),
    metric_name="reciprocal-rank@20",
    description="Find the entity that a mention in the news names by its description, in whatever language that is.",
    licence="Apache-2.0 (text of Wikipedia and Wikinews: CC BY-SA 3.0, CC BY 2.5)",
    reference="Ruder et al. (2021), https://github.com/google-research/google-research/tree/master/"
    "dense_representations_for_entity_retrieval",
    expected_counts={
        ("train", "en"): 167719,
        ("validation", "en"): 14051,
        **{("test", language): n_mentions for language, n_mentions in _N_MENTIONS.items()},
    },
    pool=MewsliXEntities(),
    obtain="get-mewsli-x.sh in dense_representations_for_entity_retrieval/mel of "
    "https://github.com/google-research/google-research makes them. The hub's copy (izhx/mewsli-x) has mentions and "
    "entities as texts that were made already, in tar archives, not the published records",
)
