"""MultiNLI, English. Validation is the matched development set, test the mismatched one."""

from __future__ import annotations

from waystage.data.source import Split
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_pairs import Mnli
from waystage.tasks import hub
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import HUB_COLUMNS, HUB_TABLE, LABELS
from waystage.tasks.task import Task

_SPLITS: tuple[tuple[Split, str], ...] = (
    ("train", "train"),
    ("validation", "validation_matched"),
    ("test", "validation_mismatched"),
)
_HUB = HubTables(
    tuple(
        HubPart(split, hub.GLUE, (f"mnli/{name}-00000-of-00001.parquet",), HUB_COLUMNS, HUB_TABLE)
        for split, name in _SPLITS
    ),
    LABELS,
)

TASK = Task(
    name="mnli",
    kind=PAIR_CLASSIFICATION,
    source=Published("mnli", Mnli(LABELS), _HUB),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? Test is the mismatched set.",
    licence="OANC and others: see the paper",
    reference="Williams et al. (2018), https://cims.nyu.edu/~sbowman/multinli/",
    expected_counts={("train", "en"): 392702, ("validation", "en"): 9815, ("test", "en"): 9832},
)
