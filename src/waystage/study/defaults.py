"""What a study leaves out: it comes from the published protocol that the study names, else from the task."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from waystage.protocols.profile import TaskProfile
from waystage.protocols.registry import PROFILES, task_defaults
from waystage.study.forms.targets import RetrievalForm
from waystage.study.forms.training import BudgetForm, LimitsForm, SelectionForm, TrainingForm
from waystage.study.study import CostUnit, Limits, Lora, Match, Precision, RetrievalSettings, Selection, Training
from waystage.tasks.task import Task, TrainingDefaults

_BUDGET = "epochs"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What counts for one task where a study says nothing.

    Attributes:
        profile: name of the published protocol; None where none is named, or it does not have the task.
        entry: what that says of the task.
        encoder: name of the encoder, which some settings depend on.
    """

    task: Task
    profile: str | None
    entry: TaskProfile | None
    encoder: str

    @classmethod
    def of(cls, task: Task, protocol: str | None, encoder: str) -> Defaults:
        """The defaults of a task under a protocol of that name, or under none."""
        entry = PROFILES[protocol].of(task) if protocol in PROFILES else None
        return cls(task, protocol if entry else None, entry, encoder)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages to score: those of the protocol that the task has."""
        if self.entry is None:
            return self.task.languages
        return tuple(language for language in self.task.languages if language in self.entry.languages)

    def training_defaults(self, learned: Task) -> TrainingDefaults:
        """How to train; without a protocol, ``learned`` is the task that says so."""
        if self.entry is None or self.entry.training is None:
            return task_defaults(learned)
        rate = self.entry.learning_rate(self.encoder)
        return replace(self.entry.training, learning_rate=rate or self.entry.training.learning_rate)

    def training(self, budget: BudgetForm | None, form: TrainingForm | None, learned: Task) -> Training:
        """How to train: what the study says, then the default."""
        return training_of(budget, form, self.training_defaults(learned))

    def selection(
        self,
        form: SelectionForm | None,
        metric_name: str,
        source_language: str,
        tested: tuple[str, ...] = (),
    ) -> Selection:
        """Which checkpoint to take; a mapping in the study takes the place of the whole default.

        ``tested`` are the languages of a target; the oracle, if asked for, looks at those that are not the source's.
        """
        rule = self.entry.selection if self.entry is not None and form is None else None
        if rule is not None:
            return Selection(rule.rule, source_language, metric_name, rule.every_steps, None, rule.patience)
        form = form or SelectionForm(rule="last")
        is_once_an_epoch = form.rule == "best" and form.every_steps is None
        return Selection(
            rule=form.rule,
            language=form.language or source_language,
            metric_name=form.metric or metric_name,
            every_steps=form.every_steps,
            times_per_epoch=(form.times_per_epoch or 1) if is_once_an_epoch else None,
            patience=form.patience,
            oracle_languages=tuple(language for language in tested if form.oracle and language != source_language),
        )

    def limits(self, form: LimitsForm) -> Limits:
        """At most so many examples; a protocol may limit those of validation."""
        rule = None if self.entry is None else self.entry.selection
        most = None if rule is None else rule.max_examples
        return Limits(form.train, form.validation if form.validation is not None else most, form.test)

    def retrieval(self, form: RetrievalForm | None, n_layers: int | None) -> RetrievalSettings:
        """How a sentence becomes a vector, in an encoder of so many layers (None: not known)."""
        rule = None if self.entry is None else self.entry.retrieval
        said: dict[str, Any] = {"score": self.task.kind.scores[0]}
        said |= form.model_dump(exclude_none=True) if form else {}
        if self.task.kind.is_dual_encoder:
            learned = self.training_defaults(self.task)
            given: dict[str, Any] = {"pooling": learned.pooling, "max_tokens": learned.max_tokens}
            return RetrievalSettings(**(given | said))
        if rule is None:
            return RetrievalSettings(**said)
        layer = None if self.entry is None else self.entry.layer(self.encoder)
        if layer is not None and n_layers is not None and layer > n_layers:
            layer = None
        given = {"layer": layer, "pooling": rule.pooling, "max_tokens": rule.max_tokens}
        return RetrievalSettings(**(given | said))

    def scored(self) -> Task:
        """The task with the metric that the protocol scores it by; all its other metrics are kept."""
        name = None if self.entry is None else self.entry.metric_name
        if name is None:
            return self.task
        return replace(self.task, metric_name=name, other_metric_names=self.task.metric_names)


def training_of(budget: BudgetForm | None, form: TrainingForm | None, defaults: TrainingDefaults | None) -> Training:
    """What the study says, then ``defaults``, then what ``Training`` says."""
    said = form.model_dump(exclude_none=True) if form else {}
    if form is not None and form.lora is not None:
        said["lora"] = Lora(form.lora.rank, form.lora.alpha, form.lora.dropout, tuple(form.lora.modules or ()))
    if form is not None and form.precision is not None:
        said["precision"] = Precision(form.precision)
    given = {name: value for name, value in asdict(defaults).items() if value is not None} if defaults else {}
    epochs = given.pop(_BUDGET, 1.0)
    # Warm-up is a share or a number of steps: what the study says of one leaves no default of the other.
    if "warmup_fraction" in said:
        given.pop("warmup_steps", None)
    if "warmup_steps" in said:
        given.pop("warmup_fraction", None)
    return Training(**_length(budget, epochs), **(given | said))


def _length(budget: BudgetForm | None, epochs: float) -> dict[str, Any]:
    length: dict[str, Any] = budget.model_dump(exclude_none=True) if budget else {_BUDGET: epochs}
    stage, unit = length.pop("match", None), length.pop("unit", None)
    return length if stage is None or unit is None else {"match": Match(stage, CostUnit(unit))}
