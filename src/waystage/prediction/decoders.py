"""How the outputs of a head become predictions, by kind. Torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from waystage.data.examples import Example
from waystage.prediction.choices import choose
from waystage.prediction.labels import LABEL_DECODERS, LabelPredictor
from waystage.prediction.predicted import Predicted
from waystage.prediction.spans import answer, answer_or_none
from waystage.tasks.kinds import EXTRACTIVE_QA, EXTRACTIVE_QA_OR_NONE, MULTIPLE_CHOICE, Kind

DECODERS: dict[Kind, Callable[[LabelPredictor, Sequence[Example]], Predicted]] = {
    **LABEL_DECODERS,
    MULTIPLE_CHOICE: choose,
    EXTRACTIVE_QA: answer,
    EXTRACTIVE_QA_OR_NONE: answer_or_none,
}
