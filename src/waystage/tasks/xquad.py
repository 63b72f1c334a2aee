"""XQuAD, in 12 languages."""

from __future__ import annotations

from waystage.tasks.kinds import EXTRACTIVE_QA
from waystage.tasks.qa import XQUAD_SOURCE
from waystage.tasks.task import Original, Task

LANGUAGES = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi", "ro")

TASK = Task(
    name="xquad",
    kind=EXTRACTIVE_QA,
    source=XQUAD_SOURCE,
    languages=LANGUAGES,
    labels=(),
    metric_name="answer-f1",
    description="Find the answer to a question in a paragraph of Wikipedia; the same questions in every language, "
    "translated from SQuAD v1.1's development set.",
    licence="CC BY-SA 4.0",
    reference="Artetxe et al. (2020), https://github.com/deepmind/xquad",
    expected_counts={
        ("train", "en"): 87599,
        ("validation", "en"): 10570,
        **{("test", language): 1190 for language in LANGUAGES},
    },
    originals=(Original(XQUAD_SOURCE, "test"),),
)
