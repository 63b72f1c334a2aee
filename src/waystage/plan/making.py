"""A planned objective to one that can be trained. Torch, and kinds of training, are imported when one is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from waystage.data.examples import Example
from waystage.data.prepare import PreparedText
from waystage.encoders.reading import Reading, training_flops
from waystage.encoders.registry import EncoderShape
from waystage.encoders.token_caches import open_pair_caches, open_token_caches
from waystage.encoders.tokenizer import SubwordTokenizer
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
        measures: whether held-out text is looked at before and after training.
    """

    store: Store
    tokenizer: SubwordTokenizer
    load_examples: Callable[[PreparedText], list[Example]]
    table_size: Callable[[], int]
    seed: int
    measures: bool = True

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
        held_out = {language: cache.documents() for language, (_, cache) in caches.items() if self.measures}
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
        held_out = {pair: held_out_sequences(cache, form) for pair, (_, cache) in caches.items() if self.measures}
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
                    n_steps = _n_steps(training, in_epoch, shares)
                    own = replace(own, epochs=None, examples=None, steps=ceil(shares[place] * n_steps) + 1)
                made[place], _ = self.make(member.objective, own)
        heads = head_numbers(job)
        return Mixture([Member(made[at], shares[at], in_epoch[at], heads[at]) for at in range(len(job.members))])


def _n_steps(training: Training, in_epoch: Sequence[int], shares: Sequence[float]) -> float:
    """Steps of a mixture whose budget is not in tokens."""
    if training.steps is not None:
        return training.steps
    if training.examples is not None:
        return training.examples / training.batch_size + 1
    return (training.epochs or 1.0) * steps_of_epoch(in_epoch, shares, training.batch_size)


def head_numbers(job: MixtureJob) -> list[int]:
    """The number of each member's head: text has one, tasks have one each or one together."""
    numbers: dict[str | int, int] = {}
    heads = []
    for place, member in enumerate(job.members):
        own = "tasks" if job.shares_head else place
        key = own if isinstance(member.objective, SupervisedJob) else "text"
        heads.append(numbers.setdefault(key, len(numbers)))
    return heads


@dataclass(frozen=True, slots=True)
class MemberRead:
    """What is read of one member of a mixture in a number of steps.

    Attributes:
        share: share of the steps that it was to have.
        mask_rate: share of its tokens that are predicted; 0 for tasks.
        one_pass: over its inputs.
    """

    share: float
    n_steps: int
    n_examples: int
    n_tokens: int
    mask_rate: float
    one_pass: Reading


def read_of_mixture(
    job: MixtureJob, mixture: Objective, training: Training, n_steps: int | None, seed: int
) -> list[MemberRead]:
    """What is read of each member, counted batch by batch; without ``n_steps``, in those that the budget pays for."""
    from waystage.training.mixing import make_order, strands_of_steps
    from waystage.training.schedule import count_steps

    strands = mixture.strands
    order = make_order(strands, training.batch_size, seed)
    n_steps = count_steps(order, training) if n_steps is None else n_steps
    chosen = strands_of_steps([strand.share for strand in strands], n_steps, seed)
    n_examples, n_tokens = [0] * len(strands), [0] * len(strands)
    for place, batch in zip(chosen.tolist(), order.batches(0), strict=False):
        n_examples[place] += len(batch)
        n_tokens[place] += order.n_tokens(batch)
    rates = [0.0 if isinstance(m.objective, SupervisedJob) else m.objective.settings.mask_rate for m in job.members]
    return [
        MemberRead(
            strand.share, int((chosen == at).sum()), n_examples[at], n_tokens[at], rates[at], mixture.readings()[at]
        )
        for at, strand in enumerate(strands)
    ]


def flops_of_mixture(shape: EncoderShape, n_layers: int, read: Sequence[MemberRead]) -> float:
    """Operations of forward and backward passes over what was read."""
    return sum(
        training_flops(shape, n_layers, own.one_pass, own.n_tokens, own.mask_rate * own.n_tokens) for own in read
    )
