"""Quora question pairs, English, in the splits of Wang et al. (2017), which the hub does not have.

``qqp-glue`` has the splits of GLUE; the labels of its test split are not published: test is the development set.

``qqp-dev`` learns from the development set, for folders without the training file.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import TextColumns
from waystage.data.readers.hub_tables import ClassLabels, MappedValues
from waystage.data.readers.rows import Delimited
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_pairs import QuoraPairs
from waystage.tasks import hub
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.task import Task

LABELS = ("0", "1")

TASK = Task(
    name="qqp",
    kind=PAIR_CLASSIFICATION,
    source=QuoraPairs(LABELS),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Do two questions ask the same? 1 is yes.",
    licence="Quora: non-commercial use",
    reference="Wang et al. (2017), https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
    expected_counts={("train", "en"): 384348, ("validation", "en"): 10000, ("test", "en"): 10000},
    obtain="the folder Quora_question_pair_partition that the authors of BiMPM (https://github.com/zhiguowang/BiMPM) "
    "published. The hub has GLUE's splits: the task qqp-glue, which jiant's own download script takes",
)

DEV_TASK = replace(
    TASK,
    name="qqp-dev",
    variant_of="qqp",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, None),
            Part("validation", "test", 0, 1000),
            Part("test", "test", 1000, None),
        ),
    ),
    description="qqp without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 10000, ("validation", "en"): 1000, ("test", "en"): 9000},
)

# The hub names the classes in words.
_TABLE = MappedValues(
    ClassLabels("label", ("not_duplicate", "duplicate")), "label", (("not_duplicate", "0"), ("duplicate", "1"))
)
_COLUMNS = TextColumns("question1", "question2", "label", id="idx")


def _part(split: Split, name: str) -> HubPart:
    return HubPart(split, hub.GLUE, (f"qqp/{name}-00000-of-00001.parquet",), _COLUMNS, _TABLE)


GLUE_TASK = replace(
    TASK,
    name="qqp-glue",
    obtain=None,
    variant_of="qqp",
    source=Published(
        "qqp-glue",
        FileSource(
            paths=(("train", "glue/QQP/train.tsv"), ("validation", "glue/QQP/dev.tsv"), ("test", "glue/QQP/dev.tsv")),
            format=Delimited("\t", is_quoted=False),
            columns=TextColumns("question1", "question2", "is_duplicate", id="id"),
            labels=LABELS,
            is_published=True,
        ),
        HubTables((_part("train", "train"), _part("validation", "validation"), _part("test", "validation")), LABELS),
    ),
    description="Do two questions ask the same? 1 is yes. GLUE's splits; test is the development set.",
    reference="Wang et al. (2018), https://gluebenchmark.com",
    expected_counts={("train", "en"): 363846, ("validation", "en"): 40430, ("test", "en"): 40430},
)
