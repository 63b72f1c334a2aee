"""Parts of speech of Universal Dependencies, in 38 languages.

Train and validation are XTREME's English files, whose multi-word tokens are fused. Test is read from the
treebanks, where their parts are words of their own, as Universal Dependencies defines words: a departure from
XTREME, whose test files are published without tags.
"""

from __future__ import annotations

from waystage.data.sources.published import UdPos
from waystage.tasks.kinds import TAGGING
from waystage.tasks.task import Task

LABELS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip

LANGUAGES = (
    "af", "ar", "bg", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it",
    "ja", "kk", "ko", "mr", "nl", "pt", "ru", "ta", "te", "th", "tl", "tr", "ur", "vi", "yo", "zh", "lt",
    "pl", "uk", "wo", "ro",
)  # fmt: skip

TASK = Task(
    name="udpos",
    kind=TAGGING,
    source=UdPos(LABELS),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="span-f1",
    description=("The part of speech of each word. Test is every test treebank of a language in the data folder."),
    licence="CC BY-SA and others: see the LICENSE.txt of each treebank",
    reference="https://universaldependencies.org, https://github.com/google-research/xtreme",
    expected_counts={("train", "en"): 21253, ("validation", "en"): 3974},
)
