"""What the tasks of natural language inference share."""

from __future__ import annotations

from waystage.data.readers.columns import TextColumns
from waystage.data.readers.hub_tables import ClassLabels

LABELS = ("entailment", "neutral", "contradiction")

# Tables of the hub: the labels are numbers, in the order above.
HUB_COLUMNS = TextColumns("premise", "hypothesis", "label")
HUB_TABLE = ClassLabels("label", LABELS)
