"""ANLI, rounds 1 to 3 together, English.

``anli-dev`` divides the development sets, for folders without the training files.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import TextColumns
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_pairs import Anli
from waystage.tasks import hub
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import HUB_TABLE, LABELS
from waystage.tasks.task import Task

_HUB_COLUMNS = TextColumns("premise", "hypothesis", "label", id="uid")


def _part(split: Split, name: str) -> HubPart:
    paths = tuple(f"plain_text/{name}_r{number}-00000-of-00001.parquet" for number in (1, 2, 3))
    return HubPart(split, hub.ANLI, paths, _HUB_COLUMNS, HUB_TABLE)


TASK = Task(
    name="anli",
    kind=PAIR_CLASSIFICATION,
    source=Published(
        "anli",
        Anli(LABELS),
        HubTables((_part("train", "train"), _part("validation", "dev"), _part("test", "test")), LABELS),
    ),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? Written to mislead models.",
    licence="CC BY-NC 4.0",
    reference="Nie et al. (2020), https://github.com/facebookresearch/anli",
    expected_counts={("train", "en"): 162865, ("validation", "en"): 3200, ("test", "en"): 3200},
)

DEV_TASK = replace(
    TASK,
    name="anli-dev",
    variant_of="anli",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, 2198),
            Part("validation", "validation", 2198, 2698),
            Part("test", "validation", 2698, None),
        ),
    ),
    description="anli without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 2198, ("validation", "en"): 500, ("test", "en"): 502},
)
