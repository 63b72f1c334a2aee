"""A planned objective to one that can be trained. Torch, and kinds of training, are imported when one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from waystage.data.examples import Example
from waystage.data.prepare import PreparedText
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.execution.token_caches import open_pair_caches, open_token_caches
from waystage.plan.nodes import (
    MaskedLmJob,
    MixtureJob,
    PlainObjective,
    SupervisedJob,
    TranslationLmJob,
)
from waystage.store.store import Store
from waystage.study.mixing import steps_of_epoch
from waystage.study.study import Training
from waystage.tasks.kinds import KINDS

if TYPE_CHECKING:
    from waystage.kinds.objective import Objective


@dataclass(frozen=True, slots=True)
class ObjectiveMaker:
    """Makes the objectives of one encoder.

    Attributes:
        store: where prepared text and token caches are.
        load_examples: reads the examples of a prepared split.
        table_size: gives the rows of the encoder's table of token embeddings; loads the encoder.
        seed: of the stage.
    """

    store: Store
    tokenizer: SubwordTokenizer
    load_examples: Callable[[PreparedText], list[Example]]
    table_size: Callable[[], int]
    seed: int

    def make(self, objective: PlainObjective | MixtureJob, training: Training) -> tuple[Objective, Training]:
        """The objective, and the training as it is to be run.

        Raises:
            DataError: an example cannot be learned from, or there is no text.
            StoreError: data is missing or damaged.
        """
        match objective:
            case SupervisedJob():
                return self._supervised(objective, training), training
            case MaskedLmJob():
                return self._masked_lm(objective, training)
            case TranslationLmJob():
                return self._translation_lm(objective, training)
            case MixtureJob():
                return self._mixture(objective, training), training

    def _supervised(self, job: SupervisedJob, training: Training) -> Objective:
        from waystage.kinds.registry import OBJECTIVES

        make = OBJECTIVES[KINDS[job.kind_name]]
        return make(self.tokenizer, self.load_examples(job.data), job.labels, training, job.retrieval)

    def _masked_lm(self, job: MaskedLmJob, training: Training) -> tuple[Objective, Training]:
        from waystage.kinds.masked_lm import MaskedLmObjective
        from waystage.kinds.packing import Frame, draw_for_budget
        from waystage.kinds.pseudo_perplexity import mask_documents

        caches = {
            language: open_token_caches(self.store, self.tokenizer, text, job.settings.held_out)
            for language, text in job.data.items()
        }
        trained_on = {language: cache for language, (cache, _) in caches.items()}
        frame = Frame.of(self.tokenizer)
        sequences, resolved = draw_for_budget(trained_on, frame, job.settings, training, self.seed)
        held_out = {language: cache.documents() for language, (_, cache) in caches.items()}
        documents = mask_documents(self.tokenizer, held_out, training.max_tokens)
        objective = MaskedLmObjective(self.tokenizer, sequences, job.settings, self.table_size(), documents)
        return objective, resolved

    def _translation_lm(self, job: TranslationLmJob, training: Training) -> tuple[Objective, Training]:
        from waystage.kinds.pseudo_perplexity import mask_sequences
        from waystage.kinds.sentence_pairs import PairForm, draw_pairs_for_budget, held_out_sequences
        from waystage.kinds.translation_lm import TranslationLmObjective

        caches = {
            pair: open_pair_caches(self.store, self.tokenizer, text, job.settings.held_out)
            for pair, text in job.data.items()
        }
        form = PairForm(self.tokenizer.pair_frame, training.max_tokens, job.settings.positions)
        trained_on = {pair: cache for pair, (cache, _) in caches.items()}
        pairs, resolved = draw_pairs_for_budget(trained_on, form, job.settings, training, self.seed)
        held_out = {pair: held_out_sequences(cache, form) for pair, (_, cache) in caches.items()}
        documents = mask_sequences(self.tokenizer, held_out)
        objective = TranslationLmObjective(self.tokenizer, pairs, job.settings, self.table_size(), documents)
        return objective, resolved

    def _mixture(self, job: MixtureJob, training: Training) -> Objective:
        from waystage.kinds.mixture import Member, Mixture

        # Labelled tasks first: their sizes say how many steps there are, and so how much text has to be drawn.
        made = {
            place: self._supervised(member.objective, member.training)
            for place, member in enumerate(job.members)
            if isinstance(member.objective, SupervisedJob)
        }
        sizes = [len(made[place].lengths) if place in made else 0 for place in range(len(job.members))]
        in_epoch = [job.sampling.capped(size) for size in sizes]
        shares = job.sampling.shares(sizes, [member.rate for member in job.members])
        for place, member in enumerate(job.members):
            if place not in made:
                own = replace(training, max_tokens=member.training.max_tokens)
                if training.tokens is None:
                    n_steps = training.steps or (training.epochs or 1.0) * steps_of_epoch(
                        in_epoch, shares, training.batch_size
                    )
                    own = replace(own, epochs=None, steps=ceil(shares[place] * n_steps) + 1)
                made[place], _ = self.make(member.objective, own)
        heads = _head_numbers(job)
        return Mixture([Member(made[at], shares[at], in_epoch[at], heads[at]) for at in range(len(job.members))])


def _head_numbers(job: MixtureJob) -> list[int]:
    """The number of each member's head: text has one, tasks have one each or one together."""
    numbers: dict[str | int, int] = {}
    heads = []
    for place, member in enumerate(job.members):
        own = "tasks" if job.shares_head else place
        key = own if isinstance(member.objective, SupervisedJob) else "text"
        heads.append(numbers.setdefault(key, len(numbers)))
    return heads
