"""XNLI, in 15 languages."""

from __future__ import annotations

from waystage.data.source import SPLITS
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published import Xnli
from waystage.tasks import hub
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import HUB_COLUMNS, HUB_TABLE, LABELS
from waystage.tasks.task import Task

LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")

_HUB = HubTables(
    tuple(
        HubPart(split, hub.XNLI, (f"{{lang}}/{split}-00000-of-00001.parquet",), HUB_COLUMNS, HUB_TABLE)
        for split in SPLITS
    ),
    LABELS,
)

TASK = Task(
    name="xnli",
    kind=PAIR_CLASSIFICATION,
    source=Published("xnli", Xnli(LABELS), _HUB),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? The published training data "
    "are MultiNLI's 392,702 pairs.",
    licence="CC BY-NC 4.0",
    reference="Conneau et al. (2018), https://github.com/facebookresearch/XNLI",
    expected_counts={
        ("train", "en"): 392702,
        ("validation", "en"): 2490,
        **{("test", language): 5010 for language in LANGUAGES},
    },
)
