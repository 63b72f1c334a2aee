"""BUCC 2018, mining of translations, in 4 languages.

XTREME finds pairs by the ratio of a pair's cosine to the mean over the four nearest neighbours of both sentences
(Artetxe and Schwenk 2019), and takes those above a threshold that is fitted on the development set; a sentence's vector
is its first token in one layer. ``bucc2018-dev`` divides the development set, for folders without test files or gold.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.sources.bucc import Bucc, BuccEnglish
from waystage.tasks.kinds import SENTENCE_MINING
from waystage.tasks.task import Task

TASK = Task(
    name="bucc2018",
    kind=SENTENCE_MINING,
    source=Bucc(),
    languages=("de", "fr", "ru", "zh"),
    labels=(),
    metric_name="pair-f1",
    description="Find the pairs of translations among sentences of a language and of English that are not aligned.",
    licence="BUCC 2018 shared task (Wikipedia: CC BY-SA; News Commentary), for research",
    reference="Zweigenbaum et al. (2018), https://comparable.limsi.fr/bucc2018/",
    pool=BuccEnglish(),
    obtain="bucc2018-{lang}-en.training-gold.tar.bz2 and .sample-gold.tar.bz2 of "
    "https://comparable.limsi.fr/bucc2018/; 'training' is renamed 'test' and 'sample' 'dev', as in "
    "scripts/download_data.sh of google-research/xtreme. The hub has the gold pairs alone (google/xtreme, "
    "mteb/bucc-bitext-mining), not the sentences that they are mined from",
)

DEV_TASK = replace(
    TASK,
    name="bucc2018-dev",
    source=Bucc(is_halved=True),
    description="BUCC 2018's development set, half of it to fit the threshold and half to test: a departure from the "
    "published protocol.",
    pool=BuccEnglish(is_halved=True),
    variant_of="bucc2018",
    expected_counts={("test", "zh"): 4316},
)
