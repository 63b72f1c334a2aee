"""The published benchmarks as a whole: what they consist of, and the scores of a submission folder. No torch."""
