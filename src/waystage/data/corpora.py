"""The corpora that Waystage knows by name."""

from __future__ import annotations

from waystage.data.corpus import Corpus
from waystage.data.plugins import Catalogue
from waystage.data.sources.app_messages import AppMessages
from waystage.data.sources.django_messages import RETRIEVAL
from waystage.data.sources.text_files import RawTextFolder

# All languages of XTREME-R.
XTREME_R_LANGUAGES = (
    "af", "ar", "az", "bg", "bn", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "gu", "he", "hi",
    "ht", "hu", "id", "it", "ja", "jv", "ka", "kk", "ko", "lt", "ml", "mr", "ms", "my", "nl", "pa", "pl",
    "pt", "qu", "ro", "ru", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "wo", "yo", "zh",
)  # fmt: skip

APP_MESSAGES = Corpus(
    name="app-messages",
    source=AppMessages(held_out=RETRIEVAL),
    languages=XTREME_R_LANGUAGES,
    description="Messages of Django that retrieval does not use, and excerpts of the Universal Declaration "
    "of Human Rights: 0.7 MB from installed packages.",
    licence="BSD-3-Clause and Apache-2.0",
    reference="https://github.com/django/django, https://github.com/googlefonts/lang",
)

RAW_TEXT = Corpus(
    name="raw-text",
    source=RawTextFolder(),
    languages=XTREME_R_LANGUAGES,
    description="Every file raw_text/<source>/<language>.txt of the data folder.",
    licence="that of each source: see the SOURCE.md beside it",
    reference="the data folder",
)

CORPORA: dict[str, Corpus] = {corpus.name: corpus for corpus in (APP_MESSAGES, RAW_TEXT)}

CORPUS_GROUP = "waystage.corpora"
"""The entry points by which a package brings corpora of its own."""


def installed_corpora() -> Catalogue[Corpus]:
    """The corpora by name, those of other installed packages included, which are loaded when they are asked for."""
    return Catalogue.of(CORPUS_GROUP, Corpus, CORPORA)
