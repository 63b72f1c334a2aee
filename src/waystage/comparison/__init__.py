"""Comparison of sequences: intervals that keep training randomness and sampled examples apart."""
