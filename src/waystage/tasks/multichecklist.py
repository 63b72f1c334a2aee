"""MultiCheckList: six tests of what a model of question answering can do at least, each a task, in 50 languages.

A case is passed if all of its questions are answered. They learn what XQuAD learns, SQuAD v1.1 in English, so a study
that has both trains once. The languages are those of the published table, which has Hausa and not Romanian.
"""

from __future__ import annotations

from waystage.data.sources.multichecklist import MultiCheckList
from waystage.tasks.kinds import EXTRACTIVE_QA
from waystage.tasks.qa import XQUAD_SOURCE
from waystage.tasks.task import Task

LANGUAGES = (
    "en", "af", "ar", "az", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "gu", "ha", "he",
    "hi", "ht", "hu", "id", "it", "ja", "jv", "ka", "kk", "ko", "lt", "ml", "mr", "ms", "my", "nl", "pa",
    "pl", "pt", "qu", "ru", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "wo", "yo", "zh",
)  # fmt: skip

PREFIX = "multichecklist-"
METRIC = "case-accuracy"

_ASKED = {
    "comparison": "Who of two people is more, or less, old, smart, tall...",
    "intensifiers": "Who of two people is most, or least, happy, curious... where one is very or a little so.",
    "properties": "What colour, size, age, shape or material a thing has of which two properties are told.",
    "profession": "What is somebody's profession, and what is their nationality.",
    "animal-vehicle": "What animal, or vehicle, somebody has who has one of each.",
    "animal-vehicle-v2": "Who bought an animal, and who bought a vehicle.",
}

TASKS = tuple(
    Task(
        name=f"{PREFIX}{test}",
        kind=EXTRACTIVE_QA,
        source=MultiCheckList(test, XQUAD_SOURCE),
        languages=LANGUAGES,
        labels=(),
        metric_name=METRIC,
        other_metric_names=EXTRACTIVE_QA.metric_names,
        description=f"{asked} 200 cases generated from templates, each of several questions, all of which have to be "
        "answered; the error rate is 1 - case accuracy.",
        licence="Apache-2.0 (templates)",
        reference="Ruder et al. (2021), https://github.com/google-research/xtreme/tree/master/multichecklist",
        expected_counts={
            ("train", "en"): 87599,
            ("validation", "en"): 10570,
            **{("test", language): 200 for language in LANGUAGES},
        },
    )
    for test, asked in _ASKED.items()
)
