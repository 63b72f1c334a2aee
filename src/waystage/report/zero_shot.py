"""Which means are zero-shot, in words: nothing is called so that a language of it was learned in."""

from __future__ import annotations

from waystage.languages.language import language_name
from waystage.report import wording
from waystage.report.record import RunRecord


def mean_words(run: RunRecord) -> str:
    """What a mean over target languages is called: zero-shot only where all of it is."""
    return "Mean" if any(task.trained_languages for task in run.protocol) else "Zero-shot mean"


def not_zero_shot(run: RunRecord) -> str:
    """Where labelled examples were learned from in a language that is tested; empty where nowhere."""
    said = [
        f"{task.task} in {wording.listed([language_name(code) for code in task.trained_languages])}"
        for task in run.protocol
        if task.trained_languages
    ]
    if not said:
        return ""
    return (
        f"Not zero-shot: {wording.listed(said)}. Labelled examples in these languages were learned from, and means "
        "over target languages hold them; zero-shot languages have a mean of their own among the groups of languages."
    )
