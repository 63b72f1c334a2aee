"""PAWS-X, in 7 languages."""

from __future__ import annotations

from waystage.data.readers.columns import TextColumns
from waystage.data.readers.hub_tables import ClassLabels
from waystage.data.source import SPLITS
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_pairs import PawsX
from waystage.tasks import hub
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.task import Task

LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")
LABELS = ("0", "1")

_COLUMNS = TextColumns("sentence1", "sentence2", "label", id="id")
_HUB = HubTables(
    tuple(
        HubPart(split, hub.PAWSX, (f"{{lang}}/{split}-00000-of-00001.parquet",), _COLUMNS, ClassLabels("label", LABELS))
        for split in SPLITS
    ),
    LABELS,
)

TASK = Task(
    name="pawsx",
    kind=PAIR_CLASSIFICATION,
    source=Published("pawsx", PawsX(LABELS), _HUB),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="accuracy",
    description="Do two sentences with the same words mean the same? 1 is yes.",
    licence="free for any purpose with acknowledgement of Google",
    reference="Yang et al. (2019), https://github.com/google-research-datasets/paws",
    expected_counts={
        ("train", "en"): 49401,
        ("validation", "en"): 2000,
        **{("test", language): 2000 for language in LANGUAGES},
    },
)
