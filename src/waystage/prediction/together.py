"""Small test sets of several languages in one pass, so that batches hold sentences of one length. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from waystage.data.examples import Example
from waystage.prediction.predicted import Predicted, PredictedTogether

_ENOUGH_EXAMPLES = 4096
"""Examples in one pass, more or less: with more, batches do not get fuller, and progress is seen less often."""

ByLanguage = Mapping[str, Sequence[Example]]


def language_groups(counts: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """Languages in alphabetical order, grouped until a group has enough examples.

    >>> list(language_groups({"de": 3000, "ar": 2000, "zh": 10}))
    [('ar', 'de'), ('zh',)]
    """
    group: list[str] = []
    for language in sorted(counts):
        group.append(language)
        if sum(counts[member] for member in group) >= _ENOUGH_EXAMPLES:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def predict_together(predict: Callable[[Sequence[Example]], Predicted], examples: ByLanguage) -> PredictedTogether:
    """Predict the examples of several languages as if they were one test set.

    Ids may stand in several languages (parallel test sets), so each gets its language in front on the way.
    """
    pooled = [
        replace(example, id=f"{language}/{example.id}") for language, members in examples.items() for example in members
    ]
    predicted = predict(pooled)
    predictions = {
        language: {example.id: predicted.predictions[f"{language}/{example.id}"] for example in members}
        for language, members in examples.items()
    }
    return PredictedTogether(predictions, predicted.n_text_tokens)
