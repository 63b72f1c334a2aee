"""Translation language modelling (Conneau and Lample 2019): masked LM on a sentence and its translation. Torch."""

from __future__ import annotations

from waystage.encoders.model import Encoder
from waystage.kinds.masked_lm import MaskedLmObjective
from waystage.kinds.sentence_pairs import DrawnPairs
from waystage.store.canonical import JsonObject
from waystage.study.pretraining import Positions


class TranslationLmObjective(MaskedLmObjective):
    """Masked language modelling on sentence pairs; what it has measured says which positions the encoder was given."""

    sequences: DrawnPairs
    _sets_positions = False

    def observe(self, encoder: Encoder) -> None:
        """Losses on the held-out pairs, where a masked-LM head is known."""
        self._sets_positions = encoder.sets_positions
        super().observe(encoder)

    @property
    def observed(self) -> JsonObject | None:
        """Pseudo-perplexity of each pair of languages before and after training."""
        observed = super().observed
        is_reset = self.sequences.form.positions is Positions.RESET and self._sets_positions
        positions = Positions.RESET if is_reset else Positions.RUNNING
        return None if observed is None else {**observed, "positions": str(positions)}
