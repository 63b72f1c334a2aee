"""Metrics: gold and prediction of one example to a row of sufficient statistics; sums of rows to a score. No torch."""
