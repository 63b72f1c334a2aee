"""Intermediate tasks in English before XTREME, as jiant does it.

Phang et al. (2020), https://arxiv.org/abs/2005.13013 (v3; v1 has other figures);
https://github.com/nyu-mll/jiant (commit daa5a25).
"""

from __future__ import annotations

from dataclasses import replace

from waystage.protocols.profile import Profile, RetrievalRule, SelectionRule, TaskProfile
from waystage.protocols.xtreme_2020 import PROFILE as XTREME
from waystage.tasks.task import TrainingDefaults

_SELECTION = SelectionRule("best", every_steps=1000, patience=30, max_examples=500)
_TAGGING = TrainingDefaults(
    epochs=10.0, learning_rate=1e-5, batch_size=32, max_tokens=256, warmup_fraction=0.1, weight_decay=0.01
)
_QUESTIONS = replace(_TAGGING, epochs=2.0, batch_size=16, max_tokens=384, stride=128, max_question_tokens=64)
_RETRIEVAL = RetrievalRule((("xlm-roberta-large", 14),), "mean", "as in XTREME", 256)


def _pairs(epochs: float) -> TrainingDefaults:
    return replace(_TAGGING, epochs=epochs, pooling="cls")


def _target(name: str, training: TrainingDefaults) -> TaskProfile:
    return replace(XTREME.tasks[name], training=training, learning_rates=(), selection=_SELECTION)


def _intermediate(learned_from: str, training: TrainingDefaults) -> TaskProfile:
    return TaskProfile(("en",), training, learned_from, selection=_SELECTION)


PROFILE = Profile(
    name="jiant-xstilts",
    description="English intermediate tasks before XTREME: jiant's recipe for both.",
    reference="Phang et al. (2020), https://arxiv.org/abs/2005.13013v3; github.com/nyu-mll/jiant, commit daa5a25",
    tasks={
        "xnli": _target("xnli", _pairs(2.0)),
        "pawsx": _target("pawsx", _pairs(5.0)),
        "udpos": _target("udpos", _TAGGING),
        "panx": _target("panx", _TAGGING),
        "xquad": _target("xquad", _QUESTIONS),
        "mlqa": _target("mlqa", _QUESTIONS),
        "tydiqa": _target("tydiqa", _QUESTIONS),
        "tatoeba": replace(XTREME.tasks["tatoeba"], retrieval=_RETRIEVAL, history=()),
        "bucc2018": replace(XTREME.tasks["bucc2018"], retrieval=_RETRIEVAL, history=()),
        "anli-plus": _intermediate("ANLI, rounds 1 to 3, MNLI and SNLI, on one head", _pairs(2.0)),
        "anli": _intermediate("ANLI, rounds 1 to 3, alone: a part of ANLI+", _pairs(2.0)),
        "mnli": _intermediate("MNLI", _pairs(2.0)),
        "qqp": _intermediate("QQP", _pairs(2.0)),
        "squad": _intermediate("SQuAD v1.1", _QUESTIONS),
        "squad-v2": _intermediate("SQuAD v2.0", _QUESTIONS),
        "hellaswag": _intermediate("HellaSwag", _pairs(2.0)),
        "ccg": _intermediate("CCGbank", replace(_TAGGING, epochs=2.0)),
        "cosmosqa": _intermediate("Cosmos QA", _pairs(2.0)),
        "commonsenseqa": _intermediate("CommonsenseQA", _pairs(2.0)),
    },
    history=(
        "arXiv v3 reports +5.4 points on XTREME over XLM-R Large, v1 +6.1: cite the version",
        "61 to 63 % of the +5.4 comes from BUCC and Tatoeba",
        "validation is on the first 500 examples of the English task; Waystage keeps 500 by the digests of their ids",
        "its guide has no settings for the intermediate tasks themselves: those of its pairs and questions are taken, "
        "for 2 epochs",
    ),
)
