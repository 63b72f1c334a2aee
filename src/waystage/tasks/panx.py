"""Named entities of WikiANN (PAN-X), in 48 languages.

XTREME publishes the test split without tags, so test is the development split here: a departure that makes
the English validation and test splits the same.
"""

from __future__ import annotations

from waystage.data.readers.columns import TaggedColumns
from waystage.data.readers.words import Conll
from waystage.data.sources.files import FileSource
from waystage.tasks.kinds import TAGGING
from waystage.tasks.task import Task

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

LANGUAGES = (
    "ar", "he", "vi", "id", "jv", "ms", "tl", "eu", "ml", "ta", "te", "af", "nl", "en", "de", "el",
    "bn", "hi", "mr", "ur", "fa", "fr", "it", "pt", "es", "bg", "ru", "ja", "ka", "ko", "th", "sw",
    "yo", "my", "zh", "kk", "tr", "et", "fi", "hu", "qu", "pl", "uk", "az", "lt", "pa", "gu", "ro",
)  # fmt: skip

# Sentences of the development files, those of which are known.
_N_DEV = {
    **dict.fromkeys(("ar", "de", "en", "es", "et", "eu", "fi", "he"), 10000),
    **dict.fromkeys(("hu", "id", "ka", "ru", "tr", "vi", "zh"), 10000),
    **dict.fromkeys(("af", "az", "bn", "hi", "kk", "ml", "mr", "ms", "sw", "ta", "te", "tl", "ur"), 1000),
    **dict.fromkeys(("gu", "jv", "my", "pa", "qu", "yo"), 100),
}

TASK = Task(
    name="panx",
    kind=TAGGING,
    source=FileSource(
        paths=(
            ("train", "panx/train-{lang}.tsv"),
            ("validation", "panx/dev-{lang}.tsv"),
            ("test", "panx/dev-{lang}.tsv"),
        ),
        format=Conll(),
        columns=TaggedColumns(),
        labels=LABELS,
        is_published=True,
    ),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="span-f1",
    description="Names of persons, organisations and places. Test is the development split: the published "
    "test split has no tags.",
    licence="CC BY-SA 3.0 (Wikipedia), annotations ODC-BY",
    reference="Pan et al. (2017), Rahimi et al. (2019), https://github.com/afshinrahimi/mmner",
    expected_counts={
        ("train", "en"): 20000,
        ("validation", "en"): 10000,
        **{("test", language): n_sentences for language, n_sentences in _N_DEV.items()},
    },
)
