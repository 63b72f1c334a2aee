"""SQuAD v1.1, English, and training data made from its development set.

The published test set is not public: test is the development set. ``squad-dev`` learns from the development set, for
folders without ``train-v1.1.json``; XQuAD and LAReQA are made of 240 of its paragraphs, so it may not be used with
them. ``squad-dev-without-xquad`` leaves these paragraphs out. The last thousand questions of both are kept for
validation and test.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.squad import SquadJson
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part, Without
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubTables, Published
from waystage.tasks.kinds import EXTRACTIVE_QA
from waystage.tasks.qa import QA_COLUMNS, XQUAD_SOURCE, squad_part
from waystage.tasks.task import Task

TASK = Task(
    name="squad",
    kind=EXTRACTIVE_QA,
    source=Published(
        "squad",
        FileSource(
            paths=(
                ("train", "squad/train-v1.1.json"),
                ("validation", "squad/dev-v1.1.json"),
                ("test", "squad/dev-v1.1.json"),
            ),
            format=SquadJson(),
            columns=QA_COLUMNS,
            is_published=True,
        ),
        HubTables(
            (squad_part("train", "train"), squad_part("validation", "validation"), squad_part("test", "validation"))
        ),
    ),
    languages=("en",),
    labels=(),
    metric_name="answer-f1",
    description="Find the answer to a question in a paragraph of Wikipedia. Test is the development set: the "
    "published test set is not public.",
    licence="CC BY-SA 4.0",
    reference="Rajpurkar et al. (2016), https://rajpurkar.github.io/SQuAD-explorer/",
    expected_counts={("train", "en"): 87599, ("validation", "en"): 10570, ("test", "en"): 10570},
)

_N_DEV, _N_DEV_WITHOUT_XQUAD = 10570, 9380


def _parts(n_questions: int) -> tuple[Part, ...]:
    return (
        Part("train", "validation", 0, n_questions - 1000),
        Part("validation", "validation", n_questions - 1000, n_questions - 500),
        Part("test", "validation", n_questions - 500, None),
    )


def _counts(n_questions: int) -> dict[tuple[Split, str], int]:
    return {("train", "en"): n_questions - 1000, ("validation", "en"): 500, ("test", "en"): 500}


DEV_TASK = replace(
    TASK,
    name="squad-dev",
    variant_of="squad",
    source=Divided(TASK.source, _parts(_N_DEV)),
    description="SQuAD v1.1's development set, divided: a departure from every published protocol.",
    expected_counts=_counts(_N_DEV),
)

DEV_WITHOUT_XQUAD_TASK = replace(
    TASK,
    name="squad-dev-without-xquad",
    variant_of="squad",
    source=Divided(Without(TASK.source, XQUAD_SOURCE), _parts(_N_DEV_WITHOUT_XQUAD)),
    description="SQuAD v1.1's development set without the paragraphs of XQuAD, divided: a departure from every "
    "published protocol.",
    expected_counts=_counts(_N_DEV_WITHOUT_XQUAD),
)
