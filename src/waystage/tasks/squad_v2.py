"""SQuAD v2.0, English: a question may have no answer in its context."""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.squad import SquadJson
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import EXTRACTIVE_QA_OR_NONE
from waystage.tasks.qa import QA_COLUMNS
from waystage.tasks.task import Task


def _part(split: Split, name: str) -> HubPart:
    return HubPart(split, hub.SQUAD_V2, (f"squad_v2/{name}-00000-of-00001.parquet",), QA_COLUMNS)


TASK = Task(
    name="squad-v2",
    kind=EXTRACTIVE_QA_OR_NONE,
    source=Published(
        "squad-v2",
        FileSource(
            paths=(
                ("train", "squad/train-v2.0.json"),
                ("validation", "squad/dev-v2.0.json"),
                ("test", "squad/dev-v2.0.json"),
            ),
            format=SquadJson(),
            columns=QA_COLUMNS,
            is_published=True,
        ),
        HubTables((_part("train", "train"), _part("validation", "validation"), _part("test", "validation"))),
    ),
    languages=("en",),
    labels=(),
    metric_name="answer-f1",
    description="Find the answer to a question in a paragraph of Wikipedia, or say that it has none. Test is the "
    "development set: the published test set is not public.",
    licence="CC BY-SA 4.0",
    reference="Rajpurkar et al. (2018), https://rajpurkar.github.io/SQuAD-explorer/",
    expected_counts={("train", "en"): 130319, ("validation", "en"): 11873, ("test", "en"): 11873},
)

DEV_TASK = replace(
    TASK,
    name="squad-v2-dev",
    variant_of="squad-v2",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, 10873),
            Part("validation", "validation", 10873, 11373),
            Part("test", "validation", 11373, None),
        ),
    ),
    description="SQuAD v2.0's development set, divided: a departure from every published protocol. It has paragraphs "
    "of XQuAD.",
    expected_counts={("train", "en"): 10873, ("validation", "en"): 500, ("test", "en"): 500},
)
