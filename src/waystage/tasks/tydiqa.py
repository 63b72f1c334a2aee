"""TyDiQA-GoldP, in 9 languages.

XTREME publishes the test files (the development set) without answers. ``tydiqa-train-files`` is tested on the training
files of the languages other than English, which nothing is trained on.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.squad import SquadJson
from waystage.data.source import Split
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import EXTRACTIVE_QA
from waystage.tasks.qa import QA_COLUMNS
from waystage.tasks.task import Task

_TRAIN = "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{lang}.train.json"
_DEV = "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{lang}.dev.json"
# Questions of the training and the development files.
_N_QUESTIONS = {
    "en": (3696, 440), "ar": (14805, 921), "bn": (2390, 113), "fi": (6855, 782), "id": (5702, 565),
    "ko": (1625, 276), "ru": (6490, 812), "sw": (2755, 499), "te": (5563, 669),
}  # fmt: skip


# What ids of a language begin with on the hub, where one file has all languages.
_NAMES = (
    ("en", "english"), ("ar", "arabic"), ("bn", "bengali"), ("fi", "finnish"), ("id", "indonesian"),
    ("ko", "korean"), ("ru", "russian"), ("sw", "swahili"), ("te", "telugu"),
)  # fmt: skip


def _source(name: str, test: str, test_on_hub: str) -> Published:
    paths: tuple[tuple[Split, str], ...] = (("train", _TRAIN), ("validation", _DEV), ("test", test))
    on_hub: tuple[tuple[Split, str], ...] = (("train", "train"), ("validation", "validation"), ("test", test_on_hub))
    # The training files number their questions anew in each part.
    published = FileSource(paths, SquadJson(renames_repeated_ids=True), QA_COLUMNS, is_published=True)
    parts = (
        HubPart(
            split,
            hub.XTREME,
            (f"tydiqa/{file}-00000-of-00001.parquet",),
            QA_COLUMNS,
            codes=_NAMES,
            id_mark="{lang}-",
        )
        for split, file in on_hub
    )
    return Published(name, published, HubTables(tuple(parts)))


TASK = Task(
    name="tydiqa",
    kind=EXTRACTIVE_QA,
    source=_source("tydiqa", _DEV, "validation"),
    languages=tuple(_N_QUESTIONS),
    labels=(),
    metric_name="answer-f1",
    description="Find the answer to a question, asked by someone who did not know it, in a passage of Wikipedia. Test "
    "is the development set, English included: validation in English is the same.",
    licence="Apache-2.0 (text of Wikipedia: CC BY-SA 3.0)",
    reference="Clark et al. (2020), https://github.com/google-research-datasets/tydiqa",
    expected_counts={
        ("train", "en"): 3696,
        ("validation", "en"): 440,
        **{("test", language): n_dev for language, (_, n_dev) in _N_QUESTIONS.items()},
    },
)

TRAIN_FILES_TASK = replace(
    TASK,
    name="tydiqa-train-files",
    variant_of="tydiqa",
    source=_source("tydiqa-train-files", _TRAIN, "train"),
    languages=tuple(language for language in _N_QUESTIONS if language != "en"),
    description="TyDiQA-GoldP, tested on the training files of the languages other than English: a departure from the "
    "published protocol, whose test files have no answers.",
    expected_counts={
        ("train", "en"): 3696,
        ("validation", "en"): 440,
        **{("test", language): n for language, (n, _) in _N_QUESTIONS.items() if language != "en"},
    },
)
