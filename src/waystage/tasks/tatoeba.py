"""Tatoeba, retrieval of translations, in 41 languages."""

from __future__ import annotations

from waystage.data.readers.columns import ParallelColumns
from waystage.data.readers.hub_tables import XtremePairs
from waystage.data.readers.rows import JsonLines
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published import Tatoeba
from waystage.tasks import hub
from waystage.tasks.kinds import SENTENCE_RETRIEVAL
from waystage.tasks.task import Task

# Languages, the codes in the files' names, and the published number of pairs.
_PUBLISHED = (
    ("ar", "ara", 1000), ("he", "heb", 1000), ("vi", "vie", 1000), ("id", "ind", 1000), ("jv", "jav", 205),
    ("tl", "tgl", 1000), ("eu", "eus", 1000), ("ml", "mal", 687), ("ta", "tam", 307), ("te", "tel", 234),
    ("af", "afr", 1000), ("nl", "nld", 1000), ("de", "deu", 1000), ("el", "ell", 1000), ("bn", "ben", 1000),
    ("hi", "hin", 1000), ("mr", "mar", 1000), ("ur", "urd", 1000), ("fa", "pes", 1000), ("fr", "fra", 1000),
    ("it", "ita", 1000), ("pt", "por", 1000), ("es", "spa", 1000), ("bg", "bul", 1000), ("ru", "rus", 1000),
    ("ja", "jpn", 1000), ("ka", "kat", 746), ("ko", "kor", 1000), ("th", "tha", 548), ("sw", "swh", 390),
    ("zh", "cmn", 1000), ("kk", "kaz", 575), ("tr", "tur", 1000), ("et", "est", 1000), ("fi", "fin", 1000),
    ("hu", "hun", 1000), ("az", "aze", 1000), ("lt", "lit", 1000), ("pl", "pol", 1000), ("uk", "ukr", 1000),
    ("ro", "ron", 1000),
)  # fmt: skip

_ADDED = ("az", "lt", "pl", "uk", "ro")  # in XTREME-R, not in XTREME

_HUB = HubTables(
    (
        HubPart(
            "test",
            hub.XTREME,
            ("tatoeba.{lang}/validation-00000-of-00001.parquet",),
            ParallelColumns(),
            XtremePairs(),
            codes=tuple((language, code) for language, code, _ in _PUBLISHED if language not in _ADDED),
        ),
        HubPart(
            "test",
            hub.TATOEBA,
            ("test/{lang}-eng.jsonl.gz",),
            ParallelColumns("sentence2", "sentence1"),
            JsonLines(),
            codes=tuple((language, code) for language, code, _ in _PUBLISHED if language in _ADDED),
        ),
    )
)

TASK = Task(
    name="tatoeba",
    kind=SENTENCE_RETRIEVAL,
    source=Published("tatoeba", Tatoeba(tuple((language, code) for language, code, _ in _PUBLISHED)), _HUB),
    languages=tuple(language for language, _, _ in _PUBLISHED),
    labels=(),
    metric_name="retrieval-accuracy",
    description="Find the translation of each English sentence among the sentences of a language.",
    licence="CC BY 2.0 FR",
    reference="Artetxe and Schwenk (2019), https://github.com/facebookresearch/LASER",
    expected_counts={("test", language): n_pairs for language, _, n_pairs in _PUBLISHED},
)
