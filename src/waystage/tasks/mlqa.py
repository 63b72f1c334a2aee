"""MLQA, in 7 languages, question and context in the same language.

``mlqa-dev`` is tested on the development files, for folders without the test files.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.squad import SquadJson
from waystage.data.source import Split
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import EXTRACTIVE_QA
from waystage.tasks.qa import QA_COLUMNS, squad_part
from waystage.tasks.task import Task

_DEV = "mlqa/MLQA_V1/dev/dev-context-{lang}-question-{lang}.json"
_TEST = "mlqa/MLQA_V1/test/test-context-{lang}-question-{lang}.json"
# Questions of the development and the test files.
_N_QUESTIONS = {
    "en": (1148, 11590), "es": (500, 5253), "de": (512, 4517), "ar": (517, 5335),
    "hi": (507, 4918), "vi": (511, 5495), "zh": (504, 5137),
}  # fmt: skip


def _source(name: str, test: str, test_on_hub: str) -> Published:
    paths: tuple[tuple[Split, str], ...] = (("train", "squad/train-v1.1.json"), ("validation", _DEV), ("test", test))
    on_hub: tuple[tuple[Split, str], ...] = (("validation", "validation"), ("test", test_on_hub))
    parts = (
        HubPart(split, hub.XTREME, (f"MLQA.{{lang}}.{{lang}}/{file}-00000-of-00001.parquet",), QA_COLUMNS)
        for split, file in on_hub
    )
    published = FileSource(paths, SquadJson(), QA_COLUMNS, is_published=True)
    return Published(name, published, HubTables((squad_part("train", "train"), *parts)))


TASK = Task(
    name="mlqa",
    kind=EXTRACTIVE_QA,
    source=_source("mlqa", _TEST, "test"),
    languages=tuple(_N_QUESTIONS),
    labels=(),
    metric_name="mlqa-f1",
    other_metric_names=("mlqa-exact-match", "mlqa-f1-em"),
    description="Find the answer to a question in a paragraph of Wikipedia in the same language.",
    licence="CC BY-SA 3.0",
    reference="Lewis et al. (2020), https://github.com/facebookresearch/MLQA",
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
    source=_source("mlqa-dev", _DEV, "validation"),
    description="MLQA with its development files as the test split: a departure from the published protocol.",
    expected_counts={
        ("train", "en"): 87599,
        ("validation", "en"): 1148,
        **{("test", language): n_dev for language, (n_dev, _) in _N_QUESTIONS.items()},
    },
)
