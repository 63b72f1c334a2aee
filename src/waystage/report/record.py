"""Everything that a report says, as plain values, written when a run ends; a report needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from waystage.comparison import json_form
from waystage.comparison.results import Comparison, SequenceCost
from waystage.report.stage_costs import MatchedBudget, StageCost

SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value, shown as it is: a package and its version, a setting and what it was."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SequenceSteps:
    """A sequence and what happens in it before the target task, in order; nothing: the encoder as it came."""

    sequence: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A unique stage. ``state`` is a word such as ``done``; ``seconds`` is None where not measured."""

    id: str
    kind: str
    label: str
    parents: tuple[str, ...]
    state: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The stages that were run. ``n_naive`` counts them as if no two sequences shared any."""

    nodes: tuple[PlanNode, ...]
    n_unique: int
    n_naive: int


@dataclass(frozen=True, slots=True)
class TaskProtocol:
    """How a task was trained and scored.

    Attributes:
        languages: test languages, source language included where it has a test split.
        training: the hyperparameters; empty for kinds without a head.
        layer: of the sentence vectors, for retrieval.
        pooling: of the sentence vectors, for retrieval.
        selection: which checkpoint was taken and on whose data.
        departures: what differs from the task's published protocol, one sentence each.
        profile: name of the published protocol that the settings were taken from; None: the task's defaults.
        reference: publication or page of the data.
        licence: of the data.
        learned_in: languages of the training data; empty where nothing is trained, or a record does not say.
        trained_languages: test languages but the source language in which the task, or a stage of some sequence,
            learned from labelled examples: scores there are not zero-shot.
    """

    task: str
    kind: str
    metric: str
    source_language: str
    languages: tuple[str, ...]
    training: tuple[Fact, ...]
    layer: str | None
    pooling: str | None
    selection: str
    departures: tuple[str, ...]
    profile: str | None = None
    reference: str | None = None
    licence: str | None = None
    learned_in: tuple[str, ...] = ()
    trained_languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """The encoder that every sequence starts from. ``digest`` is of its weights; ``facts`` are sizes and such."""

    name: str
    source: str
    digest: str
    n_layers: int
    licence: str
    notes: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectionScore:
    """What a checkpoint of a target was chosen by, or would have been.

    Attributes:
        language: the selection language, whose validation data was scored.
        rule: ``last``: the last checkpoint was taken whatever its score; ``best``: the one with the best score.
        chosen_step: optimiser steps behind the checkpoint that was taken.
        n_evaluations: checkpoints that were scored on the validation data.
        score: of the checkpoint that was taken, a fraction.
    """

    sequence: str
    task: str
    seed: int
    language: str
    metric: str
    rule: Literal["last", "best"]
    chosen_step: int
    n_evaluations: int
    score: float


@dataclass(frozen=True, slots=True)
class OracleScore:
    """What choosing by a target language's own validation data would have given on that data. Not zero-shot.

    It stands beside the zero-shot choice, is never compared, and says nothing of test data.

    Attributes:
        language: the target language, whose validation data was scored.
        chosen_step: optimiser steps behind the checkpoint that was taken.
        score_of_chosen: of that checkpoint on this language's validation data, a fraction.
        best_step: of the checkpoint that scored best there, the earliest of equal ones.
        best_score: its score.
    """

    sequence: str
    task: str
    seed: int
    language: str
    metric: str
    chosen_step: int
    score_of_chosen: float
    best_step: int
    best_score: float
    n_examples: int


@dataclass(frozen=True, slots=True)
class PseudoPerplexity:
    """How well held-out text is predicted before and after a stage of continued pretraining (Salazar et al. 2020).

    Attributes:
        stage: name of the stage.
        n_tokens: tokens that were predicted.
        before: at least 1; None where the encoder came without a masked-LM head.
        after: at least 1.
    """

    sequence: str
    stage: str
    seed: int
    language: str
    n_tokens: int
    before: float | None
    after: float


@dataclass(frozen=True, slots=True)
class FlipCount:
    """Test examples that are right with most seeds of one sequence and wrong with most seeds of the other.

    Attributes:
        first: a sequence, the baseline as a rule.
        second: another sequence.
        n_examples: all test examples of the task in the language.
        n_gained: wrong with ``first``, right with ``second``.
        n_lost: right with ``first``, wrong with ``second``.
    """

    task: str
    language: str
    first: str
    second: str
    n_examples: int
    n_gained: int
    n_lost: int


@dataclass(frozen=True, slots=True)
class ExampleText:
    """A part of an example: what it is (``premise``), the text, and the language of the text."""

    label: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class FlippedExample:
    """One of the examples that :class:`FlipCount` counts; a choice of them is kept.

    Attributes:
        seed: of the answers that are shown; None where nothing is random.
        n_right_first: seeds of ``first`` with which it is right, out of ``n_seeds_first`` (1 where nothing is random).
        texts: what was asked. Long text is cut, with ``…`` where that was done.
        gold: the right answer.
        first_answer: what ``first`` answered with ``seed``.
        second_answer: what ``second`` answered with ``seed``.
        answer_language: language of gold and answers; None where they are labels.
    """

    task: str
    language: str
    example_id: str
    first: str
    second: str
    seed: int | None
    n_right_first: int
    n_seeds_first: int
    n_right_second: int
    n_seeds_second: int
    texts: tuple[ExampleText, ...]
    gold: str
    first_answer: str
    second_answer: str
    answer_language: str | None

    @property
    def is_gained(self) -> bool:
        """Whether ``second`` has it right."""
        return self.n_right_second * self.n_seeds_first > self.n_right_first * self.n_seeds_second


@dataclass(frozen=True, slots=True)
class ResultDigest:
    """What the same run has to give again: SHA-256 of the predictions of one sequence on one task with one seed.

    Attributes:
        artefact_id: address in the store; follows from what the predictions are made from.
        content_digest: of the files; follows from what they hold.
    """

    sequence: str
    task: str
    seed: int | None
    artefact_id: str
    content_digest: str


@dataclass(frozen=True, slots=True)
class GateSaid:
    """What one gate said: its status in capitals, and one sentence why."""

    gate: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim and what became of it.

    Attributes:
        sentence: the claim.
        declared: when it was made.
        status: VERIFIED, FALSIFIED or UNVERIFIED; None: no gate has looked.
        level: of verification, 0 to 7; None likewise.
        verdict: one plain sentence.
        gates: what each gate said of it.
    """

    name: str
    sentence: str
    declared: str
    status: str | None
    level: int | None
    verdict: str
    gates: tuple[GateSaid, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is claimed of a run and what gates said, for the report of its sealed record.

    Attributes:
        gates: what was said of the record as a whole.
        tier: of quality, with the rule that gave it.
    """

    claims: tuple[JudgedClaim, ...]
    gates: tuple[GateSaid, ...]
    tier: str
    tier_reason: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The record of a run.

    Attributes:
        question: what was asked, one sentence.
        study_yaml: the study file, as it was.
        environment: versions, processor, cores, state of the source tree.
        command: the command line that repeats the run.
        created_at: ISO 8601 with time zone.
        selection: validation scores, where a study asked for them.
        oracle: what choosing by the target languages would have given, where a study asked for it; not zero-shot.
        pseudo_perplexities: of held-out text, for stages of continued pretraining.
        flip_counts: for each task, language and sequence but the baseline.
        flips: some of the examples behind the counts.
        digests: of all predictions.
        stage_costs: what each unique training took.
        matched_budgets: stages that were to cost the same, and whether they did.
        judged: claims and verdicts, in the report of a sealed record.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    study_name: str
    description: str
    question: str
    study_yaml: str
    sequences: tuple[SequenceSteps, ...]
    seeds: tuple[int, ...]
    encoder: EncoderRecord
    plan: PlanRecord
    protocol: tuple[TaskProtocol, ...]
    environment: tuple[Fact, ...]
    costs: tuple[SequenceCost, ...]
    comparison: Comparison
    command: str
    created_at: str
    selection: tuple[SelectionScore, ...] = ()
    oracle: tuple[OracleScore, ...] = ()
    pseudo_perplexities: tuple[PseudoPerplexity, ...] = ()
    flip_counts: tuple[FlipCount, ...] = ()
    flips: tuple[FlippedExample, ...] = ()
    digests: tuple[ResultDigest, ...] = ()
    stage_costs: tuple[StageCost, ...] = ()
    matched_budgets: tuple[MatchedBudget, ...] = ()
    judged: Judged | None = None
    schema_version: Literal[1] = SCHEMA_VERSION

    def cost(self, sequence: str) -> SequenceCost | None:
        """The cost of a sequence; None where it was not recorded."""
        return next((cost for cost in self.costs if cost.sequence == sequence), None)

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return json_form.dump(self)

    @classmethod
    def from_json(cls, value: dict[str, Any], file: Path | str = "record") -> RunRecord:
        """The record that ``to_json`` wrote.

        Raises:
            DataError: a field is missing, unknown or of another type; every such field is named.
        """
        return json_form.load(cls, value, file)
