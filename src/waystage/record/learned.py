"""What a stage or target learned from, in words."""

from __future__ import annotations

from waystage.study.study import TrainingData


def learned_words(learned: TrainingData) -> str:
    """In which languages and on how many examples something is learned, for people.

    >>> from waystage.tasks.xnli import TASK
    >>> learned_words(TrainingData(TASK, ("en", "de", "fr"), 900, shots=8))
    'en, de and fr, at most 900 examples of en and 8 of every other language'
    >>> learned_words(TrainingData(TASK, ("de", "fr"), None, shots=8)), learned_words(TrainingData(TASK, ("en",), 900))
    ('de and fr, 8 examples of each', 'en, at most 900 examples')
    """
    *most, last = learned.languages
    languages = f"{', '.join(most)} and {last}" if most else last
    of_each = " of each" if most else ""
    own = learned.task.source_language
    if learned.shots is None or not learned.foreign_languages:
        return languages + ("" if learned.limit is None else f", at most {learned.limit:,} examples{of_each}")
    if own not in learned.languages:
        return f"{languages}, {learned.shots:,} examples{of_each}"
    of_own = "all examples" if learned.limit is None else f"at most {learned.limit:,} examples"
    return f"{languages}, {of_own} of {own} and {learned.shots:,} of every other language"
