"""What the tasks of extractive question answering share."""

from __future__ import annotations

from waystage.data.readers.columns import QuestionColumns
from waystage.data.readers.squad import SquadJson
from waystage.data.source import Split
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub

QA_COLUMNS = QuestionColumns(id="id")


def squad_part(split: Split, name: str) -> HubPart:
    """A split of SQuAD v1.1 on the hub."""
    return HubPart(split, hub.SQUAD, (f"plain_text/{name}-00000-of-00001.parquet",), QA_COLUMNS)


XQUAD_SOURCE = Published(
    "xquad",
    FileSource(
        paths=(
            ("train", "squad/train-v1.1.json"),
            ("validation", "squad/dev-v1.1.json"),
            ("test", "xquad/xquad.{lang}.json"),
        ),
        format=SquadJson(),
        columns=QA_COLUMNS,
        is_published=True,
    ),
    HubTables(
        (
            squad_part("train", "train"),
            squad_part("validation", "validation"),
            HubPart("test", hub.XQUAD, ("xquad.{lang}/validation-00000-of-00001.parquet",), QA_COLUMNS),
        )
    ),
)
