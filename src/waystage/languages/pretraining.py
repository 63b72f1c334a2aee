"""Which languages an encoder was pretrained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waystage.languages.language import Language


@dataclass(frozen=True, slots=True)
class Pretraining:
    """The pretraining of encoders whose list of languages is published.

    Attributes:
        name: how the report names it.
        encoders: names of encoders of Waystage and addresses on the hub.
        saw: whether a language was in it; None where the list does not say.
        source: where the list stands.
    """

    name: str
    encoders: tuple[str, ...]
    saw: Callable[[Language], bool | None]
    source: str


def _in_mbert(language: Language) -> bool | None:
    return language.in_mbert


def _in_xlm_r(language: Language) -> bool | None:
    return language.in_xlm_r


_XLM_R_LIST = "https://github.com/facebookresearch/fairseq/blob/main/examples/xlmr/README.md"

MBERT = Pretraining(
    name="multilingual BERT (cased)",
    encoders=("mbert", "bert-base-multilingual-cased", "google-bert/bert-base-multilingual-cased"),
    saw=_in_mbert,
    source="https://github.com/google-research/bert/blob/master/multilingual.md",
)
XLM_R = Pretraining(
    name="XLM-R",
    encoders=(
        "xlm-r-base",
        "xlm-r-large",
        "xlm-roberta-base",
        "xlm-roberta-large",
        "FacebookAI/xlm-roberta-base",
        "FacebookAI/xlm-roberta-large",
    ),
    saw=_in_xlm_r,
    source=_XLM_R_LIST,
)
# Trained on the same data (He et al. 2023, https://arxiv.org/abs/2111.09543, section 5.2).
MDEBERTA = Pretraining(
    name="multilingual DeBERTa v3",
    encoders=("mdeberta-v3", "microsoft/mdeberta-v3-base"),
    saw=_in_xlm_r,
    source=_XLM_R_LIST,
)
# E5 starts from encoders with XLM-R's list of languages (Wang et al. 2024, https://arxiv.org/abs/2402.05672). Which
# languages its own contrastive stages add is not published.
MULTILINGUAL_E5 = Pretraining(
    name="multilingual E5",
    encoders=(
        "e5-small-embedded",
        "e5-base",
        "intfloat/multilingual-e5-small",
        "intfloat/multilingual-e5-base",
        "intfloat/multilingual-e5-large",
    ),
    saw=_in_xlm_r,
    source=_XLM_R_LIST,
)

PRETRAININGS = (MBERT, XLM_R, MDEBERTA, MULTILINGUAL_E5)


def pretraining_of(encoder: str) -> Pretraining | None:
    """The pretraining of an encoder by its name or hub address; None where it is not known here.

    >>> pretraining_of("e5-small-embedded").name
    'multilingual E5'
    >>> pretraining_of("./my-encoder") is None
    True
    """
    return next((each for each in PRETRAININGS if encoder in each.encoders), None)
