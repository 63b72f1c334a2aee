"""Model cards: Markdown for people, with the metadata (model-index) that the hub reads."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.comparison.results import Difference
from waystage.exports.folder import new_folder, write_text
from waystage.exports.results import Result, results_of
from waystage.exports.run import FinishedRun, one_of
from waystage.report.record import TaskProtocol

# As the hub calls them: https://huggingface.co/docs/hub/repositories-licenses
_HUB_LICENCES = {"MIT": "mit", "Apache-2.0": "apache-2.0"}
_HUB_TASKS = {
    "sentence-classification": "text-classification",
    "pair-classification": "text-classification",
    "tagging": "token-classification",
    "multiple-choice": "multiple-choice",
    "extractive-qa": "question-answering",
    "extractive-qa-or-none": "question-answering",
}
_SENTENCE_TASK = "sentence-similarity"


@dataclass(frozen=True, slots=True)
class Card:
    """What a card is about.

    Attributes:
        name: of the model.
        sequence: the training sequence.
        results: what it states, in order.
        summary: one or two sentences at the top.
        usage: Markdown on how to load the model; empty for a card without a model.
        has_model: there are weights beside the card.
    """

    name: str
    sequence: str
    results: Sequence[Result]
    summary: str
    usage: str = ""
    has_model: bool = False


def write_cards(run: FinishedRun, target: Path, sequence: str | None, *, is_forced: bool = False) -> list[str]:
    """Write ``SEQUENCE/README.md`` for a sequence, or for each; returns the names of the files.

    Raises:
        StudyError: no such sequence, or ``target`` is taken.
        StoreError: nothing can be written.
    """
    names = list(run.record.comparison.sequences)
    if sequence is not None:
        names = [one_of(sequence, names, "--sequence", "sequence")]
    files = [f"{name}/README.md" for name in names]
    about = {"format": "model-card", "study": run.record.study_name}
    with new_folder(target, about, is_forced=is_forced) as draft:
        for name, file in zip(names, files, strict=True):
            write_text(draft / file, card_text(run, _sequence_card(run, name)))
    return files


def _sequence_card(run: FinishedRun, sequence: str) -> Card:
    n_seeds = len(run.record.seeds)
    summary = (
        f"The training sequence `{sequence}` of the study `{run.record.study_name}`: what was done to the encoder "
        f"before it learned each task. Scores are means over {n_seeds} training seed{'' if n_seeds == 1 else 's'}, so "
        "over several models: this card has no weights of its own."
    )
    return Card(f"{run.record.study_name}-{sequence}", sequence, results_of(run, sequence), summary)


def card_text(run: FinishedRun, card: Card) -> str:
    """The card: YAML of the metadata, then Markdown."""
    from huggingface_hub import ModelCard

    front = _metadata(run, card).to_yaml()
    tasks = list(dict.fromkeys(result.task for result in card.results))
    protocols = [run.protocol(task) for task in tasks]
    parts = [
        f"# {card.name}",
        plain(card.summary),
        plain(run.record.description),
        card.usage,
        _sequence_part(run, card.sequence),
        "## Results",
        "Percent, on test sets. A language marked with * is the one that was trained in; it is no part of a mean.",
        *(_task_part(run, card, protocol) for protocol in protocols),
        _protocol_part(protocols),
        _source_part(run, protocols),
    ]
    body = "\n\n".join(part for part in parts if part)
    # The class checks that the front matter can be read again.
    return str(ModelCard(f"---\n{front}\n---\n\n{body}\n"))


def plain(text: str) -> str:
    """Text of a study or of data as one line of Markdown that is neither HTML nor a table cell's end.

    >>> plain("a <b>bold</b> | claim")
    'a &lt;b&gt;bold&lt;/b&gt; \\\\| claim'
    """
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|")


def _metadata(run: FinishedRun, card: Card) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    kinds = {protocol.task: protocol.kind for protocol in run.record.protocol}
    identity = json.loads(run.record.encoder.source)
    licence = _HUB_LICENCES.get(run.record.encoder.licence, "other")
    base = identity.get("repo_id") if isinstance(identity, dict) else None
    tasks = [_HUB_TASKS.get(kinds[result.task], _SENTENCE_TASK) for result in card.results]
    results = [
        EvalResult(
            task_type=_HUB_TASKS.get(kinds[result.task], _SENTENCE_TASK),
            dataset_type=result.task,
            dataset_name=result.task,
            dataset_config=result.language,
            dataset_split="test",
            metric_type=result.metric,
            metric_value=result.value,
            metric_args={"n_examples": result.n_examples, "seeds": list(result.seeds)},
        )
        for result in card.results
    ]
    return ModelCardData(
        language=sorted({result.language for result in card.results}),
        license=licence,
        license_name=None if licence != "other" else plain(run.record.encoder.licence),
        library_name="transformers" if card.has_model else None,
        pipeline_tag=tasks[0] if card.has_model and tasks else None,
        tags=["waystage", "cross-lingual-transfer"],
        base_model=base,
        model_name=card.name,
        eval_results=results,
    )


def _sequence_part(run: FinishedRun, sequence: str) -> str:
    steps = next((own.steps for own in run.record.sequences if own.sequence == sequence), ())
    stages = [f"{number}. {plain(step)}" for number, step in enumerate(steps, 1)]
    encoder = run.record.encoder
    start = (
        f"It starts from the encoder `{plain(encoder.name)}`, {encoder.n_layers} layers; licence: {encoder.licence}."
    )
    notes = [f"- {plain(note)}" for note in encoder.notes]
    before = "Before the target task:" if stages else "Nothing is done before the target task."
    return "\n\n".join(filter(None, ["## Training", start, "\n".join(notes), before, "\n".join(stages)]))


def _task_part(run: FinishedRun, card: Card, protocol: TaskProtocol) -> str:
    results = [result for result in card.results if result.task == protocol.task]
    has_difference = any(result.difference is not None for result in results)
    baseline = run.record.comparison.baseline
    heads = ["language", protocol.metric, "lowest to highest seed", "test examples"]
    if has_difference:
        heads.append(f"difference to {baseline} [95 % interval]")
    rows = [
        [
            result.language + (" *" if result.is_source else ""),
            f"{100 * result.value:.1f}",
            _range(result.seed_values),
            f"{result.n_examples:,}",
            *([_points(result.difference)] if has_difference else []),
        ]
        for result in results
    ]
    return "\n\n".join([f"### {protocol.task}", *_mean_line(run, card, protocol.task), _table(heads, rows)])


def _mean_line(run: FinishedRun, card: Card, task: str) -> list[str]:
    """The mean over target languages with its interval, for cards that speak of all seeds."""
    if card.has_model:
        return []
    mean = run.record.comparison.mean_score(card.sequence, task)
    line = f"Mean over {mean.n_languages} target languages: **{100 * mean.score:.1f}** ({_range(mean.seed_scores)})"
    if mean.difference is not None:
        line += f"; difference to {run.record.comparison.baseline}: {_points(mean.difference)} points"
    return [f"{line}."]


def _languages(protocol: TaskProtocol) -> str:
    return ", ".join(protocol.learned_in or (protocol.source_language,))


def _protocol_part(protocols: Iterable[TaskProtocol]) -> str:
    parts = ["## Protocol"]
    for protocol in protocols:
        facts = [f"{fact.name} {plain(fact.value)}" for fact in protocol.training]
        trained = f"learned in {_languages(protocol)}: {', '.join(facts)}" if facts else "nothing is trained"
        vectors = f"; vectors: {plain(protocol.layer)}, {protocol.pooling}" if protocol.layer else ""
        lines = [f"- {trained}{vectors}", f"- checkpoint: {plain(protocol.selection)}"]
        if protocol.profile:
            lines.append(f"- published protocol: {plain(protocol.profile)}")
        lines += [f"- departure: {plain(departure)}" for departure in protocol.departures]
        parts.append(f"**{protocol.task}** ({protocol.kind})\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _source_part(run: FinishedRun, protocols: Iterable[TaskProtocol]) -> str:
    rows = [
        [protocol.task, plain(protocol.licence or "not known"), plain(protocol.reference or "not given")]
        for protocol in protocols
    ]
    environment = {fact.name: fact.value for fact in run.record.environment}
    made = f"Waystage {environment.get('Waystage', 'of unknown version')}, {run.record.created_at}"
    table = _table(["data", "licence", "reference"], rows)
    return f"## Data and origin\n\n{table}\n\nMade by {made}, with `{plain(run.record.command)}`."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _range(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "one value"
    return f"{100 * min(values):.1f} to {100 * max(values):.1f}"


def _points(difference: Difference | None) -> str:
    if difference is None:
        return "baseline"
    low, high = 100 * difference.low, 100 * difference.high
    interval = f"[{low:+.1f}, {high:+.1f}]"
    return f"{100 * difference.value:+.1f} {interval}" + ("" if difference.conclusive else " (not conclusive)")
