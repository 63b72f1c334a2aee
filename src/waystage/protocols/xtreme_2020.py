"""XTREME: the scripts of the benchmark's repository.

Hu et al. (2020), https://arxiv.org/abs/2003.11080; https://github.com/google-research/xtreme (commit 838c13b).
"""

from __future__ import annotations

from waystage.protocols.profile import LAST, Profile, RetrievalRule, SelectionRule, TaskProfile
from waystage.tasks import mlqa, panx, pawsx, tatoeba, tydiqa, udpos, xnli, xquad
from waystage.tasks.task import TrainingDefaults

# The first token's state goes into the heads of transformers' models for sequence classification.
CLASSIFICATION = TrainingDefaults(epochs=5.0, learning_rate=2e-5, batch_size=32, max_tokens=128, pooling="cls")
TAGGING = TrainingDefaults(epochs=10.0, learning_rate=2e-5, batch_size=32, max_tokens=128)
QUESTIONS = TrainingDefaults(
    epochs=3.0,
    learning_rate=3e-5,
    batch_size=32,
    max_tokens=384,
    warmup_steps=500,
    weight_decay=1e-4,
    stride=128,
    max_question_tokens=64,
)
XLM_R_LARGE, MBERT = "xlm-roberta-large", "bert-base-multilingual"

# Indices 13 and 7 of the last layers that the script keeps, the embeddings not among them.
_LAYERS = ((XLM_R_LARGE, 14), (MBERT, 8))
_QA_METRIC = (
    "the score of the task is the mean of exact match and F1, each averaged over languages; both are reported beside it"
)


def without(languages: tuple[str, ...], left_out: str) -> tuple[str, ...]:
    """The languages but some, which are separated by spaces."""
    return tuple(language for language in languages if language not in left_out.split())


def _best(every_steps: int) -> SelectionRule:
    return SelectionRule("best", every_steps)


PROFILE = Profile(
    name="xtreme-2020",
    description="XTREME's own scripts: fine-tuning on English, nine tasks, 40 languages.",
    reference="Hu et al. (2020), https://arxiv.org/abs/2003.11080; google-research/xtreme, commit 838c13b",
    tasks={
        "xnli": TaskProfile(
            languages=xnli.TASK.languages,
            training=CLASSIFICATION,
            learned_from="MultiNLI",
            learning_rates=((XLM_R_LARGE, 3e-5),),
            selection=_best(100),
            history=("a test row without a label is read as 'neutral' by the official evaluation",),
        ),
        "pawsx": TaskProfile(
            languages=pawsx.TASK.languages,
            training=CLASSIFICATION,
            learned_from="PAWS in English",
            selection=_best(200),
        ),
        "udpos": TaskProfile(
            languages=without(udpos.TASK.languages, "lt pl uk wo ro"),
            training=TAGGING,
            learned_from="all English treebanks of UD, concatenated",
            selection=_best(500),
            history=(
                "scored as spans of the bare tags: adjacent equal tags are one span, so F1 is not accuracy",
                "the script sets the seed 1; others leave it at 42",
            ),
        ),
        "panx": TaskProfile(
            languages=without(panx.TASK.languages, "qu pl uk az lt pa gu ro"),
            training=TAGGING,
            learned_from="WikiANN in English",
            selection=_best(1000),
            history=("the script sets the seed 1; others leave it at 42",),
        ),
        "xquad": TaskProfile(
            languages=without(xquad.TASK.languages, "ro"),
            training=QUESTIONS,
            learned_from="SQuAD v1.1",
            selection=LAST,
            metric_name="answer-f1-em",
            history=(
                _QA_METRIC,
                "normalised with English articles and ASCII punctuation in every language",
            ),
        ),
        "mlqa": TaskProfile(
            languages=mlqa.TASK.languages,
            training=QUESTIONS,
            learned_from="SQuAD v1.1",
            selection=LAST,
            metric_name="mlqa-f1-em",
            history=(
                _QA_METRIC,
                "every 'ال' goes in Arabic, inside words too: a quirk of the official script",
                "a missing language prints a message and ends with status 0",
            ),
        ),
        "tydiqa": TaskProfile(
            languages=tydiqa.TASK.languages,
            training=QUESTIONS,
            learned_from="TyDiQA-GoldP in English",
            selection=LAST,
            metric_name="answer-f1-em",
            history=(_QA_METRIC, "the English development set is the English test set, so it can choose nothing"),
        ),
        "tatoeba": TaskProfile(
            languages=without(tatoeba.TASK.languages, "az lt pl uk ro"),
            retrieval=RetrievalRule(
                _LAYERS, "mean", "the other language is searched for each English sentence, by cosine", 512
            ),
            history=(
                "layer 13 of 24 is set for XLM-R Base too, which has 12 layers",
                "one thread reports that layer 10 gives the published figure of XLM-R Large",
            ),
        ),
        "bucc2018": TaskProfile(
            languages=("de", "fr", "ru", "zh"),
            retrieval=RetrievalRule(
                ((XLM_R_LARGE, 8), (MBERT, 8)),
                "cls",
                "ratio margin of 4 neighbours in both directions; the threshold is fitted on the development set",
                512,
            ),
            history=("the script passes layer 7 and the first token for every encoder, unlike Tatoeba's",),
        ),
    },
    history=(
        "AdamW with eps 1e-8, gradients clipped at 1, linear decay; no warm-up and no weight decay but for questions",
        "Waystage scores the last step too, and never decays norms, biases and embeddings",
    ),
)
