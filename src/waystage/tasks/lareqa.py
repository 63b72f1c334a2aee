"""LAReQA (XQuAD-R), retrieval of answers to questions from one pool of 11 languages.

A question looks for the sentence that answers it, in every language: 11 of 13,014 candidates. A dual encoder learns
from SQuAD v1.1, whose sentences are found by rules (``data/readers/sentences.py``). ``lareqa-squad-dev`` learns from
SQuAD's development set without XQuAD-R's paragraphs, for folders without ``train-v1.1.json``.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import QuestionColumns
from waystage.data.readers.squad import SquadJson
from waystage.data.sources.files import FileSource
from waystage.data.sources.lareqa import Lareqa, LareqaSentences
from waystage.tasks import squad
from waystage.tasks.kinds import QUESTION_ANSWER_RETRIEVAL
from waystage.tasks.task import Original, Task

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")

# The paragraphs, which stand in SQuAD v1.1's development set.
_PARAGRAPHS = FileSource(
    paths=(("test", "lareqa/xquad-r/{lang}.json"),),
    format=SquadJson(),
    columns=QuestionColumns(id="id"),
    is_published=True,
)

TASK = Task(
    name="lareqa",
    kind=QUESTION_ANSWER_RETRIEVAL,
    source=Lareqa(squad.TASK.source),
    languages=LANGUAGES,
    labels=(),
    metric_name="map@20",
    description="Find the sentences that answer a question among those of 240 paragraphs of Wikipedia in every "
    "language; the same questions in every language.",
    licence="CC BY-SA 4.0",
    reference="Roy et al. (2020), https://github.com/google-research-datasets/lareqa",
    expected_counts={
        ("train", "en"): 87599,
        ("validation", "en"): 10570,
        **{("test", language): 1190 for language in LANGUAGES},
    },
    originals=(Original(_PARAGRAPHS, "test"),),
    pool=LareqaSentences(),
    obtain="xquad-r/{lang}.json of https://github.com/google-research-datasets/lareqa. The hub's copy "
    "(google-research-datasets/xquad_r) has questions, contexts and answers, not the sentence_breaks that candidates "
    "are made of",
)

SQUAD_DEV_TASK = replace(
    TASK,
    name="lareqa-squad-dev",
    variant_of="lareqa",
    source=Lareqa(squad.DEV_WITHOUT_XQUAD_TASK.source),
    description="LAReQA, learned from SQuAD v1.1's development set without its own paragraphs: a departure from the "
    "published protocol.",
    expected_counts={
        **squad.DEV_WITHOUT_XQUAD_TASK.expected_counts,
        **{("test", language): 1190 for language in LANGUAGES},
    },
)
