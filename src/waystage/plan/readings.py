"""What stages read, counted with the tokeniser of the encoder. Only budgets that follow from a count ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from waystage.data.prepare import load_examples
from waystage.encoders.reading import Reading
from waystage.encoders.sources import EncoderSource
from waystage.encoders.token_caches import open_pair_caches, open_token_caches
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds.packing import Drawn, Frame, draw_for_budget
from waystage.kinds.sentence_pairs import PairForm, draw_pairs_for_budget
from waystage.plan.making import MemberRead, ObjectiveMaker, read_of_mixture
from waystage.plan.nodes import MaskedLmJob, MixtureJob, PlainObjective, SupervisedJob, TranslationLmJob
from waystage.plan.objectives import objective_spec
from waystage.store.canonical import canonical_json, digest_file
from waystage.store.store import Store
from waystage.study.pretraining import Softmax
from waystage.study.study import Training

if TYPE_CHECKING:
    from waystage.kinds.objective import Objective

_VERSION = 1
_SEED = 0
"""Text is drawn with a seed of its own to be counted, so that a budget is the same whatever seeds a study has."""


@dataclass(frozen=True)
class Reader:
    """Counts what stages read; counts are remembered in the store.

    Attributes:
        encoder_id: of the encoder in the store, where only the tokeniser is put if the encoder is not there yet.
        vocabulary_size: rows of the encoder's token embeddings.
    """

    store: Store
    source: EncoderSource
    encoder_id: str
    vocabulary_size: int
    _known: dict[str, Reading] = field(default_factory=dict)

    def supervised(self, objective: SupervisedJob, training: Training) -> Reading:
        """One pass over the training data of a labelled task."""
        lengths = {"max_tokens": training.max_tokens, "max_question_tokens": training.max_question_tokens}
        windows = None if training.windows is None else asdict(training.windows)
        retrieval = None if objective.retrieval is None else asdict(objective.retrieval)
        facts = [objective.kind_name, objective.data.artefact_id, lengths, windows, retrieval]
        return self._remembered(facts, lambda: self.objective(objective, training).reading())

    def text(self, objective: MaskedLmJob | TranslationLmJob, training: Training) -> Reading:
        """Everything that is drawn for the budget of ``training``, which is in passes, steps, tokens or examples."""
        data = {language: text.artefact_id for language, text in objective.data.items()}
        settings = {name: str(value) for name, value in asdict(objective.settings).items()}
        sizes = [training.epochs, training.steps, training.tokens, training.examples]
        name = "masked-lm" if isinstance(objective, MaskedLmJob) else "translation-lm"
        facts = [name, data, settings, sizes, training.batch_size, training.max_tokens, self.vocabulary_size]
        return self._remembered(facts, lambda: self._count_text(objective, training))

    def _remembered(self, facts: list[Any], count: Callable[[], Reading]) -> Reading:
        key = self._key(facts)
        if key not in self._known:
            memo = self.store.memo("readings")
            values = memo.get(key)
            reading = Reading(**values) if isinstance(values, dict) else count()
            if values is None:
                memo.put(key, asdict(reading))
            self._known[key] = reading
        return self._known[key]

    def _key(self, facts: list[Any]) -> str:
        tokenizer = [digest_file(self.tokenizer.folder / "tokenizer.json"), metadata.version("tokenizers")]
        return canonical_json([_VERSION, tokenizer, facts]).decode("utf-8")

    @cached_property
    def tokenizer(self) -> SubwordTokenizer:
        """That of the encoder."""
        return SubwordTokenizer(self._tokenizer_folder())

    def _tokenizer_folder(self) -> Path:
        if self.store.has(self.encoder_id):
            return self.store.open(self.encoder_id).path("tokenizer.json").parent
        spec = {"kind": "tokenizer", "is_cache": True, "version": _VERSION, "parents": [self.encoder_id]}
        artefact_id = self.store.artefact_id(spec)
        with self.store.lock(artefact_id):
            if not self.store.has(artefact_id):
                with self.store.write(spec) as draft:
                    self.source.write_tokenizer(draft.dir)
        return self.store.open(artefact_id).path("tokenizer.json").parent

    def objective(self, objective: PlainObjective | MixtureJob, training: Training) -> Objective:
        """What is learned, for counting and timing: without text that is held out."""
        maker = ObjectiveMaker(
            self.store,
            self.tokenizer,
            lambda text: load_examples(self.store, text.artefact_id),
            lambda: self.vocabulary_size,
            _SEED,
            measures=False,
        )
        return maker.make(objective, training)[0]

    def mixture(self, objective: MixtureJob, training: Training) -> list[MemberRead]:
        """Everything that is read of a mixture for the budget of ``training``, by its members."""
        budget = [training.epochs, training.steps, training.tokens, training.examples]
        facts = [objective_spec(objective), budget, training.batch_size, self.vocabulary_size]
        key = self._key(facts)
        memo = self.store.memo("readings")
        known = memo.get(key)
        if isinstance(known, list):
            return [MemberRead(**{**own, "one_pass": Reading(**own["one_pass"])}) for own in known]
        read = read_of_mixture(objective, self.objective(objective, training), training, None, _SEED)
        memo.put(key, [asdict(own) for own in read])
        return read

    def _drawn(self, objective: MaskedLmJob | TranslationLmJob, training: Training) -> Drawn:
        settings, tokenizer = objective.settings, self.tokenizer
        if isinstance(objective, MaskedLmJob):
            caches = {
                language: open_token_caches(self.store, tokenizer, text, settings.held_out)[0]
                for language, text in objective.data.items()
            }
            return draw_for_budget(caches, Frame.of(tokenizer), objective.settings, training, _SEED)[0]
        pairs = {
            pair: open_pair_caches(self.store, tokenizer, text, settings.held_out)[0]
            for pair, text in objective.data.items()
        }
        form = PairForm(tokenizer.pair_frame, training.max_tokens, objective.settings.positions)
        return draw_pairs_for_budget(pairs, form, objective.settings, training, _SEED)[0]

    def _count_text(self, objective: MaskedLmJob | TranslationLmJob, training: Training) -> Reading:
        sequences = self._drawn(objective, training)
        is_full = objective.settings.softmax is Softmax.FULL
        n_rows = self.vocabulary_size if is_full else len(sequences.occurring(self.vocabulary_size))
        lengths = sequences.lengths.astype(np.int64)
        # With steps or examples more is drawn than is read.
        n_read = _n_read(training, len(lengths))
        share = n_read / len(lengths)
        return Reading(n_read, round(share * int(lengths.sum())), round(share * int((lengths**2).sum())), n_rows)


def _n_read(training: Training, n_drawn: int) -> int:
    if training.steps is not None:
        return training.steps * training.batch_size
    return training.examples if training.examples is not None else n_drawn
