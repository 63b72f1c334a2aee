"""SNLI, English. Pairs on which the annotators did not agree are left out, as in the published counts.

``snli-dev`` is for folders without the training file, as training data for natural language inference: the development
set is its train split, and the test set is divided into validation (its first 1,000 pairs) and test (the other 8,824).
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.hub_tables import ClassLabels
from waystage.data.source import SPLITS
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_pairs import Snli
from waystage.tasks import hub
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import HUB_COLUMNS, LABELS
from waystage.tasks.task import Task, TrainingDefaults

_TABLE = ClassLabels("label", LABELS, leaves_out_unlabelled=True)
_HUB = HubTables(
    tuple(
        HubPart(split, hub.SNLI, (f"plain_text/{split}-00000-of-00001.parquet",), HUB_COLUMNS, _TABLE)
        for split in SPLITS
    ),
    LABELS,
)

TASK = Task(
    name="snli",
    kind=PAIR_CLASSIFICATION,
    source=Published("snli", Snli(LABELS), _HUB),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a description of a picture entail another one, contradict it, or neither?",
    licence="CC BY-SA 4.0",
    reference="Bowman et al. (2015), https://nlp.stanford.edu/projects/snli/",
    expected_counts={("train", "en"): 549367, ("validation", "en"): 9842, ("test", "en"): 9824},
)

N_VALIDATION = 1000

DEV_TASK = replace(
    TASK,
    name="snli-dev",
    variant_of="snli",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation"),
            Part("validation", "test", 0, N_VALIDATION),
            Part("test", "test", N_VALIDATION, None),
        ),
    ),
    description="snli without its training file, divided: a departure from the published protocol.",
    training=TrainingDefaults(epochs=3.0, learning_rate=2e-5, batch_size=32, max_tokens=128),
    expected_counts={("train", "en"): 9842, ("validation", "en"): 1000, ("test", "en"): 8824},
)
