"""What the tasks of natural language inference share."""

LABELS = ("entailment", "neutral", "contradiction")
