"""Metrics: gold and prediction to a row of sufficient statistics; sums of rows to a score. No torch."""
