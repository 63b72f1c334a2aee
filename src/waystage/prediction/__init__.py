"""A checkpoint and examples to predictions. Torch."""
