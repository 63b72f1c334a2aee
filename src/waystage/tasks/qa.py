"""What the tasks of extractive question answering share."""

from waystage.data.readers.columns import QuestionColumns
from waystage.data.readers.squad import SquadJson
from waystage.data.sources.files import FileSource

XQUAD_SOURCE = FileSource(
    paths=(
        ("train", "squad/train-v1.1.json"),
        ("validation", "squad/dev-v1.1.json"),
        ("test", "xquad/xquad.{lang}.json"),
    ),
    format=SquadJson(),
    columns=QuestionColumns(id="id"),
    is_published=True,
)
