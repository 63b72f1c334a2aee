"""Parts of speech of Universal Dependencies, in 38 languages.

Train and validation are XTREME's English files, whose multi-word tokens are fused. Test is read from the
treebanks, where their parts are words of their own, as Universal Dependencies defines words: a departure from
XTREME, whose test files are published without tags.

The hub has the treebanks of UD 2.5 as they were joined for XTREME, parts of multi-word tokens as words, in all three
splits. It joined treebanks of an older or neighbouring language too, where their names hold that of the language
(Ancient Greek with Greek): el, and de, fr, ru and zh, of which the same is to be expected, are not taken from it. Their
test split, and that of lt, pl, ro, uk and wo, which UD 2.5 in XTREME does not have, comes from a repository of UD 2.7,
the release that XTREME-R's own download script names.
"""

from __future__ import annotations

from waystage.data.readers.columns import TaggedColumns
from waystage.data.readers.hub_tables import ClassLabels, TaggedTable
from waystage.data.source import SPLITS
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published import UdPos
from waystage.tasks import hub
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

# Languages that the hub has as XTREME means them, their names there, and the sentences of the test split (UD 2.5).
_ON_HUB = (
    ("af", "Afrikaans", 425), ("ar", "Arabic", 1680), ("bg", "Bulgarian", 1116), ("en", "English", 5440),
    ("es", "Spanish", 3147), ("et", "Estonian", 3760), ("eu", "Basque", 1799), ("fa", "Persian", 600),
    ("fi", "Finnish", 4422), ("he", "Hebrew", 491), ("hi", "Hindi", 2684), ("hu", "Hungarian", 449),
    ("id", "Indonesian", 1557), ("it", "Italian", 3518), ("ja", "Japanese", 2372), ("kk", "Kazakh", 1047),
    ("ko", "Korean", 4276), ("mr", "Marathi", 47), ("nl", "Dutch", 1471), ("pt", "Portuguese", 2681),
    ("ta", "Tamil", 120), ("te", "Telugu", 146), ("th", "Thai", 1000), ("tl", "Tagalog", 55),
    ("tr", "Turkish", 4785), ("ur", "Urdu", 535), ("vi", "Vietnamese", 800), ("yo", "Yoruba", 100),
)  # fmt: skip

# Languages that it has joined with others, and those that are new in XTREME-R.
_IN_UD_2_7 = ("de", "el", "fr", "ru", "zh", "lt", "pl", "ro", "uk", "wo")

_HUB = HubTables(
    (
        *(
            HubPart(
                split,
                hub.XTREME,
                (f"udpos.{{lang}}/{split}-00000-of-00001.parquet",),
                TaggedColumns("tokens", "pos_tags"),
                ClassLabels("pos_tags", LABELS),
                codes=tuple((language, name) for language, name, _ in _ON_HUB),
            )
            for split in SPLITS
        ),
        HubPart(
            "test",
            hub.UDPOS_XTREME_R,
            ("{lang}/test.parquet",),
            TaggedColumns("words", "tags"),
            TaggedTable(),
            codes=tuple((language, language) for language in _IN_UD_2_7),
        ),
    ),
    LABELS,
)

TASK = Task(
    name="udpos",
    kind=TAGGING,
    source=Published("udpos", UdPos(LABELS), _HUB),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="span-f1",
    description=("The part of speech of each word. Test is every test treebank of a language in the data folder."),
    licence="CC BY-SA and others: see the LICENSE.txt of each treebank",
    reference="https://universaldependencies.org, https://github.com/google-research/xtreme",
    expected_counts={
        ("train", "en"): 21253,
        ("validation", "en"): 3974,
        **{("test", language): n_sentences for language, _, n_sentences in _ON_HUB},
    },
)
