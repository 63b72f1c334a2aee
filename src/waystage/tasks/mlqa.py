"""MLQA, in 7 languages, question and context in the same language.

``mlqa-dev`` is tested on the development files, for folders without the test files.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import QuestionColumns
from waystage.data.readers.squad import SquadJson
from waystage.data.source import Split
from waystage.data.sources.files import FileSource
from waystage.tasks.kinds import EXTRACTIVE_QA
from waystage.tasks.qa import QA_TRAINING
from waystage.tasks.task import Task

_DEV = "mlqa/MLQA_V1/dev/dev-context-{lang}-question-{lang}.json"
_TEST = "mlqa/MLQA_V1/test/test-context-{lang}-question-{lang}.json"
# Questions of the development and the test files.
_N_QUESTIONS = {
    "en": (1148, 11590), "es": (500, 5253), "de": (512, 4517), "ar": (517, 5335),
    "hi": (507, 4918), "vi": (511, 5495), "zh": (504, 5137),
}  # fmt: skip


def _source(test: str) -> FileSource:
    paths: tuple[tuple[Split, str], ...] = (("train", "squad/train-v1.1.json"), ("validation", _DEV), ("test", test))
    return FileSource(paths, SquadJson(), QuestionColumns(id="id"), is_published=True)


TASK = Task(
    name="mlqa",
    kind=EXTRACTIVE_QA,
    source=_source(_TEST),
    languages=tuple(_N_QUESTIONS),
    labels=(),
    metric_name="mlqa-f1",
    other_metric_names=("mlqa-exact-match", "mlqa-f1-em"),
    description="Find the answer to a question in a paragraph of Wikipedia in the same language.",
    licence="CC BY-SA 3.0",
    reference="Lewis et al. (2020), https://github.com/facebookresearch/MLQA",
    training=QA_TRAINING,
    expected_counts={
        ("train", "en"): 87599,
        ("validation", "en"): 1148,
        **{("test", language): n_test for language, (_, n_test) in _N_QUESTIONS.items()},
    },
)

DEV_TASK = replace(
    TASK,
    name="mlqa-dev",
    variant_of="mlqa",
    source=_source(_DEV),
    description="MLQA with its development files as the test split: a departure from the published protocol.",
    expected_counts={
        ("train", "en"): 87599,
        ("validation", "en"): 1148,
        **{("test", language): n_dev for language, (n_dev, _) in _N_QUESTIONS.items()},
    },
)
