"""A trained model of a run as a transformers folder with its model card. Torch is imported when one is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waystage.data.examples import Example, TaggedExample
from waystage.errors import Problem, StudyError
from waystage.exports.card import Card, card_text
from waystage.exports.folder import new_folder, write_text
from waystage.exports.results import results_of_model
from waystage.exports.run import FinishedRun, chosen_sequence, one_of
from waystage.exports.usage import encoder_usage, model_usage
from waystage.report.record import ResultDigest
from waystage.store.artefact import Artefact, MissingArtefactError
from waystage.tasks.kinds import KINDS

if TYPE_CHECKING:
    from waystage.training.export import Exported, Trained, TrainedHead

_N_PROBED = 16
_WEIGHTS_NAME = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model of a run.

    Attributes:
        sequence: None: the one that is shown to be the best.
        task: a target; None: the one target with a head, or, for ``is_encoder_only``, the encoder before any target.
        seed: None: the first of the study, whatever it scored.
        is_encoder_only: the encoder for ``AutoModel``; the head, if there is one, beside it.
    """

    sequence: str | None = None
    task: str | None = None
    seed: int | None = None
    is_encoder_only: bool = False


@dataclass(frozen=True, slots=True)
class ModelExport:
    """What was written, and how the written model compares with the trained one."""

    sequence: str
    task: str | None
    seed: int | None
    auto_class: str
    largest_difference: float
    n_compared: int
    n_other_tokens: int


def write_model(run: FinishedRun, target: Path, choice: ModelChoice, *, is_forced: bool = False) -> ModelExport:
    """Write a folder that ``from_pretrained`` loads, after it was loaded and compared with the trained model.

    Raises:
        StudyError: no such sequence, target or seed; several could be meant; no class of transformers computes what
            was trained; or ``target`` is taken.
        StoreError: weights or test sets are not in the store, or nothing can be written.
        StageError: what was written computes something else.
    """
    task = _task(run, choice)
    sequence = chosen_sequence(run.record, choice.sequence, task)
    seeds = [str(seed) for seed in run.record.seeds]
    seed = int(one_of(seeds[0] if choice.seed is None else str(choice.seed), seeds, "--seed", "seed"))
    cell = next(own for own in run.cells(sequence, seed) if task in (None, own.task))
    model = _Model.of(run, cell, is_before_target=task is None)
    about = {
        "format": "transformers", "study": run.record.study_name, "sequence": sequence, "target": task,
        "seed": cell.seed, "weights": model.weights_id, "encoder": model.encoder.id,
    }  # fmt: skip
    with new_folder(target, about, is_forced=is_forced) as draft:
        exported = model.write(draft, choice.is_encoder_only)
        write_text(draft / "README.md", card_text(run, _card(run, cell, task, model, exported)))
    facts = (exported.auto_class, exported.largest_difference, exported.n_compared, exported.n_other_tokens)
    return ModelExport(sequence, task, cell.seed, *facts)


