"""COPA, English. XCOPA is a translation of its validation and test splits: only its train split is learned from."""

from __future__ import annotations

from waystage.data.readers.hub_tables import ClassLabels, MappedValues
from waystage.data.source import SPLITS
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_choices import COPA_COLUMNS, Copa
from waystage.tasks import hub
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

_TABLE = MappedValues(ClassLabels("label", ("choice1", "choice2")), "label", (("choice1", "0"), ("choice2", "1")))
HUB_PARTS = tuple(
    HubPart(split, hub.SUPERGLUE, (f"copa/{split}-00000-of-00001.parquet",), COPA_COLUMNS, _TABLE) for split in SPLITS
)
SOURCE = Published("copa", Copa(), HubTables(HUB_PARTS))

TASK = Task(
    name="copa",
    kind=MULTIPLE_CHOICE,
    source=SOURCE,
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of two sentences is the likelier cause or effect of a third?",
    licence="BSD-2-Clause",
    reference="Roemmele et al. (2011), https://people.ict.usc.edu/~gordon/copa.html",
    expected_counts={("train", "en"): 400, ("validation", "en"): 100, ("test", "en"): 500},
)
