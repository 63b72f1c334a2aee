"""Checked forms of stages to stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from waystage.data.corpus import Corpus
from waystage.data.parallel import ParallelCorpus
from waystage.study.defaults import Defaults, training_of
from waystage.study.forms.mixing import ParallelForm, TextForm
from waystage.study.forms.stages import ContinuedForm, IntermediateForm, StageForm
from waystage.study.mixing import Sampling
from waystage.study.own_sources import declared_splits
from waystage.study.pretraining import MaskedLm, MaskUnit, Packing, Positions, Softmax, TranslationLm
from waystage.study.scope import TaskFacts
from waystage.study.study import (
    ContinuedStage,
    IntermediateStage,
    MixedStage,
    ParallelStage,
    PlainStage,
    Selection,
    Stage,
    Training,
)
from waystage.tasks.task import Task

_PARALLEL_RATE = 0.5


@dataclass(frozen=True, slots=True)
class StageBuilder:
    """Builds stages of a study.

    Attributes:
        task: the task of a name; None where there is none.
        corpus: the same of a corpus.
        parallel: the same of a parallel corpus.
        protocol: name of the study's protocol.
        encoder: name of the encoder, which some settings of protocols depend on.
    """

    task: Callable[[str], Task | None]
    corpus: Callable[[str], Corpus | None]
    parallel: Callable[[str], ParallelCorpus | None]
    protocol: str | None
    encoder: str

    def stage(self, name: str, form: StageForm) -> Stage | None:
        """The stage of a form; None where a name in it refers to nothing."""
        return self._intermediate(name, form) if isinstance(form, IntermediateForm) else self._continued(name, form)

    def _intermediate(self, name: str, form: IntermediateForm) -> Stage | None:
        given = form.tasks or ([form.task] if form.task else [])
        tasks = [task for task in map(self.task, given) if task is not None]
        if not tasks or len(tasks) < len(given):
            return None
        parts: list[PlainStage] = [self._part(name, form, task) for task in tasks]
        if len(parts) == 1 and form.mixed_in is None:
            return parts[0]
        training = training_of(form.budget, form.training, None)
        rates: list[float | None] = [None] * len(parts)
        if form.mixed_in is not None:
            corpus = self.corpus(form.mixed_in.corpus)
            if corpus is None:
                return None
            parts.append(_raw_text(name, corpus, form.mixed_in, training))
            rates.append(form.mixed_in.rate)
        sampling = Sampling(**form.sampling.model_dump(exclude_none=True)) if form.sampling else Sampling()
        return MixedStage(name, tuple(parts), tuple(rates), training, sampling, form.heads == "shared")

    def _part(self, name: str, form: IntermediateForm, task: Task) -> IntermediateStage:
        defaults = Defaults.of(task, self.protocol, self.encoder)
        training = defaults.training(form.budget, form.training, task)
        selection = defaults.selection(form.selection, task.metric_name, task.source_language)
        has_say = _has_say(form, task, selection)
        chosen = selection if selection.rule == "best" and has_say else None
        limits, languages = defaults.limits(form.limits), tuple(form.train_languages or ())
        return IntermediateStage(name, task, training, limits, chosen, languages, form.shots)

    def _continued(self, name: str, form: ContinuedForm) -> Stage | None:
        training = training_of(form.budget, form.training, None)
        text, pairs = None, None
        if form.corpus is not None:
            corpus = self.corpus(form.corpus)
            text = None if corpus is None else _raw_text(name, corpus, form, training)
        if form.parallel is not None:
            parallel = self.parallel(form.parallel.corpus)
            pairs = None if parallel is None else _parallel_text(name, parallel, form, form.parallel, training)
        if text is not None and pairs is not None and form.parallel is not None:
            rate = form.parallel.rate or _PARALLEL_RATE
            return MixedStage(name, (text, pairs), (1 - rate, rate), training)
        return text or pairs


def _has_say(form: IntermediateForm, task: Task, selection: Selection) -> bool:
    """Whether the checkpoint of a stage is chosen by the validation data of a task of it, among others maybe."""
    if form.tasks is None and form.mixed_in is None:
        return True
    # What a protocol says of one task does not hold for several objectives.
    if form.selection is None or form.selection.task not in (None, task.name):
        return False
    facts = replace(TaskFacts.of_task(task), splits=declared_splits(task.source))
    return facts.may_choose(selection.language)


def _raw_text(name: str, corpus: Corpus, form: TextForm, training: Training) -> ContinuedStage:
    languages = corpus.languages if form.languages == "all" else tuple(form.languages)
    settings = MaskedLm(packing=Packing(form.packing), **_masking(form))
    return ContinuedStage(name, corpus, languages, training, settings)


def _parallel_text(
    name: str, corpus: ParallelCorpus, form: TextForm, parallel: ParallelForm, training: Training
) -> ParallelStage:
    languages = corpus.languages if parallel.languages == "all" else tuple(parallel.languages)
    settings = TranslationLm(positions=Positions(parallel.positions), **_masking(form))
    return ParallelStage(name, corpus, corpus.pairs_among(languages), training, settings)


def _masking(form: TextForm) -> dict[str, Any]:
    return {
        "alpha": form.alpha,
        "mask_rate": form.mask_rate,
        "mask": MaskUnit(form.mask),
        "softmax": Softmax(form.softmax),
        "held_out": form.held_out,
    }
