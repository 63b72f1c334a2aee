"""What the tasks of extractive question answering share."""

from waystage.data.readers.columns import QuestionColumns
from waystage.data.readers.squad import SquadJson
from waystage.data.sources.files import FileSource
from waystage.tasks.task import TrainingDefaults

# XTREME: 500 steps of warm-up are 6 % of three epochs on SQuAD v1.1.
QA_TRAINING = TrainingDefaults(
    epochs=3.0,
    learning_rate=3e-5,
    batch_size=32,
    max_tokens=384,
    warmup_fraction=0.06,
    weight_decay=1e-4,
    stride=128,
    max_question_tokens=64,
)

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