def _task(run: FinishedRun, choice: ModelChoice) -> str | None:
    """The target that is meant; None: the encoder before any."""
    names = [protocol.task for protocol in run.record.protocol]
    if choice.task is not None:
        return one_of(choice.task, names, "--target", "target")
    if choice.is_encoder_only:
        return None
    trained = [protocol.task for protocol in run.record.protocol if KINDS[protocol.kind].trains_head]
    if len(trained) == 1:
        return trained[0]
    found = f"the run has {len(trained)} targets with a head, so name one"
    expected = f"one of {', '.join(names)}; or --encoder-only for the encoder before any target"
    raise StudyError(Problem("waystage export", None, "--target", found, expected))


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of the store.

    Attributes:
        spec: that of its predictions.
        weights: its last stage; None: the encoder as it came.
        n_layers: None: all.
        examples: a few of the task's test set.
    """

    spec: dict[str, Any]
    encoder: Artefact
    weights: Artefact | None
    n_layers: int | None
    has_head: bool
    examples: list[Example]

    @classmethod
    def of(cls, run: FinishedRun, cell: ResultDigest, *, is_before_target: bool) -> _Model:
        """The model that made the predictions of ``cell``, or the one from which its target was learned."""
        spec = run.artefacts([cell])[cell].manifest.spec
        weights = _open(run, spec["model"], "trained weights", cell)
        n_layers, has_head = spec["n_layers"], spec["retrieval"] is None
        if is_before_target:
            if has_head and weights is not None:
                weights = _open(run, weights.manifest.spec["parent"], "trained weights", cell)
            n_layers, has_head = run.record.encoder.n_layers, False
        encoder = _open(run, spec["encoder"], "encoders", cell)
        if encoder is None:
            raise run.missing_error("encoders", [run.record.encoder.name])
        language = _probed_language(run, cell, spec["data"])
        examples = run.examples(spec["data"][language], f"{cell.task} ({language})")[:_N_PROBED]
        return cls(spec, encoder, weights, n_layers, has_head, examples)

    @property
    def weights_id(self) -> str | None:
        """Artefact of the weights."""
        return None if self.weights is None else self.weights.id

    def write(self, folder: Path, is_encoder_only: bool) -> Exported:
        """Write it."""
        from waystage.training.export import export_encoder, export_model

        if self.has_head and not is_encoder_only:
            return export_model(self._trained(), self.head(), self.examples, folder)
        texts = [_text(example) for example in self.examples]
        return export_encoder(self._trained(), folder, texts, with_head=self.has_head)

    def _trained(self) -> Trained:
        from waystage.training.export import Trained

        encoder_dir = self.encoder.path("config.json").parent
        weights = None if self.weights is None else self.weights.path(_WEIGHTS_NAME)
        return Trained(encoder_dir, weights, self.n_layers, self.spec["max_tokens"])

    def head(self) -> TrainedHead:
        """What its head does."""
        from waystage.encoders.pooling import Pooling
        from waystage.training.export import TrainedHead

        pooling = Pooling(self.spec.get("pooling", Pooling.MEAN.value))
        return TrainedHead(KINDS[self.spec["task_kind"]], tuple(self.spec["labels"]), pooling)


def _open(run: FinishedRun, artefact_id: str | None, what: str, cell: ResultDigest) -> Artefact | None:
    if artefact_id is None:
        return None
    try:
        return run.store.open(artefact_id)
    except MissingArtefactError:
        raise run.missing_error(what, [f"{cell.sequence}, {cell.task}"]) from None


def _probed_language(run: FinishedRun, cell: ResultDigest, data: dict[str, str]) -> str:
    source = run.protocol(cell.task).source_language
    return source if source in data else sorted(data)[0]


def _text(example: Example) -> str:
    return " ".join(example.words) if isinstance(example, TaggedExample) else example.passage


def _card(run: FinishedRun, cell: ResultDigest, task: str | None, model: _Model, exported: Exported) -> Card:
    study, seed = run.record.study_name, "" if cell.seed is None else f", seed {cell.seed}"
    what = f"`{task}`" if task is not None else "no target task yet"
    compared = (
        f"Loaded with {exported.auto_class}, its outputs differ from those of the trained model by at most "
        f"{exported.largest_difference:.1e} on {exported.n_compared} inputs; AutoTokenizer gives the same tokens for "
        f"{exported.n_compared - exported.n_other_tokens} of them."
    )
    summary = f"The sequence `{cell.sequence}` of the study `{study}`{seed}, trained on {what}. {compared}"
    is_alone = exported.auto_class == "AutoModel"
    usage = encoder_usage(model.spec, model.has_head) if is_alone else model_usage(model.spec, exported.auto_class)
    results = [] if task is None else results_of_model(run, cell.sequence, task, cell.seed)
    name = "-".join(filter(None, [study, cell.sequence, task, None if cell.seed is None else f"seed{cell.seed}"]))
    return Card(name, cell.sequence, results, summary, usage, has_model=True)
