"""Languages predicted in one pass get what they get one by one."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from waystage.data.examples import Example, ParallelExample, TextExample
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.prediction.predicted import Predicted
from waystage.prediction.retrieval import SentenceRetriever
from waystage.prediction.together import language_groups, predict_together
from waystage.study.study import RetrievalSettings


def shout(examples: Sequence[Example]) -> Predicted:
    return Predicted({e.id: e.text.upper() for e in examples if isinstance(e, TextExample)}, len(examples))


def test_ids_may_stand_in_several_languages() -> None:
    examples = {
        "de": [TextExample("1", "ja", None, "x"), TextExample("2", "nein", None, "x")],
        "fr": [TextExample("1", "oui", None, "x")],
    }
    found = predict_together(shout, examples)
    assert found.predictions == {"de": {"1": "JA", "2": "NEIN"}, "fr": {"1": "OUI"}}
    assert found.n_text_tokens == 3


@given(st.dictionaries(st.sampled_from(["ar", "de", "en", "fi", "he", "zh"]), st.integers(1, 9000)))
def test_groups_hold_every_language_once_in_order(counts: dict[str, int]) -> None:
    groups = list(language_groups(counts))
    assert [language for group in groups for language in group] == sorted(counts)
    for group in groups[:-1]:
        assert sum(counts[language] for language in group) >= 4096 > sum(counts[language] for language in group[:-1])


def test_retrieval_searches_within_a_language(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    examples = {
        "de": [ParallelExample("1", "a cat", "die Katze"), ParallelExample("2", "the tree", "der Baum")],
        "fr": [ParallelExample("2", "the tree", "un arbre"), ParallelExample("9", "a cat", "le chat")],
    }
    settings = RetrievalSettings()
    together = SentenceRetriever.of(pretrained, tokenizer, settings, 32).retrieve_together(examples)
    for language, members in examples.items():
        alone = SentenceRetriever.of(pretrained, tokenizer, settings, 32).retrieve(members)
        assert together.predictions[language] == alone.predictions
        assert set(together.predictions[language].values()) <= {pair.id for pair in members}
    assert together.n_text_tokens > 0
